"""Files that are made to do harm, sent to the API: each is an answer, and the server goes on."""

import pytest

from bench.hostile.files import hostile_files
from tests.drawing import png
from tests.visiting import LIMIT, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_files_that_are_drawn_to_do_harm(world: World) -> None:
    # One of each kind of trick is enough here: reading them is tested elsewhere, one by one. What
    # never ends takes as long as it may.
    files = {
        file.trick: file
        for file in hostile_files("http://127.0.0.1:9", "/etc/hostname")
        if len(file.data) <= LIMIT and "end" not in file.trick
    }
    assert len(files) > 10
    async with visiting(world) as visitor:
        for file in files.values():
            found = await visitor.search(file.data, file.name)
            assert found["status"] in ("none", "plain", "unreadable"), file.trick
        assert (await visitor.search(png(1)))["status"] == "found"
