"""Small changes of one network namespace, for faults that are made on purpose and taken back.

See: rtnetlink(7), ip-address(8), ip-link(8).
"""

from ipaddress import IPv4Network

from pyminidocker.network import messages
from pyminidocker.network.netlink import Netlink


def add_address(inner: Netlink, link: str, ip: str, prefix: int) -> None:
    """Give a link one more IPv4 address.

    Raises:
        NetlinkError: the kernel refused.
    """
    broadcast = str(IPv4Network(f"{ip}/{prefix}", strict=False).broadcast_address)
    request = messages.add_address(_index(inner, link), ip, prefix, broadcast)
    inner.execute([request], subject=ip)


def delete_address(inner: Netlink, link: str, ip: str, prefix: int) -> None:
    """Take an IPv4 address from a link.

    Raises:
        NetlinkError: EADDRNOTAVAIL (it has no such address), or the kernel refused otherwise.
    """
    inner.execute([messages.delete_address(_index(inner, link), ip, prefix)], subject=ip)


def set_mtu(inner: Netlink, link: str, mtu_bytes: int) -> None:
    """Set a link's MTU.

    Raises:
        NetlinkError: EINVAL (more than its driver takes), or the kernel refused otherwise.
    """
    change = messages.change_link(_index(inner, link), attrs=[("IFLA_MTU", mtu_bytes)])
    inner.execute([change], subject=link)


def _index(inner: Netlink, link: str) -> int:
    return messages.link_index(inner.query(messages.get_link(link), subject=link))
