"""Looking at packets as they pass: a packet socket with a ring that the kernel writes into.

A packet socket (AF_PACKET) gets a copy of every frame a link sends or receives, before the packet
filter on the way in and after it on the way out.  With ``TPACKET_V3`` the copies go into blocks of
memory shared with the kernel: no system call a packet, a timestamp in nanoseconds each, and when
nobody reads fast enough, the kernel counts what it had no room for instead of growing.

A socket belongs to the network namespace it was made in and keeps it alive; whoever captures in a
container closes the capture when the container ends.

See: packet(7); Linux Documentation/networking/packet_mmap.rst.
"""

import errno
import mmap
import os
import socket
import struct
from array import array
from typing import NamedTuple, Self

from pyminidocker.errors import NotFound, SystemFailure
from pyminidocker.network import topology_read as read
from pyminidocker.network.capture_filter import PACKET_OUTGOING
from pyminidocker.network.netlink import HEADER, Netlink, NetlinkError, message
from pyminidocker.network.packet_parts import CapturedPacket
from pyminidocker.network.packets import TCP, decode
from pyminidocker.network.topology import visiting

SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V3 = 2
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
TP_STATUS_KERNEL = 0
TP_STATUS_USER = 1
TP_STATUS_CSUMNOTREADY = 8
TP_STATUS_VLAN_VALID = 16
TP_STATUS_GSO_TCP = 256
ARPHRD_ETHER, ARPHRD_LOOPBACK = 1, 772
ANY = "any"
# How long the kernel collects packets before it hands over a block that is not full.
RETIRE_MS = 10

_REQUEST = struct.Struct("=7I")  # struct tpacket_req3
_PROGRAM = struct.Struct("@HP")  # struct sock_fprog
_BLOCK = struct.Struct("=8x4I")  # struct tpacket_block_desc: status, packets, first, length
# struct tpacket3_hdr (48 bytes) and the struct sockaddr_ll behind it
_FRAME = struct.Struct("=6I2H2I2H8x2HiH2B")
_STATUS_OFFSET = 8
_STATUS = struct.Struct("=I")
_STATISTICS = struct.Struct("=3I")
_SYN_FIN_RST = 0x07
_LEAST_TCP = 68  # Ethernet, IPv6 and TCP as far as the flags; IPv4 needs less
_RELEASED = _STATUS.pack(TP_STATUS_KERNEL)


class Frame(NamedTuple):
    """A frame as it came out of the ring.

    Attributes:
        time_ns: nanoseconds since the epoch.
        link_index: where it was seen.
        is_outgoing: the link sent it.
        ether_type: of links without an Ethernet header the protocol; 0 where ``data`` has one.
        length: how long it was.
        status: ``TP_STATUS_*`` bits.
        data: as much as was copied.
    """

    time_ns: int
    link_index: int
    is_outgoing: bool
    ether_type: int
    length: int
    status: int
    data: bytes


class Ring(NamedTuple):
    """The size of the buffer: ``blocks`` times ``block_bytes`` (a multiple of the page size)."""

    block_bytes: int = 1 << 16
    blocks: int = 8


