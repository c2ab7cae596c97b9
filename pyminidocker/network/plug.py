"""One end of a wire between lab hosts: a veth pair, and a packet socket on its far end.

    lab: eth1 ══ eth1-plug | AF_PACKET socket ──> whoever carries the frames

What the lab sends through eth1 comes out at the socket, and what is written to the socket arrives
at eth1.  Two things make frames survive that:

* A frame that never left the kernel has no checksum yet (``CHECKSUM_PARTIAL``: the hardware would
  fill it in).  With PACKET_VNET_HDR each frame read is preceded by a ``struct virtio_net_hdr``
  that says so; written at the other end with the same header, the receiving kernel believes it.
* TCP hands the link packets of up to 64 KiB and leaves cutting them up to the link (GSO).  With
  ``gso_max_segs`` 1 they are cut before, so that every frame fits the wire's MTU.

See: packet(7); linux/virtio_net.h.
"""

import errno
import socket

from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.network import messages, removal, sysctl
from pyminidocker.network.ipam import format_ip, parse_ip, parse_network
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.refusals import failure

VNET_HEADER_BYTES = 10
_SUFFIX = "-plug"
_LONGEST_NAME = 15 - len(_SUFFIX)
_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_VNET_HDR, _PACKET_QDISC_BYPASS, _PACKET_IGNORE_OUTGOING = 15, 20, 23
_BUFFER_BYTES = 4 << 20  # the kernel cuts it to net.core.rmem_max


def plug_name(link: str) -> str:
    """Return the name of the far end of ``link``."""
    return f"{link}{_SUFFIX}"


def make(links: Netlink, link: str, address_cidr: str, mtu_bytes: int) -> socket.socket:
    """Make the pair and return the socket; see ``LabNetwork.make_plug``.

    Raises:
        InvalidArgument: the name is too long, the address or the MTU makes no sense.
        Conflict: there is such a link.
        SystemFailure: the kernel refused.
    """
    if not 0 < len(link) <= _LONGEST_NAME or "/" in link or not link.isascii():
        raise InvalidArgument(
            f"invalid link name {link!r}: 1 to {_LONGEST_NAME} letters or digits, e.g. eth1"
        )
    if address_cidr:
        address_requests(1, address_cidr)  # before anything is made
    far = plug_name(link)
    try:
        links.execute([_pair(link, far, mtu_bytes)], subject=link)
    except NetlinkError as error:
        if error.errno == errno.EEXIST:
            raise Conflict(
                f"there is a link {link} already", hint="leave its name out, or take another"
            ) from error
        if error.errno in (errno.EINVAL, errno.ERANGE):
            raise InvalidArgument(
                f"invalid MTU {mtu_bytes} for {link}: {error.strerror}"
            ) from error
        raise failure(f"cannot make link {link}", error) from error
    plug = None
    try:
        links.execute([messages.change_link(name=far, up=True)], subject=far)
        plug = _open(far)
        if address_cidr:
            add_address(links, link, address_cidr)
    except BaseException as error:
        if plug is not None:
            plug.close()
        removal.remove(messages.find_link(links, link))
        if isinstance(error, OSError):
            raise failure(f"cannot make link {link}", error) from error
        raise
    return plug


def _pair(link: str, far: str, mtu_bytes: int) -> bytes:
    common: messages.Attributes = [("IFLA_MTU", mtu_bytes), ("IFLA_GSO_MAX_SEGS", 1)]
    peer = {"attrs": [("IFLA_IFNAME", far), *common]}
    return messages.new_link(link, "veth", common, [("VETH_INFO_PEER", peer)])


def _open(far: str) -> socket.socket:
    kinds = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    plug = socket.socket(socket.AF_PACKET, kinds, 0)  # protocol 0: deaf until it is bound
    try:
        plug.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        plug.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        plug.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        plug.bind((far, _ETH_P_ALL))
    except BaseException:
        plug.close()
        raise
    return plug


def address_requests(index: int, address_cidr: str) -> list[bytes]:
    """Compose giving a link an address with prefix length; checks the text.

    Raises:
        InvalidArgument: it is not like ``192.0.2.1/24``.
    """
    subnet = parse_network(address_cidr)
    base, prefix, bits = subnet
    number, _ = parse_ip(address_cidr.partition("/")[0])
    if bits - prefix > 1 and number in ((base, subnet.last) if bits == 32 else (base,)):
        raise InvalidArgument(f"{address_cidr} is the address of the subnet, not of a host in it")
    broadcast = format_ip(subnet.last, bits) if bits == 32 else ""
    return [messages.add_address(index, format_ip(number, bits), prefix, broadcast)]


def add_address(links: Netlink, link: str, address_cidr: str) -> None:
    """Give a link of the calling thread's namespace an address more; an IPv6 one switches IPv6 on.

    Raises:
        InvalidArgument: it is not like ``192.0.2.1/24``.
        SystemFailure: the kernel refused, or there is no such link.
    """
    try:
        index = messages.find_link(links, link)
        requests = address_requests(index, address_cidr)
        if ":" in address_cidr:
            sysctl.forward_ipv6()
            sysctl.switch_on_ipv6(link)
        links.execute(requests, subject=link)
    except OSError as error:
        raise failure(f"cannot give {link} the address {address_cidr}", error) from error
