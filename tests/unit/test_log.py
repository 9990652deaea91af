import asyncio
import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.log import REDACTED, Redactor, configure
from bot.metrics import Metrics
from bot.requests import asked, count_search, timed
from tests.logs import logged

TOKEN = "MTIz.GaBcDe.s3cr3t-t0k3n_value"
PASSWORD = "p@ss w/rd'%"
URL = "postgresql://whereis:p%40ss%20w%2Frd%27%25@db:5432/whereis"

Log = Callable[[], str]


@pytest.fixture
def log() -> Iterator[Log]:
    """What has been logged since."""
    with logged(secrets=[TOKEN, URL]) as read:
        yield read


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


# ---- As JSON ---------------------------------------------------------------------------------


@pytest.fixture
def lines(log: Log) -> Callable[[], list[dict[str, Any]]]:
    """What has been logged as JSON since, by line."""
    stream = io.StringIO()
    configure("DEBUG", secrets=[TOKEN, URL], form="json", stream=stream)

    def read() -> list[dict[str, Any]]:
        text = stream.getvalue()
        assert text.endswith("\n")
        assert text.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
        return [json.loads(line) for line in text.splitlines()]

    return read


Lines = Callable[[], list[dict[str, Any]]]


def test_one_object_a_line(lines: Lines) -> None:
    logging.getLogger("bot.test").info("added %d pictures", 3)
    (line,) = lines()
    time = datetime.fromisoformat(line.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert line == {"level": "INFO", "logger": "bot.test", "message": "added 3 pictures"}


def test_hostile_text_stays_within_its_object(lines: Lines) -> None:
    logging.getLogger("bot.test").warning("%s", 'a"\r\x1b[31mb\u2028c\u202ed\ud800"}\x7f\n{"x": 1}')
    (line,) = lines()
    assert line["message"] == ('a"\\r\\x1b[31mb\\u2028c\\u202ed\\ud800"}\\x7f\n{"x": 1}')


@pytest.mark.parametrize("secret", [TOKEN, URL, PASSWORD, "p%40ss%20w%2Frd%27%25"])
def test_secrets_show_nowhere_in_json(lines: Lines, secret: str) -> None:
    logger = logging.getLogger("bot.test")
    logger.info("a message with %s in it", json.dumps(secret))
    logging.getLogger(f"bot.{secret}").info("in a name", stack_info=True)
    try:
        fail(secret)
    except ValueError:
        logger.exception("it failed with %s", secret)
    text = json.dumps(lines())
    for form in (TOKEN, "s3cr3t", "p@ss", "p%40ss", "ss w/rd", "ss%20w"):
        assert form not in text
    failed = lines()[-1]
    assert failed["error"] == "ValueError: no access with [redacted]"
    assert failed["traceback"].startswith("Traceback (most recent call last):\n")


@given(st.text(min_size=4))
def test_no_secret_is_left_as_json_writes_it(secret: str) -> None:
    for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        assert REDACTED in Redactor([secret])(written)


# ---- Of a request ----------------------------------------------------------------------------


async def test_each_line_of_a_request_has_its_id(log: Log, lines: Lines) -> None:
    logger = logging.getLogger("bot.test")
    metrics = Metrics()
    with asked("web", metrics) as request:
        logger.info("in it")
        with timed(metrics, "fetch"):
            count_search(metrics, "found")
        await asyncio.create_task(log_in_a_task(logger))
        await asyncio.to_thread(logger.info, "in a thread")
    logger.info("after it")
    inside, in_task, in_thread, done, after = lines()
    assert [one.get("request") for one in (inside, in_task, in_thread, done, after)] == [
        *[request.id] * 4,
        None,
    ]
    assert done["logger"] == "bot.requests"
    assert done["message"].startswith("web request: 1 found, in ")
    assert done["way"] == "web"
    assert done["outcomes"] == {"found": 1}
    assert done["seconds"] >= done["steps"]["fetch"] >= 0
    assert "server" not in done


async def log_in_a_task(logger: logging.Logger) -> None:
    logger.info("in a task")


async def test_a_request_in_text(log: Log) -> None:
    with asked("slash", Metrics()) as request:
        logging.getLogger("bot.test").info("in it")
    first, last = log().splitlines()
    assert first.endswith(f"INFO    bot.test [{request.id}]: in it")
    assert re.search(
        rf"INFO    bot\.requests \[{request.id}\]: slash request: 1 done, in \d+\.\d{{3}} s$", last
    )
