"""The conversation between a terminal on the page and a process: bytes, sizes, an end.

One thread reads what the process writes; another hands it on in batches, because a notebook server
drops messages above a thousand or a megabyte per second.  When the page is slower than the process,
reading stops and the process waits in write(2), as on any terminal.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.terminal.process import Process

BATCH_S = 0.03
BATCH_BYTES = 16_384  # per batch: at most half a megabyte a second
BACKLOG_BYTES = 131_072
HISTORY_BYTES = 262_144  # what a view that joins late gets to see
TRANSCRIPT_BYTES = 1_048_576


class Session:
    """A terminal session; ``start`` brings it to life.

    Attributes:
        exit_code: None while the process runs; -1 when the engine was lost.

    Args:
        process: what to start.
        send_output: called with each batch of output, from one thread.
        send_end: called once, with the exit code.
        rows: height of the terminal, characters.
        cols: width.
    """

    def __init__(
        self,
        process: Process,
        send_output: Callable[[bytes], None],
        send_end: Callable[[int], None],
        *,
        rows: int = 24,
        cols: int = 80,
    ) -> None:
        self.exit_code: int | None = None
        self._process = process
        self._stream: Any = None
        self._send_output = send_output
        self._send_end = send_end
        self._size = (rows, cols)
        self._change = threading.Condition()
        self._pending = bytearray()
        self._finished = False
        self._history = bytearray()
        self._whole = bytearray()
        self._ended = threading.Event()

    def start(self) -> None:
        """Start the process and the two threads."""
        self._stream = self._process.start(*self._size)
        for job in (self._read, self._hand_on):
            threading.Thread(target=job, name=f"terminal-{job.__name__}", daemon=True).start()

    @property
    def output(self) -> bytes:
        """What the process has written; of very much, the end."""
        with self._change:
            return bytes(self._whole)

    def replay(self, send: Callable[[bytes], None]) -> None:
        """Give ``send`` what was handed on so far, before anything newer is."""
        with self._change:
            send(bytes(self._history))

    def write(self, data: bytes) -> None:
        """Type ``data``; nobody listens after the end."""
        with contextlib.suppress(OSError):
            self._stream.send(data)

    def resize(self, rows: int, cols: int) -> None:
        """Tell the process the terminal's size, when it is another one."""
        if (rows, cols) != self._size and rows > 0 and cols > 0 and self.exit_code is None:
            self._size = (rows, cols)
            self._process.resize(rows, cols)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the process has ended and all its output was handed on."""
        return self._ended.wait(timeout_s)

    def close(self) -> None:
        """End the process, if it runs."""
        if self._stream is not None and self.exit_code is None:
            self._process.end()
            with contextlib.suppress(OSError):  # the reader may have closed it by now
                self._stream.close_stdin()

    def _read(self) -> None:
        while True:
            try:
                data = self._stream.receive()
            except OSError:
                data = b""
            with self._change:
                self._pending += data
                self._whole += data
                del self._whole[: max(0, len(self._whole) - TRANSCRIPT_BYTES)]
                self._finished = not data
                self._change.notify_all()
                while len(self._pending) > BACKLOG_BYTES:
                    self._change.wait()
            if not data:
                return

    def _hand_on(self) -> None:
        resting = threading.Event()  # never set: a clock that needs no sleep()
        while True:
            with self._change:
                while not self._pending and not self._finished:
                    self._change.wait()
                batch = bytes(self._pending[:BATCH_BYTES])
                del self._pending[: len(batch)]
                self._history += batch
                del self._history[: max(0, len(self._history) - HISTORY_BYTES)]
                self._change.notify_all()
                if batch:
                    self._send_output(batch)
            if not batch:
                break
            resting.wait(BATCH_S)
        try:
            self.exit_code = self._process.exit_code()
        except (MiniDockerError, OSError):
            self.exit_code = -1
        self._stream.close()
        self._send_end(self.exit_code)
        self._ended.set()
