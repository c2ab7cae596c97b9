"""The lens as a picture: a room shared is one bar under both processes, a wall is a gap.

Processes stand on top, one lane each.  Every row is a kind of namespace: where neighbours are in
the same one, a single bar runs under all of them; where each is in its own, there is one bar per
lane with a gap between.  The kernel is the floor under everything, because it is never split.
"""

from pyminidocker.widgets.metrics import shorten
from pyminidocker.widgets.namespaces.model import Lens, Row, Subject
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, line

_MARGIN = 16.0
_HEAD = 54.0
_BAR = 36.0
_STEP = 46.0


def describe(lens: Lens) -> str:
    """Say in words what the picture shows."""
    parts = [f"{row.meaning.key} {row.verdict}" for row in lens.rows()]
    return f"Namespaces of {lens.names}: {', '.join(parts)}. {lens.summary()}"


class _Layout:
    """Where lanes, names and verdicts go, for a wide or a narrow picture."""

    def __init__(self, lens: Lens, *, narrow: bool) -> None:
        count = len(lens.subjects)
        self.narrow = narrow
        self.width = 400.0 if narrow else 800.0
        self.names = 0.0 if narrow else 162.0  # room left of the lanes
        self.verdicts = 0.0 if narrow else 122.0  # and right of them
        self.gap = 10.0 if narrow else 22.0
        self.left = _MARGIN + self.names
        room = self.width - 2 * _MARGIN - self.names - self.verdicts
        self.lane = (room - self.gap * (count - 1)) / count
        self.step = 66.0 if narrow else _STEP
        self.title = 20.0 if narrow else 0.0  # the row's name stands above its bars
        self.top = _MARGIN + _HEAD + 14
        self.floor = self.top + 8 * self.step + 6

    def x(self, index: int) -> float:
        return self.left + index * (self.lane + self.gap)

    def span(self, first: int, last: int) -> float:
        return (last - first + 1) * self.lane + (last - first) * self.gap


def _head(layout: _Layout, index: int, subject: Subject, *, still: bool) -> list[Item]:
    x, y = layout.x(index), _MARGIN
    if len(subject.pids) == 1:
        numbers = "" if still else f"pid {subject.host_pid}"
    else:
        numbers = f"pid {subject.inside_pid} inside"
        numbers += "" if still else f", {subject.host_pid} outside"
    words = " · ".join(part for part in (subject.command, numbers) if part)
    room = layout.lane - 24
    return [
        Box(x, y, layout.lane, _HEAD, fill="panel", stroke="line", radius=9),
        Label(x + 12, y + 23, shorten(subject.label, room, 14.5, weight=600), 14.5, 600),
        Label(x + 12, y + 41, shorten(words, room, 11.5), 11.5, 400, "muted"),
    ]


def _mark(x: float, y: float, verdict: str, hue: str) -> list[Item]:
    """Draw = or ≠ or ? (as strokes: not every font has them)."""
    edge = f"{hue}-edge"
    if verdict == "not readable":
        return [Label(x + 6, y + 5, "?", 14, 600, "muted", "middle")]
    marks: list[Item] = [
        line(x, y - 3, x + 12, y - 3, edge, 2),
        line(x, y + 3, x + 12, y + 3, edge, 2),
    ]
    if verdict != "same":
        marks.append(line(x + 9, y - 8, x + 3, y + 8, edge, 2))
    return marks


def _bar_texts(
    layout: _Layout, row: Row, first: int, last: int, y: float, *, still: bool
) -> list[Item]:
    hue = "blue-text" if row.verdict == "same" or first != last else "orange-text"
    said = [fact.still if still else fact.live for fact in row.facts[first : last + 1]]
    if len(set(said)) == 1:
        spots = [(layout.x(first), layout.span(first, last), said[0])]
    else:
        spots = [(layout.x(first + i), layout.lane, text) for i, text in enumerate(said)]
    return [
        Label(x + w / 2, y + 4.5, shorten(text, w - 16, 12.5), 12.5, 400, hue, "middle")
        for x, w, text in spots
    ]


