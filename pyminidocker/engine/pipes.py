"""Both ends of the standard streams of a process that is about to start."""

import os

from pyminidocker.engine.streams import Hub


def close_all(*fds: int) -> None:
    """Close those of ``fds`` that are open (not -1)."""
    for fd in fds:
        if fd >= 0:
            os.close(fd)


class Pipes:
    """Three pipes, or nothing for a terminal, whose master comes later from the process itself.

    Args:
        open_stdin: a pipe for stdin, else /dev/null.
        tty: no pipes at all.

    Attributes:
        theirs: the process's 0, 1, 2, or None.

    Raises:
        OSError: out of descriptors.
    """

    __slots__ = ("_stderr", "_stdin", "_stdout", "theirs")

    def __init__(self, *, open_stdin: bool, tty: bool) -> None:
        self._stdin = self._stdout = self._stderr = -1
        self.theirs: tuple[int, int, int] | None = None
        if tty:
            return
        their_in = their_out = -1
        try:
            if open_stdin:
                their_in, self._stdin = os.pipe2(os.O_CLOEXEC)
            else:
                their_in = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            self._stdout, their_out = os.pipe2(os.O_CLOEXEC)
            self._stderr, their_err = os.pipe2(os.O_CLOEXEC)
        except OSError:
            close_all(their_in, their_out, self._stdin, self._stdout)
            raise
        self.theirs = (their_in, their_out, their_err)

    def hand_to(self, hub: Hub) -> None:
        """Give our ends to the hub of the process, which has been sent its own."""
        if self.theirs is not None:
            hub.connect(stdin=self._stdin, stdout=self._stdout, stderr=self._stderr)

    def close_theirs(self) -> None:
        """Close the process's ends, which it has its own copies of."""
        close_all(*(self.theirs or ()))

    def close_ours(self) -> None:
        """Close our ends: there will be no process."""
        close_all(self._stdin, self._stdout, self._stderr)
