"""Reading rtnetlink's tables: from the kernel's bytes to plain values.

A picture of a lab of 200 containers is made of some 3000 messages.  pyroute2 decodes one in 150 us,
every attribute of it; here the few attributes that matter are picked out in 5 us, by their numbers
(``include/uapi/linux/if_link.h``, ``if_addr.h``, ``rtnetlink.h``, ``neighbour.h``).

See: rtnetlink(7), netlink(7).
"""

import struct
from socket import AF_INET, AF_INET6, inet_ntop

from pyminidocker.network.netlink import HEADER, NLMSG_ERROR, Netlink, NetlinkError, message

AF_UNSPEC, AF_BRIDGE = 0, 7
RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH = 18, 22, 26, 30
RTM_NEWNSID, RTM_GETNSID = 88, 90

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER = 1, 3, 4, 5, 10
IFLA_LINKINFO, IFLA_EXT_MASK, IFLA_CARRIER, IFLA_LINK_NETNSID = 18, 29, 33, 37
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA = 1, 2, 5
IFLA_BRPORT_STATE, IFLA_BRPORT_ISOLATED = 1, 33
IFLA_VXLAN_ID, IFLA_VXLAN_GROUP, IFLA_VXLAN_LOCAL, IFLA_VXLAN_PORT = 1, 2, 4, 15
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PREFSRC, RTA_TABLE, RTA_VIA = 1, 4, 5, 7, 15, 18
NDA_DST, NDA_LLADDR, NDA_MASTER = 1, 2, 9
NETNSA_NSID, NETNSA_FD = 1, 3
RTEXT_FILTER_SKIP_STATS = 8
RTM_F_CLONED = 0x200

INFO = struct.Struct("=BBHiII")  # struct ifinfomsg: family, pad, type, index, flags, change
ADDRESS = struct.Struct("=BBBBi")  # struct ifaddrmsg: family, prefix length, flags, scope, index
# struct rtmsg: family, lengths of destination and source, tos, table, protocol, scope, type, flags
ROUTE = struct.Struct("=BBBBBBBBI")
NEIGHBOUR = struct.Struct("=BBHiHBB")  # struct ndmsg: family, pad, pad, link, state, flags, type

_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")
_SIGNED = struct.Struct("=i")
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER

Attributes = dict[int, bytes]


def attributes(data: bytes, offset: int = 0) -> Attributes:
    """Take a list of attributes apart; of repeated ones the last counts."""
    found = {}
    end = len(data)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            break
        found[kind & _TYPE_MASK] = data[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def number(value: bytes | None, default: int = 0) -> int:
    """Read an unsigned 32 bit attribute; ``default`` when it is absent."""
    return int(_NUMBER.unpack_from(value)[0]) if value else default


def signed(value: bytes | None, default: int = -1) -> int:
    """Read a signed 32 bit attribute; ``default`` when it is absent."""
    return int(_SIGNED.unpack_from(value)[0]) if value else default


def text(value: bytes | None) -> str:
    """Read a string attribute."""
    return value.rstrip(b"\0").decode(errors="replace") if value else ""


def mac(value: bytes | None) -> str:
    """Write an Ethernet address: ``02:42:ac:11:00:02``."""
    return value.hex(":") if value else ""


def address(value: bytes | None) -> str:
    """Write an IP address of either family, told apart by length; empty when absent."""
    if not value:
        return ""
    if len(value) == 4:
        return f"{value[0]}.{value[1]}.{value[2]}.{value[3]}"
    return inet_ntop(AF_INET6, value) if len(value) == 16 else value.hex()


def via(value: bytes | None) -> str:
    """Write a gateway of another family (``struct rtvia``): IPv4 by an IPv6 neighbour."""
    return address(value[2:]) if value else ""


def request(kind: int, family: int = AF_UNSPEC) -> bytes:
    """Ask for a whole table; for links without their 200 bytes of counters each."""
    if kind != RTM_GETLINK:
        return message(kind, 0, struct.pack("=B11x", family))
    mask = _ATTRIBUTE.pack(8, IFLA_EXT_MASK) + _NUMBER.pack(RTEXT_FILTER_SKIP_STATS)
    return message(kind, 0, INFO.pack(family, 0, 0, 0, 0, 0) + mask)


def namespace_id(netlink: Netlink, netns_fd: int) -> int:
    """Return the number by which the namespace of ``netlink`` knows another one, -1 if it does not.

    A namespace numbers those that its links lead to; ``IFLA_LINK_NETNSID`` is such a number.

    Raises:
        NetlinkError: ``netns_fd`` is no network namespace.

    See: ip-netns(8) "list-id".
    """
    body = struct.pack("=B3x", AF_UNSPEC) + _ATTRIBUTE.pack(8, NETNSA_FD) + _SIGNED.pack(netns_fd)
    reply = netlink.query(message(RTM_GETNSID, 0, body), subject="network namespace")
    if HEADER.unpack_from(reply)[1] == NLMSG_ERROR:
        raise NetlinkError(71)
    return signed(attributes(reply, HEADER.size + 4).get(NETNSA_NSID))


def is_ip(family: int) -> bool:
    """Tell whether an entry is of IPv4 or IPv6; a dump of all families may have others."""
    return family in (AF_INET, AF_INET6)
