"""Networks: who is there, who is on them, and the verbs.

On disk: ``<state>/networks/<id>.json``.  Addresses belong to running containers only; what a
stopped container keeps is the wish to be on a network.
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import database, networks_filter, networks_join
from pyminidocker.engine import filters as matching
from pyminidocker.engine.network_addresses import Addresses
from pyminidocker.engine.network_modes import BUILT_IN, network_of
from pyminidocker.engine.records import EndpointRecord, NetworkRecord, NetworkRequest
from pyminidocker.errors import (
    IntegrityError,
    InvalidArgument,
    MiniDockerError,
    NotFound,
    PermissionDenied,
    SystemFailure,
)
from pyminidocker.ids import new_id
from pyminidocker.network.ipam import DEFAULT_GATEWAY, DEFAULT_SUBNET
from pyminidocker.network.plans import BridgePlan, Prepared

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
NetworkList = list[NetworkRecord]
Places = list[tuple[NetworkRecord, EndpointRecord]]
Strings = list[str]

BRIDGE_LINK = "docker0"
_DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}
_BRIDGE_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",  # noqa: S104
    "com.docker.network.bridge.name": BRIDGE_LINK,
    "com.docker.network.driver.mtu": "1500",
}
_PRUNE_FILTERS = frozenset(("until", "label", "label!"))


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
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        for entry in sorted(os.listdir(self.root)):
            if not entry.endswith(".json"):
                continue
            path = f"{self.root}/{entry}"
            try:
                loaded = database.load(path, NetworkRecord)
                if loaded is not None:
                    self._take_in(loaded[0])
            except IntegrityError as error:
                self.engine.report_damage(error)
            except MiniDockerError as error:
                self.engine.report(f"{path} describes a network that cannot be: {error}")
        present = {record.name for record in self.by_id.values()}
        for name in BUILT_IN:
            if name not in present:
                record = NetworkRecord(new_id(), name, _DRIVERS[name], time.time())
                if name == "bridge":
                    record.subnet, record.gateway = DEFAULT_SUBNET, DEFAULT_GATEWAY
                    record.bridge = BRIDGE_LINK
                    record.options = dict(_BRIDGE_OPTIONS)
                database.replace(f"{self.root}/{record.id}.json", record)
                self._take_in(record)

    def _take_in(self, record: NetworkRecord) -> None:
        if record.subnet or record.subnet6:
            self.addresses[record.id] = Addresses(record)
        self.by_id[record.id] = record
        self.members[record.id] = {}

    def _forget(self, record: NetworkRecord) -> None:
        del self.by_id[record.id], self.members[record.id]
        self.addresses.pop(record.id, None)

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
        path = f"{self.root}/{record.id}.json"
        database.replace(path, record)
        self._take_in(record)
        try:
            self._make_bridge(record)
        except BaseException:
            self._forget(record)
            os.unlink(path)
            raise
        self.tell("create", record)
        return record, ""

    def remove(self, ref: str) -> None:
        """Delete a network that nobody is on.

        Raises:
            NotFound: "network x not found".
            PermissionDenied: one of the three that are always there, or one in use.
        """
        record = self.get(ref)
        if record.name in BUILT_IN:
            raise PermissionDenied(f"{record.name} is a pre-defined network and cannot be removed")
        if members := self.members[record.id]:
            names = [self.engine.containers.get(member).name for member in members]
            raise PermissionDenied(
                f"error while removing network: network {record.name} id {record.id} has active"
                " endpoints",
                hint=f"disconnect or stop first: {', '.join(names)}",
            )
        if self.engine.is_network_ready:
            if record.driver == "overlay":
                self.engine.overlays.down(record)
            self.engine.lab_network.remove_bridge(record.bridge)
        os.unlink(f"{self.root}/{record.id}.json")
        self._forget(record)
        self.tell("destroy", record)

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
        wanted = filters or {}
        matching.check_names(wanted, _PRUNE_FILTERS)
        until = matching.moment(wanted, "until")
        removed = []
        for record in self.list({"dangling": ["true"]}):
            if until and record.created > until:
                continue
            if matching.prune_labels_match(record.labels, wanted):
                self.remove(record.id)
                removed.append(record.name)
        self.engine.events.emit("network", "prune", "", {"reclaimed": "0"})
        return removed

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

    # -- the lab --------------------------------------------------------------------------------

    def setup(self) -> None:
        """Make the bridges in the lab; blocks some milliseconds.

        A network of the user's whose bridge cannot be made is reported; the others work.

        Raises:
            SystemFailure: the kernel refused.
        """
        self.engine.lab_network.setup_lab()
        for record in self.bridges():
            try:
                self._make_bridge(record)
            except MiniDockerError as error:
                if record.name in BUILT_IN:
                    raise
                self.engine.report(f"network {record.name} is not there: {error}")

    def _make_bridge(self, record: NetworkRecord) -> None:
        plan = BridgePlan(
            record.bridge,
            record.subnet,
            record.gateway,
            record.subnet6,
            record.gateway6,
            record.mtu_bytes,
            record.internal,
            record.icc,
            record.masquerade,
            record.gateway_mode,
        )
        try:
            self.engine.lab_network.setup_bridge(plan)
        except OSError as error:
            raise SystemFailure(f"cannot set up network {record.name}: {error}") from error
        if record.driver == "overlay":
            self.engine.overlays.up(record)
