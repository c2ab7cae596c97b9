"""The engine: one object that owns all state and all services, living on one event loop.

Everything in it runs on that loop.  A method that is not ``async`` returns without waiting for
anything but the disk; slow work (unpacking, tar streams, sizes) goes to threads.
"""

import asyncio
import logging
import os
import resource
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pyminidocker.engine import containers_load, database, limits
from pyminidocker.engine.agent_line import AgentLine
from pyminidocker.engine.captures import Captures
from pyminidocker.engine.cgroups import Cgroups
from pyminidocker.engine.containers import Containers
from pyminidocker.engine.directories import Directories
from pyminidocker.engine.dns import Dns
from pyminidocker.engine.events import Events
from pyminidocker.engine.execs import Execs
from pyminidocker.engine.images import Images
from pyminidocker.engine.networks import Networks
from pyminidocker.engine.overlay import Overlays
from pyminidocker.engine.publishing import Publishing
from pyminidocker.engine.registry import Registry
from pyminidocker.engine.stats import Stats
from pyminidocker.engine.supervisor import Supervisor
from pyminidocker.engine.system import System
from pyminidocker.engine.topology import Topology
from pyminidocker.engine.volumes import Volumes
from pyminidocker.engine.wires import Wires
from pyminidocker.errors import IntegrityError, MiniDockerError, Unavailable
from pyminidocker.ids import new_id
from pyminidocker.images.trees import remove_tree

if TYPE_CHECKING:
    from pyminidocker.network.lab import LabNetwork
    from pyminidocker.runtime.host import Lab

LOG = logging.getLogger("minidockerd")
FORMAT = 1  # of the state directory; raised when an older engine could not read it


class EngineRecord(Struct):
    """``engine.json``: what the state directory says about itself."""

    id: str
    format: int = FORMAT


