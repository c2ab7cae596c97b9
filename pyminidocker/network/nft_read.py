"""The packet filter read back from the kernel: chains, rules, sets, and their counters.

Four dumps answer: chains, sets, each set's elements, rules.  They are not one moment's picture, but
each is consistent in itself; a rule whose set has gone meanwhile shows ``@name``.

See: nft(8); linux/netfilter/nf_tables.h.
"""

from dataclasses import dataclass, field

from pyminidocker.network import attributes, nft_values, nftables
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.attributes import Attributes, number, text
from pyminidocker.network.netlink import Netlink, attribute
from pyminidocker.network.nft_decode import (
    Element,
    NamedSet,
    RawExpression,
    decode,
    read_value,
    read_verdict,
)

_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_HOOKS = {
    "inet": ("prerouting", "input", "forward", "output", "postrouting", "ingress"),
    "netdev": ("ingress", "egress"),
    "arp": ("input", "output", "forward"),
}
_HOOK_NAMES = _HOOKS["inet"]
_PRIORITIES: tuple[tuple[int, str], ...] = (
    (-300, "raw"),
    (-150, "mangle"),
    (0, "filter"),
    (50, "security"),
)
_NAT_PRIORITIES: dict[str, tuple[int, str]] = {
    "prerouting": (-100, "dstnat"),
    "postrouting": (100, "srcnat"),
}
# linux/netfilter_bridge.h
_BRIDGE_PRIORITIES = ((-300, "dstnat"), (-200, "filter"), (100, "out"), (300, "srcnat"))
_NEAR = 10  # nft(8) writes "filter + 10" up to here
_VERDICT_TYPE = 0xFFFFFF00


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as the kernel has it now.

    Attributes:
        handle: the kernel's number, by which the rule can be deleted.
        text: as nft(8) would show it, without comment and counter values.
        comment: what its maker wrote down, or empty.
        packets: how many came as far as its counter; 0 without one.
        bytes: the same in bytes.
        has_counter: whether it counts.
        expressions: what it consists of, for ``nft_walk``.
    """

    handle: int
    text: str
    comment: str
    packets: int
    bytes: int
    has_counter: bool
    expressions: list[RawExpression] = field(repr=False, compare=False, default_factory=list)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; ``hook`` is empty for one that is only jumped to.

    Attributes:
        table: the table's name.
        family: of the table: ``inet``, ``ip``, ``ip6``, ``bridge``, ``arp``, ``netdev``.
        name: e.g. ``forward``.
        type: ``filter``, ``nat``, ``route``, or empty.
        hook: ``prerouting``, ``input``, ``forward``, ``output``, ``postrouting``, or empty.
        priority: order among the chains of a hook, as nft(8) names it (``dstnat``, ``filter`` ...).
        priority_number: the same as a number; lower ones come first.
        policy: ``accept`` or ``drop``, or empty.
        comment: what its maker wrote down, or empty.
        handle: the kernel's number.
        rules: in order.
    """

    table: str
    family: str
    name: str
    type: str
    hook: str
    priority: str
    priority_number: int
    policy: str
    comment: str
    handle: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its family, name and comment."""

    family: str
    name: str
    comment: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything, table by table.

    Attributes:
        tables: in the kernel's order.
        chains: of all tables.
        sets: of all tables, with those that belong to a single rule.
    """

    tables: tuple[Table, ...]
    chains: tuple[Chain, ...]
    sets: tuple[NamedSet, ...]

    def text(self) -> str:
        """Write it as ``nft list ruleset`` does."""
        from pyminidocker.network import nft_text

        return nft_text.write(self)


def _dump(netlink: Netlink, kind: int, *attrs: bytes, family: int = 0) -> list[bytes]:
    return netlink.dump(nftables.request(kind, 0, *attrs, family=family))


def read(netlink: Netlink) -> Ruleset:
    """Read all tables of the socket's network namespace.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.

    Raises:
        NetlinkError: the kernel refused.
    """
    tables = tuple(_table(reply) for reply in _dump(netlink, n.NFT_MSG_GETTABLE))
    sets = tuple(_set(netlink, reply) for reply in _dump(netlink, n.NFT_MSG_GETSET))
    by_table: dict[tuple[str, str], dict[str, NamedSet]] = {}
    for found in sets:
        by_table.setdefault((found.family, found.table), {})[found.name] = found
    rules: dict[tuple[str, str, str], list[Rule]] = {}
    for reply in _dump(netlink, n.NFT_MSG_GETRULE):
        attrs = attributes.parse_netfilter(reply)
        family, table = _family(reply), text(attrs[n.NFTA_RULE_TABLE])
        rule = _rule(attrs, attributes.family(reply), by_table.get((family, table), {}))
        rules.setdefault((family, table, text(attrs[n.NFTA_RULE_CHAIN])), []).append(rule)
    chains = tuple(_chain(reply, rules) for reply in _dump(netlink, n.NFT_MSG_GETCHAIN))
    return Ruleset(tables, chains, sets)


