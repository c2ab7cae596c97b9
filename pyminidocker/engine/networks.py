"""Networks: who is there, who is on them, and the verbs.

On disk: ``<state>/networks/<id>.json``.  Addresses belong to running containers only; what a
stopped container keeps is the wish to be on a network.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import database, networks_filter, networks_join, networks_setup
from pyminidocker.engine.network_addresses import Addresses
from pyminidocker.engine.network_modes import BUILT_IN, network_of
from pyminidocker.engine.records import EndpointRecord, NetworkRecord, NetworkRequest
from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.network.plans import Prepared

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
NetworkList = list[NetworkRecord]
Places = list[tuple[NetworkRecord, EndpointRecord]]
Strings = list[str]


class Networks:
    """All networks of an engine.

    Attributes:
        by_id: their records.
        addresses: network id -> its address pools; only of networks that have addresses.
        members: network id -> container id -> endpoint, of running containers.
        links: endpoint id -> the interface of a running container.
        sharers: container id -> running containers that share its network.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.root = f"{engine.state_dir}/networks"
        self.by_id: dict[str, NetworkRecord] = {}
        self.addresses: dict[str, Addresses] = {}
        self.members: dict[str, dict[str, EndpointRecord]] = {}
        self.links: dict[str, Prepared] = {}
        self.sharers: dict[str, set[str]] = {}

    # -- who is there ---------------------------------------------------------------------------

    def load(self) -> None:
        """Read the networks from disk; make the three that Docker always has."""
        networks_setup.load(self)

    def take_in(self, record: NetworkRecord) -> None:
        """Add a network that is on disk.

        Raises:
            InvalidArgument: its subnets make no sense.
        """
        if record.subnet or record.subnet6:
            self.addresses[record.id] = Addresses(record)
        self.by_id[record.id] = record
        self.members[record.id] = {}

    def forget(self, record: NetworkRecord) -> None:
        """Remove a network from memory and disk."""
        del self.by_id[record.id], self.members[record.id]
        self.addresses.pop(record.id, None)
        os.unlink(self.path_of(record))

    def path_of(self, record: NetworkRecord) -> str:
        """Return where a network's record is."""
        return f"{self.root}/{record.id}.json"

    def bridges(self) -> NetworkList:
        """Return the networks that need a bridge in the lab."""
        return [record for record in self.by_id.values() if record.bridge]

    def get(self, ref: str) -> NetworkRecord:
        """Return a network by id, name or id prefix.

        Raises:
            NotFound: "network x not found".
            InvalidArgument: the prefix is not unique.
        """
        record = self.by_id.get(ref)
        if record is not None:
            return record
        for record in self.by_id.values():
            if record.name == ref:
                return record
        found = [record for record in self.by_id.values() if ref and record.id.startswith(ref)]
        if len(found) > 1:
            raise InvalidArgument(
                f"network {ref} is ambiguous ({len(found)} matches found based on ID prefix)"
            )
        if not found:
            raise NotFound(f"network {ref} not found", hint="see: minidocker network ls")
        return found[0]

    def by_mode(self, mode: str) -> NetworkRecord:
        """Return the network a container's ``network_mode`` names.

        Raises:
            NotFound: there is none.
        """
        return self.get(network_of(mode))

    def list(self, filters: Filters | None = None) -> NetworkList:
        """Return networks (filters: name, id, driver, type, scope, label, dangling)."""
        return networks_filter.select(self.by_id.values(), self.members, filters)

    def endpoints(self, network_id: str) -> dict[str, EndpointRecord]:
        """Return container id -> endpoint of every running container on the network."""
        return dict(self.members[network_id])

    def of(self, container: "Container") -> Places:
        """Return the networks a running container is on, as (network, endpoint), eth0 first.

        Empty while it does not run, and for ``host``, ``none`` and ``container:NAME``.
        """
        return [
            (self.by_id[endpoint.network_id], endpoint)
            for endpoint in container.record.endpoints.values()
            if endpoint.ip_address or endpoint.ip6_address
        ]

    def is_user_defined(self, record: NetworkRecord) -> bool:
        """Tell whether a network was made by the user, so that names are resolved on it."""
        return record.name not in BUILT_IN

    # -- verbs ----------------------------------------------------------------------------------

    async def create(self, request: NetworkRequest) -> tuple[NetworkRecord, str]:
        """Make a network; returns it and a warning (mostly empty).

        Raises:
            Conflict: "network with name x already exists".
            InvalidArgument: a subnet, gateway, range or option that makes no sense.
            PermissionDenied: the pool overlaps with another network's, or the name is Docker's own.
            NotFound: no such driver.
        """
        from pyminidocker.engine import networks_create  # not needed for a start

        await self.engine.network_ready()
        record = networks_create.new_record(
            request, self.by_id.values(), self.engine.wires.subnets()
        )
        if record.driver == "overlay":
            self.engine.overlays.prepare(record)
        database.replace(self.path_of(record), record)
        self.take_in(record)
        try:
            networks_setup.make(self, record)
        except BaseException:
            self.forget(record)
            raise
        self.tell("create", record)
        return record, ""

    def remove(self, ref: str) -> None:
        """Delete a network that nobody is on.

        Raises:
            NotFound: "network x not found".
            PermissionDenied: one of the three that are always there, or one in use.
        """
        from pyminidocker.engine import networks_remove

        networks_remove.remove(self, self.get(ref))

    async def connect(self, ref: str, container_ref: str, wish: EndpointRecord) -> None:
        """Connect a container; when it runs, it has a new interface at once.

        Args:
            ref: the network's name or id.
            container_ref: the container's.
            wish: its ``wish_*`` fields, aliases and links.

        Raises:
            NotFound: no such network or container.
            PermissionDenied: it is there already, or the address is taken.
            InvalidArgument: an address or alias that this network cannot have.
        """
        from pyminidocker.engine import networks_connect

        network = self.get(ref)
        container = self.engine.containers.get(container_ref)
        await self.engine.network_ready()
        async with container.lock:
            networks_connect.connect(self.engine, self.get(network.id), container, wish)

    async def disconnect(self, ref: str, container_ref: str, *, force: bool = False) -> None:
        """Disconnect a container; when it runs, its interface goes at once.

        Args:
            ref: the network's name or id.
            container_ref: the container's.
            force: also from a network that has been removed meanwhile.

        Raises:
            NotFound: no such network or container.
            MiniDockerError: it is not connected.
            InvalidArgument: the host network cannot be left.
        """
        from pyminidocker.engine import networks_connect

        try:
            name = self.get(ref).name
        except NotFound:
            if not force:
                raise
            name = ref
        container = self.engine.containers.get(container_ref)
        async with container.lock:
            networks_connect.disconnect(self.engine, container, name)

    def prune(self, filters: Filters | None = None) -> Strings:
        """Remove user-defined networks that no container is on (filters: until, label, label!).

        Returns:
            Their names.
        """
        from pyminidocker.engine import networks_remove

        return networks_remove.prune(self, filters or {})

    # -- used by start and exit -----------------------------------------------------------------

    def join(self, container: "Container") -> Places:
        """Give a starting container its addresses on all its networks; see ``networks_join``."""
        return networks_join.join(self, container)

    def leave(self, container: "Container") -> None:
        """Take back what ``join`` and ``connect`` gave; safe to repeat."""
        for endpoint in container.record.endpoints.values():
            networks_join.exit_network(self, container, endpoint)

    def tell(self, action: str, network: NetworkRecord, container_id: str = "") -> None:
        """Tell what happened to a network, or who came and went (``docker events``)."""
        attributes = {"name": network.name, "type": network.driver}
        if container_id:
            attributes["container"] = container_id
        self.engine.events.emit("network", action, network.id, attributes)

    @staticmethod
    def loopback_plan() -> Strings:
        """Return what configures a container without a network from inside, hex: lo up."""
        from pyminidocker.network.endpoints import plan_loopback

        return [message.hex() for message in plan_loopback()]

    def setup(self) -> None:
        """Make the bridges in the lab; blocks some milliseconds.

        Raises:
            SystemFailure: the kernel refused.
        """
        networks_setup.make_all(self)
