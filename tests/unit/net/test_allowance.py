import socket
from collections.abc import Callable, Iterator

import pytest

from bot.net.allowance import OVERHEAD, PER_BYTE, Allowance, BoundedSocket


def test_what_is_not_content_is_bounded() -> None:
    allowance = Allowance()
    allowance.use(OVERHEAD)
    with pytest.raises(ConnectionAbortedError):
        allowance.use(1)


def test_content_may_be_as_long_as_it_is() -> None:
    allowance = Allowance()
    for _ in range(10_000):
        allowance.use(int(1000 * PER_BYTE))
        allowance.extend(1000)
    allowance.use(OVERHEAD)


@pytest.fixture(params=["recv", "recv_into"])
def receive(request: pytest.FixtureRequest) -> Iterator[Callable[[int], int]]:
    """Sends so many bytes to a bounded socket, which receives what it takes at once of them."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        BoundedSocket(Allowance(), socket.AF_INET, socket.SOCK_STREAM, 0) as reader,
    ):
        reader.connect(server.getsockname())
        writer, _ = server.accept()

        def exchange(count: int) -> int:
            writer.sendall(b"\0" * count)
            buffer = bytearray(1024 * 1024)
            if request.param == "recv_into":
                return reader.recv_into(buffer)
            return len(reader.recv(len(buffer)))

        with writer:
            yield exchange


def test_a_socket_takes_small_portions(receive: Callable[[int], int]) -> None:
    assert 0 < receive(100_000) <= 32 * 1024


def test_a_socket_keeps_to_its_allowance(receive: Callable[[int], int]) -> None:
    received = 0
    while received <= OVERHEAD - 2048:
        received += receive(1024)

    def until_refused() -> None:
        for _ in range(4):
            receive(1024)

    with pytest.raises(ConnectionAbortedError):
        until_refused()
