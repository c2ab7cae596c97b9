"""A rule's expressions turned back into nft(8)'s text.

The kernel keeps a rule as steps of a register machine (``nft_expressions``).  Reading them is
running them with names instead of values: a step that loads something puts *what* it loads into the
register, a step that compares finds it there and writes ``tcp dport 80``.  Steps that are unknown
are shown as ``<name>``; nothing is left out, and nothing is guessed.

See: nft(8); linux/netfilter/nf_tables.h.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pyminidocker.network import attributes, nft_actions, nft_fields, nft_values
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.attributes import Attributes, number, text

RawExpression = tuple[str, Attributes]

_OPERATORS = {
    n.NFT_CMP_EQ: "",
    n.NFT_CMP_NEQ: "!= ",
    n.NFT_CMP_LT: "< ",
    n.NFT_CMP_LTE: "<= ",
    n.NFT_CMP_GT: "> ",
    n.NFT_CMP_GTE: ">= ",
}
_ETHER_FAMILIES = {b"\x08\x00": n.NFPROTO_IPV4, b"\x86\xdd": n.NFPROTO_IPV6}
_ETHERNET = struct.pack("=H", 1)  # ARPHRD_ETHER
_DYNSET_OPERATIONS = {0: "add", 1: "update", 2: "delete"}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a set: its key, or interval of keys, and what a map has for it."""

    key: str
    data: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set or map of a table.

    Attributes:
        table: its table's name; ``family``: that table's.
        name: as rules call it behind the ``@``.
        kinds: what a key consists of, nft's data types.
        data_kind: of a map, what it maps to (``verdict`` for jumps); empty for a set.
        flags: ``NFT_SET_*``.
        comment: what its maker wrote down, or empty.
        handle: the kernel's number.
        elements: in the order of their keys.
        size: of elements, the most it takes; 0 for no limit.
        timeout_s: after which elements go by themselves; 0 for never.
    """

    table: str
    family: str
    name: str
    kinds: tuple[str, ...]
    data_kind: str
    flags: int
    comment: str
    handle: int
    elements: tuple[Element, ...]
    size: int = 0
    timeout_s: float = 0

    @property
    def is_anonymous(self) -> bool:
        """Whether it belongs to one rule, which shows its elements."""
        return bool(self.flags & n.NFT_SET_ANONYMOUS)

    def inline(self) -> str:
        """Write it as it stands in a rule: ``@name`` or ``{ 80, 443 }``."""
        if not self.is_anonymous:
            return f"@{self.name}"
        return "{ " + ", ".join(map(write_element, self.elements)) + " }"


def write_element(element: Element) -> str:
    """Write an element, ``80 : accept`` if it maps."""
    return f"{element.key} : {element.data}" if element.data else element.key


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a register holds.

    Attributes:
        name: nft's name for it, ``tcp dport``; empty for a constant.
        kind: what its bytes mean.
        value: a constant's bytes.
        length: bytes that were loaded.
        mask: of a bitwise AND, or empty.
    """

    name: str
    kind: str = "raw"
    value: bytes = b""
    length: int = 0
    mask: bytes = b""


@dataclass
class _Machine:
    """The state while one rule is read."""

    sets: Mapping[str, NamedSet]
    family: int  # of the packets, as far as known
    transport: int = 0
    registers: dict[int, Loaded] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    implied: dict[str, int] = field(default_factory=dict)  # what the next match says by itself
    lower_bound: tuple[str, bytes] | None = None

    def load(self, register: int, loaded: Loaded) -> None:
        self.registers[slot(register)] = loaded

    def held(self, value: bytes | None) -> Loaded:
        register = slot(number(value or b""))
        return self.registers.get(register, Loaded(f"<register {register}>"))

    def shown(self, register: bytes, kind: str) -> str:
        """Return what a register holds as text: its name, or a constant as one of ``kind``."""
        loaded = self.held(register)
        return loaded.name or nft_values.write(kind, loaded.value)

    def forget_implied(self, key: str) -> None:
        """Leave a match out that what follows implies: ``tcp dport`` says ``meta l4proto tcp``."""
        position = self.implied.pop(key, None)
        if position is not None:
            self.words[position] = ""


