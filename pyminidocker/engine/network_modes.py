"""``--network`` as a mode: which kind of network namespace a container gets, and what goes with it.

A mode is empty or ``default``, ``bridge``, ``host``, ``none``, ``container:REF``, or the name or id
of a user-defined network.

See: moby daemon/runconfig (validateNetMode).
"""

from pyminidocker.engine.records import ContainerConfig, HostOptions
from pyminidocker.errors import InvalidArgument

BUILT_IN = ("bridge", "host", "none")
_CONTAINER = "container:"


def network_of(mode: str) -> str:
    """Return the network that a mode names; empty for another container's."""
    if mode.startswith(_CONTAINER):
        return ""
    return "bridge" if mode in ("", "default") else mode


def shared_with(mode: str) -> str:
    """Return the container whose network is shared: ``REF`` of ``container:REF``, or nothing."""
    return mode.removeprefix(_CONTAINER) if mode.startswith(_CONTAINER) else ""


def check(config: ContainerConfig, host: HostOptions) -> None:
    """Refuse what a mode cannot be combined with.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    mode = host.network_mode
    links = bool(host.links)
    if mode == "host":
        if links:
            raise InvalidArgument(
                "conflicting options: host type networking can't be used with links. This would"
                " result in undefined behavior"
            )
        return
    if not mode.startswith(_CONTAINER):
        return
    if not shared_with(mode):
        raise InvalidArgument(
            "Invalid network mode: invalid container format container:<name|id>",
            hint="name the container whose network is to be shared: --network container:NAME",
        )
    _refuse(bool(config.hostname), "hostname and the network mode")
    if links:
        raise InvalidArgument(
            "conflicting options: container type network can't be used with links. This would"
            " result in undefined behavior"
        )
    _refuse(bool(host.dns), "dns and the network mode")
    _refuse(bool(host.extra_hosts), "custom host-to-IP mapping and the network mode")
    _refuse(bool(config.mac_address), "mac-address and the network mode")
    publishes = bool(host.port_bindings) or host.publish_all_ports
    _refuse(publishes, "port publishing and the container type network mode")
    _refuse(bool(config.exposed_ports), "port exposing and the container type network mode")


def _refuse(is_wrong: bool, what: str) -> None:
    if is_wrong:
        raise InvalidArgument(
            f"conflicting options: {what}",
            hint="these belong to the container whose network is shared",
        )
