"""Standard streams of a process: pipes or a pty on the loop, subscribers, and the log behind them.

A ``Hub`` belongs to one container (for all of its lives) or to one exec.  Whoever attaches gets an
``Attachment``: chunks come out of it, stdin goes into it, and Docker's rules about detach keys and
closing stdin are kept there.
"""

from collections.abc import AsyncIterator

STDOUT = 1
STDERR = 2


class Hub:
    """Where a process's output goes and its input comes from."""

    def subscribe(self, *, stdout: bool = True, stderr: bool = True) -> "Subscription":
        """Register a receiver now; nothing written from now on is lost to it.

        The subscription ends (StopAsyncIteration) when the process and its pipes are gone.  With
        a terminal everything arrives as stdout.
        """
        raise NotImplementedError

    async def write_stdin(self, data: bytes) -> None:
        """Write to the process's stdin, waiting while the pipe is full.

        Raises:
            BrokenPipeError: nobody reads there (process gone, stdin closed, or not opened).
        """
        raise NotImplementedError

    def close_stdin(self) -> None:
        """Close the process's stdin (a no-op for a terminal)."""
        raise NotImplementedError

    def resize(self, rows: int, cols: int) -> None:
        """Set the terminal's size; remembered when the process has not started yet."""
        raise NotImplementedError


class Subscription:
    """An asynchronous iterator over (stream, bytes); stream is STDOUT or STDERR."""

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        raise NotImplementedError

    def close(self) -> None:
        """Stop receiving; a reader that waits is let go with StopAsyncIteration."""
        raise NotImplementedError


class Attachment:
    """One client's connection to a container or exec (``attach``, ``exec``).

    Iterate for (stream, bytes); the iteration ends when the process ended, the client detached
    (``detached`` is then True) or, by Docker's rule, stdin of a terminal reached its end.

    Attributes:
        tty: output is a raw terminal stream; otherwise the API frames it (wire/stdcopy).
        detached: the detach keys were typed.
    """

    tty: bool
    detached: bool

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        raise NotImplementedError

    async def write(self, data: bytes) -> None:
        """Give ``data`` to stdin; looks for the detach keys on the way.  Never raises for a process
        that is gone: the data is dropped, as Docker does.
        """
        raise NotImplementedError

    def write_eof(self) -> None:
        """The client's half-close: closes stdin when the container has ``stdin_once``."""
        raise NotImplementedError

    def close(self) -> None:
        """The client is gone."""
        raise NotImplementedError
