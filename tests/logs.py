"""The log as the program sets it up, for the length of a test."""

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.log import LogFormat, configure


@contextmanager
def logged(
    *, secrets: Sequence[str] = (), form: LogFormat = "text", level: str = "DEBUG"
) -> Iterator[Callable[[], str]]:
    """Gives what has been logged since; logging is left as it was found."""
    root = logging.getLogger()
    handlers, level_before = list(root.handlers), root.level
    levels = {
        name: logger.level
        for name, logger in logging.Logger.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    stream = io.StringIO()
    configure(level, secrets=secrets, form=form, stream=stream)
    try:
        yield stream.getvalue
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level_before)
        for name, logger in list(logging.Logger.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger):
                logger.setLevel(levels.get(name, logging.NOTSET))