def _family(reply: bytes) -> str:
    family = attributes.family(reply)
    return _FAMILIES.get(family, str(family))


def _comment(userdata: bytes, wanted: int) -> str:
    """Find the comment in what nft(8) keeps in user data: type, length, value, repeated."""
    offset = 0
    while offset + 2 <= len(userdata):
        kind, length = userdata[offset], userdata[offset + 1]
        if kind == wanted:
            return text(userdata[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return ""


def _table(reply: bytes) -> Table:
    attrs = attributes.parse_netfilter(reply)
    comment = _comment(attrs.get(n.NFTA_TABLE_USERDATA, b""), n.UDATA_TABLE_COMMENT)
    return Table(_family(reply), text(attrs[n.NFTA_TABLE_NAME]), comment)


def _chain(reply: bytes, rules: dict[tuple[str, str, str], list[Rule]]) -> Chain:
    attrs = attributes.parse_netfilter(reply)
    family, table = _family(reply), text(attrs[n.NFTA_CHAIN_TABLE])
    name = text(attrs[n.NFTA_CHAIN_NAME])
    hook, priority, policy = "", 0, ""
    if n.NFTA_CHAIN_HOOK in attrs:
        place = attributes.parse(attrs[n.NFTA_CHAIN_HOOK])
        names = _HOOKS.get(family, _HOOK_NAMES)
        position = number(place[n.NFTA_HOOK_HOOKNUM])
        hook = names[position] if position < len(names) else str(position)
        priority = int.from_bytes(place[n.NFTA_HOOK_PRIORITY], "big", signed=True)
        policy = "drop" if number(attrs.get(n.NFTA_CHAIN_POLICY, b"\1")) == n.NF_DROP else "accept"
    return Chain(
        table=table,
        family=family,
        name=name,
        type=text(attrs.get(n.NFTA_CHAIN_TYPE, b"")),
        hook=hook,
        priority=_priority(priority, hook, family) if hook else "",
        priority_number=priority,
        policy=policy,
        comment=_comment(attrs.get(n.NFTA_CHAIN_USERDATA, b""), n.UDATA_CHAIN_COMMENT),
        handle=number(attrs[n.NFTA_CHAIN_HANDLE]),
        rules=tuple(rules.get((family, table, name), ())),
    )


def _priority(priority: int, hook: str, family: str) -> str:
    known = list(_PRIORITIES if family != "bridge" else _BRIDGE_PRIORITIES)
    if family != "bridge" and hook in _NAT_PRIORITIES:
        known.append(_NAT_PRIORITIES[hook])
    for base, name in known:
        distance = priority - base
        if distance == 0:
            return name
        if abs(distance) <= _NEAR:
            return f"{name} {'+' if distance > 0 else '-'} {abs(distance)}"
    return str(priority)


def _rule(attrs: Attributes, family: int, sets: dict[str, NamedSet]) -> Rule:
    expressions: list[RawExpression] = []
    packets = count = 0
    has_counter = False
    for _, element in attributes.each(attrs.get(n.NFTA_RULE_EXPRESSIONS, b"")):
        outer = attributes.parse(element)
        name = text(outer[n.NFTA_EXPR_NAME])
        inner = attributes.parse(outer.get(n.NFTA_EXPR_DATA, b""))
        expressions.append((name, inner))
        if name == "counter" and not has_counter:
            has_counter = True
            packets = number(inner.get(n.NFTA_COUNTER_PACKETS, b""))
            count = number(inner.get(n.NFTA_COUNTER_BYTES, b""))
    return Rule(
        handle=number(attrs[n.NFTA_RULE_HANDLE]),
        text=decode(expressions, family, sets),
        comment=_comment(attrs.get(n.NFTA_RULE_USERDATA, b""), n.UDATA_RULE_COMMENT),
        packets=packets,
        bytes=count,
        has_counter=has_counter,
        expressions=expressions,
    )


# -- sets -----------------------------------------------------------------------------------------


def _set(netlink: Netlink, reply: bytes) -> NamedSet:
    attrs = attributes.parse_netfilter(reply)
    flags = number(attrs.get(n.NFTA_SET_FLAGS, b""))
    kinds = tuple(nft_values.split_type(number(attrs.get(n.NFTA_SET_KEY_TYPE, b"")))) or ("raw",)
    data_kind = ""
    if flags & n.NFT_SET_MAP:
        data_type = number(attrs.get(n.NFTA_SET_DATA_TYPE, b""))
        data_kind = "verdict" if data_type == _VERDICT_TYPE else "raw"
        if data_kind == "raw":
            data_kind = (nft_values.split_type(data_type) or ["raw"])[0]
    table, name = attrs[n.NFTA_SET_TABLE], attrs[n.NFTA_SET_NAME]
    replies = _dump(
        netlink,
        n.NFT_MSG_GETSETELEM,
        attribute(n.NFTA_SET_ELEM_LIST_TABLE, table),
        attribute(n.NFTA_SET_ELEM_LIST_SET, name),
        family=attributes.family(reply),
    )
    return NamedSet(
        table=text(table),
        family=_family(reply),
        name=text(name),
        kinds=kinds,
        data_kind=data_kind,
        flags=flags,
        comment=_comment(attrs.get(n.NFTA_SET_USERDATA, b""), n.UDATA_SET_COMMENT),
        handle=number(attrs.get(n.NFTA_SET_HANDLE, b"")),
        elements=tuple(_elements(replies, list(kinds), data_kind, flags)),
        size=number(attributes.parse(attrs.get(n.NFTA_SET_DESC, b"")).get(1, b"")),
        timeout_s=number(attrs.get(n.NFTA_SET_TIMEOUT, b"")) / 1000,
    )


def _elements(replies: list[bytes], kinds: list[str], data_kind: str, flags: int) -> list[Element]:
    raw: list[Attributes] = []
    for reply in replies:
        listed = attributes.parse_netfilter(reply).get(n.NFTA_SET_ELEM_LIST_ELEMENTS, b"")
        raw += [attributes.parse(element) for _, element in attributes.each(listed)]
    if flags & n.NFT_SET_INTERVAL and len(kinds) == 1:
        return _intervals(raw, kinds[0], data_kind)
    raw.sort(key=_value)
    return [Element(_write_key(element, kinds), _data(element, data_kind)) for element in raw]


def _value(element: Attributes, which: int = n.NFTA_SET_ELEM_KEY) -> bytes:
    return read_value(element.get(which, b""))


def _data(element: Attributes, kind: str) -> str:
    data = attributes.parse(element.get(n.NFTA_SET_ELEM_DATA, b""))
    if n.NFTA_DATA_VERDICT in data:
        return read_verdict(data)
    value = data.get(n.NFTA_DATA_VALUE)
    return nft_values.write(kind, value) if value is not None else ""


def _write_key(element: Attributes, kinds: list[str]) -> str:
    firsts = nft_values.split_key(kinds, _value(element))
    lasts = nft_values.split_key(kinds, _value(element, n.NFTA_SET_ELEM_KEY_END)) or firsts
    if not any(lasts):
        lasts = firsts
    parts = []
    for kind, first, last in zip(kinds, firsts, lasts, strict=False):
        after = int.from_bytes(last, "big") + 1
        if first == last:
            parts.append(nft_values.write(kind, first))
        else:
            end = (after % (1 << len(first) * 8)).to_bytes(len(first), "big")
            parts.append(nft_values.write_interval(kind, first, end))
    return " . ".join(parts)


def _intervals(raw: list[Attributes], kind: str, data_kind: str) -> list[Element]:
    """Join beginnings and ends: the kernel lists both, as elements of their own."""
    listed = sorted(
        raw,
        key=lambda element: (_value(element), not number(element.get(n.NFTA_SET_ELEM_FLAGS, b""))),
    )
    found: list[Element] = []
    begun: Attributes | None = None
    for element in listed:
        is_end = number(element.get(n.NFTA_SET_ELEM_FLAGS, b"")) & n.NFT_SET_ELEM_INTERVAL_END
        if begun is not None:
            key = nft_values.write_interval(kind, _value(begun), _value(element))
            found.append(Element(key, _data(begun, data_kind)))
        begun = None if is_end else element
    if begun is not None:
        found.append(
            Element(nft_values.write_interval(kind, _value(begun), b""), _data(begun, data_kind))
        )
    return found