def slot(register: int) -> int:
    """Return the first 4-byte slot of a register: there are four large and sixteen small ones."""
    return (register - 1) * 4 if register < n.NFT_REG32_00 else register - n.NFT_REG32_00


def read_value(nested: bytes) -> bytes:
    """Return the bytes of a constant, empty where there is none."""
    return attributes.parse(nested).get(n.NFTA_DATA_VALUE, b"")


def read_verdict(data: Attributes) -> str:
    """Return ``accept``, ``jump published`` ... from the contents of a verdict."""
    verdict = attributes.parse(data[n.NFTA_DATA_VERDICT])
    code = int.from_bytes(verdict[n.NFTA_VERDICT_CODE], "big", signed=True)
    name = nft_actions.VERDICTS.get(code, f"<verdict {code}>")
    chain = text(verdict.get(n.NFTA_VERDICT_CHAIN, b""))
    return f"{name} {chain}" if chain else name


def decode(
    expressions: list[RawExpression], family: int, sets: Mapping[str, NamedSet] | None = None
) -> str:
    """Return a rule's text, without comment and with counters' values left out.

    Args:
        expressions: (name, attributes) in order.
        family: ``NFPROTO_*`` of the table.
        sets: the table's sets by name.
    """
    known = family if family in (n.NFPROTO_IPV4, n.NFPROTO_IPV6) else 0
    machine = _Machine(sets or {}, known)
    for name, attrs in expressions:
        try:
            if (step := _STEPS.get(name)) is not None:
                step(machine, attrs)
                continue
            action = nft_actions.write(name, attrs, _constants(machine), family)
        except (KeyError, ValueError):  # a form of it that this kernel has and we do not know
            action = None
        machine.words.append(f"<{name}>" if action is None else action)
    return " ".join(word for word in machine.words if word)


def _constants(machine: _Machine) -> Callable[[bytes | None, str], str]:
    """Return how actions see registers: (register, kind) -> text, empty without register."""

    def show(register: bytes | None, kind: str) -> str:
        if register is None:
            return ""
        return machine.shown(register, kind)

    return show


def _meta(machine: _Machine, attrs: Attributes) -> None:
    key = number(attrs[n.NFTA_META_KEY])
    name, kind = nft_fields.META.get(key, (f"meta <{key}>", "raw"))
    if n.NFTA_META_SREG in attrs:
        prefix = "" if name.startswith("meta ") else "meta "
        value = machine.shown(attrs[n.NFTA_META_SREG], kind)
        machine.words.append(f"{prefix}{name} set {value}")
        return
    length = nft_values.KIND_BYTES.get(kind, 4)
    machine.load(number(attrs[n.NFTA_META_DREG]), Loaded(name, kind, length=length))


def _ct(machine: _Machine, attrs: Attributes) -> None:
    key = number(attrs[n.NFTA_CT_KEY])
    name, kind = nft_fields.CT.get(key, (f"<{key}>", "raw"))
    if n.NFTA_CT_SREG in attrs:
        value = machine.shown(attrs[n.NFTA_CT_SREG], kind)
        machine.words.append(f"ct {name} set {value}")
        return
    direction = attrs.get(n.NFTA_CT_DIRECTION)
    where = "" if direction is None else ("reply " if number(direction) else "original ")
    length = nft_values.KIND_BYTES.get(kind, 4)
    machine.load(number(attrs[n.NFTA_CT_DREG]), Loaded(f"ct {where}{name}", kind, length=length))


