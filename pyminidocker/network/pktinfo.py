"""Answers that leave from the very address that was asked.

A socket bound to all addresses would let the kernel choose one, and a client takes no answer from
an address it has not asked.

See: ip(7) "IP_PKTINFO", ipv6(7) "IPV6_RECVPKTINFO".
"""

import socket
import struct

IP_PKTINFO = 8
_PKTINFO4 = struct.Struct("@i4s4s")  # interface, local address, address in the packet
_PKTINFO6 = struct.Struct("@16sI")  # address in the packet, interface
CONTROL_BYTES = socket.CMSG_SPACE(_PKTINFO6.size)
_LINK_LOCAL = b"\xfe\x80"

Control = list[tuple[int, int, bytes]]


def answer_from(control: Control) -> Control:
    """Turn "it came to this address" into "send from that address"."""
    for level, kind, data in control:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            _, local, _ = _PKTINFO4.unpack(data)
            return [(level, kind, _PKTINFO4.pack(0, local, bytes(4)))]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            address, interface = _PKTINFO6.unpack(data)
            index = interface if address.startswith(_LINK_LOCAL) else 0
            return [(level, kind, _PKTINFO6.pack(address, index))]
    return []
