"""What a packet is made of: one small record per header, ready to be written as JSON.

See: RFC 826 (ARP), 791 (IPv4), 8200 (IPv6), 792 and 4443 (ICMP), 9293 (TCP), 768 (UDP), 1035 (DNS),
7348 (VXLAN).
"""

from typing import Optional

from msgspec import Struct


class Arp(Struct, rename="pascal"):
    """A question for the MAC of an IP address, or its answer; ``operation`` request or reply."""

    operation: str
    sender_ip: str
    sender_mac: str
    target_ip: str
    target_mac: str


class Fragment(Struct, rename="pascal"):
    """Which piece of a packet this is: pieces of one packet have the same ``id``.

    Attributes:
        id: the packet's number.
        offset: where the piece begins, bytes.
        size: its length, bytes.
        is_last: no more follow.
    """

    id: int
    offset: int
    size: int
    is_last: bool


class Ip(Struct, rename="pascal", omit_defaults=True):
    """The internet header; ``protocol`` by name (TCP, UDP, ICMP, ICMPv6) or number."""

    version: int
    source: str
    destination: str
    protocol: str
    ttl: int
    fragment: Fragment | None = None


class Icmp(Struct, rename="pascal", omit_defaults=True):
    """A message of the network itself, of ICMP or ICMPv6.

    Attributes:
        type: its number.
        code: what about it.
        name: both in words.
        id: of an echo: who pings.
        sequence: of an echo: the how manieth.
        target: of IPv6 neighbour discovery: the address in question.
        mtu_bytes: of "too big": what would fit.
        quoted: of an error: the packet it is about, as far as it is quoted.
    """

    type: int
    code: int
    name: str
    id: int = 0
    sequence: int = 0
    target: str = ""
    mtu_bytes: int = 0
    quoted: Optional["Packet"] = None


class Tcp(Struct, rename="pascal", omit_defaults=True):
    """A TCP segment.

    Attributes:
        source_port: of the sender.
        destination_port: of the receiver.
        flags: among SYN, ACK, PSH, FIN, RST, URG, ECE, CWR.
        sequence: number of the first byte.
        acknowledgement: number of the byte that is expected next.
        payload_length: bytes carried.
        window: what the sender has room for, unscaled.
        options: of a SYN, in words.
        text: the first line, when it is HTTP's.
    """

    source_port: int
    destination_port: int
    flags: list[str]
    sequence: int
    acknowledgement: int
    payload_length: int
    window: int
    options: list[str] = []
    text: str = ""


class Udp(Struct, rename="pascal"):
    """A UDP datagram; ``payload_length`` in bytes."""

    source_port: int
    destination_port: int
    payload_length: int


class Dns(Struct, rename="pascal"):
    """A question for a name, or its answer.

    Attributes:
        id: the same in question and answer.
        is_response: this is the answer.
        question: the name.
        question_type: A, AAAA, PTR ...
        rcode: NOERROR, NXDOMAIN, SERVFAIL ...
        answers: addresses as they are, other records as ``TYPE value``.
    """

    id: int
    is_response: bool
    question: str
    question_type: str
    rcode: str
    answers: list[str]


class Vxlan(Struct, rename="pascal"):
    """An Ethernet frame on its way through an IP network; ``vni`` says in which virtual one."""

    vni: int


class Packet(Struct, rename="pascal", omit_defaults=True, kw_only=True):
    """A frame with what was found in it, layer by layer.

    Attributes:
        length: as it travelled, bytes; more may be said about it than was captured.
        source: MAC of the sender, empty where there is no Ethernet header.
        destination: MAC of the receiver.
        type: ARP, IPv4, IPv6, or the EtherType as ``0x88cc``.
        vlan: 802.1Q tag, 0 for none.
        inner: the frame inside a VXLAN packet.
        is_cut: it ends before its headers do.
        summary: all of it in a line.
    """

    length: int
    source: str = ""
    destination: str = ""
    type: str = ""
    vlan: int = 0
    arp: Arp | None = None
    ip: Ip | None = None
    icmp: Icmp | None = None
    tcp: Tcp | None = None
    udp: Udp | None = None
    dns: Dns | None = None
    vxlan: Vxlan | None = None
    inner: Optional["Packet"] = None
    is_cut: bool = False
    summary: str = ""


class CapturedPacket(Packet, kw_only=True):
    """A packet and where it was seen.

    Attributes:
        time: seconds since the epoch, by the kernel's clock when it passed.
        link: name of the link.
        link_index: its index.
        namespace: inode of the network namespace.
        direction: ``in`` or ``out``, as seen from the link.
        offload: what the kernel left to the link: ``checksum`` (not computed: a veth never needs
            it, so it is not wrong), ``segmentation`` (one frame longer than the MTU, which a real
            card would cut up).
    """

    time: float
    link: str
    link_index: int
    namespace: int
    direction: str
    offload: list[str] = []
