"""What the kernel has: links, addresses, routes, neighbours and forwarding tables, as plain data.

Nothing here is remembered by the engine; it is read back from the kernel at the moment of asking,
so that a picture drawn from it shows the truth, whatever anybody did by hand.

See: rtnetlink(7), bridge(8) "fdb".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network import messages
from pyminidocker.network.netlink import Netlink

AF_BRIDGE = 7
_NUD_PERMANENT = 0x80  # the port's own address, not a learned one
_PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
_NEIGHBOUR_STATES = {
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface.

    Attributes:
        index: its number, unique in the namespace.
        name: e.g. ``eth0``.
        kind: ``bridge``, ``veth``, ``vxlan`` ..., ``loopback``, or empty for hardware.
        mac: its Ethernet address.
        mtu_bytes: the longest packet it carries.
        is_up: somebody switched it on.
        has_carrier: something is at the other end of the cable.
        bridge_index: the bridge it is a port of, or 0.
        port_state: what the bridge does with the port (``forwarding`` ...), empty if it is none.
        peer_index: of a veth, the other end's index in its own namespace, or 0.
        peer_is_elsewhere: that is another namespace than this one.
    """

    index: int
    name: str
    kind: str
    mac: str
    mtu_bytes: int
    is_up: bool
    has_carrier: bool
    bridge_index: int
    port_state: str
    peer_index: int
    peer_is_elsewhere: bool


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a link: ``172.17.0.2``, prefix length in bits."""

    link_index: int
    ip: str
    prefix: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to ``destination`` (CIDR, or ``default``) go; no gateway: straight to them."""

    destination: str
    gateway: str
    link_index: int
    source: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Whose MAC an address is (the ARP table); ``state`` as ip-neighbour(8) names it."""

    link_index: int
    ip: str
    mac: str
    state: str


@dataclass(frozen=True, slots=True)
class Learned:
    """Behind which port a bridge believes a MAC to be (its forwarding table)."""

    bridge_index: int
    port_index: int
    mac: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One network namespace at one moment; ``dataclasses.asdict`` makes it JSON-ready."""

    links: tuple[Link, ...]
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]
    neighbours: tuple[Neighbour, ...]
    learned: tuple[Learned, ...]


@contextmanager
def _netlink(netns_fd: int, home_fd: int) -> Iterator[Netlink]:
    """Open a socket in another namespace; it keeps looking there after we have come back."""
    if netns_fd < 0:
        netlink = Netlink()
    else:
        setns(netns_fd, CLONE_NEWNET)
        try:
            netlink = Netlink()
        finally:
            setns(home_fd, CLONE_NEWNET)
    with netlink:
        yield netlink


def take_snapshot(netns_fd: int = -1, home_fd: int = -1) -> Snapshot:
    """Read a network namespace's state.

    Args:
        netns_fd: the namespace; -1 is the calling thread's own.
        home_fd: the calling thread's own namespace, to return to; needed with ``netns_fd``.

    Raises:
        SystemFailure: the kernel refused, e.g. the namespace belongs to somebody else.
    """
    try:
        with _netlink(netns_fd, home_fd) as netlink:
            return Snapshot(
                links=_read(netlink, "ifinfmsg", messages.RTM_GETLINK, 0, _link),
                addresses=_read(
                    netlink, "ifaddrmsg", messages.RTM_GETADDR, messages.AF_INET, _address
                ),
                routes=_read(netlink, "rtmsg", messages.RTM_GETROUTE, messages.AF_INET, _route),
                neighbours=_read(
                    netlink, "ndmsg", messages.RTM_GETNEIGH, messages.AF_INET, _neighbour
                ),
                learned=_read(netlink, "ndmsg", messages.RTM_GETNEIGH, AF_BRIDGE, _learned),
            )
    except OSError as error:
        raise SystemFailure(f"cannot read the network's state: {error.strerror}") from error


def _read(
    netlink: Netlink, kind: str, number: int, family: int, convert: Callable[[Any], T | None]
) -> tuple[T, ...]:
    replies = netlink.dump(messages.dump_request(kind, number, family))
    found = (convert(messages.decode(kind, reply)) for reply in replies)
    return tuple(entry for entry in found if entry is not None)


def _link(link: Any) -> Link:
    kind = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") or ""
    if not kind and link["flags"] & messages.IFF_LOOPBACK:
        kind = "loopback"
    state = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_DATA", "IFLA_BRPORT_STATE")
    return Link(
        index=link["index"],
        name=link.get("IFLA_IFNAME"),
        kind=kind,
        mac=link.get("IFLA_ADDRESS") or "",
        mtu_bytes=link.get("IFLA_MTU") or 0,
        is_up=bool(link["flags"] & messages.IFF_UP),
        has_carrier=bool(link.get("IFLA_CARRIER")),
        bridge_index=link.get("IFLA_MASTER") or 0,
        port_state=_PORT_STATES[state] if state is not None else "",
        peer_index=(link.get("IFLA_LINK") or 0) if kind == "veth" else 0,
        peer_is_elsewhere=link.get("IFLA_LINK_NETNSID") is not None,
    )


def _address(address: Any) -> Address:
    return Address(address["index"], address.get("IFA_LOCAL"), address["prefixlen"])


def _route(route: Any) -> Route | None:
    if route.get("RTA_TABLE") != messages.RT_TABLE_MAIN or route["type"] != messages.RTN_UNICAST:
        return None  # the kernel's own: local addresses, broadcasts
    target = route.get("RTA_DST")
    return Route(
        destination=f"{target}/{route['dst_len']}" if target else "default",
        gateway=route.get("RTA_GATEWAY") or "",
        link_index=route.get("RTA_OIF") or 0,
        source=route.get("RTA_PREFSRC") or "",
    )


def _neighbour(neighbour: Any) -> Neighbour | None:
    state = _NEIGHBOUR_STATES.get(neighbour["state"], "none")
    if state == "noarp":
        return None  # loopback and multicast
    mac = neighbour.get("NDA_LLADDR") or ""
    return Neighbour(neighbour["ifindex"], neighbour.get("NDA_DST"), mac, state)


def _learned(entry: Any) -> Learned | None:
    bridge = entry.get("NDA_MASTER")
    if not bridge:
        return None  # the links' own multicast filters
    return Learned(
        bridge_index=bridge,
        port_index=entry["ifindex"],
        mac=entry.get("NDA_LLADDR"),
        is_own=bool(entry["state"] & _NUD_PERMANENT),
    )
