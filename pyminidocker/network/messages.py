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

from pyminidocker.network.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NLM_F_REQUEST,
)

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
RTM_GETNEIGH = 30

AF_INET = 2
IFF_UP, IFF_LOOPBACK = 1, 8
RT_TABLE_MAIN = 254
RTPROT_BOOT, RTPROT_STATIC = 3, 4
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTN_UNICAST = 1

_INDEX = struct.Struct("=i")
_INDEX_OFFSET = 20  # after the header, family, padding and device type

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


def delete_link(name: str) -> bytes:
    """Delete a link by name; ENODEV if it is not there."""
    return encode("ifinfmsg", RTM_DELLINK, 0, {}, [("IFLA_IFNAME", name)])


def get_link(name: str) -> bytes:
    """Ask for a link by name; ENODEV if it is not there."""
    return encode("ifinfmsg", RTM_GETLINK, 0, {}, [("IFLA_IFNAME", name)])


def dump_request(kind: str, number: int, family: int = 0) -> bytes:
    """Ask for a whole table (``RTM_GETLINK`` and its like), for ``Netlink.dump``."""
    return encode(kind, number, 0, {"family": family}, [])


def add_address(index: int, ip: str, prefix: int, broadcast: str) -> bytes:
    """Give link ``index`` an IPv4 address; one that is there already is replaced."""
    return encode(
        "ifaddrmsg",
        RTM_NEWADDR,
        NLM_F_CREATE | NLM_F_REPLACE,
        {"family": AF_INET, "prefixlen": prefix, "index": index, "scope": RT_SCOPE_UNIVERSE},
        [("IFA_LOCAL", ip), ("IFA_ADDRESS", ip), ("IFA_BROADCAST", broadcast)],
    )


def default_route(index: int, gateway: str = "") -> bytes:
    """Send what has no better route to ``gateway``, or straight out of link ``index``."""
    attrs: Attributes = [("RTA_OIF", index)]
    if gateway:
        attrs.insert(0, ("RTA_GATEWAY", gateway))
    return encode(
        "rtmsg",
        RTM_NEWROUTE,
        NLM_F_CREATE | NLM_F_REPLACE,
        {
            "family": AF_INET,
            "dst_len": 0,
            "table": RT_TABLE_MAIN,
            "proto": RTPROT_BOOT,
            "scope": RT_SCOPE_UNIVERSE if gateway else RT_SCOPE_LINK,
            "type": RTN_UNICAST,
        },
        attrs,
    )
