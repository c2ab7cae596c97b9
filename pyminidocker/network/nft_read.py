"""The packet filter read back from the kernel: chains, rules, sets, and their counters.

See: nft(8); linux/netfilter/nf_tables.h.
"""

from dataclasses import dataclass


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
    """

    handle: int
    text: str
    comment: str
    packets: int
    bytes: int
    has_counter: bool


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
        policy: ``accept`` or ``drop``, or empty.
        handle: the kernel's number.
        rules: in order.
    """

    table: str
    family: str
    name: str
    type: str
    hook: str
    priority: str
    policy: str
    handle: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything, table by table.

    Attributes:
        chains: of all tables, in the kernel's order.
    """

    chains: tuple[Chain, ...]

    def text(self) -> str:
        """Write it as ``nft list ruleset`` does."""
        return ""
