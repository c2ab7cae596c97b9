"""What an image carries in vain, as an object to look at in a notebook."""

from typing import Any

from pyminidocker.client.table import Table, html_table, text_table
from pyminidocker.units import human_size


class Waste:
    """What an image carries in vain.

    Attributes:
        efficiency: dive's score: 1.0 is an image without waste.
        size_bytes: what all layers hold.
        wasted_bytes: what they hold and the image does not show.
        paths: the culprits, the most wasteful first.
    """

    def __init__(self, ref: str, found: dict[str, Any]) -> None:
        self.ref = ref
        self.efficiency = float(found["Efficiency"])
        self.size_bytes = int(found["Size"])
        self.wasted_bytes = int(found["Wasted"])
        columns: list[tuple[str, Any]] = [
            ("WASTED", lambda one: human_size(one["Wasted"])),
            ("LAYERS", lambda one: " ".join(str(layer) for layer in one["Layers"])),
            ("PATH", lambda one: one["Path"] + (" (deleted)" if one["Deleted"] else "")),
        ]
        self.paths: Table[dict[str, Any]] = Table(found["Paths"], columns)

    def _facts(self) -> list[list[str]]:
        return [
            ["image", self.ref],
            ["efficiency", f"{self.efficiency:.1%}"],
            ["wasted", f"{human_size(self.wasted_bytes)} of {human_size(self.size_bytes)}"],
        ]

    def __repr__(self) -> str:
        text = text_table(["waste", ""], self._facts())
        return f"{text}\n\n{self.paths!r}" if self.paths else text

    def _repr_html_(self) -> str:
        table = html_table(["waste", ""], self._facts())
        return table + self.paths._repr_html_() if self.paths else table
