"""Which name means what to a container: read from the live records, so never out of date.

The rules are libnetwork's (sandbox.go, ``ResolveName``): on each network the container is on, its
links come first, then what the network's containers answer to; ``NAME.NETWORK`` asks one network
only.  An alias that several containers have means all of their addresses.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.records import EndpointRecord, NetworkRecord

A, AAAA = 1, 28
SHORT_ID = 12
_LONGEST_LABEL, _LONGEST_NAME = 63, 253  # RFC 1035 section 2.3.4


def find(engine: "Engine", container: "Container", name: str, kind: int) -> list[str] | None:
    """Look a name up for a container.

    Args:
        engine: knows who is on which network.
        container: who asks.
        name: in lower case, without the last dot.
        kind: DNS type; of others than A and AAAA a known name has no data.

    Returns:
        Addresses; empty for a name that exists without such data; None for an unknown name.
    """
    places = named_places(engine, container)
    for wanted, network_name in _readings(name):
        is_known = False
        for network, endpoint in places:
            if network_name and network.name.lower() != network_name:
                continue
            found = _linked(engine, network, endpoint, wanted) or on_network(
                engine, network, wanted
            )
            addresses = pick(found, kind)
            if addresses:
                return addresses
            is_known = is_known or bool(found)
        if is_known:
            return []
    return None


def find_address(engine: "Engine", container: "Container", address: str) -> list[str] | None:
    """Return ``NAME.NETWORK`` of whoever has an address on one of the container's networks."""
    for network, _ in named_places(engine, container):
        if names := names_of_address(engine, network, address):
            return names
    return None


def on_network(engine: "Engine", network: "NetworkRecord", name: str) -> "list[EndpointRecord]":
    """Return the endpoints that answer to ``name`` (lower case) on a network."""
    by_id = engine.containers.index.by_id
    if not name:  # the root, which nobody is called
        return []
    return [
        endpoint
        for container_id, endpoint in engine.networks.endpoints(network.id).items()
        if container_id in by_id and _answers_to(by_id[container_id], endpoint, name)
    ]


def names_of_address(engine: "Engine", network: "NetworkRecord", address: str) -> list[str]:
    """Return ``NAME.NETWORK`` of the container with an address; empty if nobody has it."""
    by_id = engine.containers.index.by_id
    for container_id, endpoint in engine.networks.endpoints(network.id).items():
        if address in (endpoint.ip_address, endpoint.ip6_address) and container_id in by_id:
            full = f"{by_id[container_id].name}.{network.name}"
            is_writable = len(full) <= _LONGEST_NAME and all(
                0 < len(label) <= _LONGEST_LABEL for label in full.split(".")
            )
            return [full] if is_writable else []
    return []


def pick(endpoints: "list[EndpointRecord]", kind: int) -> list[str]:
    """Return the endpoints' addresses of the kind asked for."""
    if kind == A:
        return [endpoint.ip_address for endpoint in endpoints if endpoint.ip_address]
    if kind == AAAA:
        return [endpoint.ip6_address for endpoint in endpoints if endpoint.ip6_address]
    return []


def name_on(network: "NetworkRecord", name: str) -> str:
    """Return what a bare ``NAME`` or ``NAME.NETWORK`` is called there; empty for other names."""
    suffix = f".{network.name.lower()}"
    if name.endswith(suffix):
        return name.removesuffix(suffix)
    return "" if "." in name else name


def named_places(
    engine: "Engine", container: "Container"
) -> "list[tuple[NetworkRecord, EndpointRecord]]":
    """Return the places of a container on networks that have names."""
    networks = engine.networks
    return [place for place in networks.of(container) if networks.is_user_defined(place[0])]


def _readings(name: str) -> Iterator[tuple[str, str]]:
    """Yield (name, network) in libnetwork's order: ``a.b.c``, ``a.b`` in ``c``, ``a`` in ``b.c``.

    Both may contain dots.
    """
    yield name, ""
    end = len(name)
    while (end := name.rfind(".", 0, end)) > 0:
        yield name[:end], name[end + 1 :]


def _answers_to(container: "Container", endpoint: "EndpointRecord", name: str) -> bool:
    """Tell whether a container has a name: its own, its short id, its host name or an alias.

    Read from the record at every question, so that a new name counts at once.
    """
    record = container.record
    return (
        record.name.lower() == name
        or record.id[:SHORT_ID] == name
        or record.config.hostname.lower() == name
        or any(alias.lower() == name for alias in endpoint.aliases)
    )


def _linked(
    engine: "Engine", network: "NetworkRecord", endpoint: "EndpointRecord", name: str
) -> "list[EndpointRecord]":
    """Return where a link of the asker (``--link CONTAINER:ALIAS``) leads on a network."""
    for link in endpoint.links:
        target, _, alias = link.partition(":")
        if (alias or target).lower() != name:
            continue
        try:
            linked = engine.containers.index.find(target)
        except MiniDockerError:
            return []
        there = engine.networks.endpoints(network.id).get(linked.id)
        return [there] if there is not None else []
    return []