class Capture:
    """Frames of one link, or of all links of a network namespace.

    Args:
        link: a link's name, or ``any``.
        program: what ``compile_filter`` returned.
        ring: the buffer's size.
        netns_fd: the namespace (or a pidfd of a process in it); -1 is the calling thread's own.
        home_fd: the calling thread's own namespace, to return to; needed with ``netns_fd``.

    Attributes:
        inode: of the network namespace.

    Raises:
        NotFound: there is no such link.
        SystemFailure: the kernel refused.
    """

    def __init__(
        self,
        link: str,
        program: bytes,
        ring: Ring = Ring(),  # noqa: B008 - an immutable tuple
        *,
        netns_fd: int = -1,
        home_fd: int = -1,
    ) -> None:
        self._blocks, self._block_bytes = ring.blocks, ring.block_bytes
        self._block = 0  # the one to be read next
        self._offset = 0  # in it; 0: it has not been looked at
        self._left = 0  # frames in it
        self._names: dict[int, str] = {}
        try:
            with visiting(netns_fd, home_fd):
                self.inode = os.stat("/proc/thread-self/ns/net").st_ino  # noqa: PTH116
                self._netlink = Netlink()
                try:
                    self._socket = _open(link, program, ring)
                except BaseException:
                    self._netlink.close()
                    raise
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
            if isinstance(error, ValueError) or error.errno == errno.ENODEV:
                raise NotFound(
                    f"no such link: {link}", hint="see the links with: minidocker network topology"
                ) from error
            raise SystemFailure(f"cannot capture on {link}: {error.strerror}") from error
        try:
            self._ring = mmap.mmap(self._socket.fileno(), ring.block_bytes * ring.blocks)
            # A link may be gone before its packets are looked at; those that come are asked for.
            for reply in self._netlink.dump(read.request(read.RTM_GETLINK)):
                self._learn_name(reply)
        except OSError as error:
            self._socket.close()
            self._netlink.close()
            raise SystemFailure(f"cannot capture on {link}: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the socket: readable when a block is full, or 10 ms old."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop capturing; safe to repeat."""
        self._ring.close()
        self._socket.close()
        self._netlink.close()

    def link_name(self, index: int) -> str:
        """Return a link's name; one that has gone keeps the name it had."""
        if index not in self._names:
            info = read.INFO.pack(0, 0, 0, index, 0, 0)
            try:
                self._learn_name(self._netlink.query(message(read.RTM_GETLINK, 0, info)))
            except NetlinkError:
                self._names[index] = f"link{index}"
        return self._names[index]

    def _learn_name(self, reply: bytes) -> None:
        index = read.INFO.unpack_from(reply, HEADER.size)[3]
        found = read.attributes(reply, HEADER.size + read.INFO.size)
        self._names[index] = read.text(found.get(read.IFLA_IFNAME))

    def is_over(self) -> bool:
        """Tell whether the link has gone; one that was only switched off may come back."""
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != errno.ENETDOWN:
            return False
        name = self._socket.getsockname()[0]
        return not name

    def dropped(self) -> int:
        """Return how many packets the kernel had no room for since the last call."""
        data = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, _STATISTICS.size)
        return int(_STATISTICS.unpack(data)[1])

    def read(self, most: int) -> list[Frame]:
        """Return up to ``most`` frames that are there, without waiting."""
        frames: list[Frame] = []
        while len(frames) < most and self._enter_block():
            count = min(self._left, most - len(frames))
            frames += [self._frame() for _ in range(count)]
            self._left -= count
            if not self._left:
                self._leave_block()
        return frames

    def skip(self) -> int:
        """Throw away all frames that are there; returns how many."""
        count = 0
        for _ in range(self._blocks):  # the kernel may fill as fast as we empty
            if not self._enter_block():
                break
            count += self._left
            self._leave_block()
        return count

    def _enter_block(self) -> bool:
        """Tell whether there is a block with frames yet to read."""
        while not self._left:
            base = self._block * self._block_bytes
            status, self._left, first, _ = _BLOCK.unpack_from(self._ring, base)
            if not status & TP_STATUS_USER:
                self._left = 0
                return False
            self._offset = base + first
            if not self._left:
                self._leave_block()
        return True

    def _leave_block(self) -> None:
        place = self._block * self._block_bytes + _STATUS_OFFSET
        self._ring[place : place + 4] = _RELEASED
        self._left = 0
        self._block = (self._block + 1) % self._blocks

    def _frame(self) -> Frame:
        (
            following, seconds, nanoseconds, captured, length, status, start, _, _, tag, tpid, _,
            _, protocol, index, hardware, kind, _,
        ) = _FRAME.unpack_from(self._ring, self._offset)  # fmt: skip
        start += self._offset
        data = self._ring[start : start + captured]
        self._offset += following
        if hardware in (ARPHRD_ETHER, ARPHRD_LOOPBACK):
            ether_type = 0
            if status & TP_STATUS_VLAN_VALID:  # the kernel took it out; put it back
                data = data[:12] + struct.pack("!HH", tpid or 0x8100, tag) + data[12:]
                length += 4
        else:
            ether_type = socket.ntohs(protocol)
        time_ns = seconds * 1_000_000_000 + nanoseconds
        return Frame(time_ns, index, kind == PACKET_OUTGOING, ether_type, length, status, data)


def _open(link: str, program: bytes, ring: Ring) -> socket.socket:
    """Make the socket; what arrives before it has its filter is thrown away with the old queue."""
    protocol = socket.htons(ETH_P_ALL)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_PACKET, kind, protocol if link == ANY else 0)
    try:
        code = array("B", program)
        address, size = code.buffer_info()
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _PROGRAM.pack(size // 8, address))
        sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        frame_bytes = 2048  # only a divisor: blocks hold frames of any length
        frames = ring.block_bytes // frame_bytes * ring.blocks
        request = (ring.block_bytes, ring.blocks, frame_bytes, frames, RETIRE_MS, 0, 0)
        sock.setsockopt(SOL_PACKET, PACKET_RX_RING, _REQUEST.pack(*request))
        if link != ANY:
            sock.bind((link, ETH_P_ALL))
    except BaseException:
        sock.close()
        raise
    return sock


def describe(capture: Capture, frame: Frame) -> CapturedPacket:
    """Return what a frame says, and where it was seen."""
    offload = []
    if frame.status & TP_STATUS_CSUMNOTREADY:
        offload.append("checksum")
    if frame.status & TP_STATUS_GSO_TCP:
        offload.append("segmentation")
    packet = CapturedPacket(
        time=frame.time_ns / 1e9,
        link=capture.link_name(frame.link_index),
        link_index=frame.link_index,
        namespace=capture.inode,
        direction="out" if frame.is_outgoing else "in",
        length=frame.length,
        offload=offload,
    )
    decode(packet, frame.data, frame.ether_type)
    return packet


def is_bulk(frame: Frame) -> bool:
    """Tell whether a frame is one of the many in the middle of a TCP stream."""
    data = frame.data
    if frame.ether_type or len(data) < _LEAST_TCP:
        return False
    if data[12:14] == b"\x08\x00":
        flags = 14 + (data[14] & 15) * 4 + 13
        return data[23] == TCP and flags < len(data) and not data[flags] & _SYN_FIN_RST
    return data[12:14] == b"\x86\xdd" and data[20] == TCP and not data[67] & _SYN_FIN_RST