def _bars(layout: _Layout, row: Row, y: float, *, still: bool) -> list[Item]:
    items: list[Item] = []
    for first, last in row.runs():
        if row.groups[first] < 0:
            items.append(
                Box(
                    layout.x(first),
                    y,
                    layout.lane,
                    _BAR,
                    stroke="slate-edge",
                    radius=9,
                    dash=(4, 4),
                )
            )
            centre = layout.x(first) + layout.lane / 2
            items.append(Label(centre, y + 22, "not readable", 12.5, 400, "muted", "middle"))
            continue
        joined = first != last
        hue = "blue" if joined or row.verdict == "same" else "orange"
        items.append(
            Box(layout.x(first), y, layout.span(first, last), _BAR, hue, f"{hue}-edge", 1.5, 9)
        )
        items += _bar_texts(layout, row, first, last, y + _BAR / 2, still=still)
    return items


def _row(layout: _Layout, row: Row, index: int, *, still: bool, numbers: bool) -> Group:
    top = layout.top + index * layout.step
    y = top + layout.title
    meaning, verdict = row.meaning, row.verdict
    hue = "blue" if verdict == "same" else "orange"
    items: list[Item]
    if layout.narrow:
        right = layout.width - _MARGIN
        items = [
            Label(_MARGIN, top + 13, meaning.key, 12.5, 600, mono=True),
            Label(_MARGIN + 58, top + 13, meaning.isolates, 12, 400, "muted"),
            Label(right, top + 13, verdict, 12, 600, f"{hue}-text", "end"),
        ]
        frame = (_MARGIN - 8, top - 4, layout.width - 2 * _MARGIN + 16, layout.step - 2)
    else:
        words = layout.x(len(row.facts) - 1) + layout.lane
        items = [
            Label(_MARGIN, y + 15.5, meaning.key, 13, 600, mono=True),
            Label(_MARGIN, y + 31, meaning.isolates, 11.5, 400, "muted"),
            *_mark(words + 14, y + _BAR / 2, verdict, hue),
            Label(words + 34, y + 22, verdict, 12.5, 600, f"{hue}-text"),
        ]
        frame = (_MARGIN - 8, y - 4, layout.width - 2 * _MARGIN + 16, _BAR + 8)
    items += _bars(layout, row, y, still=still)
    if numbers:
        items += [
            Label(
                layout.x(i) + layout.lane - 8,
                y + _BAR - 5,
                str(number),
                8.5,
                400,
                "muted",
                "end",
                mono=True,
            )
            for i, number in enumerate(row.numbers)
        ]
    label = f"{meaning.key}, {meaning.isolates}: {verdict}"
    return Group(tuple(items), meaning.key, label, frame)


def draw_lens(lens: Lens, *, still: bool, narrow: bool = False, numbers: bool = False) -> Scene:
    """Draw the lens.

    Args:
        lens: the model.
        still: say only what is the same on every run.
        narrow: for a narrow cell: names above the bars instead of beside them.
        numbers: write inode numbers into the bars.
    """
    layout = _Layout(lens, narrow=narrow)
    height = layout.floor + 44 + _MARGIN
    scene = Scene(layout.width, height, f"Namespace lens: {lens.names}", describe(lens))
    for index, subject in enumerate(lens.subjects):
        scene.add(*_head(layout, index, subject, still=still))
    for index, row in enumerate(lens.rows()):
        scene.add(_row(layout, row, index, still=still, numbers=numbers))
    scene.add(*_floor(layout, lens, still=still))
    return scene


def _floor(layout: _Layout, lens: Lens, *, still: bool) -> list[Item]:
    y, last = layout.floor, len(lens.subjects) - 1
    text = (
        "one Linux kernel for all" if still else f"one Linux kernel for all: {lens.kernel_release}"
    )
    width = layout.span(0, last)
    items: list[Item] = [
        Box(layout.left, y, width, 40, "slate", "slate-edge", 1.5, 9),
        Label(
            layout.left + width / 2,
            y + 24.5,
            shorten(text, width - 20, 13, weight=600),
            13,
            600,
            "slate-text",
            "middle",
        ),
    ]
    if not layout.narrow:
        items += [
            Label(_MARGIN, y + 17.5, "kernel", 13, 600, mono=True),
            Label(_MARGIN, y + 33, "no namespace splits it", 11.5, 400, "muted"),
        ]
    return items
