"""What a container may ask of a network: addresses, a MAC, aliases, links.

See: moby daemon/container_operations.go (validateEndpointSettings).
"""

import re

from pyminidocker.engine import links
from pyminidocker.engine.network_addresses import check_inside
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.network.ipam import parse_ip

_MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}", re.IGNORECASE | re.ASCII)


def check_form(endpoint: EndpointRecord) -> None:
    """Refuse what is wrong whatever the network: malformed addresses.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    for family, bits, text in (("IPv4", 32, endpoint.wish_ip), ("IPv6", 128, endpoint.wish_ip6)):
        if text and not _is_address(text, bits):
            raise InvalidArgument(f"invalid {family} address: {text}")
    if endpoint.wish_mac:
        endpoint.wish_mac = checked_mac(endpoint.wish_mac)
    for link in endpoint.links:
        links.split(link)
    if endpoint.link_local_ips:
        raise NotImplementedHere(
            "link-local addresses (--link-local-ip) are not supported by this engine; use --ip"
        )


def _is_address(text: str, bits: int) -> bool:
    try:
        return parse_ip(text)[1] == bits
    except InvalidArgument:
        return False


def checked_mac(text: str) -> str:
    """Return a MAC address as the kernel shows it.

    Raises:
        InvalidArgument: it is none, or one that no interface may have.
    """
    mac = text.lower().replace("-", ":")
    if _MAC.fullmatch(mac) is None:
        raise InvalidArgument(f"invalid MAC address: {text}", hint="write it as 02:42:ac:11:00:99")
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise InvalidArgument(
            f"invalid MAC address: {text}",
            hint="an interface needs a unicast address: the first byte must be even, not all zero",
        )
    return mac


def check(network: NetworkRecord, endpoint: EndpointRecord) -> None:
    """Refuse what this network cannot give.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    check_form(endpoint)
    if network.name in BUILT_IN:
        check_built_in(endpoint)
        return
    if (endpoint.wish_ip and not network.has_own_subnet) or (
        endpoint.wish_ip6 and not network.has_own_subnet6
    ):
        raise InvalidArgument(
            "user specified IP address is supported only when connecting to networks with user"
            " configured subnets",
            hint="make the network with --subnet, or leave --ip out",
        )
    if endpoint.wish_ip:
        check_inside(endpoint.wish_ip, network.subnet)
    if endpoint.wish_ip6:
        check_inside(endpoint.wish_ip6, network.subnet6)


def check_built_in(endpoint: EndpointRecord) -> None:
    """Refuse what only networks made by users can give.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    if endpoint.wish_ip or endpoint.wish_ip6:
        raise InvalidArgument(
            "user specified IP address is supported on user defined networks only",
            hint="make a network with --subnet, and use it: minidocker run --network NAME --ip ...",
        )
    if endpoint.aliases:
        raise InvalidArgument(
            "network-scoped alias is supported only for containers in user defined networks",
            hint="make a network (minidocker network create NAME) and use it: --network NAME",
        )
