"""``whereis-bot web`` as a process that is told to stop while somebody sends a picture."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp

from bot.config import Settings, variable_of
from bot.errors import RestartingError
from tests.drawing import png


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The status and the body of an answer, which ends with its connection."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


async def test_a_picture_under_way_is_answered_and_a_new_one_told(
    database_url: str, tmp_path: Path
) -> None:
    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "web",
        cwd=tmp_path,
        env={
            **clean,
            "DATABASE_URL": database_url,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "WHEREIS_WEB_PORT": "0",
            "WHEREIS_WORKERS": "1",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(90):
            await _stopped_meanwhile(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _stopped_meanwhile(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while not (found := re.search(rb"http://127.0.0.1:(\d+)/", await process.stderr.readline())):
        assert not process.stderr.at_eof()
    port = int(found[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = form + png(1) + b"\r\n--b--\r\n"
    writer.write(
        b"POST /api/v1/search HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
    )
    # It has begun to take the picture in when it says that it will.
    assert b"100" in await reader.readuntil(b"\r\n\r\n")
    writer.write(body[:100])
    process.send_signal(signal.SIGTERM)
    url = f"http://127.0.0.1:{port}/api/v1/search?hash=0"
    async with aiohttp.ClientSession() as session:
        while (told := await session.get(url)).status == 200:
            told.release()
        assert told.status == 503
        assert told.headers["Retry-After"] == "10"
        error = (await told.json())["error"]
    assert (error["code"], error["message"]) == ("busy", RestartingError().sentence)
    writer.write(body[100:])
    status, answer = await answer_of(reader)
    writer.close()
    assert status == 200
    assert b'"status": "none"' in answer
    assert await process.wait() == 0
