"""From a frame's bytes to what it says: Ethernet, ARP, IPv4, IPv6, ICMP, TCP, UDP, DNS, VXLAN.

``decode`` takes whatever the wire carried, cut off anywhere, and never raises; what could be read
until then stands in the record.  About 10 us a packet, so nothing is looked at twice.

See: ``packet_parts`` for the RFCs; linux/if_ether.h for EtherTypes.
"""

import struct
from socket import AF_INET6, inet_ntoa, inet_ntop

from pyminidocker.network.packet_dns import read_dns
from pyminidocker.network.packet_parts import Arp, Fragment, Icmp, Ip, Packet, Tcp, Udp, Vxlan
from pyminidocker.network.packet_text import icmp6_name, icmp_name, summary

ETHERNET_BYTES = 14
ETH_P_IP, ETH_P_ARP, ETH_P_8021Q, ETH_P_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
DNS_PORTS = frozenset((53, 5353))
VXLAN_PORTS = frozenset((4789, 8472))  # IANA's, and what Linux used before there was one
EMBEDDED_DNS = "127.0.0.11"  # port 53 there is redirected before the packet reaches lo

_ETHER_TYPE = struct.Struct("!H")
_TAG = struct.Struct("!HH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_FRAGMENT6 = struct.Struct("!BBHI")
_ICMP = struct.Struct("!BBHHH")
_TCP = struct.Struct("!HHIIHHHH")
_UDP = struct.Struct("!HHHH")
_VXLAN = struct.Struct("!B3xI")
_MOST_LAYERS = 4  # a VXLAN packet within a VXLAN packet within ...
_PROTOCOLS = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE", 58: "ICMPv6", 132: "SCTP"}
_TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
# Every combination once: a segment's flags cost one look-up.
_FLAG_NAMES = [
    [name for bit, name in enumerate(_TCP_FLAGS) if value >> bit & 1] for value in range(256)
]
_SYN = 2
_HTTP = (b"GET ", b"HTTP", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI")
_ICMP_ECHO = frozenset((0, 8))
_ICMP_ERRORS = frozenset((3, 4, 5, 11, 12))
_ICMP6_ECHO = frozenset((128, 129))
_ICMP6_ERRORS = frozenset((1, 2, 3, 4))
_ICMP6_ABOUT = frozenset((135, 136, 137))
_EXTENSIONS = frozenset((0, 43, 60))  # hop-by-hop, routing, destination options
_FRAGMENT_HEADER = 44
_CUT = (struct.error, IndexError, ValueError)


def decode_frame(data: bytes, length: int = 0) -> Packet:
    """Return what an Ethernet frame says.

    Args:
        data: the frame, or its beginning.
        length: how long it was on the wire; 0: as long as ``data``.
    """
    packet = Packet(length=length or len(data))
    decode(packet, data)
    return packet


def decode(packet: Packet, data: bytes, protocol: int = 0, layer: int = 0) -> None:
    """Fill in what ``data`` says.

    Args:
        packet: what to fill in; its ``length`` is known.
        data: a frame or its beginning; with ``protocol`` what is in one.
        protocol: an EtherType, where the link has no Ethernet header (tun); else 0.
        layer: how many frames this one is inside of.
    """
    try:
        offset = 0
        if not protocol:
            packet.destination, packet.source = data[:6].hex(":"), data[6:12].hex(":")
            (protocol,) = _ETHER_TYPE.unpack_from(data, 12)
            offset = ETHERNET_BYTES
            if protocol == ETH_P_8021Q:
                tag, protocol = _TAG.unpack_from(data, offset)
                packet.vlan = tag & 0xFFF
                offset += 4
        if protocol == ETH_P_IP:
            packet.type = "IPv4"
            _ipv4(packet, data, offset, layer)
        elif protocol == ETH_P_IPV6:
            packet.type = "IPv6"
            _ipv6(packet, data, offset, layer)
        elif protocol == ETH_P_ARP:
            packet.type = "ARP"
            _arp(packet, data, offset)
        else:
            packet.type = f"0x{protocol:04x}"
    except _CUT:
        packet.is_cut = True
    packet.summary = summary(packet)


def _arp(packet: Packet, data: bytes, offset: int) -> None:
    _, _, _, _, operation, sender_mac, sender, target_mac, target = _ARP.unpack_from(data, offset)
    packet.arp = Arp(
        {1: "request", 2: "reply"}.get(operation, str(operation)),
        inet_ntoa(sender),
        sender_mac.hex(":"),
        inet_ntoa(target),
        target_mac.hex(":"),
    )


def _ipv4(packet: Packet, data: bytes, offset: int, layer: int) -> None:
    first, _, total, number, fragment, ttl, protocol, _, source, destination = _IPV4.unpack_from(
        data, offset
    )
    header = (first & 15) * 4
    packet.ip = ip = Ip(
        first >> 4,
        inet_ntoa(source),
        inet_ntoa(destination),
        _PROTOCOLS.get(protocol) or str(protocol),
        ttl,
    )
    size = (total or packet.length - offset) - header  # 0: longer than the field can say
    start = (fragment & 0x1FFF) * 8
    if start or fragment & 0x2000:
        ip.fragment = Fragment(number, start, size, not fragment & 0x2000)
    if not start:
        _transport(packet, data, offset + header, size, protocol, layer)


def _ipv6(packet: Packet, data: bytes, offset: int, layer: int) -> None:
    first, size, protocol, hops, source, destination = _IPV6.unpack_from(data, offset)
    packet.ip = ip = Ip(
        first >> 28, inet_ntop(AF_INET6, source), inet_ntop(AF_INET6, destination), "", hops
    )
    offset += _IPV6.size
    end = offset + size if size else packet.length
    start = 0
    while protocol in _EXTENSIONS or protocol == _FRAGMENT_HEADER:
        if protocol == _FRAGMENT_HEADER:
            protocol, _, place, number = _FRAGMENT6.unpack_from(data, offset)
            offset += _FRAGMENT6.size
            start = place & 0xFFF8
            if start or place & 1:
                ip.fragment = Fragment(number, start, end - offset, not place & 1)
            if start:
                break
        else:
            protocol, length = data[offset], data[offset + 1]
            offset += (length + 1) * 8
    ip.protocol = _PROTOCOLS.get(protocol) or str(protocol)
    if not start:
        _transport(packet, data, offset, end - offset, protocol, layer)


def _transport(
    packet: Packet, data: bytes, offset: int, size: int, protocol: int, layer: int
) -> None:
    if protocol == TCP:
        _tcp(packet, data, offset, size)
    elif protocol == UDP:
        _udp(packet, data, offset, layer)
    elif protocol == ICMP:
        _icmp(packet, data, offset, layer)
    elif protocol == ICMP6:
        _icmp6(packet, data, offset, layer)


def _tcp(packet: Packet, data: bytes, offset: int, size: int) -> None:
    if len(data) < offset + _TCP.size:  # an ICMP error quotes eight bytes at least
        source, destination, sequence = struct.unpack_from("!HHI", data, offset)
        packet.tcp = Tcp(source, destination, [], sequence, 0, 0, 0)
        return
    source, destination, sequence, acknowledged, bits, window, _, _ = _TCP.unpack_from(data, offset)
    header = bits >> 12 << 2
    packet.tcp = tcp = Tcp(
        source,
        destination,
        _FLAG_NAMES[bits & 0xFF],
        sequence,
        acknowledged,
        max(0, size - header),
        window,
    )
    if bits & _SYN:
        tcp.options = _tcp_options(data[offset + _TCP.size : offset + header])
    elif tcp.payload_length:
        start = offset + header
        if data[start : start + 4] in _HTTP:
            tcp.text = _first_line(data[start : start + 160])
        elif (source == 53 or destination == 53) and tcp.payload_length > 2:
            packet.dns = read_dns(data[start + 2 : start + tcp.payload_length])


def _first_line(data: bytes) -> str:
    line = data.partition(b"\r\n")[0].decode("latin-1")
    return "".join([letter if letter.isprintable() else "." for letter in line])


def _tcp_options(data: bytes) -> list[str]:
    words = []
    offset = 0
    while offset < len(data):
        kind = data[offset]
        if kind == 0:
            break
        if kind == 1:
            offset += 1
            continue
        length = data[offset + 1] if offset + 1 < len(data) else 0
        if length < 2:
            break
        value = int.from_bytes(data[offset + 2 : offset + length], "big")
        if kind == 2:
            words.append(f"MSS {value}")
        elif kind == 3:
            words.append(f"window scale {value}")
        elif kind == 4:
            words.append("SACK permitted")
        elif kind == 8:
            words.append("timestamps")
        offset += length
    return words


def _udp(packet: Packet, data: bytes, offset: int, layer: int) -> None:
    source, destination, length, _ = _UDP.unpack_from(data, offset)
    packet.udp = Udp(source, destination, max(0, length - _UDP.size))
    start = offset + _UDP.size
    if destination in VXLAN_PORTS and layer < _MOST_LAYERS:
        flags, number = _VXLAN.unpack_from(data, start)
        if flags & 8:
            packet.vxlan = Vxlan(number >> 8)
            frame = start + _VXLAN.size
            packet.inner = Packet(length=max(0, packet.length - frame))
            decode(packet.inner, data[frame:], 0, layer + 1)
    elif source in DNS_PORTS or destination in DNS_PORTS or _is_embedded(packet.ip):
        packet.dns = read_dns(data[start : offset + length])


def _is_embedded(ip: Ip | None) -> bool:
    return ip is not None and EMBEDDED_DNS in (ip.source, ip.destination)


def _icmp(packet: Packet, data: bytes, offset: int, layer: int) -> None:
    kind, code, _, first, second = _ICMP.unpack_from(data, offset)
    packet.icmp = icmp = Icmp(kind, code, icmp_name(kind, code))
    if kind in _ICMP_ECHO:
        icmp.id, icmp.sequence = first, second
    elif kind in _ICMP_ERRORS:
        if kind == 3 and code == 4:
            icmp.mtu_bytes = second
        icmp.quoted = _quoted(data[offset + _ICMP.size :], ETH_P_IP, layer)


def _icmp6(packet: Packet, data: bytes, offset: int, layer: int) -> None:
    kind, code, _, first, second = _ICMP.unpack_from(data, offset)
    packet.icmp = icmp = Icmp(kind, code, icmp6_name(kind, code))
    body = offset + _ICMP.size
    if kind in _ICMP6_ECHO:
        icmp.id, icmp.sequence = first, second
    elif kind in _ICMP6_ERRORS:
        if kind == 2:
            icmp.mtu_bytes = first << 16 | second
        icmp.quoted = _quoted(data[body:], ETH_P_IPV6, layer)
    elif kind in _ICMP6_ABOUT:
        icmp.target = inet_ntop(AF_INET6, data[body : body + 16])


def _quoted(data: bytes, protocol: int, layer: int) -> Packet | None:
    if layer >= _MOST_LAYERS:
        return None
    packet = Packet(length=len(data))
    decode(packet, data, protocol, layer + 1)
    return packet
