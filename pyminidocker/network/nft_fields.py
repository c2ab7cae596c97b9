"""Which header field lies where: offsets and lengths, with nft(8)'s names.

See: nft(8) "Payload expressions"; RFC 791, 8200, 9293, 768, 792, 4443.
"""

from pyminidocker.network import nft_numbers as n

# protocol -> (offset, length, bytes) -> (field, kind)
_FIELDS = {
    "ether": {(0, 6): ("daddr", "ether_addr"), (6, 6): ("saddr", "ether_addr"),
              (12, 2): ("type", "ether_type")},
    "ip": {(2, 2): ("length", "integer"), (4, 2): ("id", "integer"), (8, 1): ("ttl", "integer"),
           (9, 1): ("protocol", "inet_proto"), (12, 4): ("saddr", "ipv4_addr"),
           (16, 4): ("daddr", "ipv4_addr")},
    "ip6": {(4, 2): ("length", "integer"), (6, 1): ("nexthdr", "inet_proto"),
            (7, 1): ("hoplimit", "integer"), (8, 16): ("saddr", "ipv6_addr"),
            (24, 16): ("daddr", "ipv6_addr")},
    "tcp": {(0, 2): ("sport", "inet_service"), (2, 2): ("dport", "inet_service"),
            (4, 4): ("sequence", "integer"), (8, 4): ("ackseq", "integer"),
            (13, 1): ("flags", "tcp_flag"), (14, 2): ("window", "integer")},
    "udp": {(0, 2): ("sport", "inet_service"), (2, 2): ("dport", "inet_service"),
            (4, 2): ("length", "integer"), (6, 2): ("checksum", "integer")},
    "sctp": {(0, 2): ("sport", "inet_service"), (2, 2): ("dport", "inet_service")},
    "th": {(0, 2): ("sport", "inet_service"), (2, 2): ("dport", "inet_service")},
    "icmp": {(0, 1): ("type", "icmp_type"), (1, 1): ("code", "integer"), (4, 2): ("id", "integer"),
             (6, 2): ("sequence", "integer")},
    "icmpv6": {(0, 1): ("type", "icmpv6_type"), (1, 1): ("code", "integer"),
               (4, 2): ("id", "integer"), (6, 2): ("sequence", "integer")},
}  # fmt: skip
_ADDRESSES = {
    "ip": ((12, 4, "saddr"), (16, 4, "daddr")),
    "ip6": ((8, 16, "saddr"), (24, 16, "daddr")),
}
_NETWORK = {n.NFPROTO_IPV4: "ip", n.NFPROTO_IPV6: "ip6"}
_TRANSPORT = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 132: "sctp"}
_BASES = {0: "ll", 1: "nh", 2: "th", 3: "ih"}

META = {
    0: ("meta length", "native"), 1: ("meta protocol", "ether_type"), 2: ("meta priority", "raw"),
    3: ("meta mark", "mark"), 4: ("iif", "ifindex"), 5: ("oif", "ifindex"),
    6: ("iifname", "ifname"), 7: ("oifname", "ifname"), 8: ("iiftype", "iftype"),
    9: ("oiftype", "iftype"), 10: ("meta skuid", "native"), 11: ("meta skgid", "native"),
    12: ("meta nftrace", "integer"), 15: ("meta nfproto", "nfproto"),
    16: ("meta l4proto", "inet_proto"), 19: ("meta pkttype", "pkt_type"),
    20: ("meta cpu", "native"),
    21: ("iifgroup", "native"), 22: ("oifgroup", "native"), 23: ("meta cgroup", "native"),
    26: ("meta iifkind", "ifname"), 27: ("meta oifkind", "ifname"),
}  # fmt: skip
CT = {
    0: ("state", "ct_state"), 1: ("direction", "ct_dir"), 2: ("status", "ct_status"),
    3: ("mark", "mark"), 5: ("expiration", "native"), 7: ("l3proto", "nfproto"),
    10: ("protocol", "inet_proto"), 11: ("proto-src", "inet_service"),
    12: ("proto-dst", "inet_service"), 17: ("zone", "native"), 19: ("ip saddr", "ipv4_addr"),
    20: ("ip daddr", "ipv4_addr"), 21: ("ip6 saddr", "ipv6_addr"), 22: ("ip6 daddr", "ipv6_addr"),
}  # fmt: skip
FIB_RESULTS = {1: ("oif", "ifindex"), 2: ("oifname", "ifname"), 3: ("type", "fib_addrtype")}
FIB_FLAGS = ((1, "saddr"), (2, "daddr"), (4, "mark"), (8, "iif"), (16, "oif"))


def protocol_of(base: int, family: int, transport: int) -> str:
    """Return which header ``base`` is, given what earlier expressions found, or empty.

    Args:
        base: ``NFT_PAYLOAD_*``.
        family: ``NFPROTO_*`` of the packet, 0 if unknown.
        transport: its transport protocol, 0 if unknown.
    """
    if base == n.NFT_PAYLOAD_LL_HEADER:
        return "ether"
    if base == n.NFT_PAYLOAD_NETWORK_HEADER:
        return _NETWORK.get(family, "")
    if base == n.NFT_PAYLOAD_TRANSPORT_HEADER:
        return _TRANSPORT.get(transport, "th")
    return ""


def field(protocol: str, base: int, offset: int, length: int) -> tuple[str, str]:
    """Return (nft's name, kind) of what is loaded; a part of an address is a prefix of it."""
    found = _FIELDS.get(protocol, {}).get((offset, length))
    if found is not None:
        return f"{protocol} {found[0]}", found[1]
    for begin, whole, name in _ADDRESSES.get(protocol, ()):
        if offset == begin and length < whole:
            return f"{protocol} {name}", "ipv4_addr" if protocol == "ip" else "ipv6_addr"
    return f"@{_BASES.get(base, base)},{offset * 8},{length * 8}", "raw"
