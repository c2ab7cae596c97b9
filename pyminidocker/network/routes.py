"""Routes: in the lab, to what lies behind wires; in a container, the way to everything else.

See: rtnetlink(7), ip-route(8).
"""

import errno

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.network import messages
from pyminidocker.network.ipam import check_subnet, format_ip, parse_ip
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.refusals import failure

DEFAULT = "default"
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL, errno.ENODEV)
_NOT_THERE = (errno.ESRCH, errno.ENOENT, errno.EOPNOTSUPP, errno.EAFNOSUPPORT)


def _split(destination: str) -> tuple[str, int]:
    if destination in (DEFAULT, "0.0.0.0/0", "::/0"):
        return "", 0
    base, prefix, bits = check_subnet(destination)
    return format_ip(base, bits), prefix


def add(links: Netlink, destination: str, gateway: str) -> None:
    """Add a route, or change the next hop of the one that is there.

    Args:
        links: a socket of the namespace.
        destination: CIDR of either family, or ``default``.
        gateway: next hop.

    Raises:
        InvalidArgument: not an address, or no link leads to the gateway.
        SystemFailure: the kernel refused otherwise.
    """
    network, prefix = _split(destination)
    _, bits = parse_ip(gateway)
    if network and (":" in network) != (bits == 128):
        raise InvalidArgument(
            f"route to {destination} via {gateway}: both must be IPv4, or both IPv6"
        )
    try:
        links.execute([messages.change_route(network, prefix, gateway)], subject=destination)
    except NetlinkError as error:
        if error.errno in _UNREACHABLE:
            raise InvalidArgument(
                f"cannot add a route to {destination} via {gateway}: {error.strerror}",
                hint="the gateway must be an address of a subnet that this host is connected to",
            ) from error
        raise failure(f"cannot add a route to {destination} via {gateway}", error) from error


def delete(links: Netlink, destination: str, gateway: str = "") -> None:
    """Delete a route.

    Args:
        links: a socket of the namespace.
        destination: CIDR of either family, or ``default``.
        gateway: its next hop; empty: whichever.

    Raises:
        NotFound: there is none like that.
        SystemFailure: the kernel refused.
    """
    network, prefix = _split(destination)
    is_ipv6 = ":" in network + gateway or destination == "::/0"
    try:
        request = messages.delete_route(network, prefix, gateway, is_ipv6=is_ipv6)
        links.execute([request], subject=destination)
    except NetlinkError as error:
        if error.errno in _NOT_THERE:
            via = f" via {gateway}" if gateway else ""
            raise NotFound(f"no route to {destination}{via}") from error
        raise failure(f"cannot delete the route to {destination}", error) from error


def set_default(links: Netlink, gateway: str, gateway6: str) -> None:
    """Make the default routes of a namespace these; an empty gateway: none of its family.

    Raises:
        InvalidArgument: no link leads to a gateway.
        SystemFailure: the kernel refused otherwise.
    """
    for next_hop, name in ((gateway, "0.0.0.0/0"), (gateway6, "::/0")):
        if next_hop:
            add(links, name, next_hop)
            continue
        try:
            delete(links, name)
        except NotFound:
            pass
