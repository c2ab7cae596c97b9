"""What would become of a packet: the rule set run for one that is only thought of.

Whether masquerade is on, or forwarding denied, is no single setting: anybody may have added a rule
or a whole table that decides otherwise.  So the question is asked as the kernel would ask it: the
chains of a hook, in order, with the expressions as they were read.  What a thought-of packet has
not got (a mark, a rate) does not match, and the walk says that it is not certain.

See: nft(8) "Chains"; linux/netfilter/nf_tables.h.
"""

import ipaddress
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pyminidocker.network import attributes, nft_decode, nft_values
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.attributes import Attributes, number, text
from pyminidocker.network.nft_decode import NamedSet, read_value, slot
from pyminidocker.network.nft_expressions import family_of, packed
from pyminidocker.network.nft_read import Chain, Rule, Ruleset

_PROTOCOLS = {"tcp": n.IPPROTO_TCP, "udp": n.IPPROTO_UDP, "icmp": n.IPPROTO_ICMP}
_FAMILIES = {n.NFPROTO_IPV4: ("inet", "ip"), n.NFPROTO_IPV6: ("inet", "ip6")}
_ENDS = frozenset(("accept", "drop", "reject"))
_MOST_JUMPS = 16  # the kernel's own limit


class Packet(NamedTuple):
    """A packet to think of.

    Attributes:
        incoming: the link it came in by; empty for one that this host sends.
        outgoing: the link it leaves by; empty before routing.
        source: its address.
        destination: its address, of the same family.
        protocol: ``tcp``, ``udp`` or ``icmp``.
        port: where it goes to.
        state: what connection tracking would call it, ``CT_STATE_*``.
        is_translated: its destination has been rewritten.
    """

    incoming: str
    outgoing: str
    source: str
    destination: str
    protocol: str = "tcp"
    port: int = 80
    state: int = n.CT_STATE_NEW
    is_translated: bool = False


class Step(NamedTuple):
    """A rule that the packet matched."""

    chain: Chain
    rule: Rule


class Walk(NamedTuple):
    """What became of it.

    Attributes:
        verdict: ``accept``, ``drop`` or ``reject``.
        source_becomes: ``masquerade`` or the text of another source translation, or empty.
        decided_by: where the verdict fell: the chain, and the rule's text or ``policy drop``.
        steps: the rules that matched, in order.
        is_certain: no expression on the way was beyond what is known here.
    """

    verdict: str
    source_becomes: str
    decided_by: str
    steps: tuple[Step, ...]
    is_certain: bool


@dataclass
class _State:
    packet: Packet
    sets: Mapping[tuple[str, str, str], NamedSet]
    chains: Mapping[tuple[str, str, str], Chain]
    steps: list[Step] = field(default_factory=list)
    source_becomes: str = ""
    is_certain: bool = True


def walk(ruleset: Ruleset, hook: str, packet: Packet) -> Walk:
    """Run all chains of ``hook`` for ``packet``.

    Args:
        ruleset: as read from the kernel.
        hook: ``forward``, ``postrouting`` ...
        packet: what to think of.
    """
    families = _FAMILIES[family_of(packet.source)]
    state = _State(
        packet,
        {(one.family, one.table, one.name): one for one in ruleset.sets},
        {(one.family, one.table, one.name): one for one in ruleset.chains},
    )
    called = [one for one in ruleset.chains if one.hook == hook and one.family in families]
    for chain in sorted(called, key=lambda one: one.priority_number):
        verdict, why = _through(state, chain, 0)
        if verdict in ("", "return"):
            verdict, why = chain.policy, f"chain {chain.name}: policy {chain.policy}"
        if verdict != "accept":
            return Walk(verdict, "", why, tuple(state.steps), state.is_certain)
    return Walk("accept", state.source_becomes, "", tuple(state.steps), state.is_certain)


def _through(state: _State, chain: Chain, depth: int) -> tuple[str, str]:
    """Return the verdict of a chain and who gave it; empty when its end was reached."""
    for rule in chain.rules:
        word = _run(state, chain, rule)
        if word is None:
            continue
        state.steps.append(Step(chain, rule))
        action, _, target = word.partition(" ")
        if action in _ENDS:
            return action, f"chain {chain.name}: {rule.comment or rule.text}"
        if action == "return":
            return "return", ""
        if action in ("jump", "goto") and depth < _MOST_JUMPS:
            called = state.chains.get((chain.family, chain.table, target))
            found, why = _through(state, called, depth + 1) if called else ("", "")
            if found in _ENDS:
                return found, why
            if action == "goto":
                return "", ""
    return "", ""


