"""Facts about the engine and the disk it uses (``docker info``, ``docker system df``)."""

from typing import TYPE_CHECKING

from pyminidocker.engine.results import DiskUsage, EngineFacts, EngineInfo

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


class System:
    """Questions about the whole engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def info(self) -> EngineInfo:
        """Return the facts for ``docker info``."""
        raise NotImplementedError

    async def disk_usage(self) -> DiskUsage:
        """Measure what images, containers and volumes take on disk."""
        raise NotImplementedError

    def facts(self) -> EngineFacts:
        """Return the processes and namespaces behind this engine."""
        raise NotImplementedError
