"""What rules do, as nft(8) writes it: verdicts, counters, translation, refusals, limits.

See: nft(8) "Statements".
"""

from collections.abc import Callable

from pyminidocker.network import nft_numbers as n
from pyminidocker.network.attributes import Attributes, number, text

VERDICTS = {
    n.NF_DROP: "drop",
    n.NF_ACCEPT: "accept",
    n.NFT_CONTINUE: "continue",
    n.NFT_BREAK: "break",
    n.NFT_JUMP: "jump",
    n.NFT_GOTO: "goto",
    n.NFT_RETURN: "return",
}
_ICMP_CODES = {
    0: "net-unreachable", 1: "host-unreachable", 2: "prot-unreachable", 3: "port-unreachable",
    9: "net-prohibited", 10: "host-prohibited", 13: "admin-prohibited",
}  # fmt: skip
_ICMPV6_CODES = {
    0: "no-route", 1: "admin-prohibited", 3: "addr-unreachable", 4: "port-unreachable",
    5: "policy-fail", 6: "reject-route",
}  # fmt: skip
_ICMPX_CODES = {0: "no-route", 1: "port-unreachable", 2: "host-unreachable", 3: "admin-prohibited"}
_DEFAULT_ICMPX, _DEFAULT_ICMP, _DEFAULT_ICMPV6 = 1, 3, 4
_RANDOM, _PERSISTENT, _FULLY_RANDOM = 0x4, 0x8, 0x10
_UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}
_BYTE_UNITS = ((1 << 20, "mbytes"), (1 << 10, "kbytes"), (1, "bytes"))
_DEFAULT_BURST_PACKETS = 5
_LOG_LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit")
_DEFAULT_LOG_LEVEL = 4

# A register, as text of a kind; empty where there is none.
Show = Callable[[bytes | None, str], str]


def write(name: str, attrs: Attributes, show: Show, family: int) -> str | None:
    """Return the text of an action.

    Args:
        name: the expression's.
        attrs: its attributes.
        show: how to read a register.
        family: ``NFPROTO_*`` of the table.

    Returns:
        The text, or None for an expression that is not known here.
    """
    writer = _WRITERS.get(name)
    return writer(attrs, show, family) if writer else None


def _counter(_attrs: Attributes, _show: Show, _family: int) -> str:
    return "counter"


def _reject(attrs: Attributes, _show: Show, family: int) -> str:
    kind = number(attrs[n.NFTA_REJECT_TYPE])
    code = number(attrs.get(n.NFTA_REJECT_ICMP_CODE, b""))
    if kind == n.NFT_REJECT_TCP_RST:
        return "reject with tcp reset"
    if kind == n.NFT_REJECT_ICMPX_UNREACH:
        if code == _DEFAULT_ICMPX:
            return "reject"
        return f"reject with icmpx {_ICMPX_CODES.get(code, code)}"
    if family == n.NFPROTO_IPV6:
        default, word, codes = _DEFAULT_ICMPV6, "icmpv6", _ICMPV6_CODES
    else:
        default, word, codes = _DEFAULT_ICMP, "icmp", _ICMP_CODES
    if code == default and family != n.NFPROTO_INET:
        return "reject"
    return f"reject with {word} {codes.get(code, code)}"


def _flags(value: bytes) -> str:
    flags = number(value)
    names = ((_RANDOM, "random"), (_FULLY_RANDOM, "fully-random"), (_PERSISTENT, "persistent"))
    words = ",".join(name for bit, name in names if flags & bit)
    return f" {words}" if words else ""


def _span(low: str, high: str) -> str:
    return f"{low}-{high}" if high and high != low else low


