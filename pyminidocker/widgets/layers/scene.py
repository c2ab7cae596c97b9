"""The microscope as a picture: the stack of layers, and beside it what the upper ones changed.

The newest layer lies on top, as in the kernel's overlay: looking down from above, the first layer
that has a path decides what is seen.  Layers that A has too are grey, the others are B's own.
"""

from pyminidocker.units import human_size
from pyminidocker.widgets.layers.model import (
    GLYPHS,
    HUES,
    KINDS,
    Comparison,
    Entry,
    StackLayer,
)
from pyminidocker.widgets.metrics import shorten, text_width
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, line

_MARGIN = 16.0
_SLAB = 52.0
_GAP = 6.0
_ROW = 30.0
MOST_ROWS = 12
MOST_SLABS = 12


def _counts(comparison: Comparison, layer: StackLayer) -> str:
    """Return "+3 ~1 −1": what this layer did, as far as the comparison shows."""
    said = []
    for kind in KINDS:
        here = sum(e.kind == kind and e.layer == layer.number - 1 for e in comparison.entries)
        if here:
            said.append(f"{GLYPHS[kind]}{here}")
    return "  ".join(said)


def _slab(comparison: Comparison, layer: StackLayer, x: float, y: float, w: float) -> Group:
    hue = "orange" if layer.writable else "slate" if layer.shared else "blue"
    role = "writable" if layer.writable else "in both" if layer.shared else "only here"
    largest = max((other.size for other in comparison.layers), default=0) or 1
    made_by = layer.created_by or ("what the container wrote" if layer.writable else "no history")
    counts = _counts(comparison, layer)
    size = human_size(layer.size)
    text = f"{hue}-text"
    bar = max(2.0, (w - 24) * layer.size / largest) if layer.size else 0.0
    dash = (5.0, 4.0) if layer.writable else ()
    items: list[Item] = [
        Box(x, y, w, _SLAB, hue, f"{hue}-edge", 1.5, 8, dash),
        Label(x + 12, y + 19, f"layer {layer.number}", 12.5, 600, text),
        Label(x + 74, y + 19, role, 11.5, 400, text),
        Label(x + w - 12, y + 19, size, 12, 600, text, "end"),
        Label(
            x + 12,
            y + 36,
            shorten(made_by, w - 34 - len(counts) * 8, 10.5, mono=True),
            10.5,
            400,
            text,
            mono=True,
        ),
        Label(x + w - 12, y + 36, counts, 11.5, 600, text, "end"),
    ]
    if bar:
        items.append(Box(x + 12, y + _SLAB - 8, bar, 3, f"{hue}-edge", radius=1.5))
    label = f"layer {layer.number}, {role}, {size}, made by {made_by}; {counts or 'no changes'}"
    return Group(tuple(items), f"layer-{layer.number}", label, (x - 5, y - 3, w + 10, _SLAB + 6))


def _stack(comparison: Comparison, x: float, y: float, w: float) -> tuple[list[Item], float]:
    """Draw the stack, newest on top; return the items and the y below them."""
    items: list[Item] = [
        Label(x, y + 10, f"{comparison.b_label}, seen from above", 11.5, 400, "muted"),
    ]
    y += 20
    shown = list(reversed(comparison.layers))[:MOST_SLABS]
    for layer in shown:
        items.append(_slab(comparison, layer, x, y, w))
        y += _SLAB + _GAP
    if hidden := len(comparison.layers) - len(shown):
        items.append(Label(x + 12, y + 12, f"and {hidden} more below", 11.5, 400, "muted"))
        y += 20
    if not comparison.layers:
        items.append(Label(x, y + 14, "no layers", 12.5, 400, "muted"))
        y += 24
    return items, y


def draw_stack(comparison: Comparison, *, width: float = 300.0) -> Scene:
    """Draw B's layers alone, for the side of the live view."""
    items, bottom = _stack(comparison, 6, 0, width - 12)
    desc = f"{len(comparison.layers)} layers, newest first"
    return Scene(width, bottom + 2, f"Layers of {comparison.b_label}", desc, items)


