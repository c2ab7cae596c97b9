"""Joining and leaving networks: the books, not yet the links.

A container that starts joins all networks it is meant for; when it ends, it leaves them.  Which of
several networks gives the default route is decided as libnetwork does: the highest priority, then
the first by name; an internal network never.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyminidocker.engine import network_modes
from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import NotFound
from pyminidocker.ids import new_id
from pyminidocker.network.plans import AddressPlan

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.networks import Networks

Place = tuple[NetworkRecord, EndpointRecord]


def find(networks: "Networks", name: str, endpoint: EndpointRecord) -> NetworkRecord:
    """Return the network that a container's endpoint is meant for.

    As in dockerd, a container that once ran is bound to the network's id: another network of the
    same name is not the one it was on.

    Raises:
        NotFound: "network x not found".
    """
    is_bound = bool(endpoint.network_id) and name not in network_modes.BUILT_IN
    try:
        return networks.get(endpoint.network_id if is_bound else name)
    except NotFound as error:
        hint = ""  # of run: docker's words to the letter
        if is_bound:
            hint = (
                f"the network {name} it was on has been removed; give it up with:"
                f" minidocker network disconnect -f {name} CONTAINER, then connect it to another"
            )
        raise NotFound(str(error), hint=hint) from error


def join(networks: "Networks", container: "Container") -> list[Place]:
    """Give a starting container its addresses on all its networks, eth0 first.

    Raises:
        NotFound: a network is gone.
        InvalidArgument: an address was asked for that cannot be had.
        PermissionDenied: likewise.
        Unavailable: a pool is empty.
    """
    places: list[Place] = []
    for name, endpoint in container.record.endpoints.items():
        network = find(networks, name, endpoint)
        enter(networks, container, network, endpoint, f"eth{len(places)}")
        places.append((network, endpoint))
    return places


def enter(
    networks: "Networks",
    container: "Container",
    network: NetworkRecord,
    endpoint: EndpointRecord,
    inner_link: str,
) -> None:
    """Enter a container in a network's books, with fresh addresses.

    Args:
        networks: the engine's.
        container: who.
        network: where.
        endpoint: its wishes; gets the addresses.
        inner_link: what its interface is to be called, if the network has interfaces.

    Raises:
        MiniDockerError: as ``join``; nothing has changed then.
    """
    addresses = networks.addresses.get(network.id)
    if addresses is not None:
        addresses.give(endpoint)
        endpoint.inner_link = inner_link
    endpoint.network_id = network.id
    endpoint.network_name = network.name
    endpoint.endpoint_id = new_id()
    networks.members[network.id][container.id] = endpoint
    networks.tell("connect", network, container.id)


def exit_network(networks: "Networks", container: "Container", endpoint: EndpointRecord) -> None:
    """Take back what ``enter`` gave; safe to repeat."""
    network = networks.by_id.get(endpoint.network_id)
    if network is None or networks.members[network.id].pop(container.id, None) is None:
        return
    addresses = networks.addresses.get(network.id)
    if addresses is not None:
        addresses.take_back(endpoint)
    networks.links.pop(endpoint.endpoint_id, None)
    endpoint.clear()
    networks.tell("disconnect", network, container.id)


def address_plans(places: Iterable[Place]) -> list[AddressPlan]:
    """Return what each endpoint's interface gets; one of them also the default route.

    Args:
        places: the networks with interfaces that a container is on.
    """
    places = list(places)
    first = first_for_default(places)
    first6 = first_for_default(places, ipv6=True)
    return [
        AddressPlan(
            endpoint.ip_address,
            endpoint.prefix_len,
            endpoint.gateway if endpoint is first else "",
            endpoint.ip6_address,
            endpoint.prefix6_len,
            endpoint.gateway6 if endpoint is first6 else "",
            endpoint.mac_address,
        )
        for _, endpoint in places
    ]


def first_for_default(places: Iterable[Place], *, ipv6: bool = False) -> EndpointRecord | None:
    """Return the endpoint whose gateway is the container's default route, or None.

    See: libnetwork's endpoint.Less and sandbox.getGatewayEndpoint.
    """
    able = [
        (-endpoint.gateway_priority, network.name, endpoint)
        for network, endpoint in places
        if (endpoint.gateway6 if ipv6 else endpoint.gateway)
    ]
    return min(able, key=lambda item: item[:2])[2] if able else None
