"""Which networks a new container is to be on, and what it wishes for there.

See: moby daemon/container.go (verifyNetworkingConfig), daemon/create.go.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyminidocker.engine import endpoint_checks, links, network_modes
from pyminidocker.engine.records import (
    ContainerConfig,
    EndpointRecord,
    HostOptions,
    NetworkRecord,
)
from pyminidocker.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

_DEFAULT = ("", "default")


def wanted(
    engine: "Engine",
    config: ContainerConfig,
    host: HostOptions,
    given: Mapping[str, EndpointRecord],
) -> dict[str, EndpointRecord]:
    """Return the endpoints of a new container by network name, eth0's first.

    A network, or a container to share one with, that does not exist is no error yet: the start will
    say so.

    Args:
        engine: knows the networks.
        config: its ``mac_address`` is for the first network.
        host: its mode names the first network; ``container:NAME`` becomes ``container:ID``.
        given: wishes by network name, id, or the mode as the user wrote it.

    Raises:
        InvalidArgument: what the networks cannot give, with dockerd's words.
    """
    mode = host.network_mode
    if shared := network_modes.shared_with(mode):
        try:
            host.network_mode = f"container:{engine.containers.get(shared).id}"
        except NotFound:
            pass  # the start will say so
        return {}
    if config.network_disabled:
        host.network_mode = mode = "none"
        given = {}
    names = list(given)
    if mode not in _DEFAULT or not names:
        names.insert(0, mode)
    found: dict[str, EndpointRecord] = {}
    for name in names:
        network = _existing(engine, name)
        key = network.name if network is not None else network_modes.network_of(name)
        if key in found:
            continue
        wish = given.get(name) or given.get(key) or EndpointRecord()
        if network is not None:
            endpoint_checks.check(network, wish)
        else:
            endpoint_checks.check_form(wish)
        wish.network_name = key
        found[key] = wish
    _check_together(found)
    _add_general(config, host, next(iter(found.values())))
    if host.links:
        links.check(engine, host)
    return found


def _existing(engine: "Engine", name: str) -> NetworkRecord | None:
    try:
        return engine.networks.by_mode(name)
    except NotFound:
        return None


def _check_together(found: Mapping[str, EndpointRecord]) -> None:
    if len(found) > 1:
        for name in ("host", "none"):
            if name in found:
                raise InvalidArgument(
                    "conflicting options: cannot attach both user-defined and non-user-defined"
                    " network-modes",
                    hint=f"{name!r} goes with no other network",
                )


def _add_general(config: ContainerConfig, host: HostOptions, first: EndpointRecord) -> None:
    """Let the first network have what was said about the container as a whole."""
    if config.mac_address and first.wish_mac and config.mac_address != first.wish_mac:
        raise InvalidArgument(
            "conflicting MAC address specified for the container and for its network"
        )
    first.wish_mac = first.wish_mac or config.mac_address
    if first.network_name not in network_modes.BUILT_IN:
        first.links += [link for link in host.links if link not in first.links]
        host.links = []
