"""Tables, chains, rules and sets of the packet filter: requests, and how they are committed.

nf_tables changes by transactions: a batch of requests is carried out as a whole or not at all, and
packets see either the old rule set or the new one.  What a rule consists of is in
``nft_expressions``; reading back is ``nft_read``'s.

See: nft(8); linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h.
"""

import struct
from collections.abc import Sequence

from pyminidocker.network import attributes
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.netlink import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    Netlink,
    attribute,
    message,
    nested,
)
from pyminidocker.network.nft_expressions import Expressions, c_string, packed, u32

_HANDLE = struct.Struct("!Q")


def request(kind: int, flags: int, *attrs: bytes, family: int = n.NFPROTO_INET) -> bytes:
    """Compose one nf_tables request from its attributes; ``family`` is its table's."""
    body = struct.pack("=BBH", family, 0, 0) + b"".join(attrs)  # struct nfgenmsg
    return message(n.NFNL_SUBSYS_NFTABLES << 8 | kind, flags, body)


def commit(netlink: Netlink, requests: Sequence[bytes]) -> list[bytes]:
    """Apply requests as one transaction: all of them or none.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.
        requests: what the functions below compose.

    Returns:
        The messages that requests with ``NLM_F_ECHO`` asked for: what was made, with its handle.

    Raises:
        NetlinkError: the kernel refused one; nothing has changed.
    """
    body = struct.pack("!BBH", 0, 0, n.NFNL_SUBSYS_NFTABLES)
    begin = message(n.NFNL_MSG_BATCH_BEGIN, 0, body)
    end = message(n.NFNL_MSG_BATCH_END, 0, body)
    return netlink.execute([begin, *requests, end], subject="nftables", final=-2)


def _userdata(kind: int, value: bytes) -> bytes:
    """Encode what the kernel keeps for nft(8) without reading it: type, length, value."""
    return bytes([kind, len(value)]) + value


def _comment(kind: int, text: str) -> bytes:
    return _userdata(kind, c_string(text[:120]))


def new_table(table: str, comment: str = "") -> bytes:
    """Make a table of family inet; one that is there stays as it is."""
    attrs = [attribute(n.NFTA_TABLE_NAME, c_string(table))]
    if comment:
        text = _comment(n.UDATA_TABLE_COMMENT, comment)
        attrs.append(attribute(n.NFTA_TABLE_USERDATA, text))
    return request(n.NFT_MSG_NEWTABLE, NLM_F_CREATE, *attrs)


def delete_table(table: str) -> bytes:
    """Delete a table of family inet with everything in it; ENOENT if it is not there."""
    return request(n.NFT_MSG_DELTABLE, 0, attribute(n.NFTA_TABLE_NAME, c_string(table)))


def new_chain(
    table: str,
    name: str,
    *,
    hook_type: str = "",
    hook: int = 0,
    priority: int = 0,
    comment: str = "",
) -> bytes:
    """Make a chain; with ``hook_type`` (``nat``, ``filter``) the kernel calls it at ``hook``."""
    attrs = [
        attribute(n.NFTA_CHAIN_TABLE, c_string(table)),
        attribute(n.NFTA_CHAIN_NAME, c_string(name)),
    ]
    if hook_type:
        place = nested(
            n.NFTA_CHAIN_HOOK,
            attribute(n.NFTA_HOOK_HOOKNUM, u32(hook)),
            attribute(n.NFTA_HOOK_PRIORITY, u32(priority)),
        )
        attrs += [place, attribute(n.NFTA_CHAIN_TYPE, c_string(hook_type))]
    if comment:
        text = _comment(n.UDATA_CHAIN_COMMENT, comment)
        attrs.append(attribute(n.NFTA_CHAIN_USERDATA, text))
    return request(n.NFT_MSG_NEWCHAIN, NLM_F_CREATE, *attrs)


def set_policy(table: str, chain: str, verdict: int) -> bytes:
    """Set what becomes of packets that reach a hook's chain's end: ``NF_ACCEPT`` or ``NF_DROP``."""
    return request(
        n.NFT_MSG_NEWCHAIN,
        NLM_F_CREATE,
        attribute(n.NFTA_CHAIN_TABLE, c_string(table)),
        attribute(n.NFTA_CHAIN_NAME, c_string(chain)),
        attribute(n.NFTA_CHAIN_POLICY, u32(verdict)),
    )


def new_rule(
    table: str, chain: str, expressions: Expressions, comment: str = "", *, flags: int = 0
) -> bytes:
    """Append a rule to ``chain``; with flag ``NLM_F_ECHO`` the kernel says its handle."""
    attrs = [
        attribute(n.NFTA_RULE_TABLE, c_string(table)),
        attribute(n.NFTA_RULE_CHAIN, c_string(chain)),
        nested(n.NFTA_RULE_EXPRESSIONS, *(expression.data for expression in expressions)),
    ]
    if comment:
        text = _comment(n.UDATA_RULE_COMMENT, comment)
        attrs.append(attribute(n.NFTA_RULE_USERDATA, text))
    return request(n.NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | flags, *attrs)


