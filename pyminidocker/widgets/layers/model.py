"""What the microscope knows: two stacks of layers and every path in which they differ.

The engine compares (``GET /minidocker/compare``); this module gives its answer names, counts and
plain words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyminidocker.units import human_size

KINDS = ("added", "changed", "deleted", "attributes")
GLYPHS = {"added": "+", "changed": "~", "deleted": "−", "attributes": "°"}
HUES = {"added": "green", "changed": "orange", "deleted": "red", "attributes": "violet"}


def counted(count: int, one: str, many: str) -> str:
    """Return "1 whiteout" or "2 whiteouts"."""
    return f"{count} {one if count == 1 else many}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path in which B differs from A; fields as in ``images.records.DiffEntry``."""

    path: str
    kind: str
    type: str
    layer: int
    size_a: int
    size_b: int
    mode_a: int
    mode_b: int
    copied_up: int
    whiteout: bool
    opaque: bool

    @property
    def weight(self) -> int:
        """Bytes that stand behind the change, for size bars and for what to show first."""
        return max(self.size_a if self.kind == "deleted" else self.size_b, self.copied_up)

    @property
    def marks(self) -> tuple[str, ...]:
        """What overlayfs wrote to make the change, besides the file."""
        said = []
        if self.whiteout:
            said.append("whiteout")
        if self.opaque:
            said.append("opaque directory")
        if self.copied_up:
            said.append(f"{human_size(self.copied_up)} copied up")
        return tuple(said)

    def explanation(self) -> str:
        """Say what happened to the path, in plain words."""
        where = f"layer {self.layer + 1}" if self.layer >= 0 else "no layer of B"
        return " ".join(_EXPLAIN[self.kind](self, where) + _explain_opaque(self))


def _explain_added(_entry: Entry, where: str) -> list[str]:
    return [f"New: {where} brings it, and nothing had this path before."]


def _explain_changed(entry: Entry, where: str) -> list[str]:
    said = [f"{where.capitalize()} holds a whole new version; the old one lies below, unseen."]
    if entry.copied_up:
        said.append(
            f"Before the first change, overlayfs copied all {human_size(entry.copied_up)} of it up."
        )
    return said


def _explain_attributes(entry: Entry, where: str) -> list[str]:
    modes = entry.mode_a != entry.mode_b
    what = f"mode {entry.mode_a:04o} became {entry.mode_b:04o}" if modes else "owner or time"
    said = [f"Same content, other attributes ({what})."]
    if entry.copied_up:
        said.append(
            f"{where.capitalize()} needed a copy of all {human_size(entry.copied_up)} for that."
        )
    return said


def _explain_deleted(entry: Entry, where: str) -> list[str]:
    if entry.whiteout:
        said = f"A whiteout in {where} hides it."
        size = human_size(entry.size_a)
        rest = f"Its {size} still lie in a lower layer." if entry.size_a else ""
        return [said, rest] if rest else [said]
    if entry.layer < 0:
        return ["A shows it and B does not: B does not stand on the layer that brings it."]
    return [f"It is gone in {where}, together with the directory that held it."]


def _explain_opaque(entry: Entry) -> list[str]:
    if not entry.opaque:
        return []
    return ["The directory is opaque: nothing that lower layers have in it shows through."]


_EXPLAIN: dict[str, Callable[[Entry, str], list[str]]] = {
    "added": _explain_added,
    "changed": _explain_changed,
    "deleted": _explain_deleted,
    "attributes": _explain_attributes,
}


@dataclass(frozen=True, slots=True)
class StackLayer:
    """One layer of a stack.

    Args:
        number: counted from 1 at the bottom.
        chain_id: names the layer and all below it; empty for a container's own layer.
        size: bytes in its files.
        created_by: the command that made it.
        shared: A has it too, at the same height.
        writable: a container's own layer.
    """

    number: int
    chain_id: str
    size: int
    created_by: str
    shared: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Stack B relative to stack A.

    Args:
        a: what A is called; "" is nothing at all.
        b: what B is called.
        layers: of B, bottom first.
        entries: sorted by path.
        copied_up_bytes: sum over the entries.
        wasted_bytes: in B's layers, and no path shows them any more.
    """

    a: str
    b: str
    layers: tuple[StackLayer, ...]
    entries: tuple[Entry, ...]
    copied_up_bytes: int
    wasted_bytes: int

    @property
    def a_label(self) -> str:
        """What people call A."""
        return self.a or "nothing"

    @property
    def b_label(self) -> str:
        """What people call B."""
        return self.b or "nothing"

    def count(self, kind: str) -> int:
        """Return how many entries are of ``kind`` (or have the mark ``whiteout``, ``opaque``)."""
        if kind == "whiteout":
            return sum(entry.whiteout for entry in self.entries)
        if kind == "opaque":
            return sum(entry.opaque for entry in self.entries)
        if kind == "copied":
            return sum(entry.copied_up > 0 for entry in self.entries)
        return sum(entry.kind == kind for entry in self.entries)

    def heaviest(self, most: int) -> list[Entry]:
        """Return at most ``most`` entries, those with the most bytes, in the order of paths.

        What was deleted, hidden or copied up comes before what was added.
        """
        if len(self.entries) <= most:
            return list(self.entries)
        ranked = sorted(self.entries, key=lambda e: (e.kind == "added", -e.weight, e.path))
        return sorted(ranked[:most], key=lambda entry: entry.path)

    def hidden(self) -> str:
        """Return the counts of overlayfs's marks."""
        whiteouts = counted(self.count("whiteout"), "whiteout", "whiteouts")
        opaque = counted(self.count("opaque"), "opaque directory", "opaque directories")
        return f"{whiteouts}, {opaque}"

    def summary(self) -> str:
        """Return the counts as one sentence."""
        parts = [f"{self.count(kind)} {kind}" for kind in KINDS[:3]]
        parts.append(f"{self.count('attributes')} with other attributes only")
        return (
            f"{', '.join(parts)}; {self.hidden()}; "
            f"{human_size(self.copied_up_bytes)} copied up, {human_size(self.wasted_bytes)} wasted"
        )


def read_entry(record: dict[str, Any]) -> Entry:
    """Read one entry of the engine's answer."""
    return Entry(
        path=record["Path"],
        kind=record["Kind"],
        type=record["Type"],
        layer=record["Layer"],
        size_a=record.get("SizeA", 0),
        size_b=record.get("SizeB", 0),
        mode_a=record.get("ModeA", 0),
        mode_b=record.get("ModeB", 0),
        copied_up=record.get("CopiedUp", 0),
        whiteout=bool(record.get("Whiteout")),
        opaque=bool(record.get("Opaque")),
    )


def read_stack(
    layers_b: list[dict[str, Any]], layers_a: list[dict[str, Any]]
) -> tuple[StackLayer, ...]:
    """Read B's layers (bottom first) and mark those that A has too.

    A container's own layer has no chain id, for it may still change.

    Args:
        layers_b: the engine's ``Layers`` of B.
        layers_a: those of A.
    """
    below_a = [layer["ChainId"] for layer in layers_a]
    return tuple(
        StackLayer(
            number=index + 1,
            chain_id=layer["ChainId"],
            size=layer["Size"],
            created_by=layer.get("CreatedBy", ""),
            shared=bool(layer["ChainId"]) and layer["ChainId"] in below_a[index : index + 1],
            writable=not layer["ChainId"],
        )
        for index, layer in enumerate(layers_b)
    )
