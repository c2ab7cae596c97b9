"""What the kernel has of the lab's network, as objects that show themselves well in a cell."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from pyminidocker.client.lab_tree import lines
from pyminidocker.client.table import Table, html_table, text_table

_PRE = '<pre style="line-height:1.3">'


class Topology(dict[str, Any]):
    """The lab's network as it was when it was asked for: namespaces, links, addresses, routes.

    A dictionary as ``GET /minidocker/topology`` gives it; shown as a tree.  For a picture that
    follows changes see ``widgets.topology``.
    """

    @property
    def links(self) -> "Table[dict[str, Any]]":
        """Every interface of the lab and of its containers."""
        rows = [
            {**link, "Of": space["Name"], "At": _addresses(space, link["Index"])}
            for space in self["Namespaces"]
            for link in space["Links"]
        ]
        columns = [
            ("OF", lambda link: link["Of"]),
            ("INDEX", lambda link: str(link["Index"])),
            ("LINK", lambda link: link["Name"]),
            ("KIND", lambda link: link["Kind"]),
            ("ADDRESSES", lambda link: link["At"]),
            ("MAC", lambda link: link["Mac"]),
            ("MTU", lambda link: str(link["Mtu"])),
        ]
        return Table(rows, columns)

    def __repr__(self) -> str:
        return "\n".join(lines(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Topology(...)" if cycle else repr(self))

    def _repr_html_(self) -> str:
        return f"{_PRE}{escape(repr(self))}</pre>"


def _addresses(space: Mapping[str, Any], index: int) -> str:
    found = [f"{a['Ip']}/{a['Prefix']}" for a in space["Addresses"] if a["LinkIndex"] == index]
    return " ".join(found)


class Rules(Table[dict[str, Any]]):
    """The packet filter as the kernel has it: one row a rule, with what it has counted.

    Attributes:
        text: the same as nft(8) lists it.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        rows = [
            {**rule, "Chain": chain["Name"], "Hook": chain.get("Hook", "")}
            for chain in answer["Chains"]
            for rule in chain["Rules"]
        ]
        columns = [
            ("CHAIN", lambda rule: rule["Chain"]),
            ("RULE", lambda rule: rule["Text"]),
            ("PACKETS", lambda rule: _count(rule.get("Packets"))),
            ("BYTES", lambda rule: _count(rule.get("Bytes"))),
            ("WHAT FOR", lambda rule: rule.get("Comment", "")),
        ]
        super().__init__(rows, columns)
        self.text = str(answer["Text"])

    def of(self, chain: str) -> "Table[dict[str, Any]]":
        """Return the rules of one chain."""
        return Table([rule for rule in self if rule["Chain"] == chain], self.columns)


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


class Switches(dict[str, bool]):
    """What the lab host does with packets that are not its own, as the kernel says."""

    _MEANING: Mapping[str, str] = {
        "ip_forward": "hand packets on between networks",
        "masquerade": "put the host's address on what leaves it",
    }

    def _rows(self) -> list[list[str]]:
        return [
            [name, "on" if is_on else "OFF", self._MEANING.get(name, "")]
            for name, is_on in self.items()
        ]

    def __repr__(self) -> str:
        return text_table(["SWITCH", "", "WHEN ON"], self._rows())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Switches(...)" if cycle else repr(self))

    def _repr_html_(self) -> str:
        return html_table(["switch", "", "when on"], self._rows())


def flow_table(flows: Iterable[dict[str, Any]]) -> Table[dict[str, Any]]:
    """Return the connections the kernel tracks: who asked whom, and who answers in truth."""
    columns = [
        ("PROTOCOL", lambda flow: flow["Protocol"]),
        ("ASKED", lambda flow: _way(flow["Original"])),
        ("ANSWERED", lambda flow: _way(flow["Reply"])),
        ("STATE", lambda flow: flow.get("State", "")),
        ("PACKETS", lambda flow: _count(flow.get("Packets"))),
        ("BYTES", lambda flow: _count(flow.get("Bytes"))),
    ]
    return Table(flows, columns)


def _way(way: Mapping[str, Any]) -> str:
    def at(ip: str, port: int) -> str:
        ip = f"[{ip}]" if ":" in ip and port else ip
        return f"{ip}:{port}" if port else ip

    source = at(way["Source"], way.get("SourcePort", 0))
    return f"{source} -> {at(way['Destination'], way.get('DestinationPort', 0))}"


def fault_table(faults: Iterable[dict[str, Any]]) -> Table[dict[str, Any]]:
    """Return the faults that can be made, and which of them the kernel has now."""
    columns = [
        ("FAULT", lambda fault: fault["Name"]),
        ("TARGET", lambda fault: fault.get("Target", "")),
        ("STATE", lambda fault: "BROKEN" if fault["IsBroken"] else "works"),
        ("EVIDENCE", lambda fault: fault.get("Evidence", "")),
    ]
    return Table(faults, columns)
