r"""The json-file log: one JSON object per line of output, as Docker's default log driver writes it.

    {"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}

Lines longer than 16 KiB are cut into several records whose ``log`` has no newline at its end; so is
what a process wrote last without finishing its line.  The file is opened at the first output: a
container that says nothing costs no file.

See: moby daemon/logger/copier.go, daemon/logger/jsonfilelog.
"""

import json
import logging
import os
import time
from collections.abc import Callable

LOG = logging.getLogger("minidockerd")
LINE_LIMIT = 16 * 1024
STREAM_NAMES = {1: "stdout", 2: "stderr"}
_TAILS = {number: f',"stream":"{name}","time":"' for number, name in STREAM_NAMES.items()}

_text = json.encoder.encode_basestring


class LogWriter:
    """Appends a container's output to its log.

    Args:
        path: the log file; made at the first line.

    Attributes:
        on_append: called after lines were written (a follower's wake-up), or None.
    """

    __slots__ = ("_fd", "_partial", "_second", "_second_text", "broken", "on_append", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.on_append: Callable[[], None] | None = None
        self.broken = False
        self._fd = -1
        self._partial: dict[int, bytes] = {}
        self._second = 0
        self._second_text = ""

    def write(self, stream: int, data: bytes) -> None:
        """Log a chunk of output; an unfinished line waits for its end.

        Args:
            stream: 1 stdout, 2 stderr.
            data: what the process wrote.
        """
        held = self._partial.pop(stream, None)
        if held is not None:
            data = held + data
        cut = data.rfind(b"\n") + 1
        lines = data[:cut].splitlines(keepends=True) if cut else []
        if b"\r" in data:  # bytes.splitlines also breaks at \r; only \n ends a line of a log
            lines = [line + b"\n" for line in data[:cut].split(b"\n")[:-1]]
        rest = data[cut:]
        while len(rest) >= LINE_LIMIT:
            lines.append(rest[:LINE_LIMIT])
            rest = rest[LINE_LIMIT:]
        if rest:
            self._partial[stream] = rest
        if lines:
            self._append(stream, lines)

    def _append(self, stream: int, lines: list[bytes]) -> None:
        tail = f'{_TAILS[stream]}{self._stamp()}"}}\n'
        parts = []
        for line in lines:
            for start in range(0, len(line), LINE_LIMIT):
                piece = line[start : start + LINE_LIMIT].decode("utf-8", "replace")
                parts.append(f'{{"log":{_text(piece)}{tail}')
        try:
            if self._fd < 0:
                self._fd = os.open(
                    self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640
                )
            rest = memoryview("".join(parts).encode())
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            # A full disk must not stop the container; the output still reaches who is attached.
            if not self.broken:
                self.broken = True
                LOG.warning("cannot write log %s: %s", self.path, error.strerror)
        if self.on_append is not None:
            self.on_append()

    def _stamp(self) -> str:
        now_ns = time.time_ns()
        second = now_ns // 1_000_000_000
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        fraction = f"{now_ns % 1_000_000_000:09d}".rstrip("0")
        return f"{self._second_text}{fraction or '0'}Z"

    def finish(self) -> None:
        """Write unfinished lines and close the file; the next ``write`` opens it again."""
        for stream, rest in list(self._partial.items()):
            self._append(stream, [rest])
        self._partial.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.broken = False