class Engine:
    """All containers, images, networks and volumes of one state directory.

    Args:
        state_dir: where everything is kept (``paths.state_root``); must exist, mode 0700.
        run_dir: where the socket, lock and pid file are (``paths.run_root``).
        lab: the namespaces and the zygote, made before the event loop existed.
        name: the engine's name (``minidockerd --name``).

    Attributes:
        containers: see ``Containers``; likewise ``execs``, ``images``, ``networks``, ``volumes``,
            ``publishing``, ``registry``, ``events``, ``system``.
        id: the engine's own random id, kept in ``engine.json``.
        etc_dir: where /etc/hosts and its like of running containers are.
        directories: where containers live on disk.
        supervisor: the hand on the zygote.
        problems: what could not be loaded or set up, one line each.
        is_stopping: no policy starts anything any more.
        on_lab_lost: called when the zygote died; the daemon ends, and the next client starts
            another.
        is_network_ready: bridges are up; before, ``network_ready`` waits for them.
    """

    lab_network: "LabNetwork"

    def __init__(self, state_dir: str, run_dir: str, lab: "Lab", name: str = "default") -> None:
        self.state_dir = state_dir
        self.run_dir = run_dir
        self.lab = lab
        self.name = name
        self.id = ""
        self.etc_dir = f"{run_dir}/etc"
        self.is_stopping = False
        self.on_lab_lost: Callable[[], None] | None = None
        self.is_network_ready = False
        self.problems: list[str] = []
        self._agent_fd = -1
        self._network_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.directories = Directories(self)
        self.cgroups = Cgroups(self)
        self.supervisor = Supervisor(self)
        self.events = Events(self)
        self.volumes = Volumes(self)
        self.networks = Networks(self)
        self.agent_line = AgentLine(self)
        self.publishing = Publishing(self)
        self.dns = Dns(self)
        self.wires = Wires(self)
        self.overlays = Overlays(self)
        self.images = Images(self)
        self.registry = Registry(self)
        self.containers = Containers(self)
        self.execs = Execs(self)
        self.system = System(self)
        self.stats = Stats(self)
        self.topology = Topology(self)
        self.captures = Captures(self)

    async def start(self) -> None:
        """Load all records and sweep leftovers; network and restarts follow in the background.

        Raises:
            IntegrityError: the state directory belongs to a newer engine.
            SystemFailure: the state directory cannot be used.
        """
        _allow_many_files()
        self._load_identity()
        remove_tree(f"{self.state_dir}/build/scratch")  # of builds that were killed
        self.images.load()
        self.volumes.load()
        self.networks.load()
        self.containers.load()
        limits.watch(self)
        self.cgroups.open()
        self.supervisor.open()
        self._network_task = asyncio.create_task(self._set_up_network())
        self.background(self._resume())

    def _load_identity(self) -> None:
        path = f"{self.state_dir}/engine.json"
        try:
            loaded = database.load(path, EngineRecord)
        except IntegrityError as error:
            self.report(f"{error}; the engine has got a new id")
            loaded = None
        if loaded is None:
            record = EngineRecord(new_id())
            database.replace(path, record)
        else:
            record = loaded[0]
        if record.format > FORMAT:
            raise IntegrityError(
                f"{self.state_dir} was written by a newer engine (format {record.format}, this one"
                f" knows {FORMAT})",
                hint="update pyminidocker, or set MINIDOCKER_ROOT to another directory",
            )
        self.id = record.id

    async def _set_up_network(self) -> None:
        # After the first requests have been answered: the import alone takes some 10 ms.
        await asyncio.sleep(0)
        from pyminidocker.network.lab import LabNetwork

        self.lab_network = LabNetwork()
        self.networks.setup()
        if self.lab.agent is not None:
            try:
                self.lab_network.start_egress(self.lab.agent)
            except (MiniDockerError, OSError) as error:
                self.report(f"containers have no way out: {error}")
            self._watch_agent(self.lab.agent_pid)
        self.is_network_ready = True
        self.supervisor.prepare_soon()

    def report(self, problem: str) -> None:
        """Remember a problem that does not stop the engine: for the log and ``info``."""
        self.problems.append(problem)
        LOG.warning("%s", problem)

    def report_damage(self, error: MiniDockerError) -> None:
        """Report a damaged file and what to do about it."""
        self.report(f"{error}; {error.hint}" if error.hint else str(error))

    async def network_ready(self) -> None:
        """Wait until containers can be connected.

        Raises:
            SystemFailure: the lab's network could not be made.
            Unavailable: the engine is not started.
        """
        if self._network_task is None:
            raise Unavailable("the engine has not been started")
        await asyncio.shield(self._network_task)

    async def _resume(self) -> None:
        await self.network_ready()
        await containers_load.resume(self)

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run ``work`` beside everything else; the engine's end waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)

    def _forget_task(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("background work failed: %s", error, exc_info=error)

    def lab_is_lost(self) -> None:
        """The zygote died: nothing can be started any more."""
        self.is_stopping = True
        if self.on_lab_lost is not None:
            self.on_lab_lost()

    def _watch_agent(self, pid: int) -> None:
        """Say it at once when the host agent ends: containers would only see refusals."""
        try:
            self._agent_fd = os.pidfd_open(pid)
        except OSError as error:  # it has ended already
            self.report(f"the host agent is not there: {error.strerror}")
            return
        asyncio.get_running_loop().add_reader(self._agent_fd, self._agent_ended)

    def _agent_ended(self) -> None:
        self._forget_agent()
        self.report(
            "the host agent has ended: published ports, the way out of containers and names of the"
            " outside are gone; restart the engine: minidocker system stop, then any command"
        )

    def _forget_agent(self) -> None:
        if self._agent_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._agent_fd)
            os.close(self._agent_fd)
            self._agent_fd = -1

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Stop all containers (stop signal, ``timeout_s``, SIGKILL) and let go of everything.

        Containers with restart policy ``always`` or ``unless-stopped`` start again with the next
        engine.
        """
        self.is_stopping = True
        self.captures.close()
        self.stats.close()
        self.topology.close()
        self.registry.close()
        await self.containers.stop_all(timeout_s)
        if self._network_task is not None:
            await asyncio.wait([self._network_task])
        while self._tasks:
            await asyncio.wait(list(self._tasks))
        self._forget_agent()
        self.supervisor.close()
        self.cgroups.close()
        self.agent_line.close()
        self.dns.stop()
        self.directories.close()
        if self.is_network_ready:
            self.lab_network.close()


def _allow_many_files() -> None:
    """Raise this process's limit of open files: each running container costs it three."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
