"""Networks: the three that are always there (bridge, host, none), and who is connected to them.

On disk: ``<state>/networks/<id>.json``.  Addresses belong to running containers only; what a
stopped container keeps is the wish to be on a network.
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import database
from pyminidocker.engine import filters as matching
from pyminidocker.engine.records import EndpointRecord, NetworkRecord, NetworkRequest
from pyminidocker.errors import (
    IntegrityError,
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    SystemFailure,
)
from pyminidocker.ids import new_id
from pyminidocker.network.ipam import DEFAULT_GATEWAY, DEFAULT_SUBNET, Pool, mac_address

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
NetworkList = list[NetworkRecord]
Places = list[tuple[NetworkRecord, EndpointRecord]]
Strings = list[str]

BRIDGE_LINK = "docker0"
_KNOWN = frozenset(("name", "id", "driver", "type", "scope", "label", "dangling"))
_BUILT_IN = ("bridge", "host", "none")
_DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}
_BRIDGE_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",  # noqa: S104
    "com.docker.network.bridge.name": BRIDGE_LINK,
    "com.docker.network.driver.mtu": "1500",
}


class Networks:
    """All networks of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.root = f"{engine.state_dir}/networks"
        self._by_id: dict[str, NetworkRecord] = {}
        self._pools: dict[str, Pool] = {}  # network id -> addresses
        self._running: dict[str, dict[str, EndpointRecord]] = {}  # network id -> container id -> ..

    def load(self) -> None:
        """Read the networks from disk; make the three that Docker always has."""
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        for entry in sorted(os.listdir(self.root)):
            if not entry.endswith(".json"):
                continue
            try:
                loaded = database.load(f"{self.root}/{entry}", NetworkRecord)
            except IntegrityError as error:
                self.engine.report_damage(error)
                continue
            if loaded is not None:
                self._take_in(loaded[0])
        present = {record.name for record in self._by_id.values()}
        for name in _BUILT_IN:
            if name not in present:
                record = NetworkRecord(new_id(), name, _DRIVERS[name], time.time())
                if name == "bridge":
                    record.subnet, record.gateway = DEFAULT_SUBNET, DEFAULT_GATEWAY
                    record.bridge = BRIDGE_LINK
                    record.options = dict(_BRIDGE_OPTIONS)
                database.replace(f"{self.root}/{record.id}.json", record)
                self._take_in(record)

    def _take_in(self, record: NetworkRecord) -> None:
        self._by_id[record.id] = record
        self._running[record.id] = {}
        if record.subnet:
            self._pools[record.id] = Pool(record.subnet, record.gateway, record.name)

    def bridges(self) -> NetworkList:
        """Return the networks that need a bridge in the lab."""
        return [record for record in self._by_id.values() if record.bridge]

    def get(self, ref: str) -> NetworkRecord:
        """Return a network by id, name or id prefix.

        Raises:
            NotFound: "network x not found".
            InvalidArgument: the prefix is not unique.
        """
        record = self._by_id.get(ref)
        if record is not None:
            return record
        for record in self._by_id.values():
            if record.name == ref:
                return record
        found = [record for record in self._by_id.values() if ref and record.id.startswith(ref)]
        if len(found) > 1:
            raise InvalidArgument(
                f"network {ref} is ambiguous ({len(found)} matches found based on ID prefix)"
            )
        if not found:
            raise NotFound(f"network {ref} not found")
        return found[0]

    def by_mode(self, mode: str) -> NetworkRecord:
        """Return the network a container's ``network_mode`` names.

        Raises:
            NotFound: there is none.
        """
        return self.get("bridge" if mode in ("", "default") else mode)

    def list(self, filters: Filters | None = None) -> NetworkList:
        """Return networks (filters: name, id, driver, type, scope, label, dangling)."""
        wanted = filters or {}
        matching.check_names(wanted, _KNOWN)
        found = list(self._by_id.values())
        if names := wanted.get("name"):
            found = [record for record in found if any(name in record.name for name in names)]
        if ids := wanted.get("id"):
            found = [record for record in found if any(text in record.id for text in ids)]
        if drivers := wanted.get("driver"):
            found = [record for record in found if record.driver in drivers]
        if kinds := wanted.get("type"):
            for kind in kinds:
                if kind not in ("custom", "builtin"):
                    raise InvalidArgument(f"invalid filter: 'type'='{kind}'")
            found = [
                record
                for record in found
                if ("builtin" if record.name in _BUILT_IN else "custom") in kinds
            ]
        if scopes := wanted.get("scope"):
            found = found if "local" in scopes else []
        if wanted.get("dangling"):
            is_dangling = matching.boolean(wanted, "dangling", True)
            found = [
                record
                for record in found
                if is_dangling == (record.name not in _BUILT_IN and not self._running[record.id])
            ]
        labels = wanted.get("label", ())
        return [record for record in found if matching.labels_match(record.labels, labels)]

    def endpoints(self, network_id: str) -> dict[str, EndpointRecord]:
        """Return container id -> endpoint of every running container on the network."""
        return dict(self._running[network_id])

    def of(self, container: "Container") -> Places:
        """Return the networks a running container is on, as (network, endpoint), eth0 first.

        Empty while it does not run, and for ``host``, ``none`` and ``container:NAME``.
        """
        return [
            (self._by_id[endpoint.network_id], endpoint)
            for endpoint in container.record.endpoints.values()
            if endpoint.ip_address or endpoint.ip6_address
        ]

    def is_user_defined(self, record: NetworkRecord) -> bool:
        """Tell whether a network was made by the user, so that names are resolved on it."""
        return record.name not in _BUILT_IN

    def create(self, request: NetworkRequest) -> tuple[NetworkRecord, str]:
        """Make a network; returns it and a warning (mostly empty).

        Raises:
            Conflict: "network with name x already exists".
            InvalidArgument: a subnet, gateway, range or option that makes no sense.
            PermissionDenied: the pool overlaps with another network's.
            NotFound: no such driver.
        """
        raise NotImplementedHere("making networks")

    def remove(self, ref: str) -> None:
        """Delete a network that nobody is on.

        Raises:
            NotFound: "network x not found".
            PermissionDenied: one of the three that are always there, or one in use.
        """
        raise NotImplementedHere("removing networks")

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
        raise NotImplementedHere("connecting containers")

    async def disconnect(self, ref: str, container_ref: str, *, force: bool = False) -> None:
        """Disconnect a container; when it runs, its interface goes at once.

        Raises:
            NotFound: no such network, container or connection.
            InvalidArgument: the host network cannot be left.
        """
        raise NotImplementedHere("disconnecting containers")

    def prune(self, filters: Filters | None = None) -> Strings:
        """Remove user-defined networks that no container is on (filters: until, label).

        Returns:
            Their names.
        """
        raise NotImplementedHere("removing networks")

    @staticmethod
    def loopback_plan() -> Strings:
        """Return what configures a container without a network from inside, hex: lo up."""
        from pyminidocker.network.endpoints import plan_loopback

        return [message.hex() for message in plan_loopback()]

    # -- used by start and exit ---------------------------------------------------------------

    def join(self, container: "Container") -> tuple[NetworkRecord, EndpointRecord]:
        """Give a starting container its endpoint; on a bridge with a fresh address.

        Raises:
            NotFound: the network is gone.
            InvalidArgument: an address was asked for that cannot be had.
            Unavailable: the pool is empty.
        """
        record = container.record
        network = self.by_mode(record.host.network_mode)
        endpoint = record.endpoints.get(network.name)
        if endpoint is None:
            endpoint = record.endpoints[network.name] = EndpointRecord()
        pool = self._pools.get(network.id)
        if pool is not None:
            endpoint.ip_address = pool.allocate()
            endpoint.prefix_len = pool.prefix
            endpoint.gateway = network.gateway
            if not endpoint.mac_address:
                endpoint.mac_address = mac_address(endpoint.ip_address)
        endpoint.network_id = network.id
        endpoint.network_name = network.name
        endpoint.endpoint_id = new_id()
        self._running[network.id][container.id] = endpoint
        self._tell(network, "connect", container.id)
        return network, endpoint

    def leave(self, container: "Container") -> None:
        """Take back what ``join`` gave."""
        for endpoint in container.record.endpoints.values():
            network = self._by_id.get(endpoint.network_id)
            if network is None or self._running[network.id].pop(container.id, None) is None:
                continue
            pool = self._pools.get(network.id)
            if pool is not None:
                pool.release(endpoint.ip_address)
                endpoint.mac_address = ""
            endpoint.ip_address = endpoint.gateway = endpoint.endpoint_id = ""
            endpoint.prefix_len = 0
            self._tell(network, "disconnect", container.id)

    def _tell(self, network: NetworkRecord, action: str, container_id: str) -> None:
        self.engine.events.emit(
            "network",
            action,
            network.id,
            {"container": container_id, "name": network.name, "type": network.driver},
        )

    def check_endpoints(self, endpoints: Mapping[str, EndpointRecord]) -> None:
        """Refuse addresses on the default networks at create.

        Raises:
            InvalidArgument: with moby's words.
        """
        for name, endpoint in endpoints.items():
            if endpoint.ip_address and name in ("", "default", *_BUILT_IN):
                raise InvalidArgument(
                    "user specified IP address is supported on user defined networks only"
                )

    def setup(self) -> None:
        """Make the bridges in the lab; blocks some milliseconds.

        Raises:
            SystemFailure: the kernel refused.
        """
        lab_network = self.engine.lab_network
        try:
            lab_network.setup_lab()
            for record in self.bridges():
                lab_network.setup_bridge(record.bridge, record.subnet, record.gateway)
        except OSError as error:
            raise SystemFailure(f"cannot set up the network of the lab: {error}") from error
