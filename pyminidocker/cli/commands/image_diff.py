"""``image diff`` and ``image waste``: what layers hold, seen from two sides."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.listing import FORMAT_HELP, Listing
from pyminidocker.cli.output import table
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

KINDS = ("added", "changed", "deleted", "attributes")
_FIRST_PATHS = 20


def diff(call: Invocation) -> int:
    """Compare two images (or containers, or stacks of layers) path by path."""
    options = call.options
    kind = options["kind"] or "auto"
    if kind not in (*KINDS, "auto"):
        raise Failure(f"invalid kind {kind!r}", hint=f"one of {', '.join(KINDS)}")
    a, b = call.arguments
    compared = call.engine.compare(a, b, kind=kind)
    entries = compared["Entries"]
    form = options["format"]
    if form:
        return _listing().show(entries, ("Kind", "Size", "Layer", "Path"), form)
    rows = entries if options["all"] else folded(entries)
    if rows:
        _listing().show(rows, ("Kind", "Size", "Layer", "Path"))
        sys.stdout.write("\n")
    sys.stdout.write(_summary(compared["Summary"], b))
    return 0


def folded(entries: list[Json]) -> list[Json]:
    """Put what is below a new or deleted directory into the directory's own row."""
    rows: list[Json] = []
    top: Json | None = None
    for entry in entries:
        if (
            top is not None
            and entry["Kind"] == top["Kind"]
            and entry["Path"].startswith(f"{top['Path']}/")
        ):
            top["SizeA"] += entry["SizeA"]
            top["SizeB"] += entry["SizeB"]
            top["Below"] += entry["Type"] != "dir"
            continue
        row = {**entry, "Below": 0}
        rows.append(row)
        is_whole = entry["Type"] == "dir" and entry["Kind"] in ("added", "deleted")
        top = row if is_whole else None
    return rows


def _listing() -> Listing:
    def size(entry: Json) -> str:
        kind, before, after = entry["Kind"], entry["SizeA"], entry["SizeB"]
        if kind == "added":
            return f"+{human_size(after)}"
        if kind == "deleted":
            return f"-{human_size(before)}"
        if kind == "attributes":
            if entry["ModeA"] == entry["ModeB"]:
                return "owner, time"
            return f"{entry['ModeA']:04o} -> {entry['ModeB']:04o}"
        return f"{human_size(before)} -> {human_size(after)}"

    def path(entry: Json) -> str:
        text = str(entry["Path"]) + ("/" if entry["Type"] == "dir" else "")
        below = entry.get("Below", 0)
        if below:
            text += f" ({below} file{'s' if below > 1 else ''})"
        return text

    return Listing(
        "imageDiffContext",
        {
            "Kind": ("KIND", lambda entry: str(entry["Kind"])),
            "Size": ("SIZE", size),
            "Layer": ("LAYER", lambda one: str(one["Layer"]) if one["Layer"] >= 0 else "-"),
            "Path": ("PATH", path),
            "Type": ("TYPE", lambda entry: str(entry["Type"])),
            "SizeA": ("SIZE A", lambda entry: str(entry["SizeA"])),
            "SizeB": ("SIZE B", lambda entry: str(entry["SizeB"])),
            "CopiedUp": ("COPIED UP", lambda entry: str(entry["CopiedUp"])),
        },
    )


def _summary(summary: Json, b: str) -> str:
    counts = [
        f"{summary['Added']} added",
        f"{summary['Changed']} changed",
        f"{summary['Deleted']} deleted",
        f"{summary['Attributes']} with other attributes",
    ]
    lines = ", ".join(counts) + "\n"
    if summary["CopiedUpBytes"]:
        lines += f"copied as a whole to change a part: {human_size(summary['CopiedUpBytes'])}\n"
    if summary["WastedBytes"]:
        lines += f"in the layers of {b or 'B'}, but hidden: {human_size(summary['WastedBytes'])}\n"
    return lines


def waste(call: Invocation) -> int:
    """Tell how well an image uses its bytes, and which paths waste some."""
    options = call.options
    name = call.arguments[0]
    found = call.engine.image_waste(name)
    paths = found["Paths"] if options["all"] else found["Paths"][:_FIRST_PATHS]
    listing = Listing(
        "imageWasteContext",
        {
            "Wasted": ("WASTED", lambda one: human_size(one["Wasted"])),
            "Size": ("WRITTEN", lambda one: human_size(one["Size"])),
            "Layers": ("LAYERS", lambda one: ",".join(str(layer) for layer in one["Layers"])),
            "Path": ("PATH", lambda one: one["Path"] + (" (deleted)" if one["Deleted"] else "")),
        },
    )
    columns = ("Wasted", "Size", "Layers", "Path")
    if options["format"]:
        return listing.show(found["Paths"], columns, options["format"])
    wasted = f"{human_size(found['Wasted'])} of {human_size(found['Size'])}"
    rows = [["IMAGE", name], ["EFFICIENCY", f"{found['Efficiency']:.1%}"], ["WASTED", wasted]]
    sys.stdout.write(table(rows) + "\n")
    if paths:
        sys.stdout.write("\n")
        listing.show(paths, columns)
    left = len(found["Paths"]) - len(paths)
    if left:
        sys.stdout.write(f"... and {left} more (--all)\n")
    return 0


DIFF = Command(
    "[OPTIONS] A B",
    (
        Option("-a, --all", "bool", "Show every path, also below new and deleted directories"),
        Option("--format", "string", FORMAT_HELP),
        Option("--kind", "string", "Only this kind: added, changed, deleted or attributes"),
    ),
    diff,
    2,
    2,
    description=(
        "A and B are images, containers, or the first layers of an image:\n"
        "python@2 is python's first two layers, and '' is nothing at all."
    ),
)
WASTE = Command(
    "[OPTIONS] IMAGE",
    (
        Option("-a, --all", "bool", f"Show all paths, not only the first {_FIRST_PATHS}"),
        Option("--format", "string", FORMAT_HELP),
    ),
    waste,
    1,
    1,
    description=(
        "A layer cannot take back what a layer below it holds: files that are written\n"
        "again are carried twice, deleted ones for nothing. 100% is an image without that."
    ),
)