def _nat(attrs: Attributes, show: Show, family: int) -> str:
    word = "dnat" if number(attrs[n.NFTA_NAT_TYPE]) == n.NFT_NAT_DNAT else "snat"
    is_ipv6 = number(attrs.get(n.NFTA_NAT_FAMILY, b"")) == n.NFPROTO_IPV6
    kind = "ipv6_addr" if is_ipv6 else "ipv4_addr"
    address = _span(
        show(attrs.get(n.NFTA_NAT_REG_ADDR_MIN), kind),
        show(attrs.get(n.NFTA_NAT_REG_ADDR_MAX), kind),
    )
    port = _ports(attrs.get(n.NFTA_NAT_REG_PROTO_MIN), attrs.get(n.NFTA_NAT_REG_PROTO_MAX), show)
    which = ""
    if family == n.NFPROTO_INET and address:
        which = " ip6" if is_ipv6 else " ip"
    if port and is_ipv6 and address:
        address = f"[{address}]"
    target = f"{address}:{port}" if port else address
    return f"{word}{which} to {target}{_flags(attrs.get(n.NFTA_NAT_FLAGS, b''))}"


def _ports(low: bytes | None, high: bytes | None, show: Show) -> str:
    return _span(show(low, "inet_service"), show(high, "inet_service"))


def _masquerade(attrs: Attributes, show: Show, _family: int) -> str:
    port = _ports(attrs.get(n.NFTA_MASQ_REG_PROTO_MIN), attrs.get(n.NFTA_MASQ_REG_PROTO_MAX), show)
    to = f" to :{port}" if port else ""
    return f"masquerade{to}{_flags(attrs.get(n.NFTA_MASQ_FLAGS, b''))}"


def _redirect(attrs: Attributes, show: Show, _family: int) -> str:
    port = _ports(
        attrs.get(n.NFTA_REDIR_REG_PROTO_MIN), attrs.get(n.NFTA_REDIR_REG_PROTO_MAX), show
    )
    to = f" to :{port}" if port else ""
    return f"redirect{to}{_flags(attrs.get(n.NFTA_REDIR_FLAGS, b''))}"


def _limit(attrs: Attributes, _show: Show, _family: int) -> str:
    rate, burst = number(attrs[n.NFTA_LIMIT_RATE]), number(attrs.get(n.NFTA_LIMIT_BURST, b""))
    unit = _UNITS.get(number(attrs[n.NFTA_LIMIT_UNIT]), "<unit>")
    over = "over " if number(attrs.get(n.NFTA_LIMIT_FLAGS, b"")) & 1 else ""
    if number(attrs.get(n.NFTA_LIMIT_TYPE, b"")) == 0:
        tail = f" burst {burst} packets" if burst != _DEFAULT_BURST_PACKETS else ""
        return f"limit rate {over}{rate}/{unit}{tail}"
    tail = f" burst {_bytes(burst)}" if burst else ""
    return f"limit rate {over}{_bytes(rate)}/{unit}{tail}"


def _bytes(count: int) -> str:
    size, name = next((size, name) for size, name in _BYTE_UNITS if count % size == 0)
    return f"{count // size} {name}"


def _log(attrs: Attributes, _show: Show, _family: int) -> str:
    words = ["log"]
    if n.NFTA_LOG_PREFIX in attrs:
        words.append(f'prefix "{text(attrs[n.NFTA_LOG_PREFIX])}"')
    if n.NFTA_LOG_GROUP in attrs:
        words.append(f"group {number(attrs[n.NFTA_LOG_GROUP])}")
    level = number(attrs[n.NFTA_LOG_LEVEL]) if n.NFTA_LOG_LEVEL in attrs else _DEFAULT_LOG_LEVEL
    if level != _DEFAULT_LOG_LEVEL and level < len(_LOG_LEVELS):
        words.append(f"level {_LOG_LEVELS[level]}")
    return " ".join(words)


def _notrack(_attrs: Attributes, _show: Show, _family: int) -> str:
    return "notrack"


_WRITERS: dict[str, Callable[[Attributes, Show, int], str]] = {
    "counter": _counter,
    "limit": _limit,
    "log": _log,
    "masq": _masquerade,
    "nat": _nat,
    "notrack": _notrack,
    "redir": _redirect,
    "reject": _reject,
}
