"""One client's connection to a process: ``docker attach``, ``docker run``, ``docker exec``.

Docker's rules live here (moby container/stream/attach.go).  Detach keys are looked for only on a
terminal.  When the client's input ends, the process's stdin is closed if the container was made for
that (``stdin_once``) and has no terminal; otherwise the client's output ends, and the process goes
on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from pyminidocker.engine.detach_keys import DetachScanner
from pyminidocker.engine.records import LogRecord
from pyminidocker.engine.streams import STDERR, STDOUT, Hub, Subscription


class Attachment(AsyncIterator[tuple[int, bytes]]):
    """Iterate for (stream, bytes); the end means: process ended, client detached, or stdin ended.

    Args:
        hub: the process's streams.
        tty: it has a terminal.
        stdin: input is wanted and the process takes some.
        stdout: output is wanted; likewise ``stderr``.
        closes_stdin: the end of the client's input is the end of the process's.
        keys: detach keys as bytes.
        replay: the log, to be given out first.
        stream: follow the process after the replay.
        on_detach: called when the keys were typed.

    Attributes:
        tty: output is a raw terminal stream; otherwise the API frames it (framing/stdcopy).
        detached: the detach keys were typed.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        tty: bool,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        closes_stdin: bool,
        keys: bytes,
        replay: AsyncIterator[LogRecord] | None = None,
        stream: bool = True,
        on_detach: Callable[[], None] | None = None,
    ) -> None:
        self.tty = tty
        self.detached = False
        self._hub = hub
        self._takes_input = stdin
        self._closes_stdin = closes_stdin and not tty
        self._scanner = DetachScanner(keys if tty else b"")
        self._replay = replay
        self._on_detach = on_detach
        self._subscription: Subscription | None = None
        if stream:
            self._subscription = hub.subscribe(stdout=stdout, stderr=stderr)

    async def __anext__(self) -> tuple[int, bytes]:
        if self._replay is not None:
            try:
                record = await anext(self._replay)
            except StopAsyncIteration:
                self._replay = None
            else:
                return (STDERR if record.stream == "stderr" else STDOUT), record.data
        if self._subscription is None:
            raise StopAsyncIteration
        return await anext(self._subscription)

    async def write(self, data: bytes) -> None:
        """Give ``data`` to stdin; looks for the detach keys on the way.

        Never raises for a process that is gone: the data is dropped, as Docker does.
        """
        if not self._takes_input:
            return
        passed, complete = self._scanner.scan(data)
        if passed:
            await self._hub.stdin.write(passed)
        if complete:
            self.detached = True
            if self._on_detach is not None:
                self._on_detach()
            self.close()

    def write_eof(self) -> None:
        """The client's half-close."""
        if not self._takes_input:
            return
        if self._closes_stdin:
            self._hub.stdin.end()
        elif self._subscription is not None:
            # What is in line already is still given out, then the client's output ends.
            self._subscription.end()
            asyncio.get_running_loop().call_soon(self._hub.unsubscribe, self._subscription)

    def close(self) -> None:
        """The client is gone."""
        if self._subscription is not None:
            self._subscription.close()
