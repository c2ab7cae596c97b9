"""Small changes of one network namespace, for faults that are made on purpose and taken back.

See: rtnetlink(7), ip-address(8), ip-link(8).
"""

import errno
from ipaddress import IPv4Network

from pyminidocker.network import messages
from pyminidocker.network.netlink import Netlink, NetlinkError


def add_address(inner: Netlink, link: str, ip: str, prefix: int) -> None:
    """Give a link one more IPv4 address.

    Raises:
        NetlinkError: the kernel refused.
    """
    broadcast = str(IPv4Network(f"{ip}/{prefix}", strict=False).broadcast_address)
    request = messages.add_address(messages.find_link(inner, link), ip, prefix, broadcast)
    inner.execute([request], subject=ip)


def delete_address(inner: Netlink, link: str, ip: str, prefix: int) -> None:
    """Take an IPv4 address from a link.

    Raises:
        NetlinkError: EADDRNOTAVAIL (it has no such address), or the kernel refused otherwise.
    """
    inner.execute(
        [messages.delete_address(messages.find_link(inner, link), ip, prefix)], subject=ip
    )


def set_mtu(inner: Netlink, link: str, mtu_bytes: int) -> None:
    """Set a link's MTU.

    Raises:
        NetlinkError: EINVAL (more than its driver takes), or the kernel refused otherwise.
    """
    change = messages.change_link(messages.find_link(inner, link), attrs=[("IFLA_MTU", mtu_bytes)])
    inner.execute([change], subject=link)


def next_hop(inner: Netlink, destination: str) -> str | None:
    """Ask the kernel how it would go to an IPv4 address, as ``ip route get`` does.

    Returns:
        The gateway's address; empty for one that is on a link itself; None if there is no way.

    Raises:
        NetlinkError: the kernel refused otherwise.
    """
    fields = {"family": messages.AF_INET, "dst_len": 32}
    question = messages.encode(
        "rtmsg", messages.RTM_GETROUTE, 0, fields, [("RTA_DST", destination)]
    )
    try:
        route = messages.decode("rtmsg", inner.query(question, subject=destination))
    except NetlinkError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return None
        raise
    return route.get("RTA_GATEWAY") or ""
