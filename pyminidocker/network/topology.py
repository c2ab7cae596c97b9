"""What the kernel has: links, addresses, routes, neighbours and forwarding tables, as plain data.

Nothing here is remembered by the engine; it is read back from the kernel at the moment of asking,
so that a picture drawn from it shows the truth, whatever anybody did by hand.  ``take_snapshots``
reads several network namespaces and finds out which veth end belongs to which.

See: rtnetlink(7), bridge(8) "fdb", ip-netns(8), veth(4).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from socket import AF_INET
from typing import TypeVar

from msgspec import Struct, field

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network import topology_read as read
from pyminidocker.network.netlink import HEADER, Netlink

_IFF_UP, _IFF_LOOPBACK = 1, 8
_RT_TABLE_MAIN, _RTN_UNICAST = 254, 1
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


class Link(Struct, rename="pascal"):
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
        is_isolated: the bridge carries nothing between this port and others that are isolated.
        peer_index: of a veth, the other end's index in its own namespace, or 0.
        peer_nsid: by which number this namespace knows the one of the other end; -1 is itself.
        peer_inode: that namespace, if it is among those read; 0 when unknown.
        vni: of a vxlan link, the number of the network it carries; 0 of others.
        remote: of a vxlan link, where it sends what it has no better place for.
        local: of a vxlan link, the address it sends from.
        port: of a vxlan link, the UDP port.
        is_spare: a cable made ahead of time for the next container; only the engine knows.
    """

    index: int
    name: str
    kind: str = ""
    mac: str = ""
    mtu_bytes: int = field(default=0, name="Mtu")
    is_up: bool = field(default=False, name="Up")
    has_carrier: bool = field(default=False, name="Carrier")
    bridge_index: int = field(default=0, name="Bridge")
    port_state: str = ""
    is_isolated: bool = field(default=False, name="Isolated")
    peer_index: int = 0
    peer_nsid: int = -1
    peer_inode: int = 0
    vni: int = 0
    remote: str = ""
    local: str = ""
    port: int = 0
    is_spare: bool = field(default=False, name="Spare")


class Address(Struct, rename="pascal", frozen=True):
    """An address of a link: ``172.17.0.2``, prefix length in bits."""

    link_index: int
    ip: str
    prefix: int


class Route(Struct, rename="pascal", frozen=True):
    """Where packets to ``destination`` (CIDR, or ``default``) go; no gateway: straight to them.

    Both families have a default route; ``version`` tells them apart.
    """

    destination: str
    gateway: str
    link_index: int
    source: str
    version: int = 4


class Neighbour(Struct, rename="pascal", frozen=True):
    """Whose MAC an address is (the ARP table); ``state`` as ip-neighbour(8) names it."""

    link_index: int
    ip: str
    mac: str
    state: str


class Learned(Struct, rename="pascal", frozen=True):
    """Behind which port a bridge believes a MAC to be (its forwarding table).

    ``remote`` is set for a vxlan link's own table: the host behind which the MAC is.
    """

    bridge_index: int = field(name="Bridge")
    port_index: int = field(name="LinkIndex")
    mac: str
    is_own: bool = field(name="Own")
    remote: str = ""


class Snapshot(Struct, rename="pascal"):
    """One network namespace at one moment; ``inode`` is its identity (namespaces(7))."""

    inode: int
    links: list[Link]
    addresses: list[Address]
    routes: list[Route]
    neighbours: list[Neighbour]
    learned: list[Learned]


class _Place:
    """An open namespace: its descriptor, its inode, and a socket that looks there."""

    def __init__(self, stack: ExitStack, source_fd: int, home_fd: int) -> None:
        with visiting(source_fd, home_fd):
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, self.fd)
            self.netlink = stack.enter_context(Netlink())
        self.inode = os.fstat(self.fd).st_ino


