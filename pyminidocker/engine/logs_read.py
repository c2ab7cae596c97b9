"""Read a json-file log: the last lines, a span of time, and on while the container writes."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pyminidocker.engine.records import LogRecord

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container

_BLOCK = 64 * 1024


class _Line(msgspec.Struct):
    log: str
    stream: str
    time: str


_decoder = msgspec.json.Decoder(_Line)


def parse_time(text: str) -> int:
    """Read RFC 3339 with up to nine digits of a second as nanoseconds since the epoch."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction or "0").ljust(9, "0")[:9])


def decode_line(line: bytes) -> LogRecord | None:
    """Read one line of the file; None when it is damaged (a crash cut it short)."""
    try:
        found = _decoder.decode(line)
        return LogRecord(found.stream, found.log.encode(), parse_time(found.time))
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
        return None


def tail_offset(fd: int, lines: int) -> int:
    """Return where the last ``lines`` lines of a file begin, reading from its end.

    Args:
        fd: the open log file.
        lines: how many; 0 is the end of the file.
    """
    end = os.fstat(fd).st_size
    if lines == 0:
        return end
    position, wanted = end, lines + 1
    while position > 0:
        start = max(0, position - _BLOCK)
        block = os.pread(fd, position - start, start)
        count = block.count(b"\n")
        if count >= wanted:
            at = len(block)
            for _ in range(wanted):
                at = block.rfind(b"\n", 0, at)
            return start + at + 1
        wanted -= count
        position = start
    return 0


class LogReader(AsyncIterator[LogRecord]):
    """Iterates over a container's log.

    Args:
        container: whose log.
        streams: "stdout", "stderr" or both.
        since_ns: first moment wanted, nanoseconds since the epoch; 0 = from the beginning.
        until_ns: last moment wanted; 0 = no end.
        tail: how many of the last lines; -1 = all.
        follow: wait for more until the container ends.
    """

    def __init__(
        self,
        container: "Container",
        *,
        streams: frozenset[str],
        since_ns: int = 0,
        until_ns: int = 0,
        tail: int = -1,
        follow: bool = False,
    ) -> None:
        self._container = container
        self._streams = streams
        self._since_ns = since_ns
        self._until_ns = until_ns
        self._tail = tail
        self._follow = follow
        self._fd = -1
        self._buffer = b""
        self._ready: list[LogRecord] = []  # reversed
        self._wake = asyncio.Event()
        self._ended = False
        if follow:
            container.hub.log_followers.add(self._wake)

    def close(self) -> None:
        """Let go of the file."""
        self._ended = True
        self._container.hub.log_followers.discard(self._wake)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._wake.set()

    def __del__(self) -> None:
        # An iteration that is given up half way (client gone) must not keep the file open.
        self.close()

    async def __anext__(self) -> LogRecord:
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            # Asked before reading: what is written between the two is read, not lost.
            is_alive = self._follow and self._container.hub.is_connected
            if self._fill():
                continue
            if not is_alive:
                self.close()
                raise StopAsyncIteration
            await self._wake.wait()
        return self._ready.pop()

    def _open(self) -> bool:
        if self._fd < 0:
            try:
                self._fd = os.open(self._container.log_path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            if self._tail >= 0:
                os.lseek(self._fd, tail_offset(self._fd, self._tail), os.SEEK_SET)
        return True

    def _fill(self) -> bool:
        """Read one block; tell whether there was any."""
        if not self._open():
            # Nothing was logged yet, so all that follows is new: the tail is used up.
            self._tail = -1
            return False
        block = os.read(self._fd, _BLOCK)
        if not block:
            return False
        lines = (self._buffer + block).split(b"\n")
        self._buffer = lines.pop()
        wanted = []
        for line in lines:
            record = decode_line(line)
            if record is None or record.stream not in self._streams:
                continue
            if record.time_ns < self._since_ns:
                continue
            if self._until_ns and record.time_ns > self._until_ns:
                self._ended = True
                break
            wanted.append(record)
        self._ready = wanted[::-1]
        return True
