"""Bounds on what a server may send around its content, and on what is taken in at once.

Headers, interim answers, chunks of one byte and trailers all cost the event loop far more time than
they cost the one who sends them, and none of them counts as content.
"""

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

OVERHEAD = 512 * 1024
"""Bytes that may be received besides the content: TLS, headers, and what is not read yet."""

PER_BYTE = 1.25
"""Bytes that may be received for each byte of content; a packet of TLS and a chunk need little."""

_PORTION = 32 * 1024


class Allowance:
    """How many bytes may still be received for one answer."""

    def __init__(self) -> None:
        self._left = float(OVERHEAD)

    def use(self, count: int) -> None:
        """Note bytes as they come from the network.

        Raises :class:`ConnectionAbortedError` where these are more than may come.
        """
        self._left -= count
        if self._left < 0:
            raise ConnectionAbortedError("too much around too little content")

    def extend(self, count: int) -> None:
        """Note bytes of content that was read."""
        self._left += count * PER_BYTE


class BoundedSocket(socket.socket):
    """Receives in small portions, so that others have their turn, and within an allowance."""

    def __init__(self, allowance: Allowance, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self._allowance = allowance

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As :meth:`socket.socket.recv`; what a connection in the clear is read with."""
        data = super().recv(min(size, _PORTION), flags)
        self._allowance.use(len(data))
        return data

    def recv_into(self, buffer: "WriteableBuffer", size: int = 0, flags: int = 0) -> int:
        """As :meth:`socket.socket.recv_into`; what a connection over TLS is read with."""
        count = super().recv_into(buffer, min(size or memoryview(buffer).nbytes, _PORTION), flags)
        self._allowance.use(count)
        return count
