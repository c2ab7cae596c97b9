"""The process of an exec, from the request to the zygote to its end."""

import asyncio
from typing import TYPE_CHECKING

from pyminidocker.engine import container_spec, start_network
from pyminidocker.engine.containers_start import runtime_text
from pyminidocker.engine.pipes import Pipes, close_all
from pyminidocker.errors import InitError, InvalidArgument
from pyminidocker.runtime.zygote import Started

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.execs import Exec

NOT_STARTED_EXIT_CODE = 126


class ExecProcess:
    """The process of an exec, as the supervisor reports on it.

    Attributes:
        outcome: done when it runs.
        end: its exit code, once it ended.
    """

    def __init__(self, engine: "Engine", found: "Exec") -> None:
        loop = asyncio.get_running_loop()
        self.engine = engine
        self.exec = found
        self.outcome: asyncio.Future[None] = loop.create_future()
        self.end: asyncio.Future[int] = loop.create_future()
        self._pidfd = -1

    def begin(self) -> None:
        """Send the specification to the zygote and take over the streams.

        Raises:
            MiniDockerError: the zygote is gone.
            OSError: out of descriptors.
        """
        record, container = self.exec.record, self.exec.container
        spec = container_spec.build_exec(
            self.engine.lab, container.record, record, self.exec.hub.size
        )
        spec.network = start_network.host_kind(self.engine, container)
        pipes = Pipes(open_stdin=record.open_stdin, tty=record.tty)
        try:
            group = self.engine.cgroups.group_of(container)
            self.engine.supervisor.exec(record.id, spec, container.pidfd, pipes.theirs, self, group)
        except BaseException:
            pipes.close_ours()
            raise
        finally:
            pipes.close_theirs()
        pipes.hand_to(self.exec.hub)

    # -- called by the supervisor -------------------------------------------------------------

    def started(self, news: Started) -> None:
        """It runs."""
        self._pidfd = news.pidfd
        record = self.exec.record
        record.running = True
        record.pid = news.host_pid
        if news.console_fd is not None:
            self.exec.hub.connect(console=news.console_fd)
        if not self.outcome.done():
            self.outcome.set_result(None)

    def failed(self, error: InitError) -> None:
        """The command could not be executed."""
        self.give_up()
        if not self.outcome.done():
            told = InvalidArgument(runtime_text("exec", error), hint=error.hint)
            told.__cause__ = error
            self.outcome.set_exception(told)

    def exited(self, exit_code: int) -> None:
        """It is gone; so may be its container."""
        close_all(self._pidfd)
        self._pidfd = -1
        self._finish(exit_code)

    def give_up(self) -> None:
        """Record that it never ran; 126 whatever the reason, as dockerd."""
        self._finish(NOT_STARTED_EXIT_CODE)

    def _finish(self, exit_code: int) -> None:
        record = self.exec.record
        record.running = False
        record.exit_code = exit_code
        record.pid = 0
        self.exec.hub.finish()
        self.engine.execs.tell_end(self.exec)
        self.engine.execs.ended(self.exec)
        if not self.end.done():
            self.end.set_result(exit_code)
