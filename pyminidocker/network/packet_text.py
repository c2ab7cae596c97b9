"""A packet in a line that a learner can read.

See: RFC 792 and 4443 for ICMP's types and codes.
"""

from pyminidocker.network.packet_parts import Arp, Dns, Icmp, Ip, Packet, Tcp

_UNREACHABLE = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "too big, and must not be fragmented",
    5: "source route failed",
    9: "network prohibited",
    10: "host prohibited",
    13: "prohibited by a filter",
}
_ICMP = {
    0: "echo reply",
    3: "unreachable",
    4: "source quench",
    5: "redirect",
    8: "echo request",
    9: "router advertisement",
    10: "router solicitation",
    11: "time exceeded",
    12: "parameter problem",
}
_UNREACHABLE6 = {
    0: "no route to destination",
    1: "prohibited by a filter",
    2: "beyond scope of source address",
    3: "address unreachable",
    4: "port unreachable",
    5: "source address failed policy",
    6: "route rejected",
}
_ICMP6 = {
    1: "unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    137: "redirect",
    143: "multicast listener report",
}
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 - an ARP probe's sender, nothing is bound
_ETHER_TYPES = {"0x88cc": "LLDP", "0x88a8": "802.1ad", "0x8863": "PPPoE", "0x0027": "STP"}


def icmp_name(kind: int, code: int) -> str:
    """Return an ICMP message's type and code in words."""
    if kind == 3:
        return _UNREACHABLE.get(code, f"unreachable, code {code}")
    if kind == 11:
        return "fragments did not arrive in time" if code == 1 else "time to live exceeded"
    return _ICMP.get(kind, f"type {kind}")


def icmp6_name(kind: int, code: int) -> str:
    """Return an ICMPv6 message's type and code in words."""
    if kind == 1:
        return _UNREACHABLE6.get(code, f"unreachable, code {code}")
    if kind == 3:
        return "fragments did not arrive in time" if code == 1 else "hop limit exceeded"
    return _ICMP6.get(kind, f"type {kind}")


def summary(packet: Packet) -> str:
    """Return the packet in a line."""
    if packet.arp is not None:
        return _arp(packet.arp)
    if packet.ip is None:
        if not packet.type:
            return f"cut off after {packet.length} bytes"
        name = _ETHER_TYPES.get(packet.type, f"EtherType {packet.type}")
        return f"{name}, {packet.length} bytes" + (", cut off" if packet.is_cut else "")
    text = _ip(packet, packet.ip)
    return f"{text} (cut off)" if packet.is_cut else text


def _arp(arp: Arp) -> str:
    if arp.sender_ip == arp.target_ip:
        return f"ARP: {arp.sender_ip} announces itself at {arp.sender_mac}"
    if arp.operation == "reply":
        return f"ARP: {arp.sender_ip} is at {arp.sender_mac}"
    if arp.sender_ip == _NO_ADDRESS:
        return f"ARP: does anybody have {arp.target_ip}?"
    return f"ARP: who has {arp.target_ip}? Tell {arp.sender_ip}"


def _ip(packet: Packet, ip: Ip) -> str:
    if ip.fragment is not None and ip.fragment.offset:
        piece = ip.fragment
        last = piece.offset + piece.size - 1
        end = ", the last piece" if piece.is_last else ""
        return (
            f"{ip.source} > {ip.destination}: {ip.protocol} packet {piece.id}, bytes"
            f" {piece.offset}-{last}{end}"
        )
    piece_of = " (first piece)" if ip.fragment is not None else ""
    ports = packet.tcp or packet.udp
    if ports is None:
        what = _icmp(packet.icmp, ip) if packet.icmp is not None else f"{ip.protocol}"
        return f"{ip.source} > {ip.destination}: {what}{piece_of}"
    if packet.vxlan is not None and packet.inner is not None:
        return (
            f"{ip.source} > {ip.destination}: VXLAN {packet.vxlan.vni} carries"
            f" [{packet.inner.summary}]{piece_of}"
        )
    left, right = ("[", "]") if ip.version == 6 else ("", "")
    ends = (
        f"{left}{ip.source}{right}:{ports.source_port} >"
        f" {left}{ip.destination}{right}:{ports.destination_port}"
    )
    if packet.dns is not None:
        return f"{ends}: {_dns(packet.dns)}{piece_of}"
    if packet.tcp is not None:
        return f"{ends}: {_tcp(packet.tcp)}{piece_of}"
    return f"{ends}: UDP, {ports.payload_length} bytes{piece_of}"


def _icmp(icmp: Icmp, ip: Ip) -> str:
    text = f"{ip.protocol} {icmp.name}"
    if icmp.mtu_bytes:
        text += f": at most {icmp.mtu_bytes} bytes"
    if icmp.target:
        return f"{text} for {icmp.target}"
    if icmp.quoted is not None:
        return f"{text} [{icmp.quoted.summary.removesuffix(' (cut off)')}]"
    if icmp.name.startswith("echo"):
        text += f", id {icmp.id}, seq {icmp.sequence}, ttl {ip.ttl}"
    return text


def _tcp(tcp: Tcp) -> str:
    text = "TCP " + " ".join(tcp.flags) if tcp.flags else "TCP"
    if "SYN" in tcp.flags:
        text += f", seq {tcp.sequence}"
        if "ACK" in tcp.flags:
            text += f", ack {tcp.acknowledgement}"
        return text + (f", {tcp.options[0]}" if tcp.options else "")
    if tcp.payload_length:
        text += f", {tcp.payload_length} bytes"
    return f"{text}: {tcp.text}" if tcp.text else text


def _dns(dns: Dns) -> str:
    asked = f"{dns.question_type} {dns.question}" if dns.question_type else "no question"
    if not dns.is_response:
        return f"DNS {dns.id}: {asked}?"
    if dns.rcode != "NOERROR":
        return f"DNS {dns.id}: {asked}: {dns.rcode}"
    return f"DNS {dns.id}: {asked} = {', '.join(dns.answers) or 'nothing'}"
