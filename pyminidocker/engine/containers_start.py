"""``start``: hand a parked child everything a container needs, and hear that it runs.

    check state ─ join network ─ /etc files ─ pipes ─ spec ──> parked child
                                                                  │ mounts, pivots, execve
    record "running" (while the child works) <── Started ─────────┘

The record is written while the child works, so its cost is hidden; should the child fail, it is
written again.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import (
    container_spec,
    containers_exit,
    etc_files,
    etc_hosts,
    limits,
    links,
    start_network,
    states,
)
from pyminidocker.engine.container import Container
from pyminidocker.engine.pipes import Pipes
from pyminidocker.engine.start_network import NetworkPart
from pyminidocker.errors import InitError, InvalidArgument, MiniDockerError, SystemFailure
from pyminidocker.runtime.zygote import Started

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.networks import Places

LOG = logging.getLogger("minidockerd")
ENOENT, EACCES, ENOTDIR = 2, 13, 20


async def start(engine: "Engine", container: Container, ref: str = "") -> None:
    """Start a container on a user's behalf; see ``Containers.start``."""
    async with container.lock:
        _check(container, ref)
        container.restart_delay_s = 0.0
        container.record.restart_count = 0
        container.record.stopped_by_user = False
        await launch(engine, container)


def _check(container: Container, ref: str = "") -> None:
    states.check("start", container.status, container_id=container.id, name=container.name, ref=ref)


async def launch(engine: "Engine", container: Container) -> None:
    """Start a container's first process; the caller holds its lock.

    Raises:
        InitError: the process could not be started.
        MiniDockerError: its network, files or mounts could not be made.
    """
    if not engine.is_network_ready:
        await engine.network_ready()
    process = ContainerProcess(engine, container)
    try:
        part = start_network.survey(engine, container)
        host = container.record.host
        if host.port_bindings or host.publish_all_ports:
            await engine.publishing.reserve(container)
        await engine.supervisor.child_for(part.child_kind, linked=part.linked)
        process.begin(part)  # in the same breath, so that nobody takes the child in between
    except BaseException as error:
        process.give_up(error)
        if isinstance(error, OSError):
            raise SystemFailure(f"cannot start container {container.name}: {error}") from error
        raise
    await process.outcome


