"""Carrying bytes from one socket to another, one direction at a time.

Two ways, and the traffic itself says which is right.  ``recv`` and ``send`` through one buffer cost
the least for what fits it: a request, an answer, a keystroke.  When a read fills the buffer, there
is more where it came from, and ``splice`` takes over: it moves the pages of one socket by way of a
pipe to the other, uncopied.  The pipe is given back when the source runs dry, so that a few pipes
serve any number of connections; when none is free, ``recv`` and ``send`` do it all.

See: recv(2), splice(2), pipe(7) "Pipe capacity"; figures in docs/decisions/0009.
"""

import fcntl
import os
import socket

CHUNK_BYTES = 262_144
CHUNKS_A_TURN = 8
PIPE_BYTES = 1 << 20  # the most an unprivileged user may ask for: /proc/sys/fs/pipe-max-size
MAX_PIPES = 16  # a user's pipes may hold 64 MiB: pipe(7), pipe-user-pages-soft
_SPLICE_FLAGS = 3  # SPLICE_F_MOVE | SPLICE_F_NONBLOCK
_WOULD_BLOCK = (BlockingIOError, InterruptedError)

_chunk = memoryview(bytearray(CHUNK_BYTES))  # one for all: a chunk is used up before the next

Pipe = tuple[int, int]


class Pipes:
    """A few pipes to lend.

    Args:
        limit: how many there may be; 0 turns splicing off.
    """

    def __init__(self, limit: int = MAX_PIPES) -> None:
        self._free: list[Pipe] = []
        self._left = limit

    def borrow(self) -> Pipe | None:
        """Return an empty pipe, or None when all are lent or the kernel has none."""
        if self._free:
            return self._free.pop()
        if not self._left:
            return None
        try:
            pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # EMFILE
            return None
        try:
            fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:  # EPERM: this user has many pipes; a small one would be slower than none
            os.close(pipe[0])
            os.close(pipe[1])
            self._left = 0
            return None
        self._left -= 1
        return pipe

    def give_back(self, pipe: Pipe, *, is_empty: bool) -> None:
        """Take a pipe back; what is left in it belongs to a connection that has ended."""
        if is_empty:
            self._free.append(pipe)
            return
        os.close(pipe[0])
        os.close(pipe[1])
        self._left += 1


PIPES = Pipes()


class Flow:
    """One direction of a connection.

    Attributes:
        source: whence; non-blocking, as is ``sink``.
        sink: where to.
        readable: the source may have something; the reactor says so, a failed read says no.
        writable: the same of the sink.
        is_ending: the source's peer has said its last word, so a short read is not the end yet.
        finished: all has been passed on, the end included.
    """

    __slots__ = (
        "_pending",
        "_pipe",
        "_piped",
        "finished",
        "is_ending",
        "readable",
        "sink",
        "source",
        "writable",
    )

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.readable = True
        self.writable = True
        self.is_ending = False
        self.finished = False
        self._pending: memoryview | None = None  # read, not yet written
        self._pipe: Pipe | None = None
        self._piped = 0  # bytes in the pipe

    def carry(self) -> bool:
        """Pass on what there is until one side blocks; True when there may be more to do.

        Not for ever: the other connections want their turn, too.

        Raises:
            OSError: the connection is broken.
        """
        for _ in range(CHUNKS_A_TURN):
            if not (self.readable or self._pending or self._piped) or not self.writable:
                return False
            if self._pipe is not None:
                self._splice(self._pipe)
            else:
                self._copy()
            if self.finished:
                return False
        return True

    def _copy(self) -> None:
        chunk = self._pending
        if chunk is None:
            try:
                size = self.source.recv_into(_chunk)
            except _WOULD_BLOCK:
                self.readable = False
                return
            if not size:
                self._finish()
                return
            if size == CHUNK_BYTES:
                self._pipe = PIPES.borrow()  # for what follows
            elif not self.is_ending:
                self.readable = False  # a short read has emptied it: epoll(7), questions, 9
            chunk = _chunk[:size]
        try:
            sent = self.sink.send(chunk)
        except _WOULD_BLOCK:
            sent = 0
        if sent < len(chunk):
            self._pending = chunk[sent:] if self._pending else memoryview(bytes(chunk[sent:]))
            self.writable = False
        else:
            self._pending = None

    def _splice(self, pipe: Pipe) -> None:
        if self._pending is not None:
            self._copy()
            return
        reader, writer = pipe
        if not self._piped:
            try:
                size = os.splice(self.source.fileno(), writer, PIPE_BYTES, flags=_SPLICE_FLAGS)
            except _WOULD_BLOCK:
                self.readable = False
                self.release()
                return
            if not size:
                self.release()
                self._finish()
                return
            self._piped = size
        try:
            self._piped -= os.splice(reader, self.sink.fileno(), self._piped, flags=_SPLICE_FLAGS)
        except _WOULD_BLOCK:
            self.writable = False

    def _finish(self) -> None:
        self.finished = True
        self.sink.shutdown(socket.SHUT_WR)

    def release(self) -> None:
        """Give the pipe back."""
        if self._pipe is not None:
            PIPES.give_back(self._pipe, is_empty=not self._piped)
            self._pipe = None
