"""A walk as a picture: stations on a line, addresses beside them, rewriting where it happened."""

from dataclasses import dataclass

from pyminidocker.widgets.metrics import text_width
from pyminidocker.widgets.packetwalk.model import (
    ENDED,
    PROXIED,
    REWRITTEN,
    SEEN,
    Evidence,
    Step,
    Walk,
    steady,
)
from pyminidocker.widgets.packetwalk.words import NAMES, describe, place_of
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke, line
from pyminidocker.widgets.wiring.parts import AIR, fit, pill, pill_width

HUES = {SEEN: "green", REWRITTEN: "violet", PROXIED: "orange", ENDED: "red"}
ROW, EVIDENCE_H = 38.0, 15.0
LINE_X = 28.0


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand, for a wide or a narrow picture."""

    narrow: bool

    @property
    def width(self) -> float:
        return 400.0 if self.narrow else 868.0

    @property
    def place(self) -> float:
        return LINE_X + 24

    @property
    def source(self) -> float:
        return self.place if self.narrow else 356.0

    @property
    def address_w(self) -> float:
        return 152.0 if self.narrow else 168.0

    @property
    def destination(self) -> float:
        return self.source + self.address_w + 26

    @property
    def note(self) -> float:
        return self.destination + self.address_w + 12

    @property
    def letters(self) -> int:
        """How many letters of evidence fit into a line."""
        return 52 if self.narrow else 126


def _broken(text: str, letters: int) -> list[str]:
    """Break a line of code at spaces into lines of at most ``letters`` characters."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and len(longer) > letters:
            lines.append(f"  {word}")
        else:
            lines[-1] = longer
    return lines


def _shown(step: Step, *, still: bool) -> list[Evidence]:
    """Return the evidence that is drawn: a capture is shown by its step already."""
    found = [proof for proof in step.evidence if proof.kind in ("rule", "conntrack")]
    if still:
        found = [Evidence(proof.kind, steady(proof.text)) for proof in found]
    return found


def _lines(step: Step, columns: _Columns, *, still: bool) -> list[str]:
    return [
        text
        for proof in _shown(step, still=still)
        for text in _broken(f"{proof.kind} {proof.text}", columns.letters)
    ]


def _address(x: float, y: float, width: float, text: str, was: str, hue: str) -> list[Item]:
    """Draw an address; a rewritten one in its box, the old one struck through above it."""
    if not was:
        return [fit(text, x + 8, y, width - 10, 11.5, "ink", mono=True)]
    old = fit(was, x + 8, y - 19, width - 12, 10.5, "muted", mono=True)
    end = x + 8 + text_width(old.text, 10.5, mono=True)
    return [
        old,
        line(x + 6, y - 22.5, end + 2, y - 22.5, "red-edge", 1.4),
        Box(x, y - 14, width, 20, hue, f"{hue}-edge", 1.3, 6),
        fit(text, x + 8, y, width - 12, 11.5, f"{hue}-text", weight=600, mono=True),
    ]


def _arrow(x: float, y: float) -> list[Item]:
    return [
        line(x, y, x + 16, y, "slate-edge", 1.4),
        Stroke(
            (("M", x + 18, y), ("L", x + 11, y - 4), ("L", x + 11, y + 4), ("Z",)),
            "slate-edge",
            "slate-edge",
            1,
        ),
    ]


def _station(x: float, y: float, number: int, kind: str) -> list[Item]:
    """Draw a step's mark on the line: its shape says what kind of step it is."""
    hue = HUES[kind]
    if kind == SEEN:
        mark: Item = Box(x - 10, y - 10, 20, 20, hue, f"{hue}-edge", 1.6, 10)
    elif kind == ENDED:
        mark = Box(x - 10, y - 10, 20, 20, hue, f"{hue}-edge", 1.6, 3)
    else:
        points = ((x, y - 13), (x + 13, y), (x, y + 13), (x - 13, y))
        first, *rest = points
        path = (("M", *first), *(("L", *point) for point in rest), ("Z",))
        mark = Stroke(path, f"{hue}-edge", hue, 1.6)
    return [mark, Label(x, y + 4, str(number), 11, 600, f"{hue}-text", "middle")]


def _lift(step: Step) -> float:
    """Return the room above the addresses, for old addresses or for the packet around."""
    return 22.0 if step.was_source or step.was_destination or step.outer else 0.0


def _wrapping(step: Step, columns: _Columns, y: float) -> list[Item]:
    """Draw the packet around a frame: its addresses, and a box around those of the frame."""
    if step.outer is None:
        return []
    source, destination, vni = step.outer
    left, right = columns.source - 5, columns.destination + columns.address_w + 5
    items: list[Item] = [
        Box(left, y - 38, right - left, 46, "violet", "violet-edge", 1.4, 8),
        Box(left + 5, y - 15, right - left - 10, 19, "paper", "green-edge", 1.2, 6, (4.0, 3.0)),
        fit(source, columns.source + 8, y - 22, 150, 11.5, "violet-text", weight=600, mono=True),
        *_arrow(columns.source + columns.address_w + 4, y - 26),
        fit(destination, columns.destination + 8, y - 22, 150, 11.5, "violet-text", weight=600,
            mono=True),
    ]  # fmt: skip
    if not columns.narrow:
        items.append(
            fit(f"UDP, VNI {vni}", columns.note, y - 22, 96, 10.5, "violet-text", weight=600)
        )
    return items


