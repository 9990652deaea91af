import io
import logging
import warnings
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.log import REDACTED, Redactor, configure

TOKEN = "MTIz.GaBcDe.s3cr3t-t0k3n_value"
PASSWORD = "p@ss w/rd'%"
URL = "postgresql://whereis:p%40ss%20w%2Frd%27%25@db:5432/whereis"

Log = Callable[[], str]


@pytest.fixture
def log() -> Iterator[Log]:
    """What has been logged since; logging is left as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {
        name: logger.level
        for name, logger in logging.Logger.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    stream = io.StringIO()
    configure("DEBUG", secrets=[TOKEN, URL], stream=stream)
    yield stream.getvalue
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("discord", "discord.client", "discord.gateway", "discord.http", "asyncio",
                 "aiohttp.access", "PIL"):  # fmt: skip
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def test_one_clean_line(log: Log) -> None:
    logging.getLogger("bot.test").info("added %d pictures", 3)
    date, time, rest = log().split(" ", 2)
    assert len(date) == 10
    assert len(time) == 8
    assert rest == "INFO    bot.test: added 3 pictures\n"


def test_hostile_text_stays_within_its_line(log: Log) -> None:
    logging.getLogger("bot.test").warning("title: %s", "a\nb\r\x1b[31mc\u2028d\u202ee\ud800\x85")
    text = log()
    assert text.count("\n") == 1
    assert "a\\nb\\r\\x1b[31mc\\u2028d\\u202ee\\ud800\\x85" in text


def fail(secret: str) -> None:
    raise ValueError(f"no access with {secret}")


@pytest.mark.parametrize("secret", [TOKEN, URL, PASSWORD, "p%40ss%20w%2Frd%27%25"])
def test_secrets_show_nowhere(log: Log, secret: str) -> None:
    logger = logging.getLogger("bot.test")
    logger.info("a message with %s in it", secret)
    logger.info("a message with %r in it", [secret])
    logger.info(secret)
    logger.info("in a field of another name", stack_info=True)
    logging.getLogger(f"bot.{secret}").info("in a name")
    try:
        try:
            fail(secret)
        except ValueError as cause:
            raise RuntimeError(secret) from cause
    except RuntimeError:
        logger.exception("it failed with %s", secret)
    text = log()
    for form in (TOKEN, "s3cr3t", PASSWORD, "p%40ss", "ss w/rd", "ss%20w"):
        assert form not in text
    assert text.count(REDACTED) >= 5
    assert "a message with [redacted] in it" in text


def test_an_exception_is_readable_and_harmless(log: Log) -> None:
    try:
        fail("\x1b[2J\n2030-01-01 a false record")
    except ValueError:
        logging.getLogger("bot.test").exception("it failed")
    lines = log().splitlines()
    assert lines[0].endswith("ERROR   bot.test: it failed")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-2:] == [
        "    ValueError: no access with \\x1b[2J",
        "    2030-01-01 a false record",
    ]


def test_a_record_that_can_not_be_formatted_leaks_nothing(
    log: Log, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    # pytest's own handlers raise what ours has to swallow.
    ours = [handler for handler in root.handlers if type(handler).__module__ == "bot.log"]
    monkeypatch.setattr(root, "handlers", ours)
    logging.getLogger("bot.test").info("%d pictures", TOKEN)
    assert log() == "a record of bot.test could not be logged\n"
    assert capsys.readouterr().err == ""


def test_warnings_are_logged(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"careful with {TOKEN}", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "careful with [redacted]" in log()


def test_others_are_quiet(log: Log) -> None:
    logging.getLogger("discord.gateway").info("connected")
    logging.getLogger("discord.http").debug("a request")
    logging.getLogger("discord.client").warning("no voice")
    logging.getLogger("PIL.PngImagePlugin").debug("a chunk")
    assert log() == ""
    logging.getLogger("discord.gateway").warning("lost the connection")
    assert "lost the connection" in log()


def test_the_level_holds_and_a_second_call_replaces_the_first(log: Log) -> None:
    stream = io.StringIO()
    configure("WARNING", stream=stream)
    logging.getLogger("bot.test").info("quiet")
    logging.getLogger("discord").info("quiet")
    logging.getLogger("bot.test").warning("loud")
    assert log() == ""
    assert stream.getvalue().endswith("loud\n")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter22@h/d",
        "postgresql://u:hunter22@a:5432,b:5433/d?target_session_attrs=prefer-standby",
        "postgresql://h/d?user=u&password=hunter22&sslmode=require",
        "host=h user=u password=hunter22 dbname=d",
        "host=h user=u password = 'hunter22' dbname=d",
    ],
)
def test_the_password_in_a_database_url(url: str) -> None:
    redact = Redactor([url])
    assert redact("password hunter22 was refused by h") == "password [redacted] was refused by h"
    assert redact(f"<{url}>") == "<[redacted]>"


def test_nothing_to_redact() -> None:
    for redact in (Redactor([]), Redactor(["", "abc"]), Redactor(["http://[bad", "\udcff"])):
        assert redact("abc def") == "abc def"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_is_left(secret: str, before: str, after: str) -> None:
    assert Redactor([secret])(before + secret + after).count(REDACTED) >= 1
