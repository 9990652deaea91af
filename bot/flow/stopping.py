"""SIGTERM and Ctrl-C: the first one asks for a stop, the second does not wait for it."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)

BOUND = 9.5
"""Seconds after the first signal at which whatever still goes on is ended: within ten in all."""

log = logging.getLogger(__name__)


class Stop:
    """Says when a program is to stop.

    Until somebody waits for it there is nothing to be finished, and the first signal ends the
    program; so does any that comes after it.
    """

    def __init__(self, main: asyncio.Task[object], bound: float) -> None:
        self._main = main
        self._bound = bound
        self._asked = asyncio.Event()
        self._waited_for = False
        self._forced = False
        self._end: asyncio.TimerHandle | None = None

    @property
    def forced(self) -> bool:
        """Whether the program was ended without waiting for anything."""
        return self._forced

    async def wait(self) -> None:
        """Return when a signal has asked for a stop."""
        self._waited_for = True
        await self._asked.wait()

    def signalled(self, name: signal.Signals) -> None:
        """Take a signal."""
        log.info("told to stop (%s)", name.name)
        if self._asked.is_set() or not self._waited_for:
            self._force()
            return
        self._asked.set()
        self._end = asyncio.get_running_loop().call_later(self._bound, self._force)

    def over(self) -> None:
        """End nothing any more."""
        if self._end is not None:
            self._end.cancel()

    def _force(self) -> None:
        self._forced = True
        self._main.cancel()


@asynccontextmanager
async def until_told(bound: float = BOUND) -> AsyncIterator[Stop]:
    """Listen for signals while the block runs, which a second one leaves at once.

    At most ``bound`` seconds after the first, whatever the block waits for then is cancelled.
    """
    main = asyncio.current_task()
    if main is None:
        raise RuntimeError("signals end a task, and there is none")
    loop = asyncio.get_running_loop()
    stop = Stop(main, bound)
    for name in SIGNALS:
        loop.add_signal_handler(name, stop.signalled, name)
    try:
        yield stop
    except asyncio.CancelledError:
        if not stop.forced:
            raise
        main.uncancel()
        log.warning("stopped without waiting for what was under way")
    finally:
        stop.over()
        for name in SIGNALS:
            loop.remove_signal_handler(name)
