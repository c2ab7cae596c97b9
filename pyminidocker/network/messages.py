"""rtnetlink requests for links, addresses and routes, encoded by pyroute2's message classes.

Only the classes are used, not pyroute2's sockets, and only the submodules that hold them are
imported: ``import pyroute2`` itself pulls in 220 modules (75 ms and 13 MB in the engine, against
10 ms and 1.6 MB).  Python runs a package's ``__init__`` before a submodule's, so an empty stand-in
takes the package's place while the submodules load and is removed afterwards: a later ``import
pyroute2`` elsewhere in the process gets the real thing.

See: rtnetlink(7); docs/decisions/0005.
"""

import importlib.util
import struct
import sys
import types
from functools import lru_cache
from typing import Any

from pyminidocker.network import attributes
from pyminidocker.network.netlink import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NLM_F_REQUEST,
    Netlink,
)

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30

AF_INET, AF_BRIDGE, AF_INET6 = 2, 7, 10
IFF_UP = 1
RT_TABLE_MAIN = 254
RTPROT_BOOT = 3
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_NOWHERE = 0, 253, 255
RTN_UNICAST = 1
IFA_F_NODAD = 0x02
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
NTF_SELF = 0x02

_INDEX = struct.Struct("=i")
_INDEX_OFFSET = 20  # after the header, family, padding and device type
_FLAGS = struct.Struct("=I")
_FLAGS_OFFSET = 24
_LINK_ATTRIBUTES_OFFSET = 32  # after struct ifinfomsg
_IFLA_LINK = 5

Attributes = list[tuple[str, Any]]


@lru_cache(maxsize=1)
def _classes() -> dict[str, Any]:
    names = {
        "ifinfmsg": "pyroute2.netlink.rtnl.ifinfmsg",
        "ifaddrmsg": "pyroute2.netlink.rtnl.ifaddrmsg",
        "rtmsg": "pyroute2.netlink.rtnl.rtmsg",
        "ndmsg": "pyroute2.netlink.rtnl.ndmsg",
    }
    spec = None if "pyroute2" in sys.modules else importlib.util.find_spec("pyroute2")
    if spec is not None and spec.submodule_search_locations is not None:
        stand_in = types.ModuleType("pyroute2")
        stand_in.__path__ = list(spec.submodule_search_locations)
        sys.modules["pyroute2"] = stand_in
    try:
        return {name: getattr(importlib.import_module(path), name) for name, path in names.items()}
    finally:
        if spec is not None:
            del sys.modules["pyroute2"]


def encode(kind: str, number: int, flags: int, fields: dict[str, int], attrs: Attributes) -> bytes:
    """Encode one request with pyroute2's class ``kind``.

    Args:
        kind: ``ifinfmsg``, ``ifaddrmsg``, ``rtmsg`` or ``ndmsg``.
        number: message type, e.g. ``RTM_NEWLINK``.
        flags: ``NLM_F_*``.
        fields: the fixed part.
        attrs: (name, value) pairs as pyroute2 has them.
    """
    request = _classes()[kind]()
    for name, value in fields.items():
        request[name] = value
    request["attrs"] = attrs
    request["header"].update(
        {"type": number, "flags": flags | NLM_F_REQUEST, "sequence_number": 0, "pid": 0}
    )
    request.encode()
    return bytes(request.data)


def decode(kind: str, reply: bytes) -> Any:
    """Decode one message: ``[field]`` for the fixed part, ``.get(name)`` for attributes."""
    decoded = _classes()[kind](reply)
    decoded.decode()
    return decoded


def link_index(reply: bytes) -> int:
    """Read the index of a link message (``struct ifinfomsg``) without decoding the rest."""
    index: int = _INDEX.unpack_from(reply, _INDEX_OFFSET)[0]
    return index


def find_link(links: Netlink, name: str) -> int:
    """Return the index of a link of the namespace of ``links``.

    Raises:
        NetlinkError: ENODEV (there is none of that name), or the kernel refused otherwise.
    """
    return link_index(links.query(get_link(name), subject=name))


def peer_index(reply: bytes) -> int:
    """Read from a veth's link message the index of its other end in its own namespace."""
    index = attributes.parse(reply, _LINK_ATTRIBUTES_OFFSET).get(_IFLA_LINK)
    return 0 if index is None else int(_INDEX.unpack(index)[0])


def link_is_up(reply: bytes) -> bool:
    """Read from a link message whether somebody switched the link on."""
    flags: int = _FLAGS.unpack_from(reply, _FLAGS_OFFSET)[0]
    return bool(flags & IFF_UP)


def new_link(name: str, kind: str, attrs: Attributes = [], data: Attributes = []) -> bytes:  # noqa: B006
    """Make a link of ``kind`` (``bridge``, ``veth`` ...) and set it up; EEXIST if it is there."""
    info: Attributes = [("IFLA_INFO_KIND", kind)]
    if data:
        info.append(("IFLA_INFO_DATA", {"attrs": data}))
    return encode(
        "ifinfmsg",
        RTM_NEWLINK,
        NLM_F_CREATE | NLM_F_EXCL,
        {"flags": IFF_UP, "change": IFF_UP},
        [("IFLA_IFNAME", name), *attrs, ("IFLA_LINKINFO", {"attrs": info})],
    )


