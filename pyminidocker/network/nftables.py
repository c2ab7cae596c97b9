"""nftables expressions: the small machine language of the kernel's packet filter.

A rule is a list of expressions that the kernel runs for each packet: load something into a
register, compare it, look it up in a set, then act.  ``nft(8)`` compiles its text to exactly these;
here they are written directly, each with the text that stands for it, so that a rule can be shown
as well as installed.  pyroute2's nftables module has no redirect and costs 15 ms of import, so the
attributes are encoded by ``netlink.attribute`` (docs/decisions/0005).

See: nft(8); linux/netfilter/nf_tables.h.
"""

import socket
import struct
from collections.abc import Sequence

from pyminidocker.network.netlink import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    Netlink,
    attribute,
    message,
    nested,
)

NFNL_SUBSYS_NFTABLES = 10
NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 16, 17
NFT_MSG_NEWTABLE = 0
NFT_MSG_NEWCHAIN = 3
NFT_MSG_NEWRULE = 6
NFT_MSG_NEWSET = 9
NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM = 12, 14

NFPROTO_INET, NFPROTO_IPV4 = 1, 2
NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_LOCAL_OUT = 0, 2, 3
PRIORITY_DSTNAT, PRIORITY_FILTER = -100, 0
IPPROTO_TCP, IPPROTO_UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP

NFT_REG_VERDICT, NFT_REG_1 = 0, 1
NFT_JUMP = -3
NFT_META_OIFNAME, NFT_META_NFPROTO, NFT_META_L4PROTO = 7, 15, 16
NFT_PAYLOAD_NETWORK_HEADER, NFT_PAYLOAD_TRANSPORT_HEADER = 1, 2
NFT_CMP_EQ = 0
NFT_LOOKUP_F_INV = 1
NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED = 2, 3
NFT_SET_INTERVAL, NFT_SET_ELEM_INTERVAL_END = 4, 1
TYPE_IPV4_ADDR = 7  # nft(8)'s number for the set's key type

_IFNAMSIZ = 16
_IPV4_DESTINATION_OFFSET = 16
_PORT_DESTINATION_OFFSET = 2


class Expression:
    """One step of a rule.

    Attributes:
        text: what nft(8) would show for it; empty for a step that only prepares the next.
        data: the encoded list element.
    """

    __slots__ = ("data", "text")

    def __init__(self, text: str, data: bytes) -> None:
        self.text = text
        self.data = data


def _u32(number: int) -> bytes:
    return struct.pack("!I", number & 0xFFFFFFFF)


def _name(text: str) -> bytes:
    return text.encode() + b"\0"


def _expression(name: str, *attributes: bytes, text: str = "") -> Expression:
    body = attribute(1, _name(name)) + nested(2, *attributes)  # NFTA_EXPR_NAME, NFTA_EXPR_DATA
    return Expression(text, nested(1, body))  # NFTA_LIST_ELEM


def meta(key: int) -> Expression:
    """Load a fact about the packet that is not in its bytes (``NFT_META_*``) into register 1."""
    return _expression("meta", attribute(2, _u32(key)), attribute(1, _u32(NFT_REG_1)))


def payload(base: int, offset: int, length: int) -> Expression:
    """Load ``length`` bytes at ``offset`` of header ``base`` into register 1."""
    return _expression(
        "payload",
        attribute(1, _u32(NFT_REG_1)),
        attribute(2, _u32(base)),
        attribute(3, _u32(offset)),
        attribute(4, _u32(length)),
    )


def equals(value: bytes, text: str) -> Expression:
    """Go on only if register 1 holds ``value``."""
    return _expression(
        "cmp",
        attribute(1, _u32(NFT_REG_1)),
        attribute(2, _u32(NFT_CMP_EQ)),
        nested(3, attribute(1, value)),
        text=text,
    )


def not_in_set(name: str, text: str) -> Expression:
    """Go on only if register 1 is in no element of set ``name``."""
    return _expression(
        "lookup",
        attribute(1, _name(name)),
        attribute(2, _u32(NFT_REG_1)),
        attribute(5, _u32(NFT_LOOKUP_F_INV)),
        text=text,
    )


def counter() -> Expression:
    """Count packets and bytes that came this far."""
    zero = struct.pack("!Q", 0)
    return _expression("counter", attribute(1, zero), attribute(2, zero), text="counter")


def jump(chain: str) -> Expression:
    """Go through ``chain``, then come back."""
    verdict = nested(2, attribute(1, _u32(NFT_JUMP)), attribute(2, _name(chain)))
    return _expression(
        "immediate",
        attribute(1, _u32(NFT_REG_VERDICT)),
        nested(2, verdict),
        text=f"jump {chain}",
    )


def redirect(port: int) -> list[Expression]:
    """Rewrite the destination to this host's ``port``; conntrack remembers the original."""
    load = _expression(
        "immediate",
        attribute(1, _u32(NFT_REG_1)),
        nested(2, attribute(1, struct.pack("!H", port))),
    )
    return [load, _expression("redir", attribute(1, _u32(NFT_REG_1)), text=f"redirect to :{port}")]


