"""Networks: the three that are always there (bridge, host, none), and who is connected to them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine.records import EndpointRecord, NetworkRecord

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]


class Networks:
    """All networks of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def get(self, ref: str) -> NetworkRecord:
        """Return a network by id, name or id prefix.

        Raises:
            NotFound: "network x not found".
            InvalidArgument: the prefix is not unique.
        """
        raise NotImplementedError

    def list(self, filters: Filters | None = None) -> "list[NetworkRecord]":
        """Return networks (filters: name, id, driver, type, scope, label, dangling)."""
        raise NotImplementedError

    def endpoints(self, network_id: str) -> "dict[str, EndpointRecord]":
        """Return container id -> endpoint of every running container on the network."""
        raise NotImplementedError
