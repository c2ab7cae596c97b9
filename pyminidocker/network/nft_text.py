"""The rule set written as ``nft list ruleset`` writes it.

See: nft(8).
"""

from pyminidocker.network import nft_numbers as n
from pyminidocker.network.nft_decode import NamedSet, write_element
from pyminidocker.network.nft_read import Chain, Rule, Ruleset, Table
from pyminidocker.network.nft_values import write_time

_SET_FLAGS = (
    (2, "constant"),
    (0x20, "dynamic"),
    (n.NFT_SET_INTERVAL, "interval"),
    (0x10, "timeout"),
)


def write(ruleset: Ruleset) -> str:
    """Return all tables, one behind the other."""
    return "".join(_table(ruleset, table) for table in ruleset.tables)


def write_rule(rule: Rule, *, with_handle: bool = False) -> str:
    """Return a rule with its counter's values and its comment."""
    text = rule.text
    if rule.has_counter:
        counted = f"counter packets {rule.packets} bytes {rule.bytes}"
        words = f" {text} ".replace(" counter ", f" {counted} ", 1)
        text = words.strip()
    if rule.comment:
        text += f' comment "{rule.comment}"'
    return f"{text} # handle {rule.handle}" if with_handle else text


def _table(ruleset: Ruleset, table: Table) -> str:
    place = table.family, table.name
    parts = [
        _set(found)
        for found in ruleset.sets
        if (found.family, found.table) == place and not found.is_anonymous
    ]
    parts += [_chain(chain) for chain in ruleset.chains if (chain.family, chain.table) == place]
    lines = [f"table {table.family} {table.name} {{"]
    if table.comment:
        lines.append(f'\tcomment "{table.comment}"')
    body = "\n\n".join(parts)
    return "\n".join([*lines, *([body] if body else []), "}\n"])


def _set(found: NamedSet) -> str:
    kind = " . ".join(found.kinds)
    if found.data_kind:
        kind += f" : {found.data_kind}"
    lines = [f"\t{'map' if found.data_kind else 'set'} {found.name} {{", f"\t\ttype {kind}"]
    if found.size:
        lines.append(f"\t\tsize {found.size}")
    flags = ",".join(name for bit, name in _SET_FLAGS if found.flags & bit)
    if flags:
        lines.append(f"\t\tflags {flags}")
    if found.timeout_s:
        lines.append(f"\t\ttimeout {write_time(found.timeout_s)}")
    if found.comment:
        lines.append(f'\t\tcomment "{found.comment}"')
    if found.elements:
        elements = ",\n\t\t\t     ".join(map(write_element, found.elements))
        lines.append(f"\t\telements = {{ {elements} }}")
    return "\n".join([*lines, "\t}"])


def _chain(chain: Chain) -> str:
    lines = [f"\tchain {chain.name} {{"]
    if chain.comment:
        lines.append(f'\t\tcomment "{chain.comment}"')
    if chain.hook:
        lines.append(
            f"\t\ttype {chain.type} hook {chain.hook} priority {chain.priority};"
            f" policy {chain.policy};"
        )
    lines += [f"\t\t{write_rule(rule)}" for rule in chain.rules]
    return "\n".join([*lines, "\t}"])
