"""One container in memory: its record, and while it runs its pidfd, pipes and waiters."""

from pyminidocker.engine.records import ContainerRecord
from pyminidocker.engine.streams import Hub


class Container:
    """A container the engine knows.

    Attributes:
        record: everything that is kept on disk; change it only through ``Containers``.
        directory: ``<state>/containers/<id>``.
        hub: its standard streams; there from creation on, so that one can attach before start.
        pidfd: of the first process while running, else -1.
        exec_ids: execs that were made for it and still run or were never started.
    """

    def __init__(self, record: ContainerRecord, directory: str) -> None:
        self.record = record
        self.directory = directory
        self.hub = Hub()
        self.pidfd = -1
        self.exec_ids: list[str] = []

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
    def log_path(self) -> str:
        """Where the json-file log is (it may not exist before the first output)."""
        return f"{self.directory}/{self.record.id}-json.log"
