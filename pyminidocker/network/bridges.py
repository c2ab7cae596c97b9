"""Bridges: the switches that containers of a network are plugged into.

See: bridge(8), ip-link(8).
"""

import errno

from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.network import messages, sysctl
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_network
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import BridgePlan
from pyminidocker.network.refusals import failure

_BAD_MTU = (errno.EINVAL, errno.ERANGE)


def make(links: Netlink, plan: BridgePlan) -> int:
    """Make a bridge, or change the one that is there; returns its index.

    Its MAC is fixed: a bridge without one of its own takes its lowest port's, and changes it as
    containers come and go.  So is its MTU, which would follow its ports.  Without multicast
    snooping it floods multicast like a plain switch, and sends none itself.

    Args:
        links: a socket of the lab's namespace.
        plan: name, MTU and own addresses.

    Raises:
        InvalidArgument: an MTU that cannot be.
        Conflict: there is another kind of link of that name.
        SystemFailure: the kernel refused.
    """
    own = plan.gateway or plan.gateway6
    attrs: messages.Attributes = [("IFLA_ADDRESS", mac_address(own))] if own else []
    attrs.append(("IFLA_MTU", plan.mtu_bytes))
    what = f"cannot make bridge {plan.name}"
    try:
        try:
            settings: messages.Attributes = [("IFLA_BR_MCAST_SNOOPING", 0)]
            links.execute([messages.new_link(plan.name, "bridge", attrs, settings)])
        except NetlinkError as error:
            if error.errno != errno.EEXIST:
                raise
            _check_kind(links, plan.name)
            links.execute([messages.change_link(name=plan.name, up=True, attrs=attrs)])
        return messages.find_link(links, plan.name)
    except NetlinkError as error:
        if error.errno in _BAD_MTU and "mtu" in error.detail.lower():
            raise InvalidArgument(
                f"invalid MTU number: {plan.mtu_bytes}", hint=f"the kernel says: {error.detail}"
            ) from error
        raise failure(what, error) from error


def _check_kind(links: Netlink, name: str) -> None:
    link = messages.decode("ifinfmsg", links.query(messages.get_link(name)))
    info = link.get("IFLA_LINKINFO")
    kind = info.get("IFLA_INFO_KIND") if info else None
    if kind != "bridge":
        raise Conflict(
            f"cannot make bridge {name}: there is a link of that name, and it is no bridge",
            hint="choose another com.docker.network.bridge.name",
        )


def set_addresses(links: Netlink, index: int, plan: BridgePlan) -> None:
    """Give a bridge its own addresses; with an IPv6 one, IPv6 is switched on for it.

    Raises:
        SystemFailure: the kernel refused.
    """
    requests = []
    if plan.gateway:
        subnet = parse_network(plan.subnet)
        broadcast = format_ipv4(subnet.last)
        requests.append(messages.add_address(index, plan.gateway, subnet.prefix, broadcast))
    if plan.gateway6:
        prefix6 = parse_network(plan.subnet6).prefix
        requests.append(messages.add_address(index, plan.gateway6, prefix6))
    if not requests:
        return
    try:
        if plan.gateway6:
            sysctl.forward_ipv6()
            sysctl.switch_on_ipv6(plan.name)
        links.execute(requests, subject=plan.name)
    except OSError as error:
        addresses = " and ".join(filter(None, (plan.gateway, plan.gateway6)))
        raise failure(f"cannot give bridge {plan.name} the address {addresses}", error) from error