def delete_rules(table: str, chain: str, handle: int = 0) -> bytes:
    """Delete the rule with ``handle`` (ENOENT if it is not there), or all rules of a chain."""
    attrs = [
        attribute(n.NFTA_RULE_TABLE, c_string(table)),
        attribute(n.NFTA_RULE_CHAIN, c_string(chain)),
    ]
    if handle:
        attrs.append(attribute(n.NFTA_RULE_HANDLE, _HANDLE.pack(handle)))
    return request(n.NFT_MSG_DELRULE, 0, *attrs)


def new_set(
    table: str, name: str, key_type: int, key_length: int, *, flags: int = 0, comment: str = ""
) -> bytes:
    """Make a set.

    Args:
        table: its table.
        name: how rules call it, ``@name``.
        key_type: ``TYPE_*``, for nft(8) only.
        key_length: bytes of a key.
        flags: ``NFT_SET_INTERVAL`` for networks.
        comment: what it is for.
    """
    attrs = [
        attribute(n.NFTA_SET_TABLE, c_string(table)),
        attribute(n.NFTA_SET_NAME, c_string(name)),
        attribute(n.NFTA_SET_FLAGS, u32(flags)),
        attribute(n.NFTA_SET_KEY_TYPE, u32(key_type)),
        attribute(n.NFTA_SET_KEY_LEN, u32(key_length)),
        attribute(n.NFTA_SET_ID, u32(1)),
    ]
    # Names are in the machine's byte order for nft(8), addresses in the network's.
    order = 1 if key_type == n.TYPE_IFNAME else 2
    notes = _userdata(n.UDATA_SET_KEYBYTEORDER, struct.pack("=I", order))
    if comment:
        notes += _comment(n.UDATA_SET_COMMENT, comment)
    attrs.append(attribute(n.NFTA_SET_USERDATA, notes))
    return request(n.NFT_MSG_NEWSET, NLM_F_CREATE, *attrs)


def _change_set(table: str, name: str, elements: list[bytes], *, remove: bool) -> bytes:
    return request(
        n.NFT_MSG_DELSETELEM if remove else n.NFT_MSG_NEWSETELEM,
        0 if remove else NLM_F_CREATE,
        attribute(n.NFTA_SET_ELEM_LIST_TABLE, c_string(table)),
        attribute(n.NFTA_SET_ELEM_LIST_SET, c_string(name)),
        nested(n.NFTA_SET_ELEM_LIST_ELEMENTS, *elements),
    )


def _element(key: bytes, flags: int = 0) -> bytes:
    body = nested(n.NFTA_SET_ELEM_KEY, attribute(n.NFTA_DATA_VALUE, key))
    if flags:
        body += attribute(n.NFTA_SET_ELEM_FLAGS, u32(flags))
    return nested(n.NFTA_LIST_ELEM, body)


def change_name_set(table: str, name: str, *links: str, remove: bool = False) -> bytes:
    """Put a link's name (or several, as one key) into a set, or take it out.

    ENOENT if it is not there.
    """
    key = b"".join(link.encode().ljust(n.IFNAMSIZ, b"\0") for link in links)
    return _change_set(table, name, [_element(key)], remove=remove)


def change_network_set(table: str, name: str, cidr: str, *, remove: bool = False) -> bytes:
    """Put a network into a set, or take it out: an interval is its first and the next address.

    Args:
        table: the set's table.
        name: the set, of flag ``NFT_SET_INTERVAL``.
        cidr: of the set's family; host bits must be zero.
        remove: take it out.
    """
    address, _, prefix = cidr.partition("/")
    first = packed(address)
    after = int.from_bytes(first, "big") + (1 << (len(first) * 8 - int(prefix)))
    end = (after % (1 << len(first) * 8)).to_bytes(len(first), "big")
    elements = [_element(first), _element(end, n.NFT_SET_ELEM_INTERVAL_END)]
    return _change_set(table, name, elements, remove=remove)


def handles_of(echoes: Sequence[bytes]) -> list[int]:
    """Return the handles of the rules among what ``commit`` returned, in order."""
    wanted = n.NFNL_SUBSYS_NFTABLES << 8 | n.NFT_MSG_NEWRULE
    return [
        attributes.number(attributes.parse_netfilter(echo)[n.NFTA_RULE_HANDLE])
        for echo in echoes
        if struct.unpack_from("=H", echo, 4)[0] == wanted
    ]


def used_rules(netlink: Netlink, table: str, chain: str) -> set[int]:
    """Return the handles of a chain's rules whose counter has counted anything.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.
        table: of family inet.
        chain: whose rules.

    Raises:
        NetlinkError: there is no such table or chain.
    """
    names = (
        attribute(n.NFTA_RULE_TABLE, c_string(table)),
        attribute(n.NFTA_RULE_CHAIN, c_string(chain)),
    )
    used = set()
    for reply in netlink.dump(request(n.NFT_MSG_GETRULE, 0, *names)):
        attrs = attributes.parse_netfilter(reply)
        for _, element in attributes.each(attrs.get(n.NFTA_RULE_EXPRESSIONS, b"")):
            outer = attributes.parse(element)
            if attributes.text(outer[n.NFTA_EXPR_NAME]) != "counter":
                continue
            counted = attributes.parse(outer[n.NFTA_EXPR_DATA]).get(n.NFTA_COUNTER_PACKETS, b"")
            if attributes.number(counted):
                used.add(attributes.number(attrs[n.NFTA_RULE_HANDLE]))
    return used
