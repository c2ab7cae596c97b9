"""nftables expressions: the small machine language of the kernel's packet filter, written.

A rule is a list of expressions that the kernel runs for each packet: load something into a
register, compare it, look it up in a set, then act.  ``nft(8)`` compiles its text to exactly these;
``nft_decode`` turns them back into its text.  pyroute2's nftables module has no redirect and costs
15 ms of import, so the attributes are encoded by ``netlink.attribute`` (docs/decisions/0005).

See: nft(8); linux/netfilter/nf_tables.h.
"""

import socket
import struct

from pyminidocker.network import nft_numbers as n
from pyminidocker.network.netlink import attribute, nested

_ADDRESS_AT = {  # family -> offset of source and destination in the header, length
    n.NFPROTO_IPV4: (12, 16, 4),
    n.NFPROTO_IPV6: (8, 24, 16),
}
_PORT_DESTINATION_OFFSET = 2
_PROTOCOL_NUMBERS = {"tcp": n.IPPROTO_TCP, "udp": n.IPPROTO_UDP}


class Expression:
    """One step of a rule.

    Attributes:
        text: what it is for, where bytes alone do not say it.
        data: the encoded list element.
    """

    __slots__ = ("data", "text")

    def __init__(self, text: str, data: bytes) -> None:
        self.text = text
        self.data = data


Expressions = list[Expression]


def u32(number: int) -> bytes:
    """Encode a number as nf_tables has it: four bytes, network order."""
    return struct.pack("!I", number & 0xFFFFFFFF)


def c_string(text: str) -> bytes:
    """Encode a name with its closing zero."""
    return text.encode() + b"\0"


def family_of(ip: str) -> int:
    """Return ``NFPROTO_IPV4`` or ``NFPROTO_IPV6`` for address text."""
    return n.NFPROTO_IPV6 if ":" in ip else n.NFPROTO_IPV4


def packed(ip: str) -> bytes:
    """Return an address's bytes.

    Raises:
        OSError: it is none.
    """
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def _expression(name: str, *attributes: bytes, text: str = "") -> Expression:
    body = attribute(n.NFTA_EXPR_NAME, c_string(name)) + nested(n.NFTA_EXPR_DATA, *attributes)
    return Expression(text, nested(n.NFTA_LIST_ELEM, body))


# -- steps ----------------------------------------------------------------------------------------


def meta(key: int, register: int = n.NFT_REG_1) -> Expression:
    """Load a fact about the packet that is not in its bytes (``NFT_META_*``) into a register."""
    return _expression(
        "meta", attribute(n.NFTA_META_KEY, u32(key)), attribute(n.NFTA_META_DREG, u32(register))
    )


def payload(base: int, offset: int, length: int) -> Expression:
    """Load ``length`` bytes at ``offset`` of header ``base`` into register 1."""
    return _expression(
        "payload",
        attribute(n.NFTA_PAYLOAD_DREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_PAYLOAD_BASE, u32(base)),
        attribute(n.NFTA_PAYLOAD_OFFSET, u32(offset)),
        attribute(n.NFTA_PAYLOAD_LEN, u32(length)),
    )


def conntrack(key: int) -> Expression:
    """Load what connection tracking knows of the packet's flow (``NFT_CT_*``) into register 1."""
    return _expression(
        "ct", attribute(n.NFTA_CT_KEY, u32(key)), attribute(n.NFTA_CT_DREG, u32(n.NFT_REG_1))
    )


def compare(value: bytes, op: int = n.NFT_CMP_EQ, text: str = "") -> Expression:
    """Go on only if register 1 compares so with ``value``."""
    return _expression(
        "cmp",
        attribute(n.NFTA_CMP_SREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_CMP_OP, u32(op)),
        nested(n.NFTA_CMP_DATA, attribute(n.NFTA_DATA_VALUE, value)),
        text=text,
    )


def equals(value: bytes, text: str = "") -> Expression:
    """Go on only if register 1 holds ``value``."""
    return compare(value, text=text)


def any_bit(mask: int) -> Expressions:
    """Go on only if register 1 (four bytes, the machine's order) has one of the bits set."""
    masked = _expression(
        "bitwise",
        attribute(n.NFTA_BITWISE_SREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_BITWISE_DREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_BITWISE_LEN, u32(4)),
        nested(n.NFTA_BITWISE_MASK, attribute(n.NFTA_DATA_VALUE, struct.pack("=I", mask))),
        nested(n.NFTA_BITWISE_XOR, attribute(n.NFTA_DATA_VALUE, bytes(4))),
    )
    return [masked, compare(bytes(4), n.NFT_CMP_NEQ)]


def in_set(name: str, *, inverted: bool = False) -> Expression:
    """Go on only if register 1 is in set ``name``, or (inverted) is not."""
    return _expression(
        "lookup",
        attribute(n.NFTA_LOOKUP_SET, c_string(name)),
        attribute(n.NFTA_LOOKUP_SREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_LOOKUP_FLAGS, u32(n.NFT_LOOKUP_F_INV if inverted else 0)),
    )


