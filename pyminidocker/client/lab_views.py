"""The lab's network as the kernel has it, as an object that shows itself well in a cell."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pyminidocker.client.lab_tree import lines
from pyminidocker.client.table import Table

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
