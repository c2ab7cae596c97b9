"""The microscope as text: counts, then one line per path, the same on every run."""

from pyminidocker.units import human_size
from pyminidocker.widgets.layers.model import GLYPHS, Comparison, Entry
from pyminidocker.widgets.tables import text_table

MOST_LINES = 24


def _bytes(value: int, absent: bool) -> str:
    return "-" if absent else human_size(value)


def _line(entry: Entry) -> list[str]:
    is_file = entry.type == "file"
    return [
        f"{GLYPHS[entry.kind]} {entry.kind}",
        entry.path + ("/" if entry.type == "dir" else ""),
        str(entry.layer + 1) if entry.layer >= 0 else "-",
        _bytes(entry.size_a, not is_file or entry.kind == "added"),
        _bytes(entry.size_b, not is_file or entry.kind == "deleted"),
        ", ".join(entry.marks),
    ]


def comparison_table(comparison: Comparison, *, most: int = MOST_LINES) -> str:
    """Return the comparison as plain text.

    Args:
        comparison: the model.
        most: how many paths to list; the ones with the most bytes when there are more.
    """
    listed = comparison.heaviest(most)
    head = f"{comparison.b_label} compared with {comparison.a_label}"
    stack = text_table(
        ["layer", "size", "", "made by"],
        [
            [
                str(layer.number),
                human_size(layer.size),
                "in both" if layer.shared else "writable" if layer.writable else "only here",
                layer.created_by[:60],
            ]
            for layer in reversed(comparison.layers)
        ],
        right=(0, 1),
    )
    parts = [head, stack, comparison.summary()]
    if listed:
        columns = ["change", "path", "layer", "before", "after", "how"]
        parts.append(text_table(columns, [_line(e) for e in listed], right=(2, 3, 4)))
    if len(listed) < len(comparison.entries):
        parts.append(f"{len(comparison.entries) - len(listed)} more paths not listed")
    return "\n\n".join(parts)
