"""Docker's multiplexed stream: stdout and stderr of a process over one connection.

Without a terminal, attach, exec and logs send frames: one byte stream number (0 stdin, 1 stdout,
2 stderr), three zero bytes, the payload's length as a 32-bit big-endian number, the payload.  With
a terminal the bytes come raw, because a terminal has one output only.

See: Docker Engine API, "Attach to a container", stream format; moby's pkg/stdcopy.
"""

STDIN, STDOUT, STDERR = 0, 1, 2
HEADER_BYTES = 8


def frame(stream: int, data: bytes) -> bytes:
    """Return ``data`` as one frame of ``stream`` (1 stdout, 2 stderr)."""
    return bytes((stream, 0, 0, 0)) + len(data).to_bytes(4, "big") + data


class Demultiplexer:
    """Takes bytes as they arrive and gives back whole or partial payloads.

    A payload is handed on piecewise, as soon as any of it is there: a prompt without a newline must
    not wait for the rest of its frame.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._stream = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Add ``data`` and return the (stream, payload) pieces that are complete so far."""
        data = self._buffer + data if self._buffer else data
        pieces: list[tuple[int, bytes]] = []
        position, end = 0, len(data)
        while position < end:
            if not self._left:
                if end - position < HEADER_BYTES:
                    break
                self._stream = data[position]
                self._left = int.from_bytes(data[position + 4 : position + HEADER_BYTES], "big")
                position += HEADER_BYTES
                continue
            piece = data[position : position + self._left]
            pieces.append((self._stream, piece))
            position += len(piece)
            self._left -= len(piece)
        self._buffer = data[position:]
        return pieces

    @property
    def pending(self) -> bool:
        """Whether the bytes so far end in the middle of a frame."""
        return bool(self._buffer) or self._left > 0