def reject_admin_prohibited() -> Expression:
    """Drop the packet and tell the sender so (ICMP type 3 code 13, RFC 1812 section 5.2.7.1)."""
    return _expression(
        "reject",
        attribute(1, _u32(NFT_REJECT_ICMPX_UNREACH)),
        attribute(2, bytes([NFT_REJECT_ICMPX_ADMIN_PROHIBITED])),
        text="reject with icmpx admin-prohibited",
    )


def match_outgoing(link: str) -> list[Expression]:
    """Match packets about to leave through ``link``."""
    value = link.encode().ljust(_IFNAMSIZ, b"\0")
    return [meta(NFT_META_OIFNAME), equals(value, f'oifname "{link}"')]


def match_ipv4() -> list[Expression]:
    """Match IPv4 packets (a table of family inet sees both)."""
    return [meta(NFT_META_NFPROTO), equals(bytes([NFPROTO_IPV4]), "meta nfproto ipv4")]


def match_protocol(protocol: int, name: str) -> list[Expression]:
    """Match by transport protocol number."""
    return [meta(NFT_META_L4PROTO), equals(bytes([protocol]), f"meta l4proto {name}")]


def match_destination_outside(set_name: str) -> list[Expression]:
    """Match IPv4 packets to an address in no element of ``set_name``; goes after ``match_ipv4``."""
    return [
        payload(NFT_PAYLOAD_NETWORK_HEADER, _IPV4_DESTINATION_OFFSET, 4),
        not_in_set(set_name, f"ip daddr != @{set_name}"),
    ]


def match_destination_port(port: int, protocol: str) -> list[Expression]:
    """Match TCP or UDP packets to ``port``; goes after ``match_protocol``."""
    return [
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, _PORT_DESTINATION_OFFSET, 2),
        equals(struct.pack("!H", port), f"{protocol} dport {port}"),
    ]


def _request(kind: int, flags: int, *attributes: bytes) -> bytes:
    body = struct.pack("=BBH", NFPROTO_INET, 0, 0) + b"".join(attributes)  # struct nfgenmsg
    return message(NFNL_SUBSYS_NFTABLES << 8 | kind, flags, body)


def commit(netlink: Netlink, requests: Sequence[bytes]) -> None:
    """Apply requests as one transaction: all of them or none.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.
        requests: what the functions below compose.

    Raises:
        NetlinkError: the kernel refused one; nothing has changed.
    """
    body = struct.pack("!BBH", 0, 0, NFNL_SUBSYS_NFTABLES)
    begin = message(NFNL_MSG_BATCH_BEGIN, 0, body)
    end = message(NFNL_MSG_BATCH_END, 0, body)
    netlink.execute([begin, *requests, end], subject="nftables", final=-2)


def _comment(text: str) -> bytes:
    """Encode a comment as nft(8) keeps it in user data: type 0, length, text."""
    value = _name(text)
    return bytes([0, len(value)]) + value


def new_table(table: str) -> bytes:
    """Make a table of family inet; one that is there stays as it is."""
    return _request(NFT_MSG_NEWTABLE, NLM_F_CREATE, attribute(1, _name(table)))


def new_chain(
    table: str, name: str, *, hook_type: str = "", hook: int = 0, priority: int = 0
) -> bytes:
    """Make a chain; with ``hook_type`` (``nat``, ``filter``) the kernel calls it at ``hook``."""
    attributes = [attribute(1, _name(table)), attribute(3, _name(name))]
    if hook_type:
        place = nested(4, attribute(1, _u32(hook)), attribute(2, _u32(priority)))
        attributes += [place, attribute(7, _name(hook_type))]
    return _request(NFT_MSG_NEWCHAIN, NLM_F_CREATE, *attributes)


def new_rule(table: str, chain: str, expressions: list[Expression], comment: str) -> bytes:
    """Append a rule to ``chain``."""
    return _request(
        NFT_MSG_NEWRULE,
        NLM_F_CREATE | NLM_F_APPEND,
        attribute(1, _name(table)),
        attribute(2, _name(chain)),
        nested(4, *(expression.data for expression in expressions)),
        attribute(7, _comment(comment)),
    )


def new_network_set(table: str, name: str) -> bytes:
    """Make a set of IPv4 networks."""
    return _request(
        NFT_MSG_NEWSET,
        NLM_F_CREATE,
        attribute(1, _name(table)),
        attribute(2, _name(name)),
        attribute(3, _u32(NFT_SET_INTERVAL)),
        attribute(4, _u32(TYPE_IPV4_ADDR)),
        attribute(5, _u32(4)),
        attribute(10, _u32(1)),
    )


def change_network_set(
    table: str, name: str, network: int, prefix: int, *, remove: bool = False
) -> bytes:
    """Put a network into a set, or take it out: an interval is its first and the next address."""
    begin = nested(1, nested(1, attribute(1, _u32(network))))
    after = _u32(network + (1 << (32 - prefix)))
    end = nested(1, nested(1, attribute(1, after)), attribute(3, _u32(NFT_SET_ELEM_INTERVAL_END)))
    return _request(
        NFT_MSG_DELSETELEM if remove else NFT_MSG_NEWSETELEM,
        0 if remove else NLM_F_CREATE,
        attribute(1, _name(table)),
        attribute(2, _name(name)),
        nested(3, begin, end),
    )