def load(register: int, value: bytes) -> Expression:
    """Load a constant into a register."""
    return _expression(
        "immediate",
        attribute(n.NFTA_IMMEDIATE_DREG, u32(register)),
        nested(n.NFTA_IMMEDIATE_DATA, attribute(n.NFTA_DATA_VALUE, value)),
    )


def _verdict(code: int, chain: str = "") -> Expression:
    attributes = [attribute(n.NFTA_VERDICT_CODE, u32(code))]
    if chain:
        attributes.append(attribute(n.NFTA_VERDICT_CHAIN, c_string(chain)))
    return _expression(
        "immediate",
        attribute(n.NFTA_IMMEDIATE_DREG, u32(n.NFT_REG_VERDICT)),
        nested(n.NFTA_IMMEDIATE_DATA, nested(n.NFTA_DATA_VERDICT, *attributes)),
    )


# -- matches --------------------------------------------------------------------------------------


def _link_name(name: str) -> bytes:
    return name.encode().ljust(n.IFNAMSIZ, b"\0")


def match_incoming(link: str, *, inverted: bool = False) -> Expressions:
    """Match packets that came in through ``link``, or (inverted) through any other."""
    op = n.NFT_CMP_NEQ if inverted else n.NFT_CMP_EQ
    return [meta(n.NFT_META_IIFNAME), compare(_link_name(link), op)]


def match_outgoing(link: str, *, inverted: bool = False) -> Expressions:
    """Match packets about to leave through ``link``, or (inverted) through any other."""
    op = n.NFT_CMP_NEQ if inverted else n.NFT_CMP_EQ
    return [meta(n.NFT_META_OIFNAME), compare(_link_name(link), op)]


def match_incoming_in(set_name: str, *, inverted: bool = False) -> Expressions:
    """Match packets that came in through a link whose name is in a set, or is not."""
    return [meta(n.NFT_META_IIFNAME), in_set(set_name, inverted=inverted)]


def match_outgoing_in(set_name: str, *, inverted: bool = False) -> Expressions:
    """Match packets about to leave through a link whose name is in a set, or is not."""
    return [meta(n.NFT_META_OIFNAME), in_set(set_name, inverted=inverted)]


def match_links_in(set_name: str) -> Expressions:
    """Match packets whose (incoming, outgoing) pair of links is in a set."""
    return [
        meta(n.NFT_META_IIFNAME),
        meta(n.NFT_META_OIFNAME, n.NFT_REG_2),  # the key is what lies in both, one behind the other
        in_set(set_name),
    ]


def match_family(family: int) -> Expressions:
    """Match IPv4 or IPv6 packets (a table of family inet sees both)."""
    return [meta(n.NFT_META_NFPROTO), equals(bytes([family]))]


def match_ipv4() -> Expressions:
    """Match IPv4 packets."""
    return match_family(n.NFPROTO_IPV4)


def match_source_in(set_name: str, family: int) -> Expressions:
    """Match packets of ``family`` from an address in a set."""
    offset, _, length = _ADDRESS_AT[family]
    load = payload(n.NFT_PAYLOAD_NETWORK_HEADER, offset, length)
    return [*match_family(family), load, in_set(set_name)]


def _match_network(family: int, offset: int, network: bytes, prefix: int) -> Expressions:
    """Match whole bytes only, as nft(8) does for such prefixes."""
    length = prefix // 8
    load = payload(n.NFT_PAYLOAD_NETWORK_HEADER, offset, length)
    return [*match_family(family), load, equals(network[:length])]


def match_source(ip: str, prefix: int = 0) -> Expressions:
    """Match packets from an address, or from a network whose prefix is whole bytes."""
    family = family_of(ip)
    offset, _, length = _ADDRESS_AT[family]
    return _match_network(family, offset, packed(ip), prefix or length * 8)


def match_source_not(ip: str) -> Expressions:
    """Match packets of the address's family from any other address."""
    family = family_of(ip)
    offset, _, length = _ADDRESS_AT[family]
    load = payload(n.NFT_PAYLOAD_NETWORK_HEADER, offset, length)
    return [*match_family(family), load, compare(packed(ip), n.NFT_CMP_NEQ)]


def match_destination(ip: str, prefix: int = 0) -> Expressions:
    """Match packets to an address, or to a network whose prefix is whole bytes."""
    family = family_of(ip)
    _, offset, length = _ADDRESS_AT[family]
    return _match_network(family, offset, packed(ip), prefix or length * 8)


