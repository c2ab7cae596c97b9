"""What happened, told to everybody who listens (``docker events``), and the recent past."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine.records import Event

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]


class Events:
    """The engine's event bus; it remembers the last 256 events, as dockerd does."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def emit(self, kind: str, action: str, actor_id: str, attributes: Mapping[str, str]) -> None:
        """Tell all subscribers.

        Args:
            kind: container, image, network, volume or daemon.
            action: Docker's word: create, start, die, ...
            actor_id: id or name of the object.
            attributes: Docker's attributes of it.
        """
        raise NotImplementedError

    def subscribe(
        self, *, since: float = 0.0, until: float = 0.0, filters: Filters | None = None
    ) -> AsyncIterator[Event]:
        """Iterate over events; subscribed when this returns.

        Args:
            since: first those remembered from this time on, seconds since the epoch.
            until: end at this time; a time in the past gives only remembered ones.
            filters: type, event, container, image, network, volume, label, daemon, scope.
        """
        raise NotImplementedError