@contextmanager
def visiting(source_fd: int, home_fd: int) -> Iterator[None]:
    """Put the calling thread into another network namespace; what it opens there stays there.

    Args:
        source_fd: a namespace file, or a pidfd of a process that is in it; -1 stays where we are.
        home_fd: the calling thread's own namespace, to return to.

    Raises:
        SyscallError: ESRCH (the process has gone), EPERM (not ours).
    """
    if source_fd < 0:
        yield
        return
    setns(source_fd, CLONE_NEWNET)
    try:
        yield
    finally:
        setns(home_fd, CLONE_NEWNET)


def take_snapshot(netns_fd: int = -1, home_fd: int = -1) -> Snapshot:
    """Read a network namespace's state.

    Args:
        netns_fd: the namespace (or a pidfd); -1 is the calling thread's own.
        home_fd: the calling thread's own namespace, to return to; needed with ``netns_fd``.

    Raises:
        SystemFailure: the kernel refused, e.g. the namespace belongs to somebody else.
    """
    try:
        with ExitStack() as stack:
            return _read_place(_Place(stack, netns_fd, home_fd))
    except OSError as error:
        raise SystemFailure(f"cannot read the network's state: {error.strerror}") from error


def take_snapshots(home_fd: int, others: Sequence[int]) -> list[Snapshot | None]:
    """Read the calling thread's own namespace and others, with the veth ends between them found.

    Args:
        home_fd: the calling thread's own namespace, which is returned to.
        others: namespace files, or pidfds of processes inside.

    Returns:
        The own namespace first, then the others in order; None for one whose process has gone.

    Raises:
        SystemFailure: the kernel refused to show the own namespace.
    """
    with ExitStack() as stack:
        try:
            places: list[_Place | None] = [_Place(stack, -1, -1)]
            places += [_open(stack, source, home_fd) for source in others]
            found: list[Snapshot | None] = []
            known = {place.inode: place for place in places if place is not None}
            for place in places:
                found.append(None if place is None else _read_place(place))
                if place is not None and (snapshot := found[-1]) is not None:
                    _find_peers(snapshot, place, known)
        except OSError as error:
            raise SystemFailure(f"cannot read the network's state: {error.strerror}") from error
        return found


def _open(stack: ExitStack, source_fd: int, home_fd: int) -> _Place | None:
    try:
        return _Place(stack, source_fd, home_fd)
    except ProcessLookupError:
        return None


def _find_peers(snapshot: Snapshot, place: _Place, known: dict[int, _Place]) -> None:
    """Fill in which namespace the other end of each link is in."""
    wanted = {link.peer_nsid for link in snapshot.links} - {-1}
    inodes = {-1: snapshot.inode}
    for inode, other in known.items():  # the lab, where nearly all cables end, is the first
        if not wanted:
            break
        if inode != place.inode:
            number = read.namespace_id(place.netlink, other.fd)
            if number in wanted:
                wanted.remove(number)
                inodes[number] = inode
    for link in snapshot.links:
        if link.peer_index:
            link.peer_inode = inodes.get(link.peer_nsid, 0)


def _read_place(place: _Place) -> Snapshot:
    netlink = place.netlink
    links = _table(netlink, read.RTM_GETLINK, _link)
    has_tables = any(link.kind in ("bridge", "vxlan") for link in links)
    return Snapshot(
        inode=place.inode,
        links=links,
        addresses=_table(netlink, read.RTM_GETADDR, _address),
        routes=_table(netlink, read.RTM_GETROUTE, _route),
        neighbours=_table(netlink, read.RTM_GETNEIGH, _neighbour),
        learned=_table(netlink, read.RTM_GETNEIGH, _learned, read.AF_BRIDGE) if has_tables else [],
    )


def _table(
    netlink: Netlink, kind: int, convert: Callable[[bytes], T | None], family: int = 0
) -> list[T]:
    replies = netlink.dump(read.request(kind, family))
    return [entry for reply in replies if (entry := convert(reply)) is not None]