def _payload(machine: _Machine, attrs: Attributes) -> None:
    base, offset = number(attrs[n.NFTA_PAYLOAD_BASE]), number(attrs[n.NFTA_PAYLOAD_OFFSET])
    length = number(attrs[n.NFTA_PAYLOAD_LEN])
    protocol = nft_fields.protocol_of(base, machine.family, machine.transport)
    name, kind = nft_fields.field(protocol, base, offset, length)
    if protocol in ("ip", "ip6"):
        machine.forget_implied("nfproto")
    elif protocol == "ether":
        machine.forget_implied("iiftype")
    elif protocol not in ("", "th"):
        machine.forget_implied("l4proto")
        if protocol in ("icmp", "icmpv6"):
            machine.forget_implied("nfproto")
    if n.NFTA_PAYLOAD_SREG in attrs:
        value = machine.shown(attrs[n.NFTA_PAYLOAD_SREG], kind)
        machine.words.append(f"{name} set {value}")
        return
    machine.load(number(attrs[n.NFTA_PAYLOAD_DREG]), Loaded(name, kind, length=length))


def _fib(machine: _Machine, attrs: Attributes) -> None:
    flags = number(attrs.get(n.NFTA_FIB_FLAGS, b""))
    names = " . ".join(name for bit, name in nft_fields.FIB_FLAGS if flags & bit)
    result, kind = nft_fields.FIB_RESULTS.get(number(attrs[n.NFTA_FIB_RESULT]), ("<?>", "raw"))
    loaded = Loaded(f"fib {names} {result}", kind, length=nft_values.KIND_BYTES.get(kind, 4))
    machine.load(number(attrs[n.NFTA_FIB_DREG]), loaded)


def _bitwise(machine: _Machine, attrs: Attributes) -> None:
    loaded = machine.held(attrs.get(n.NFTA_BITWISE_SREG))
    mask = read_value(attrs.get(n.NFTA_BITWISE_MASK, b""))
    machine.load(number(attrs[n.NFTA_BITWISE_DREG]), replace(loaded, mask=mask))


def _byteorder(machine: _Machine, attrs: Attributes) -> None:
    """Leave it as it is: what follows is written by what it means."""


def _cmp(machine: _Machine, attrs: Attributes) -> None:
    loaded = machine.held(attrs.get(n.NFTA_CMP_SREG))
    value = read_value(attrs[n.NFTA_CMP_DATA])
    op = number(attrs[n.NFTA_CMP_OP])
    if op == n.NFT_CMP_GTE:
        machine.lower_bound = loaded.name, value
    elif op == n.NFT_CMP_LTE and machine.lower_bound is not None:
        name, lowest = machine.lower_bound
        if name == loaded.name:
            machine.words.pop()
            first = nft_values.write(loaded.kind, lowest)
            machine.words.append(f"{name} {first}-{nft_values.write(loaded.kind, value)}")
            return
    _note_protocol(machine, loaded, value, op)
    machine.words.append(_comparison(loaded, value, op))


def _note_protocol(machine: _Machine, loaded: Loaded, value: bytes, op: int) -> None:
    if op != n.NFT_CMP_EQ:
        return
    if loaded.name == "meta nfproto":
        machine.family = value[0]
        machine.implied["nfproto"] = len(machine.words)
    elif loaded.name == "meta protocol":
        machine.family = _ETHER_FAMILIES.get(value, 0)
        machine.implied["nfproto"] = len(machine.words)
    elif loaded.name == "iiftype" and value == _ETHERNET:
        machine.implied["iiftype"] = len(machine.words)
    elif loaded.name in ("meta l4proto", "ip protocol", "ip6 nexthdr"):
        machine.transport = value[0]
        if loaded.name == "meta l4proto":
            machine.implied["l4proto"] = len(machine.words)


