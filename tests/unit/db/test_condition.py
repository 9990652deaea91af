"""How a server is: who notices that it went, and who asks whether it is back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.errors import DatabaseError, DatabaseUnavailableError, LoginRefusedError
from db.connections._condition import Condition


class Server:
    """Says how it was when it was asked; while it ``hangs``, not before ``now``."""

    def __init__(self) -> None:
        self.problem: DatabaseError | None = DatabaseUnavailableError("It is away.")
        self.read_only = False
        self.hangs = False
        self.asked = 0
        self.asking = asyncio.Event()
        self.now = asyncio.Event()

    async def probe(self) -> bool:
        self.asked += 1
        self.asking.set()
        problem = self.problem
        if self.hangs:
            await self.now.wait()
        if problem is not None:
            raise problem
        return self.read_only


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def condition(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Condition]:
    """How the server is, found out when somebody asks and not before."""
    monkeypatch.setattr("db.connections._condition.PAUSES", (3600.0,))
    made = Condition(server.probe, "at db")
    async with made.watched():
        yield made


async def test_a_server_that_is_up_is_not_asked(server: Server, condition: Condition) -> None:
    await condition.back()
    condition.check()
    assert server.asked == 0


async def test_many_ask_with_one_question(server: Server, condition: Condition) -> None:
    condition.found_down(DatabaseUnavailableError("It went."))
    found = await asyncio.gather(*(condition.back() for _ in range(100)), return_exceptions=True)
    assert {str(each) for each in found} == {"It is away."}
    assert server.asked == 1


async def test_who_comes_after_its_return_is_let_through(
    server: Server, condition: Condition
) -> None:
    condition.found_down(DatabaseUnavailableError("It went."))
    with pytest.raises(DatabaseUnavailableError):
        condition.check()
    server.problem = None
    await condition.back()
    assert condition.state == "up"


async def test_who_joins_a_question_from_before_its_return_asks_again(
    server: Server, condition: Condition
) -> None:
    condition.found_down(DatabaseUnavailableError("It went."))
    server.hangs = True
    early = asyncio.create_task(condition.back())
    await server.asking.wait()
    late = asyncio.create_task(condition.back())
    await asyncio.sleep(0)
    # The server is back, and the answer to the first question is from before.
    server.problem, server.hangs = None, False
    server.now.set()
    await late
    assert (condition.state, server.asked) == ("up", 2)
    await asyncio.gather(early, return_exceptions=True)


async def test_who_comes_while_it_is_found_well_need_not_ask(
    server: Server, condition: Condition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connections._condition.GRACE", 3600.0)
    condition.found_down(DatabaseUnavailableError("It went."))
    server.problem, server.hangs = None, True
    early = asyncio.create_task(condition.back())
    await server.asking.wait()
    late = asyncio.create_task(condition.back())
    await asyncio.sleep(0)
    server.now.set()
    async with asyncio.timeout(30):
        await asyncio.gather(early, late)
    assert (condition.state, server.asked) == ("up", 1)


async def test_a_question_that_is_not_answered_is_waited_for_a_moment(
    server: Server, condition: Condition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connections._condition.GRACE", 0.01)
    condition.found_down(LoginRefusedError("It went."))
    server.hangs = True
    with pytest.raises(LoginRefusedError, match="It went"):
        await condition.back()
    assert server.asked == 1


async def test_a_server_that_can_be_read_lets_everybody_through(
    server: Server, condition: Condition
) -> None:
    condition.found_read_only()
    await condition.back()
    assert (condition.state, server.asked) == ("read-only", 0)


async def test_what_it_has_become_is_noticed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connections._condition.PAUSES", (0.0,))
    condition = Condition(server.probe, "at db")

    async def becomes(state: str) -> None:
        async with asyncio.timeout(30):
            while condition.state != state:  # noqa: ASYNC110
                await asyncio.sleep(0)

    async with condition.watched():
        condition.found_down(DatabaseUnavailableError("It went."))
        server.problem, server.read_only = None, True
        await becomes("read-only")
        server.problem = DatabaseUnavailableError("It went again.")
        await becomes("down")
        server.problem, server.read_only = None, False
        await becomes("up")
