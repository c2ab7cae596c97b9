"""Tables as Docker prints them (Go's text/tabwriter: at least 10 columns a cell, 3 between)."""

from __future__ import annotations

from pyminidocker.client.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 10
GAP = 3


def table(rows: Iterable[list[str]], least: int = LEAST, gap: int = GAP) -> str:
    """Return ``rows`` (the head first) as lines with aligned columns.

    Args:
        rows: cells as text.
        least: the fewest columns a cell takes.
        gap: columns between a cell and the next.
    """
    cells = list(rows)
    if not cells:
        return ""
    last = max(map(len, cells)) - 1
    widths = [
        max(least, gap + max([len(row[index]) for row in cells if index < len(row) - 1] or [0]))
        for index in range(last)
    ]
    lines = []
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("".join(padded) + row[-1] if row else "")
    return "\n".join(lines)


def tabbed(text: str, least: int = LEAST, gap: int = GAP) -> str:
    """Align a text whose cells are separated by tabs."""
    return table([line.split("\t") for line in text.split("\n")], least, gap)


def pretty(value: object, indent: str = "") -> str:
    """Return ``value`` as JSON of many lines, four spaces a level, as ``inspect`` prints it."""
    deeper = indent + "    "
    if isinstance(value, dict) and value:
        items = [f"{deeper}{dumps(str(key))}: {pretty(value[key], deeper)}" for key in value]
    elif isinstance(value, list) and value:
        items = [deeper + pretty(item, deeper) for item in value]
    else:
        return dumps(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + f"\n{indent}{closing}"


def shorten(text: str, most: int) -> str:
    """Return ``text`` with at most ``most`` characters, the last one an ellipsis if it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str) -> str:
    """Return ``text`` as a Go string literal."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join([escapes.get(letter, letter) for letter in text]) + '"'