def _run(state: _State, chain: Chain, rule: Rule) -> str | None:
    """Return what a rule does with the packet, empty if nothing, None if it does not match."""
    machine = _Machine(state, chain)
    for name, attrs in rule.expressions:
        step = _STEPS.get(name)
        if step is None:
            state.is_certain = False
            return None
        try:
            outcome = step(machine, attrs)
        except (KeyError, ValueError):  # a form of it that is not known here
            outcome = machine.unknown()
        if outcome is False:
            return None
        if isinstance(outcome, str):
            return outcome
    return ""


Outcome = bool | str | None


class _Machine:
    """Registers with the packet's own bytes; None is something that is not known."""

    def __init__(self, state: _State, chain: Chain) -> None:
        self.state = state
        self.packet = state.packet
        self.chain = chain
        self.registers: dict[int, bytes | None] = {}

    def load(self, register: bytes, value: bytes | None) -> None:
        self.registers[slot(number(register))] = value

    def held(self, register: bytes) -> bytes | None:
        return self.registers.get(slot(number(register)))

    def unknown(self) -> Outcome:
        self.state.is_certain = False
        return False


def _link(name: str) -> bytes:
    return name.encode().ljust(n.IFNAMSIZ, b"\0")


def _meta(machine: _Machine, attrs: Attributes) -> Outcome:
    if n.NFTA_META_DREG not in attrs:
        return None  # it marks the packet, and goes on
    packet = machine.packet
    values = {
        n.NFT_META_IIFNAME: _link(packet.incoming),
        n.NFT_META_OIFNAME: _link(packet.outgoing),
        n.NFT_META_NFPROTO: bytes([family_of(packet.source)]),
        n.NFT_META_L4PROTO: bytes([_PROTOCOLS[packet.protocol]]),
    }
    machine.load(attrs[n.NFTA_META_DREG], values.get(number(attrs[n.NFTA_META_KEY])))
    return None


def _ct(machine: _Machine, attrs: Attributes) -> Outcome:
    if n.NFTA_CT_DREG not in attrs:
        return None
    packet = machine.packet
    values = {
        n.NFT_CT_STATE: packet.state,
        n.NFT_CT_STATUS: n.IPS_DST_NAT if packet.is_translated else 0,
    }
    value = values.get(number(attrs[n.NFTA_CT_KEY]))
    machine.load(attrs[n.NFTA_CT_DREG], None if value is None else struct.pack("=I", value))
    return None


def _payload(machine: _Machine, attrs: Attributes) -> Outcome:
    if n.NFTA_PAYLOAD_DREG not in attrs:
        return None
    packet = machine.packet
    base, offset = number(attrs[n.NFTA_PAYLOAD_BASE]), number(attrs[n.NFTA_PAYLOAD_OFFSET])
    length = number(attrs[n.NFTA_PAYLOAD_LEN])
    known: dict[tuple[int, int], bytes] = {}
    begin = 8 if family_of(packet.source) == n.NFPROTO_IPV6 else 12
    source, destination = packed(packet.source), packed(packet.destination)
    known[n.NFT_PAYLOAD_NETWORK_HEADER, begin] = source + destination
    known[n.NFT_PAYLOAD_NETWORK_HEADER, begin + len(source)] = destination
    if packet.protocol != "icmp":
        known[n.NFT_PAYLOAD_TRANSPORT_HEADER, 2] = struct.pack("!H", packet.port)
    if packet.protocol == "icmp":
        known[n.NFT_PAYLOAD_TRANSPORT_HEADER, 0] = b"\x08"
    if begin == 12:
        known[n.NFT_PAYLOAD_NETWORK_HEADER, 9] = bytes([_PROTOCOLS[packet.protocol]])
    value = known.get((base, offset), b"")[:length]
    machine.load(attrs[n.NFTA_PAYLOAD_DREG], value if len(value) == length else None)
    return None


def _bitwise(machine: _Machine, attrs: Attributes) -> Outcome:
    value = machine.held(attrs[n.NFTA_BITWISE_SREG])
    mask = read_value(attrs.get(n.NFTA_BITWISE_MASK, b""))
    flip = read_value(attrs.get(n.NFTA_BITWISE_XOR, b"")) or bytes(len(mask))
    if value is not None and mask:
        together = zip(value.ljust(len(mask), b"\0"), mask, flip, strict=False)
        value = bytes((one & kept) ^ turned for one, kept, turned in together)
    machine.load(attrs[n.NFTA_BITWISE_DREG], value)
    return None


_COMPARE: dict[int, Callable[[bytes, bytes], bool]] = {
    n.NFT_CMP_EQ: lambda one, other: one == other,
    n.NFT_CMP_NEQ: lambda one, other: one != other,
    n.NFT_CMP_LT: lambda one, other: one < other,
    n.NFT_CMP_LTE: lambda one, other: one <= other,
    n.NFT_CMP_GT: lambda one, other: one > other,
    n.NFT_CMP_GTE: lambda one, other: one >= other,
}