def _link(reply: bytes) -> Link:
    _, _, _, index, flags, _ = read.INFO.unpack_from(reply, HEADER.size)
    found = read.attributes(reply, HEADER.size + read.INFO.size)
    info = read.attributes(found.get(read.IFLA_LINKINFO, b""))
    port = read.attributes(info.get(read.IFLA_INFO_SLAVE_DATA, b""))
    state = port.get(read.IFLA_BRPORT_STATE)
    kind = read.text(info.get(read.IFLA_INFO_KIND))
    link = Link(
        index=index,
        name=read.text(found.get(read.IFLA_IFNAME)),
        kind=kind or ("loopback" if flags & _IFF_LOOPBACK else ""),
        mac=read.mac(found.get(read.IFLA_ADDRESS)),
        mtu_bytes=read.number(found.get(read.IFLA_MTU)),
        is_up=bool(flags & _IFF_UP),
        has_carrier=found.get(read.IFLA_CARRIER) == b"\1",
        bridge_index=read.number(found.get(read.IFLA_MASTER)),
        port_state=_PORT_STATES[state[0]] if state else "",
        is_isolated=port.get(read.IFLA_BRPORT_ISOLATED) == b"\1",
    )
    if kind == "veth":
        link.peer_index = read.number(found.get(read.IFLA_LINK))
        link.peer_nsid = read.signed(found.get(read.IFLA_LINK_NETNSID))
    elif kind == "vxlan":
        data = read.attributes(info.get(read.IFLA_INFO_DATA, b""))
        link.vni = read.number(data.get(read.IFLA_VXLAN_ID))
        link.remote = read.address(data.get(read.IFLA_VXLAN_GROUP))
        link.local = read.address(data.get(read.IFLA_VXLAN_LOCAL))
        link.port = int.from_bytes(data.get(read.IFLA_VXLAN_PORT, b""), "big")
    return link


def _address(reply: bytes) -> Address | None:
    family, prefix, _, _, index = read.ADDRESS.unpack_from(reply, HEADER.size)
    if not read.is_ip(family):
        return None
    found = read.attributes(reply, HEADER.size + read.ADDRESS.size)
    ip = found.get(read.IFA_LOCAL) or found.get(read.IFA_ADDRESS)
    return Address(index, read.address(ip), prefix)


def _route(reply: bytes) -> Route | None:
    family, length, _, _, table, _, _, kind, flags = read.ROUTE.unpack_from(reply, HEADER.size)
    found = read.attributes(reply, HEADER.size + read.ROUTE.size)
    table = read.number(found.get(read.RTA_TABLE), table)
    is_kernels = table != _RT_TABLE_MAIN or kind != _RTN_UNICAST or flags & read.RTM_F_CLONED
    if is_kernels or not read.is_ip(family):
        return None  # local addresses, broadcasts, caches
    target = read.address(found.get(read.RTA_DST))
    return Route(
        destination=f"{target}/{length}" if target else "default",
        gateway=read.address(found.get(read.RTA_GATEWAY)) or read.via(found.get(read.RTA_VIA)),
        link_index=read.number(found.get(read.RTA_OIF)),
        source=read.address(found.get(read.RTA_PREFSRC)),
        version=4 if family == AF_INET else 6,
    )


def _neighbour(reply: bytes) -> Neighbour | None:
    family, _, _, index, state, _, _ = read.NEIGHBOUR.unpack_from(reply, HEADER.size)
    name = _NEIGHBOUR_STATES.get(state, "none")
    if name == "noarp" or not read.is_ip(family):
        return None  # loopback and multicast
    found = read.attributes(reply, HEADER.size + read.NEIGHBOUR.size)
    ip, mac = read.address(found.get(read.NDA_DST)), read.mac(found.get(read.NDA_LLADDR))
    return Neighbour(index, ip, mac, name)


def _learned(reply: bytes) -> Learned | None:
    _, _, _, index, state, _, _ = read.NEIGHBOUR.unpack_from(reply, HEADER.size)
    found = read.attributes(reply, HEADER.size + read.NEIGHBOUR.size)
    bridge = read.number(found.get(read.NDA_MASTER))
    remote = read.address(found.get(read.NDA_DST))
    if not bridge and not remote:
        return None  # the links' own multicast filters
    mac = read.mac(found.get(read.NDA_LLADDR))
    return Learned(bridge, index, mac, bool(state & _NUD_PERMANENT), remote)
