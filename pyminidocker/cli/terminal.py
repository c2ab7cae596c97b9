"""The terminal this command runs in: raw mode, its size, and getting it back as it was.

In raw mode the terminal hands every key to us at once: Ctrl-C is the byte 3, echo and line editing
are left to the terminal of the container.  Forgetting to restore it leaves the user's shell
without echo, so that is done in ``__exit__`` whatever happens.

See: termios(3), cfmakeraw.
"""

from __future__ import annotations

import os
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


class RawTerminal:
    """Puts the terminal ``fd`` into raw mode for the length of a ``with`` block.

    Args:
        fd: the terminal.
        output_only: leave the keys alone and only pass output on as it is: the container's terminal
            has turned line feeds into CR LF already.
    """

    def __init__(self, fd: int, *, output_only: bool = False) -> None:
        self._fd = fd
        self._output_only = output_only
        self._before = termios.tcgetattr(fd)

    def __enter__(self) -> Self:
        raw = termios.tcgetattr(self._fd)
        if self._output_only:
            raw[_OFLAG] &= ~termios.OPOST
            termios.tcsetattr(self._fd, termios.TCSADRAIN, raw)
            return self
        raw[_IFLAG] &= ~(
            termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR
            | termios.IGNCR | termios.ICRNL | termios.IXON
        )  # fmt: skip
        raw[_OFLAG] &= ~termios.OPOST
        raw[_LFLAG] &= ~(
            termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
        )
        raw[_CFLAG] = (raw[_CFLAG] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
        raw[_CC][termios.VMIN] = 1
        raw[_CC][termios.VTIME] = 0
        termios.tcsetattr(self._fd, termios.TCSADRAIN, raw)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
        except termios.error:
            pass  # the terminal is gone (its window was closed)


def size() -> tuple[int, int]:
    """Return the terminal's (rows, columns); (0, 0) when there is none."""
    for fd in (1, 0, 2):
        try:
            columns, rows = os.get_terminal_size(fd)
        except OSError:
            continue
        return rows, columns
    return 0, 0