class ContainerProcess:
    """The first process of one life of a container, as the supervisor reports on it.

    Attributes:
        outcome: done when the process runs; fails with ``InitError`` otherwise.
    """

    __slots__ = ("container", "engine", "outcome")

    def __init__(self, engine: "Engine", container: Container) -> None:
        self.engine = engine
        self.container = container
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, part: NetworkPart) -> None:
        """Send the specification to a parked child and take over the streams.

        Args:
            part: what ``start_network.survey`` found.

        Raises:
            MiniDockerError: a part could not be made; ``give_up`` takes back the others.
            OSError: likewise.
        """
        engine, container = self.engine, self.container
        record = container.record
        places = engine.networks.join(container)
        etc_of = ""
        if part.target is None:
            _write_etc(engine, container, places)
        else:
            etc_of = start_network.share(engine, container, part.target)
        targets = links.linked(engine, container) if record.host.links else []
        spec = container_spec.build(engine, container, network=part.kind, etc_of=etc_of)
        if targets:
            etc_hosts.add(engine, container, *links.host_lines(targets))
            spec.process.env += links.environment(container, targets)
        pipes = Pipes(open_stdin=record.config.open_stdin, tty=record.config.tty)
        try:
            # Last, because a child that was taken is used: there is no way to give it back.
            child, prepared = engine.supervisor.take(part.child_kind, linked=part.linked)
            engine.cgroups.occupy(container, child.group)
            try:
                limits.impose(engine, container)
                if part.kind == "new":
                    spec.netlink = start_network.plug(engine, container, places, child, prepared)
            except BaseException:
                engine.supervisor.spoil(child)
                raise
            engine.publishing.activate(container)
            with start_network.shared_namespace(part) as netns_fd:
                engine.supervisor.start(record.id, spec, pipes.theirs, child, self, netns_fd)
        except BaseException:
            pipes.close_ours()
            raise
        finally:
            pipes.close_theirs()
        pipes.hand_to(container.hub)
        state = record.state
        state.status = "running"
        state.pid = 0
        state.exit_code = 0
        state.error = ""
        state.oom_killed = False
        state.started_at = time.time()
        container.stop_is_wanted = False
        container.save()
        self._emit_mounts("mount")

    def _emit_mounts(self, action: str) -> None:
        for mount in self.container.record.mounts:
            if mount.type == "volume":
                containers_exit.emit_volume(self.engine, self.container, mount, action)

    # -- called by the supervisor -------------------------------------------------------------

    def started(self, news: Started) -> None:
        """The user's program runs."""
        container = self.container
        container.pidfd = news.pidfd
        container.record.state.pid = news.host_pid
        if news.console_fd is not None:
            container.hub.connect(console=news.console_fd)
        if container.record.config.healthcheck is not None:
            from pyminidocker.engine import health  # most containers have none

            health.begin(self.engine, container)
        self.engine.events.emit("container", "start", container.id, container.event_attributes())
        if not self.outcome.done():
            self.outcome.set_result(None)

    def failed(self, error: InitError) -> None:
        """Init met an obstacle."""
        self.give_up(error)
        if not self.outcome.done():
            self.outcome.set_exception(start_error(self.container, error))

    def exited(self, exit_code: int) -> None:
        """The process is gone."""
        if not self.outcome.done():
            self.outcome.set_exception(
                SystemFailure(f"container {self.container.name} was lost while it started")
            )
        containers_exit.exited(self.engine, self.container, exit_code)

    def give_up(self, error: BaseException) -> None:
        """Take back what ``begin`` made and record why."""
        container = self.container
        state = container.record.state
        container.hub.finish()
        self.engine.cgroups.vacate(container)
        containers_exit.release(self.engine, container)
        state.status = "created" if not state.finished_at else "exited"
        state.pid = 0
        state.exit_code = exit_code_of(error)
        state.error = str(error)
        state.started_at = 0.0 if state.status == "created" else state.started_at
        container.save()
        if container.record.host.auto_remove:
            self.engine.containers.remove_soon(container)


def _write_etc(engine: "Engine", container: Container, places: "Places") -> None:
    """Make /etc/hosts and its like, with the addresses on all networks."""
    if not places:
        etc_files.write_all(engine, container, "", "")
        return
    network, first = places[0]
    etc_files.write_all(engine, container, first.ip_address, network.gateway)
    if len(places) == 1 and not first.ip6_address:
        return
    names = etc_hosts.own_names(container)
    etc_hosts.add(engine, container, (first.ip6_address, names))
    for _, endpoint in places[1:]:
        etc_hosts.add_endpoint(engine, container, endpoint)


def exit_code_of(error: BaseException) -> int:
    """Return the exit code Docker records for a start that failed (daemon/errors.go)."""
    if isinstance(error, InitError):
        if error.errno == EACCES:
            return 126
        if error.errno in (ENOENT, ENOTDIR):
            return 127
    return 128


def runtime_text(what: str, error: InitError) -> str:
    """Return a failed start in runc's words, in which the docker CLI looks for 126 and 127.

    Args:
        what: ``start`` or ``exec``.
        error: what init reported.
    """
    if error.message.startswith("unable to find "):
        return error.message  # a user or group: dockerd itself looks for them, not runc
    if what == "exec":
        prefix = "OCI runtime exec failed: exec failed: unable to start container process: "
    else:
        prefix = (
            "failed to create shim task: OCI runtime create failed: runc create failed: unable to"
            " start container process: "
        )
    return f"{prefix}{error.message}: unknown"


def start_error(container: Container, error: InitError) -> MiniDockerError:
    """Return what the user is told, and record it."""
    text = runtime_text("start", error)
    if error.errno == ENOTDIR and error.stage != "execve":
        text += (
            ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the"
            " specified host path exists and is the expected type"
        )
    container.record.state.error = text
    kind = InvalidArgument if exit_code_of(error) in (126, 127) else SystemFailure
    told: MiniDockerError = kind(text, hint=error.hint)
    told.__cause__ = error
    return told