def _comparison(loaded: Loaded, value: bytes, op: int) -> str:
    name, kind = loaded.name, loaded.kind
    sign = _OPERATORS.get(op, f"<operator {op}> ")
    if kind in ("ipv4_addr", "ipv6_addr"):
        whole = nft_values.KIND_BYTES[kind]
        prefix = nft_values.prefix_of(loaded.mask) if loaded.mask else len(value) * 8
        if prefix >= 0:
            address = nft_values.write(kind, value.ljust(whole, b"\0"))
            return f"{name} {sign}{address}" + (f"/{prefix}" if prefix < whole * 8 else "")
    if not loaded.mask:
        return f"{name} {sign}{nft_values.write(kind, value)}"
    mask = nft_values.number_of(kind, loaded.mask)
    number_ = nft_values.number_of(kind, value)
    if kind in nft_values.BITS:
        bits = nft_values.write_bits(kind, mask)
        if number_ == 0:
            return f"{name} {bits}" if op == n.NFT_CMP_NEQ else f"{name} ! {bits}"
        return f"{name} {sign}{nft_values.write_bits(kind, number_)} / {bits}"
    write = nft_values.write
    return f"{name} & {write(kind, loaded.mask)} {sign.strip() or '=='} {write(kind, value)}"


def _range(machine: _Machine, attrs: Attributes) -> None:
    loaded = machine.held(attrs.get(n.NFTA_RANGE_SREG))
    ends = [
        nft_values.write(loaded.kind, read_value(attrs[which]))
        for which in (n.NFTA_RANGE_FROM_DATA, n.NFTA_RANGE_TO_DATA)
    ]
    sign = "!= " if number(attrs[n.NFTA_RANGE_OP]) else ""
    machine.words.append(f"{loaded.name} {sign}{ends[0]}-{ends[1]}")


def _key(machine: _Machine, register: int, found: NamedSet | None) -> str:
    """Return the name of a key that lies in as many registers as the set's key has parts."""
    position, names = slot(register), []
    for _ in found.kinds if found else ("",):
        loaded = machine.registers.get(position, Loaded(f"<register {position}>"))
        names.append(loaded.name)
        position += max((loaded.length + 3) // 4, 1)
    return " . ".join(names)


def _lookup(machine: _Machine, attrs: Attributes) -> None:
    set_name = text(attrs[n.NFTA_LOOKUP_SET])
    found = machine.sets.get(set_name)
    key = _key(machine, number(attrs[n.NFTA_LOOKUP_SREG]), found)
    members = found.inline() if found else f"@{set_name}"
    if n.NFTA_LOOKUP_DREG not in attrs:
        inverted = number(attrs.get(n.NFTA_LOOKUP_FLAGS, b"")) & n.NFT_LOOKUP_F_INV
        machine.words.append(f"{key} {'!= ' if inverted else ''}{members}")
        return
    target = number(attrs[n.NFTA_LOOKUP_DREG])
    if target == n.NFT_REG_VERDICT:
        machine.words.append(f"{key} vmap {members}")
    else:
        machine.load(target, Loaded(f"{key} map {members}"))


def _immediate(machine: _Machine, attrs: Attributes) -> None:
    data = attributes.parse(attrs[n.NFTA_IMMEDIATE_DATA])
    if n.NFTA_DATA_VERDICT in data:
        machine.words.append(read_verdict(data))
    else:
        value = data.get(n.NFTA_DATA_VALUE, b"")
        register = number(attrs[n.NFTA_IMMEDIATE_DREG])
        machine.load(register, Loaded("", value=value, length=len(value)))


def _dynset(machine: _Machine, attrs: Attributes) -> None:
    set_name = text(attrs[n.NFTA_DYNSET_SET_NAME])
    found = machine.sets.get(set_name)
    key = _key(machine, number(attrs[n.NFTA_DYNSET_SREG_KEY]), found)
    operation = _DYNSET_OPERATIONS.get(number(attrs[n.NFTA_DYNSET_OP]), "<?>")
    if timeout_ms := number(attrs.get(n.NFTA_DYNSET_TIMEOUT, b"")):
        key += f" timeout {nft_values.write_time(timeout_ms / 1000)}"
    machine.words.append(f"{operation} @{set_name} {{ {key} }}")


_STEPS: dict[str, Callable[[_Machine, Attributes], None]] = {
    "bitwise": _bitwise,
    "byteorder": _byteorder,
    "cmp": _cmp,
    "ct": _ct,
    "dynset": _dynset,
    "fib": _fib,
    "immediate": _immediate,
    "lookup": _lookup,
    "meta": _meta,
    "payload": _payload,
    "range": _range,
}
