"""From keyword arguments to the bodies of ``POST /networks/create`` and ``.../connect``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pyminidocker.client.create_config import CreateOptions, mapping, refuse_unknown
from pyminidocker.errors import InvalidArgument

_DRIVER = "com.docker.network.driver"
_BRIDGE = "com.docker.network.bridge"


class NetworkOptions(TypedDict, total=False):
    """What ``engine.create_network`` takes besides a name; the names are the CLI's.

    ``mtu``, ``icc``, ``masquerade`` and ``bridge_name`` stand for Docker's long ``--opt`` names;
    ``vni`` and ``peers`` are those of an overlay.  ``fresh`` first removes a network that has the
    same name, so that a cell may be run again.
    """

    fresh: bool
    driver: str
    subnet: str | Sequence[str]
    gateway: str | Sequence[str]
    ip_range: str | Sequence[str]
    aux_addresses: Mapping[str, str]
    ipv6: bool
    internal: bool
    attachable: bool
    labels: Mapping[str, str] | Sequence[str]
    options: Mapping[str, str] | Sequence[str]
    mtu: int
    icc: bool
    masquerade: bool
    bridge_name: str
    vni: int
    peers: Sequence[str]


class EndpointOptions(TypedDict, total=False):
    """How a container shall be on a network."""

    ip: str
    ip6: str
    aliases: Sequence[str]
    links: Mapping[str, str] | Sequence[str]
    mac_address: str


def network_config(name: str, options: NetworkOptions) -> dict[str, Any]:
    """Return Docker's create request for ``engine.create_network(name, **options)``.

    Raises:
        InvalidArgument: an option that does not exist.
    """
    refuse_unknown(options, frozenset(NetworkOptions.__annotations__))
    body: dict[str, Any] = {
        "Name": name,
        "CheckDuplicate": True,
        "Driver": options.get("driver", "bridge"),
        "EnableIPv6": bool(options.get("ipv6")),
        "Internal": bool(options.get("internal")),
        "Attachable": bool(options.get("attachable")),
        "Labels": mapping(options.get("labels", {})),
        "Options": _driver_options(options),
    }
    if pools := _pools(options):
        body["IPAM"] = {"Driver": "default", "Config": pools}
    return body


def _driver_options(options: NetworkOptions) -> dict[str, str]:
    given = mapping(options.get("options", {}))
    for name, key in (("icc", "enable_icc"), ("masquerade", "enable_ip_masquerade")):
        if name in options:
            given[f"{_BRIDGE}.{key}"] = "true" if options[name] else "false"  # type: ignore[literal-required]
    if mtu := options.get("mtu"):
        given[f"{_DRIVER}.mtu"] = str(mtu)
    if bridge := options.get("bridge_name"):
        given[f"{_BRIDGE}.name"] = bridge
    if "vni" in options:
        given["vni"] = str(options["vni"])
    if "peers" in options:
        given["peers"] = ",".join(options["peers"])
    return given


def _pools(options: NetworkOptions) -> list[dict[str, Any]]:
    """Put each gateway, range and further address beside its subnet: they share the family."""
    pools: list[dict[str, Any]] = [{"Subnet": text} for text in _list(options.get("subnet"))]

    def pool_of(text: str) -> dict[str, Any]:
        for pool in pools:
            if (":" in pool.get("Subnet", text)) == (":" in text):
                return pool
        pools.append({})
        return pools[-1]

    for text in _list(options.get("gateway")):
        pool_of(text)["Gateway"] = text
    for text in _list(options.get("ip_range")):
        pool_of(text)["IPRange"] = text
    for name, text in options.get("aux_addresses", {}).items():
        pool_of(text).setdefault("AuxiliaryAddresses", {})[name] = text
    return pools


def _list(value: str | Sequence[str] | None) -> list[str]:
    if not value:
        return []
    return [value] if isinstance(value, str) else list(value)


def endpoint_config(options: EndpointOptions) -> dict[str, Any]:
    """Return Docker's EndpointConfig.

    Raises:
        InvalidArgument: an option that does not exist.
    """
    refuse_unknown(options, frozenset(EndpointOptions.__annotations__))
    body: dict[str, Any] = {}
    addresses = {"IPv4Address": options.get("ip"), "IPv6Address": options.get("ip6")}
    if any(addresses.values()):
        body["IPAMConfig"] = {key: text for key, text in addresses.items() if text}
    if aliases := options.get("aliases"):
        body["Aliases"] = _list(aliases)
    if links := options.get("links"):
        body["Links"] = link_list(links)
    if mac := options.get("mac_address"):
        body["MacAddress"] = mac
    return body


def link_list(links: Mapping[str, str] | Sequence[str]) -> list[str]:
    """Return ``{"db": "database"}`` or ``["db:database"]`` as ``["db:database"]``."""
    pairs = mapping(links, ":")
    return [f"{container}:{alias or container}" for container, alias in pairs.items()]


def add_networks(config: dict[str, Any], host: dict[str, Any], options: CreateOptions) -> None:
    """Put ``network``, ``ip`` and its like into a create request; they are of the first network."""
    networks = _list(options.get("network"))
    endpoint = endpoint_config(
        {
            "ip": options.get("ip", ""),
            "ip6": options.get("ip6", ""),
            "aliases": options.get("network_aliases", ()),
            "mac_address": options.get("mac_address", ""),
        }
    )
    if networks:
        host["NetworkMode"] = networks[0]
    if links := options.get("links"):
        host["Links"] = link_list(links)
    if mac := options.get("mac_address"):
        config["MacAddress"] = mac
    if endpoint or len(networks) > 1:
        ends: dict[str, Any] = {name: {} for name in networks} or {"default": {}}
        ends[next(iter(ends))] = endpoint
        config["NetworkingConfig"] = {"EndpointsConfig": ends}


def add_ports(config: dict[str, Any], host: dict[str, Any], options: CreateOptions) -> None:
    """Put ``ports`` and ``expose`` into a create request.

    Raises:
        InvalidArgument: they make no sense; the text is Docker's.
    """
    from pyminidocker.client.ports import port_tables

    try:
        published = _published(options.get("ports", ()))
        bindings, exposed = port_tables(published, map(str, options.get("expose", ())))
    except ValueError as error:
        raise InvalidArgument(
            str(error), hint='write ports as ["8080:80", "127.0.0.1:53:53/udp"] or {"80/tcp": 8080}'
        ) from None
    if bindings:
        host["PortBindings"] = bindings
    if exposed:
        config["ExposedPorts"] = exposed


def _published(ports: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Return ``{"80/tcp": 8080, "53/udp": ("127.0.0.1", 53)}`` as ``-p`` values."""
    if isinstance(ports, str | int):
        return [str(ports)]
    if not isinstance(ports, Mapping):
        return [str(port) for port in ports]
    texts = []
    for inside, outside in ports.items():
        for place in outside if isinstance(outside, list) else [outside]:
            address, port = place if isinstance(place, tuple) else ("", place)
            address = f"[{address}]" if ":" in address else address
            where = f"{address}:{port or ''}:" if address else f"{port}:" if port else ""
            texts.append(f"{where}{inside}")
    return texts