def change_link(
    index: int = 0,
    name: str = "",
    *,
    up: bool = False,
    attrs: Attributes = [],  # noqa: B006
) -> bytes:
    """Change a link found by index or name: its attributes, or set it up."""
    found: Attributes = [("IFLA_IFNAME", name)] if name else []
    flags = IFF_UP if up else 0
    fields = {"index": index, "flags": flags, "change": flags}
    return encode("ifinfmsg", RTM_NEWLINK, 0, fields, [*found, *attrs])


def delete_index(index: int) -> bytes:
    """Delete a link by interface index; ENODEV if it is not there."""
    return encode("ifinfmsg", RTM_DELLINK, 0, {"index": index}, [])


def get_link(name: str) -> bytes:
    """Ask for a link by name; ENODEV if it is not there."""
    return encode("ifinfmsg", RTM_GETLINK, 0, {}, [("IFLA_IFNAME", name)])


def dump_request(kind: str, number: int, family: int = 0) -> bytes:
    """Ask for a whole table (``RTM_GETLINK`` and its like), for ``Netlink.dump``."""
    return encode(kind, number, 0, {"family": family}, [])


def add_address(index: int, ip: str, prefix: int, broadcast: str = "") -> bytes:
    """Give link ``index`` an address; one that is there already is replaced.

    An IPv6 address can be used at once: nobody is asked whether it is a duplicate.
    """
    family = AF_INET6 if ":" in ip else AF_INET
    more: Attributes = (
        [("IFA_FLAGS", IFA_F_NODAD)] if family == AF_INET6 else [("IFA_BROADCAST", broadcast)]
    )
    return encode(
        "ifaddrmsg",
        RTM_NEWADDR,
        NLM_F_CREATE | NLM_F_REPLACE,
        {"family": family, "prefixlen": prefix, "index": index, "scope": RT_SCOPE_UNIVERSE},
        [("IFA_LOCAL", ip), ("IFA_ADDRESS", ip), *more],
    )


def delete_address(index: int, ip: str, prefix: int) -> bytes:
    """Take an IPv4 address from link ``index``."""
    return encode(
        "ifaddrmsg",
        RTM_DELADDR,
        0,
        {"family": AF_INET, "prefixlen": prefix, "index": index},
        [("IFA_LOCAL", ip)],
    )


def default_route(index: int, gateway: str = "", metric: int = 0) -> bytes:
    """Send what has no better route to ``gateway``, or straight out of link ``index``."""
    return change_route("", 0, gateway, index, metric)


def change_route(
    destination: str, prefix: int, gateway: str = "", index: int = 0, metric: int = 0
) -> bytes:
    """Add a route, or replace the one to the same destination.

    Args:
        destination: network address; empty for the default route.
        prefix: its length, bits.
        gateway: next hop; empty: straight out of the link.
        index: the link; 0 where the gateway says it.
        metric: the lower one wins; 0 is the kernel's own default (1024 for IPv6).
    """
    return _route(RTM_NEWROUTE, destination, prefix, gateway, index, metric)


def delete_route(destination: str, prefix: int, gateway: str = "", *, is_ipv6: bool) -> bytes:
    """Delete a route; ESRCH if there is none like that."""
    return _route(RTM_DELROUTE, destination, prefix, gateway, 0, 0, is_ipv6=is_ipv6)


def _route(
    kind: int,
    destination: str,
    prefix: int,
    gateway: str,
    index: int,
    metric: int,
    *,
    is_ipv6: bool = False,
) -> bytes:
    given = (
        ("RTA_DST", destination),
        ("RTA_GATEWAY", gateway),
        ("RTA_OIF", index),
        ("RTA_PRIORITY", metric),
    )
    is_new = kind == RTM_NEWROUTE
    fields = {
        "family": AF_INET6 if is_ipv6 or ":" in destination + gateway else AF_INET,
        "dst_len": prefix,
        "table": RT_TABLE_MAIN,
        # Zero in a request to delete stands for "any".
        "proto": RTPROT_BOOT if is_new else 0,
        "scope": RT_SCOPE_NOWHERE,
        "type": RTN_UNICAST if is_new else 0,
    }
    if is_new:
        fields["scope"] = RT_SCOPE_UNIVERSE if gateway else RT_SCOPE_LINK
    flags = NLM_F_CREATE | NLM_F_REPLACE if is_new else 0
    return encode("rtmsg", kind, flags, fields, [item for item in given if item[1]])


def flood_entry(index: int, remote: str, *, remove: bool = False) -> bytes:
    """Add a peer to those to which a VXLAN device sends what it has no better entry for.

    That is the forwarding entry of the all-zero MAC; several are appended, each gets a copy:
    ``bridge fdb append 00:00:00:00:00:00 dev vx dst REMOTE``.

    See: bridge(8), ip-link(8) "VXLAN Type Support".
    """
    return encode(
        "ndmsg",
        RTM_DELNEIGH if remove else RTM_NEWNEIGH,
        0 if remove else NLM_F_CREATE | NLM_F_APPEND,
        {
            "family": AF_BRIDGE,
            "ifindex": index,
            "state": NUD_PERMANENT | NUD_NOARP,
            "flags": NTF_SELF,
        },
        [("NDA_LLADDR", "00:00:00:00:00:00"), ("NDA_DST", remote)],
    )