def match_destination_local() -> Expressions:
    """Match packets to an address of this host, whichever (``fib daddr type local``)."""
    look = _expression(
        "fib",
        attribute(n.NFTA_FIB_FLAGS, u32(n.NFTA_FIB_F_DADDR)),
        attribute(n.NFTA_FIB_RESULT, u32(n.NFT_FIB_RESULT_ADDRTYPE)),
        attribute(n.NFTA_FIB_DREG, u32(n.NFT_REG_1)),
    )
    return [look, equals(struct.pack("=I", n.RTN_LOCAL))]


def match_protocol(protocol: int, name: str = "") -> Expressions:
    """Match by transport protocol number."""
    return [meta(n.NFT_META_L4PROTO), equals(bytes([protocol]), f"meta l4proto {name}")]


def match_port(protocol: str, port: int) -> Expressions:
    """Match ``tcp`` or ``udp`` packets to ``port``."""
    return [
        *match_protocol(_PROTOCOL_NUMBERS[protocol], protocol),
        payload(n.NFT_PAYLOAD_TRANSPORT_HEADER, _PORT_DESTINATION_OFFSET, 2),
        equals(struct.pack("!H", port)),
    ]


def match_known() -> Expressions:
    """Match answers, and errors that belong to a flow (``ct state established,related``)."""
    return [conntrack(n.NFT_CT_STATE), *any_bit(n.CT_STATE_ESTABLISHED | n.CT_STATE_RELATED)]


def match_translated() -> Expressions:
    """Match flows whose destination has been rewritten (``ct status dnat``)."""
    return [conntrack(n.NFT_CT_STATUS), *any_bit(n.IPS_DST_NAT)]


# -- actions --------------------------------------------------------------------------------------


def counter() -> Expression:
    """Count packets and bytes that came this far."""
    zero = struct.pack("!Q", 0)
    return _expression(
        "counter", attribute(n.NFTA_COUNTER_BYTES, zero), attribute(n.NFTA_COUNTER_PACKETS, zero)
    )


def accept() -> Expression:
    """Let the packet pass this hook's chain."""
    return _verdict(n.NF_ACCEPT)


def drop() -> Expression:
    """Forget the packet without a word."""
    return _verdict(n.NF_DROP)


def jump(chain: str) -> Expression:
    """Go through ``chain``, then come back."""
    return _verdict(n.NFT_JUMP, chain)


def reject_admin_prohibited() -> Expression:
    """Drop the packet and tell the sender so (ICMP type 3 code 13, RFC 1812 section 5.2.7.1)."""
    return _expression(
        "reject",
        attribute(n.NFTA_REJECT_TYPE, u32(n.NFT_REJECT_ICMPX_UNREACH)),
        attribute(n.NFTA_REJECT_ICMP_CODE, bytes([n.NFT_REJECT_ICMPX_ADMIN_PROHIBITED])),
    )


def redirect(port: int) -> Expressions:
    """Rewrite the destination to this host's ``port``; conntrack remembers the original."""
    act = _expression("redir", attribute(n.NFTA_REDIR_REG_PROTO_MIN, u32(n.NFT_REG_1)))
    return [load(n.NFT_REG_1, struct.pack("!H", port)), act]


def masquerade() -> Expression:
    """Rewrite the source to the address of the link the packet leaves by."""
    return _expression("masq")


def store(base: int, offset: int, length: int, checksum: int, text: str = "") -> Expression:
    """Overwrite bytes of header ``base`` with register 1, and correct its ``checksum`` (RFC 1624).

    Args:
        base: ``NFT_PAYLOAD_*``.
        offset: of the bytes in the header.
        length: how many.
        checksum: where the header's checksum is.
        text: the expression's.
    """
    return _expression(
        "payload",
        attribute(n.NFTA_PAYLOAD_BASE, u32(base)),
        attribute(n.NFTA_PAYLOAD_OFFSET, u32(offset)),
        attribute(n.NFTA_PAYLOAD_LEN, u32(length)),
        attribute(n.NFTA_PAYLOAD_SREG, u32(n.NFT_REG_1)),
        attribute(n.NFTA_PAYLOAD_CSUM_TYPE, u32(n.NFT_PAYLOAD_CSUM_INET)),
        attribute(n.NFTA_PAYLOAD_CSUM_OFFSET, u32(checksum)),
        text=text,
    )


def translate_destination(ip: str, port: int) -> Expressions:
    """Rewrite the destination (``dnat to``); answers are rewritten back by themselves."""
    act = _expression(
        "nat",
        attribute(n.NFTA_NAT_TYPE, u32(n.NFT_NAT_DNAT)),
        attribute(n.NFTA_NAT_FAMILY, u32(family_of(ip))),
        attribute(n.NFTA_NAT_REG_ADDR_MIN, u32(n.NFT_REG_1)),
        attribute(n.NFTA_NAT_REG_PROTO_MIN, u32(n.NFT_REG_2)),
    )
    return [load(n.NFT_REG_1, packed(ip)), load(n.NFT_REG_2, struct.pack("!H", port)), act]
