"""The packet filter, tracked connections and switches, as objects that show themselves in cells."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pyminidocker.client.ports_text import at_port
from pyminidocker.client.table import Table, html_table

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
RULE_COLUMNS = [
    ("CHAIN", lambda rule: str(rule["Chain"])),
    ("RULE", lambda rule: str(rule["Text"])),
    ("PACKETS", lambda rule: str(rule["Packets"]) if rule["Counted"] else ""),
    ("BYTES", lambda rule: str(rule["Bytes"]) if rule["Counted"] else ""),
    ("WHAT FOR", lambda rule: str(rule["Comment"])),
]


class Rules:
    """The lab's packet filter as the kernel has it; shows itself as nft(8) writes it.

    Args:
        document: what ``EngineClient.rules`` returns.

    Attributes:
        chains: each with Name, Hook, Policy and ``Rules``.
    """

    def __init__(self, document: Json) -> None:
        self.chains: list[Json] = document["Chains"]
        self.text = str(document["Text"])

    def __iter__(self) -> Iterator[Json]:
        """Yield every rule, with its chain's name under ``Chain``."""
        for chain in self.chains:
            for rule in chain["Rules"]:
                yield {"Chain": chain["Name"], **rule}

    def of(self, chain: str) -> Table[Json]:
        """Return the rules of one chain as a table."""
        return Table([rule for rule in self if rule["Chain"] == chain], RULE_COLUMNS)

    def hit(self) -> Table[Json]:
        """Return the rules that have counted a packet as a table."""
        return Table([rule for rule in self if rule["Packets"]], RULE_COLUMNS)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text)}</pre>"


class Switches(dict[str, bool]):
    """What decides whether containers reach other hosts: ``ip_forward`` and ``masquerade``."""

    def __repr__(self) -> str:
        return "\n".join(f"{name:<12} {'on' if on else 'off'}" for name, on in self.items())

    def _repr_html_(self) -> str:
        rows = [[name, "on" if on else "off"] for name, on in self.items()]
        return html_table(["SWITCH", "STATE"], rows)


def way_end(way: Json, side: str) -> str:
    """Return one end of a flow, ``Source`` or ``Destination``, with its port if it has one."""
    address, port = str(way[side]), way[f"{side}Port"]
    return at_port(address, port) if port else address


FLOW_COLUMNS = [
    ("PROTOCOL", lambda flow: str(flow["Protocol"])),
    ("STATE", lambda flow: str(flow["State"] or "-")),
    ("FROM", lambda flow: way_end(flow["Original"], "Source")),
    ("TO", lambda flow: way_end(flow["Original"], "Destination")),
    (
        "SOURCE BECOMES",
        lambda flow: way_end(flow["Reply"], "Destination") if flow["SourceRewritten"] else "-",
    ),
    (
        "DESTINATION BECOMES",
        lambda flow: way_end(flow["Reply"], "Source") if flow["DestinationRewritten"] else "-",
    ),
]


def flow_table(flows: list[Json]) -> Table[Json]:
    """Return tracked connections as a table."""
    return Table(flows, FLOW_COLUMNS)
