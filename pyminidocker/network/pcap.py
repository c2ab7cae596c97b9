"""Packets as a file that Wireshark and tcpdump open: pcapng, written as it comes.

pcapng, not the older pcap: it has nanoseconds, says on which link and in which direction a packet
was seen, and can say that a checksum was left to the link, so that a reader need not call it wrong.

See: IETF draft-ietf-opsawg-pcapng; https://www.tcpdump.org/linktypes.html
"""

import struct
from collections.abc import Callable, Iterable

from pyminidocker.network.capture import TP_STATUS_CSUMNOTREADY, TP_STATUS_GSO_TCP, Frame

LINKTYPE_ETHERNET, LINKTYPE_RAW = 1, 101
_SECTION, _INTERFACE, _ENHANCED, _STATISTICS = 0x0A0D0D0A, 1, 6, 5
_MAGIC = 0x1A2B3C4D
_OPT_COMMENT, _IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL = 1, 2, 3, 9
_SHB_USERAPPL, _EPB_FLAGS, _ISB_IFDROP = 4, 2, 5
_INWARDS, _OUTWARDS = 1, 2
_CHECKSUM_NOT_READY, _SEGMENTATION_OFFLOADED = 1 << 9, 1 << 11
SNAP_BYTES = 0x40000
_COMMENT = (
    b"Captured inside one machine: where a packet is marked 'checksum not ready', the kernel left"
    b" the checksum to the link. A veth cable needs none, so it is missing, not wrong."
)

_BLOCK = struct.Struct("<II")
_OPTION = struct.Struct("<HH")
_SECTION_BODY = struct.Struct("<IHHq")
_INTERFACE_BODY = struct.Struct("<HHI")
_ENHANCED_HEAD = struct.Struct("<IIIIIII")  # type, length, interface, time high, low, sizes
_FLAGS_OPTION = struct.Struct("<HHIHHI")  # epb_flags, end of options, the block's length again


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return _BLOCK.pack(kind, length) + body + struct.pack("<I", length)


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + value + b"\0" * (-len(value) % 4)


_END = _OPTION.pack(0, 0)


class PcapWriter:
    """Turns frames into the bytes of a pcapng file; holds nothing back.

    Args:
        link_name: from a link's index to its name; each is asked for once.
        where: what the links belong to, e.g. ``container web``; described beside each name.
    """

    def __init__(self, link_name: Callable[[int], str], where: str = "") -> None:
        self._link_name = link_name
        self._where = where
        self._interfaces: dict[tuple[int, bool], int] = {}

    def header(self) -> bytes:
        """Return what the file begins with."""
        body = _SECTION_BODY.pack(_MAGIC, 1, 0, -1)
        options = _option(_OPT_COMMENT, _COMMENT) + _option(_SHB_USERAPPL, b"minidocker") + _END
        return _block(_SECTION, body + options)

    def write(self, frames: Iterable[Frame]) -> bytes:
        """Return the blocks of these frames, with those of links not seen before in front."""
        pieces: list[bytes] = []
        for frame in frames:
            key = (frame.link_index, bool(frame.ether_type))
            interface = self._interfaces.get(key)
            if interface is None:
                interface = self._interfaces[key] = len(self._interfaces)
                pieces.append(self._interface(*key))
            pieces.append(_packet(frame, interface))
        return b"".join(pieces)

    def dropped(self, count: int, time_ns: int) -> bytes:
        """Return a block that says how many packets were lost, once there is a link to say it of.

        Args:
            count: since the beginning.
            time_ns: the moment, nanoseconds since the epoch.
        """
        if not self._interfaces:
            return b""
        body = struct.pack("<III", 0, time_ns >> 32, time_ns & 0xFFFFFFFF)
        return _block(_STATISTICS, body + _option(_ISB_IFDROP, struct.pack("<Q", count)) + _END)

    def _interface(self, index: int, is_raw: bool) -> bytes:
        kind = LINKTYPE_RAW if is_raw else LINKTYPE_ETHERNET
        options = _option(_IF_NAME, self._link_name(index).encode())
        if self._where:
            options += _option(_IF_DESCRIPTION, self._where.encode())
        options += _option(_IF_TSRESOL, b"\x09") + _END
        return _block(_INTERFACE, _INTERFACE_BODY.pack(kind, 0, SNAP_BYTES) + options)


def _packet(frame: Frame, interface: int) -> bytes:
    size = len(frame.data)
    padding = -size % 4
    length = _ENHANCED_HEAD.size + size + padding + _FLAGS_OPTION.size
    flags = _OUTWARDS if frame.is_outgoing else _INWARDS
    if frame.status & TP_STATUS_CSUMNOTREADY:
        flags |= _CHECKSUM_NOT_READY
    if frame.status & TP_STATUS_GSO_TCP:
        flags |= _SEGMENTATION_OFFLOADED
    head = _ENHANCED_HEAD.pack(
        _ENHANCED,
        length,
        interface,
        frame.time_ns >> 32,
        frame.time_ns & 0xFFFFFFFF,
        size,
        max(frame.length, size),
    )
    return b"".join(
        (head, frame.data, b"\0" * padding, _FLAGS_OPTION.pack(_EPB_FLAGS, 4, flags, 0, 0, length))
    )