def _cmp(machine: _Machine, attrs: Attributes) -> Outcome:
    value = machine.held(attrs[n.NFTA_CMP_SREG])
    wanted = read_value(attrs[n.NFTA_CMP_DATA])
    if value is None:
        return machine.unknown()
    return _COMPARE[number(attrs[n.NFTA_CMP_OP])](value[: len(wanted)], wanted)


def _range(machine: _Machine, attrs: Attributes) -> Outcome:
    value = machine.held(attrs[n.NFTA_RANGE_SREG])
    if value is None:
        return machine.unknown()
    low, high = read_value(attrs[n.NFTA_RANGE_FROM_DATA]), read_value(attrs[n.NFTA_RANGE_TO_DATA])
    return (low <= value <= high) != bool(number(attrs[n.NFTA_RANGE_OP]))


def _lookup(machine: _Machine, attrs: Attributes) -> Outcome:
    chain = machine.chain
    found = machine.state.sets.get((chain.family, chain.table, text(attrs[n.NFTA_LOOKUP_SET])))
    if found is None:
        return machine.unknown()
    position, parts = slot(number(attrs[n.NFTA_LOOKUP_SREG])), []
    for kind in found.kinds:
        value = machine.registers.get(position)
        if value is None:
            return machine.unknown()
        parts.append(nft_values.write(kind, value))
        position += (len(value) + 3) // 4
    data = _find(found, parts)
    if n.NFTA_LOOKUP_DREG in attrs:
        if data is None:
            return False
        if number(attrs[n.NFTA_LOOKUP_DREG]) == n.NFT_REG_VERDICT:
            return data
        machine.load(attrs[n.NFTA_LOOKUP_DREG], None)
        return None
    inverted = bool(number(attrs.get(n.NFTA_LOOKUP_FLAGS, b"")) & n.NFT_LOOKUP_F_INV)
    return (data is not None) != inverted


def _find(found: NamedSet, parts: list[str]) -> str | None:
    """Return what a map has for a key, empty for a set's element, None if it is not there."""
    for element in found.elements:
        wanted = element.key.split(" . ")
        pairs = zip(found.kinds, wanted, parts, strict=False)
        if all(_is_within(kind, span, part) for kind, span, part in pairs):
            return element.data
    return None


def _is_within(kind: str, span: str, part: str) -> bool:
    if span == part:
        return True
    if kind in ("ipv4_addr", "ipv6_addr"):
        address = ipaddress.ip_address(part)
        low, _, high = span.partition("-")
        if high:
            return int(ipaddress.ip_address(low)) <= int(address) <= int(ipaddress.ip_address(high))
        return address in ipaddress.ip_network(span)
    low, _, high = span.partition("-")
    return bool(high) and low.isdigit() and part.isdigit() and int(low) <= int(part) <= int(high)


def _fib(machine: _Machine, attrs: Attributes) -> Outcome:
    """Leave it unknown: which addresses are the host's is not the rule set's to say."""
    machine.load(attrs[n.NFTA_FIB_DREG], None)
    return None


def _immediate(machine: _Machine, attrs: Attributes) -> Outcome:
    data = attributes.parse(attrs[n.NFTA_IMMEDIATE_DATA])
    if n.NFTA_DATA_VERDICT in data:
        return nft_decode.read_verdict(data)
    machine.load(attrs[n.NFTA_IMMEDIATE_DREG], data.get(n.NFTA_DATA_VALUE, b""))
    return None


def _masquerade(machine: _Machine, _attrs: Attributes) -> Outcome:
    machine.state.source_becomes = machine.state.source_becomes or "masquerade"
    return "accept"


def _nat(machine: _Machine, attrs: Attributes) -> Outcome:
    if number(attrs[n.NFTA_NAT_TYPE]) == n.NFT_NAT_SNAT:
        machine.state.source_becomes = machine.state.source_becomes or "snat"
    return "accept"


def _nothing(_machine: _Machine, _attrs: Attributes) -> Outcome:
    return None


_STEPS: dict[str, Callable[[_Machine, Attributes], Outcome]] = {
    "bitwise": _bitwise,
    "byteorder": _nothing,
    "cmp": _cmp,
    "counter": _nothing,
    "ct": _ct,
    "fib": _fib,
    "immediate": _immediate,
    "log": _nothing,
    "lookup": _lookup,
    "masq": _masquerade,
    "meta": _meta,
    "nat": _nat,
    "payload": _payload,
    "range": _range,
    "redir": lambda _machine, _attrs: "accept",
    "reject": lambda _machine, _attrs: "reject",
}
