"""One container in memory: its record, and while it runs its pidfd, streams and waiters."""

import asyncio
import logging
from typing import TYPE_CHECKING

from pyminidocker.engine import database
from pyminidocker.engine.logs import LogWriter
from pyminidocker.engine.ports import PublishedPort
from pyminidocker.engine.records import ContainerRecord
from pyminidocker.engine.results import WaitResult
from pyminidocker.engine.streams import Hub

if TYPE_CHECKING:
    from pyminidocker.engine.health import Monitor

LOG = logging.getLogger("minidockerd")


class Container:
    """A container the engine knows.

    Attributes:
        record: everything that is kept on disk; change it only through ``Containers``.
        directory: ``<state>/containers/<id>``.
        hub: its standard streams; there from creation on, so that one can attach before start.
        published: where its ports are reached on the real machine; empty while it does not run.
        pidfd: of the first process while running, else -1.
        health: runs its health check while it runs; None when it has none or does not run.
        secret_env: variables of its process that no record, disk or client may see.
        exec_ids: execs that were made for it and still run or were never started.
        lock: held by verbs that change what it is (start, remove, rename, commit).
        restart_timer: fires when a restart policy's back-off is over.
        restart_delay_s: the back-off that was used last.
        stop_is_wanted: a stop or kill was asked for in this life, so no policy restarts it.
    """

    __slots__ = (
        "_exit_waiters",
        "_removal_waiters",
        "directory",
        "exec_ids",
        "health",
        "hub",
        "lock",
        "pidfd",
        "published",
        "record",
        "restart_delay_s",
        "restart_timer",
        "secret_env",
        "size_on_disk",
        "stop_is_wanted",
    )

    def __init__(self, record: ContainerRecord, directory: str, size_on_disk: int = 0) -> None:
        self.record = record
        self.directory = directory
        self.size_on_disk = size_on_disk
        self.hub = Hub(LogWriter(self.log_path))
        self.pidfd = -1
        self.published: list[PublishedPort] = []
        self.health: Monitor | None = None
        self.secret_env: list[str] = []
        self.exec_ids: list[str] = []
        self.lock = asyncio.Lock()
        self.restart_timer: asyncio.TimerHandle | None = None
        self.restart_delay_s = 0.0
        self.stop_is_wanted = False
        self._exit_waiters: list[asyncio.Future[WaitResult]] = []
        self._removal_waiters: list[asyncio.Future[WaitResult]] = []

    @property
    def id(self) -> str:
        """64 hex digits."""
        return self.record.id

    @property
    def name(self) -> str:
        """The name without Docker's leading slash."""
        return self.record.name

    @property
    def is_running(self) -> bool:
        """Whether the first process lives (running or paused)."""
        return self.pidfd >= 0

    @property
    def status(self) -> str:
        """One of ``states.STATUSES``."""
        return self.record.state.status

    @property
    def log_path(self) -> str:
        """Where the json-file log is (it may not exist before the first output)."""
        return f"{self.directory}/{self.record.id}-json.log"

    @property
    def upper_dir(self) -> str:
        """The writable layer."""
        return f"{self.directory}/diff"

    @property
    def work_dir(self) -> str:
        """Overlayfs' scratch directory."""
        return f"{self.directory}/work"

    @property
    def config_path(self) -> str:
        """The record's file."""
        return f"{self.directory}/config.json"

    def save(self) -> None:
        """Write the record; a full disk is reported in the log and does not stop the engine."""
        try:
            self.size_on_disk = database.update(self.config_path, self.record, self.size_on_disk)
        except OSError as error:
            LOG.warning("cannot write %s: %s", self.config_path, error.strerror)

    def event_attributes(self) -> dict[str, str]:
        """Return what Docker puts into every event about a container: labels, image, name."""
        record = self.record
        return {**record.config.labels, "image": record.image, "name": record.name}

    def result(self) -> WaitResult:
        """How the last life ended."""
        state = self.record.state
        return WaitResult(state.exit_code, state.error)

    def on_exit(self) -> "asyncio.Future[WaitResult]":
        """Return a future of the next end of the first process."""
        future: asyncio.Future[WaitResult] = asyncio.get_running_loop().create_future()
        self._exit_waiters.append(future)
        return future

    def on_removal(self) -> "asyncio.Future[WaitResult]":
        """Return a future of the container's removal, carrying its last exit code."""
        future: asyncio.Future[WaitResult] = asyncio.get_running_loop().create_future()
        self._removal_waiters.append(future)
        return future

    def announce_exit(self) -> None:
        """Wake everybody who waits for the end."""
        _resolve(self._exit_waiters, self.result())

    def announce_removal(self) -> None:
        """Wake everybody who waits for the removal (or, in vain, for an exit)."""
        # As dockerd: what kept it from starting was told to who started it.
        result = WaitResult(self.record.state.exit_code)
        _resolve(self._removal_waiters, result)
        _resolve(self._exit_waiters, result)


def _resolve(waiters: "list[asyncio.Future[WaitResult]]", result: WaitResult) -> None:
    for future in waiters:
        if not future.done():  # a client that went away cancelled it
            future.set_result(result)
    waiters.clear()