def _height(step: Step, columns: _Columns, *, still: bool) -> float:
    tall = ROW + EVIDENCE_H * len(_lines(step, columns, still=still))
    return tall + _lift(step) + (20 if columns.narrow else 0)


def _step(
    walk: Walk, number: int, step: Step, columns: _Columns, y: float, *, still: bool
) -> Group:
    hue, narrow = HUES[step.kind], columns.narrow
    height = _height(step, columns, still=still)
    middle = y + ROW / 2
    items: list[Item] = []
    if step.kind != SEEN:
        items.append(Box(columns.place - 6, y + 2, columns.width - columns.place - 4, height - 4,
                         "", f"{hue}-edge", 1.1, 8, (4.0, 4.0)))  # fmt: skip
    items += _station(LINE_X, middle, number, step.kind)
    ink = "ink" if step.kind == SEEN else f"{hue}-text"
    weight = 400 if step.kind == SEEN else 600
    room = (
        (columns.width - columns.place - 12)
        if columns.narrow
        else columns.source - columns.place - 8
    )
    items.append(
        fit(place_of(walk, step), columns.place, middle + 4, room, 12.5, ink, weight=weight)
    )
    shown = steady if still else str
    at = middle + 4 + _lift(step)
    at += 20 if columns.narrow else 0
    items += _wrapping(step, columns, at)
    items += _address(
        columns.source, at, columns.address_w, shown(step.source), shown(step.was_source), hue
    )
    items += _arrow(columns.source + columns.address_w + 4, at - 4)
    items += _address(
        columns.destination,
        at,
        columns.address_w,
        shown(step.destination),
        shown(step.was_destination),
        hue,
    )
    note = step.note
    if step.at_us >= 0 and not still and not narrow:
        note = f"{note}, +{step.at_us:g} µs".lstrip(", ")
    items += _note(note or step.packed if narrow else note, columns, at, middle)
    low = at + 20
    for text in _lines(step, columns, still=still):
        items.append(Label(columns.place + 2, low, text, 10.5, 400, "muted", mono=True))
        low += EVIDENCE_H
    says = f"step {number}: {place_of(walk, step)}, {step.source} to {step.destination}"
    for more in (step.packed, step.note):
        says += f", {more}" if more else ""
    frame = (8.0, y, columns.width - 14, height)
    return Group(tuple(items), f"step-{number}", says, frame)


def _note(note: str, columns: _Columns, y: float, middle: float) -> list[Item]:
    """Write a note at the right; what finds no room there goes below the place's name."""
    if columns.narrow:
        first = note.partition(", ")[0]
        right = columns.width - 16
        return [fit(first, right, middle + 4, 190, 10.5, "muted", anchor="end")] if first else []
    room = columns.width - columns.note - 8
    if not note:
        return []
    if text_width(note, 10.5) * AIR <= room:
        return [fit(note, columns.note, y, room, 10.5, "muted")]
    first, _, rest = note.partition(", ")
    below = columns.source - columns.place - 8
    return [
        fit(first, columns.place, middle + 18, below, 10.5, "muted"),
        fit(rest, columns.note, y, room, 10.5, "muted"),
    ]


def draw_walk(walk: Walk, *, still: bool, narrow: bool = False) -> Scene:
    """Draw a walk.

    Args:
        walk: the model.
        still: leave out what differs from run to run.
        narrow: for a narrow cell: addresses below the places.
    """
    columns = _Columns(narrow)
    scene = Scene(columns.width, 0, f"Packet walk: {walk.title}", describe(walk))
    word = walk.outcome.partition(":")[0]
    hue = "green" if walk.succeeded else "red"
    scene.add(
        fit(walk.title, 14, 27, columns.width - pill_width(word) - 40, 14.5, "ink", weight=600)
    )
    scene.add(*pill(columns.width - pill_width(word) - 12, 11, word, hue))
    y, number = 44.0, 0
    for name, way, steps in (
        (NAMES[walk.how][0], "there", walk.there),
        (NAMES[walk.how][1], "back", walk.back),
    ):
        if not steps:
            continue
        scene.add(Label(14, y + 14, f"{way}: {name}", 12, 600, "muted"))
        if not narrow:
            scene.add(Label(columns.source + 8, y + 14, "source", 11, 400, "muted"))
            scene.add(Label(columns.destination + 8, y + 14, "destination", 11, 400, "muted"))
        y += 22
        heights = [_height(step, columns, still=still) for step in steps]
        scene.add(
            line(LINE_X, y + ROW / 2, LINE_X, y + sum(heights[:-1]) + ROW / 2, "slate-edge", 3)
        )
        for step, height in zip(steps, heights, strict=True):
            number += 1
            scene.add(_step(walk, number, step, columns, y, still=still))
            y += height
        y += 8
    for note in walk.notes:
        for text in _broken(note, 62 if narrow else 138):
            scene.add(Label(14, y + 12, text.strip(), 11.5, 400, "muted"))
            y += 16
    scene.height = y + 10
    return scene