def _badge(kind: str, x: float, y: float) -> list[Item]:
    hue = HUES[kind]
    glyph: list[Item] = [line(x + 6, y, x + 14, y, f"{hue}-text", 1.8)]
    if kind == "added":
        glyph.append(line(x + 10, y - 4, x + 10, y + 4, f"{hue}-text", 1.8))
    elif kind == "changed":
        glyph = [Label(x + 10, y + 5, "~", 15, 600, f"{hue}-text", "middle")]
    elif kind == "attributes":
        glyph = [Box(x + 7, y - 3, 6, 6, stroke=f"{hue}-text", width=1.8, radius=3)]
    return [Box(x, y - 10, 20, 20, hue, f"{hue}-edge", 1, 6), *glyph]


def _entry(entry: Entry, x: float, y: float, w: float, largest: int) -> list[Item]:
    """Draw one line of the list around the middle ``y``."""
    size = human_size(entry.weight) if entry.type == "file" else entry.type
    room = w - 20 - 10 - 118
    notes = ", ".join(entry.marks)
    noted = text_width(notes, 11) * 1.12 + 14 if notes else 0.0
    path = shorten(entry.path, room - noted, 12, mono=True, tail=True)
    bar = 60 * entry.weight / largest if entry.type == "file" else 0.0
    items = [
        *_badge(entry.kind, x, y),
        Label(x + 30, y + 4.5, path, 12, 400, mono=True),
        Label(x + w, y + 4.5, size, 11.5, 400, "muted", "end"),
    ]
    if notes:
        items.append(Label(x + w - 124, y + 4.5, notes, 11, 400, "muted", "end"))
    if bar:
        hue = HUES[entry.kind]
        items.append(Box(x + w - 116, y - 3.5, max(bar, 2), 7, f"{hue}-edge", radius=2))
    return items


def _chips(comparison: Comparison, x: float, y: float) -> list[Item]:
    items: list[Item] = []
    for kind in KINDS:
        count = comparison.count(kind)
        hue = HUES[kind] if count else "slate"
        text = f"{count} {kind}"
        width = text_width(text, 12, weight=600) * 1.04 + 44
        items.append(Box(x, y, width, 26, hue, f"{hue}-edge", 1, 13))
        items += [
            item for item in _badge(kind, x + 8, y + 13) if not isinstance(item, Box) or item.w < 10
        ]
        items.append(Label(x + 32, y + 17.5, text, 12, 600, f"{hue}-text"))
        x += width + 8
    return items


def draw_comparison(comparison: Comparison) -> Scene:
    """Draw the whole comparison, for saved notebooks."""
    width, stack_width = 880.0, 290.0
    title = f"{comparison.b_label} compared with {comparison.a_label}"
    scene = Scene(width, 0, f"Layer microscope: {title}", f"{title}: {comparison.summary()}.")
    scene.add(Label(_MARGIN, 30, title, 15, 600))
    wasted = (
        f"{human_size(comparison.copied_up_bytes)} copied up · "
        f"{human_size(comparison.wasted_bytes)} wasted · "
        f"{comparison.hidden().replace(', ', ' · ')}"
    )
    scene.add(Label(width - _MARGIN, 30, wasted, 12, 400, "muted", "end"))
    scene.add(*_chips(comparison, _MARGIN, 44))
    top = 88.0
    items, bottom = _stack(comparison, _MARGIN, top, stack_width)
    scene.add(*items)
    x = _MARGIN + stack_width + 28
    listed = comparison.heaviest(MOST_ROWS)
    largest = max((entry.weight for entry in listed), default=0) or 1
    y = top + 10
    head = (
        "paths"
        if len(listed) == len(comparison.entries)
        else (f"the {len(listed)} heaviest of {len(comparison.entries)} paths")
    )
    scene.add(Label(x, y, head, 11.5, 400, "muted"))
    y += 26
    for entry in listed:
        scene.add(*_entry(entry, x, y, width - _MARGIN - x, largest))
        y += _ROW
    if not listed:
        scene.add(Label(x, y + 4, "They show the same files.", 13))
        y += _ROW
    scene.height = max(bottom, y - 12) + _MARGIN
    return scene
