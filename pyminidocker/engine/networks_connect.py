"""``network connect`` and ``disconnect``, of containers that run and of those that do not.

For a container that does not run, only its wishes change.  For one that runs, its interface comes
or goes at once, and everything that depends on where it is follows: default route, /etc/hosts,
names, published ports.

See: moby daemon/container_operations.go.
"""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from pyminidocker.engine import endpoint_checks, etc_hosts, network_modes, networks_join
from pyminidocker.engine.container import Container
from pyminidocker.engine.netns import netns_of
from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import (
    Conflict,
    InvalidArgument,
    MiniDockerError,
    PermissionDenied,
    SystemFailure,
)

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")


def connect(
    engine: "Engine", network: NetworkRecord, container: Container, wish: EndpointRecord
) -> None:
    """Connect a container; the caller holds its lock.  See ``Networks.connect``."""
    record = container.record
    _check_modes(network, container)
    endpoint_checks.check(network, wish)
    if container.is_running and network.name in record.endpoints:
        raise PermissionDenied(
            f"endpoint with name {container.name} already exists in network {network.name}",
            hint=f"it is connected already; see: minidocker inspect {container.name}",
        )
    wish.network_name = network.name
    if container.is_running:
        _plug_in(engine, network, container, wish)
    record.endpoints[network.name] = wish
    container.save()
    if container.is_running:
        _follow(engine, container)


def _check_modes(network: NetworkRecord, container: Container) -> None:
    mode = container.record.host.network_mode
    if network_modes.shared_with(mode) or mode == "host":
        raise InvalidArgument(
            "container sharing network namespace with another container or host cannot be"
            " connected to any other network"
        )
    if network.name == "host":
        raise _host_is_fixed()
    endpoints = container.record.endpoints
    if ("none" in endpoints) != (network.name == "none") and endpoints:
        raise InvalidArgument(
            "container cannot be connected to multiple networks with one of the networks in"
            " private (none) mode"
        )


def _host_is_fixed() -> InvalidArgument:
    return InvalidArgument(
        "container cannot be disconnected from host network or connected to host network"
    )


def _plug_in(
    engine: "Engine", network: NetworkRecord, container: Container, endpoint: EndpointRecord
) -> None:
    networks = engine.networks
    with netns_of(container) as netns_fd:
        inner_link = _free_link(container)
        networks_join.enter(networks, container, network, endpoint, inner_link)
        if not network.bridge:
            return
        try:
            prepared = engine.lab_network.attach(netns_fd, network.bridge, inner_link)
            networks.links[endpoint.endpoint_id] = prepared
            endpoint.host_link = prepared.host_link
            plan = networks_join.address_plans([(network, endpoint)])[0]
            engine.lab_network.configure(prepared, netns_fd, plan._replace(gateway="", gateway6=""))
            container.record.endpoints[network.name] = endpoint
            route(engine, container, netns_fd)
            if networks.is_user_defined(network):
                engine.dns.open(container, netns_fd)
            etc_hosts.add_endpoint(engine, container, endpoint)
        except BaseException as error:
            container.record.endpoints.pop(network.name, None)
            _take_link(engine, endpoint)
            networks_join.exit_network(networks, container, endpoint)
            with suppress(MiniDockerError, OSError):
                route(engine, container, netns_fd)
            if isinstance(error, OSError):
                raise SystemFailure(
                    f"cannot connect container {container.name} to {network.name}: {error}"
                ) from error
            raise


def _free_link(container: Container) -> str:
    taken = {endpoint.inner_link for endpoint in container.record.endpoints.values()}
    return next(name for name in (f"eth{number}" for number in range(10_000)) if name not in taken)


def _take_link(engine: "Engine", endpoint: EndpointRecord) -> None:
    prepared = engine.networks.links.get(endpoint.endpoint_id)
    if prepared is not None:
        try:
            engine.lab_network.detach(prepared)
        except (MiniDockerError, OSError) as error:
            LOG.warning("cannot take interface %s away: %s", endpoint.inner_link, error)


def route(engine: "Engine", container: Container, netns_fd: int) -> None:
    """Let the default route lead where it should with the networks there are now."""
    places = engine.networks.of(container)
    first = networks_join.first_for_default(places)
    first6 = networks_join.first_for_default(places, ipv6=True)
    engine.lab_network.set_default_route(
        netns_fd, first.gateway if first else "", first6.gateway6 if first6 else ""
    )


def _follow(engine: "Engine", container: Container) -> None:
    host = container.record.host
    if host.port_bindings or host.publish_all_ports:
        engine.publishing.follow(container)


def disconnect(engine: "Engine", container: Container, name: str) -> None:
    """Disconnect a container; the caller holds its lock.  See ``Networks.disconnect``.

    Args:
        engine: whose.
        container: who.
        name: the network's name; the network itself may be gone.
    """
    record, networks = container.record, engine.networks
    if record.host.network_mode == "host":
        raise _host_is_fixed()
    endpoint = record.endpoints.get(name)
    if endpoint is None:
        raise MiniDockerError(
            f"container {container.id} is not connected to network {name}",
            hint=f"it is on: {', '.join(record.endpoints) or 'no network'}",
        )
    network = networks.by_id.get(endpoint.network_id)
    is_live = network is not None and container.id in networks.members[network.id]
    if is_live:
        if container.is_running:
            _unplug(engine, container, endpoint)
        networks_join.exit_network(networks, container, endpoint)
    elif network is not None:
        networks.tell("disconnect", network, container.id)
    del record.endpoints[name]
    container.save()
    if is_live:
        _follow(engine, container)


def _unplug(engine: "Engine", container: Container, endpoint: EndpointRecord) -> None:
    try:
        with netns_of(container) as netns_fd:
            _take_link(engine, endpoint)
            address, address6 = endpoint.ip_address, endpoint.ip6_address
            etc_hosts.remove_endpoint(engine, container, endpoint)
            endpoint.ip_address = endpoint.ip6_address = ""  # not among the places any more
            try:
                route(engine, container, netns_fd)
            finally:
                endpoint.ip_address, endpoint.ip6_address = address, address6
    except Conflict:
        pass  # it ended meanwhile, and its links with it
