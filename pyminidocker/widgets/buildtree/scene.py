"""The build tree as a picture: a frame for each stage, a trunk of steps, lines for copies.

A step's mark has a shape of its own for each result, and the word stands beside it: a ring with a
tick from the cache, a diamond where something changed, a hollow diamond where a step only follows.
"""

from pyminidocker.client.build_steps import FAILED, RUNNING, UNNEEDED, UNREACHED
from pyminidocker.widgets.buildtree.model import CACHED, CHANGED, FOLLOWS, BuildRun, Stage, Step
from pyminidocker.widgets.metrics import text_width
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke, line
from pyminidocker.widgets.wiring.parts import AIR, fit, pill, pill_width, ring
from pyminidocker.widgets.wiring.places import Rect

HUES = {
    CACHED: "green",
    CHANGED: "orange",
    FOLLOWS: "orange",
    FAILED: "red",
    RUNNING: "blue",
    UNNEEDED: "slate",
}
WIDE, NARROW, MARGIN, HEAD = 868.0, 400.0, 12.0, 30.0
ROW, TALL, GAP = 46.0, 68.0, 10.0
MOST_ROWS = 60
_TRUNK = 24.0  # from the frame's left edge
_LANE = 13.0


def hue_of(step: Step) -> str:
    """Return the colour of a step."""
    return HUES.get(step.state, "slate")


def _diamond(x: float, y: float, r: float, fill: str, edge: str) -> Stroke:
    corners = (("M", x, y - r), ("L", x + r, y), ("L", x, y + r), ("L", x - r, y), ("Z",))
    return Stroke(corners, edge, fill, 1.8)


def mark(x: float, y: float, step: Step) -> list[Item]:
    """Draw what came of a step, centred on (x, y)."""
    hue = hue_of(step)
    edge, ink = f"{hue}-edge", f"{hue}-text"
    disc = Box(x - 9.5, y - 9.5, 19, 19, hue, edge, 1.6, 9.5)
    if step.state == CACHED:
        ticks = (("M", x - 4.5, y), ("L", x - 1.2, y + 3.8), ("L", x + 5, y - 4))
        return [disc, Stroke(ticks, ink, width=2)]
    if step.state == CHANGED:
        return [_diamond(x, y, 11, edge, edge)]
    if step.state == FOLLOWS:
        return [_diamond(x, y, 11, "paper", edge)]
    if step.state == FAILED:
        return [
            Box(x - 9.5, y - 9.5, 19, 19, hue, edge, 1.6, 3),
            line(x - 4.5, y - 4.5, x + 4.5, y + 4.5, ink, 2.2),
            line(x - 4.5, y + 4.5, x + 4.5, y - 4.5, ink, 2.2),
        ]
    if step.state == RUNNING:
        wedge = (("M", x - 3, y - 5), ("L", x + 5, y), ("L", x - 3, y + 5), ("Z",))
        return [disc, Stroke(wedge, ink, ink, 1)]
    if step.state == UNNEEDED:
        return [disc, line(x - 4, y, x + 4, y, ink, 2)]
    hollow = Box(x - 9.5, y - 9.5, 19, 19, "paper", edge, 1.6, 9.5, (3.0, 3.0))
    if step.state == UNREACHED:
        return [hollow, line(x - 5, y + 5, x + 5, y - 5, edge, 2)]
    return [hollow]


def guess_words(step: Step) -> tuple[str, bool]:
    """Return what was predicted, in few words, and whether it did not come true."""
    said = {True: "cached", False: "carried out"}
    if step.next_guess is not None:
        return f"next: {said[step.next_guess]}?", False
    if step.guess is None:
        return "", False
    if not step.verdict:
        return f"you: {said[step.guess]}?", False
    wrong = step.verdict == "wrong"
    return "not as you said" if wrong else "as you said", wrong


class _Painter:
    """Draws one build from top to bottom."""

    def __init__(self, run: BuildRun, *, still: bool, narrow: bool) -> None:
        self.run, self.still, self.narrow = run, still, narrow
        self.width = NARROW if narrow else WIDE
        self.row = TALL if narrow else ROW
        self.largest = max((step.told.bytes for step in run.steps.values()), default=0) or 1
        self.last = max((step.told.stage_index for step in run.steps.values()), default=0)
        self.marks: dict[str, tuple[float, float]] = {}
        self.back: list[Item] = []
        self.front: list[Item] = []
        crossings = sum(len(self.crossed(step)) for step in run.steps.values())
        self.left = MARGIN + min(crossings, 6) * _LANE
        self.y = MARGIN

    def crossed(self, step: Step) -> list[Step]:
        """Return the steps of other stages whose result ``step`` uses."""
        found = (self.run.steps.get(name) for name in step.told.needs)
        return [one for one in found if one and one.told.stage_index != step.told.stage_index]

    def paint(self) -> float:
        """Draw everything; return the height."""
        room = MOST_ROWS
        for stage in self.run.stages:
            self.stage(stage, stage.steps[:room])
            room = max(room - len(stage.steps), 0)
        self.crossings()
        return self.y - GAP + MARGIN

    def stage(self, stage: Stage, shown: list[Step]) -> None:
        hidden = len(stage.steps) - len(shown)
        height = HEAD + len(shown) * self.row + (20 if hidden else 0) + 4
        x, w = self.left, self.width - MARGIN - self.left
        dash = (6.0, 5.0) if stage.is_unneeded else ()
        self.back.append(Box(x, self.y, w, height, "panel", "line", 1.3, 10, dash))
        title = stage.title if stage.name or stage.index < self.last else "final stage"
        self.back.append(Label(x + 12, self.y + 20, title, 12, 600))
        self.back.append(Label(x + w - 12, self.y + 20, _tally(stage), 11.5, 400, "muted", "end"))
        top = self.y + HEAD
        if len(shown) > 1:
            first, last = top + self.row / 2, top + (len(shown) - 0.5) * self.row
            self.back.append(line(x + _TRUNK, first, x + _TRUNK, last, "slate-edge", 2))
        for step in shown:
            self.marks[step.told.id] = (x + _TRUNK, top + self.row / 2)
            self.front.append(self.step(step, Rect(x + 6, top, w - 12, self.row - 4)))
            top += self.row
        if hidden:
            self.back.append(Label(x + 46, top + 12, f"and {hidden} more", 11.5, 400, "muted"))
        self.y += height + GAP

    def step(self, step: Step, spot: Rect) -> Group:
        draw = self.stacked if self.narrow else self.in_line
        items = [*mark(self.left + _TRUNK, spot.y + self.row / 2, step), *draw(step, spot)]
        return Group(tuple(items), step.told.id, step.says(), ring(spot, 0))

    def in_line(self, step: Step, spot: Rect) -> list[Item]:
        x, y = self.left + 46, spot.y
        columns = 112 + 142 + (0 if self.still else 62)
        room = spot.right - columns - x - 8
        words, wrong = guess_words(step)
        muted = "muted" if step.state != FAILED else "red-text"
        ink = "muted" if step.state == UNNEEDED else "ink"
        items: list[Item] = [
            fit(step.told.first_line, x, y + (18 if step.why else 25), room, 12.5, ink, mono=True),
            fit(step.why, x, y + 35, room, 11, muted),
        ]
        at = spot.right - columns
        top = y + (4 if words else 11)
        items += pill(at, top, step.state, hue_of(step))
        if words:
            hue = "red-text" if wrong else "muted"
            items.append(fit(words, at + 3, y + 37.5, 116, 10.5, hue, weight=600 if wrong else 400))
        items += self.weight(step, at + 122, y + 21, 132)
        if not self.still:
            items.append(Label(spot.right - 8, y + 25, took(step), 11.5, 400, "muted", "end"))
        return items

    def stacked(self, step: Step, spot: Rect) -> list[Item]:
        x, y = self.left + 46, spot.y
        room = spot.right - x - 8
        words, wrong = guess_words(step)
        ink = "muted" if step.state == UNNEEDED else "ink"
        items: list[Item] = [
            fit(step.told.first_line, x, y + 15, room, 11.5, ink, mono=True),
            fit(step.why, x, y + 30, room, 10.5, "red-text" if step.state == FAILED else "muted"),
            *pill(x, y + 38, step.state, hue_of(step)),
        ]
        after = x + pill_width(step.state) + 8
        note = " · ".join(filter(None, (words, step.weight, "" if self.still else took(step))))
        hue = "red-text" if wrong else "muted"
        items.append(fit(note, after, y + 52.5, spot.right - after - 6, 10.5, hue))
        return items

    def weight(self, step: Step, x: float, y: float, room: float) -> list[Item]:
        """Draw how large a step's layer is."""
        if not step.weight:
            return []
        if not step.told.layer:
            return [Label(x + room - 12, y + 4, "no layer", 11, 400, "muted", "end")]
        text = text_width(step.weight, 11.5) * AIR + 18
        bar = max(2.0, (room - text) * step.told.bytes / self.largest)
        return [
            *([Box(x, y - 4, bar, 8, f"{hue_of(step)}-edge", radius=2)] * bool(step.told.bytes)),
            Label(x + room - 12, y + 4, step.weight, 11.5, 400, "ink", "end"),
        ]

    def crossings(self) -> None:
        """Draw a line, through the margin, for each step that uses another stage's result."""
        lane = 0
        for step in self.run.steps.values():
            for source in self.crossed(step):
                if step.told.id in self.marks and source.told.id in self.marks:
                    self.crossing(self.marks[source.told.id], self.marks[step.told.id], lane % 6)
                    lane += 1

    def crossing(self, start: tuple[float, float], end: tuple[float, float], lane: int) -> None:
        x = self.left - 5 - lane * _LANE
        (x1, y1), (x2, y2) = start, end
        away = (
            ("M", x1 - 11, y1),
            ("L", x + 7, y1),
            ("C", x, y1, x, y1, x, y1 + 7),
            ("L", x, y2 - 7),
            ("C", x, y2, x, y2, x + 7, y2),
            ("L", x2 - 13, y2),
        )
        tip = (("M", x2 - 11, y2), ("L", x2 - 19, y2 - 4.5), ("L", x2 - 19, y2 + 4.5), ("Z",))
        self.back += [
            Stroke(away, "violet-edge", width=2, dash=(5.0, 4.0)),
            Stroke(tip, "violet-edge", "violet-edge", 1),
        ]


def took(step: Step) -> str:
    """Return how long a step took."""
    if not step.is_finished:
        return ""
    seconds = step.told.seconds
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def _tally(stage: Stage) -> str:
    if stage.is_unneeded:
        return "not needed for the result"
    cached = sum(step.state == CACHED for step in stage.steps)
    return f"{len(stage.steps)} steps, {cached} from the cache"


def draw_build(run: BuildRun, *, still: bool = False, narrow: bool = False) -> Scene:
    """Draw a build.

    Args:
        run: the model.
        still: without times, which differ from run to run.
        narrow: for a narrow cell.
    """
    painter = _Painter(run, still=still, narrow=narrow)
    scene = Scene(painter.width, 0, f"Build tree of {run.name}", describe(run))
    if run.steps:
        scene.height = painter.paint()
        scene.add(*painter.back, *painter.front)
    else:
        scene.height = 64
        scene.add(Label(MARGIN, 38, run.summary(), 13, 400, "muted"))
    return scene


def describe(run: BuildRun) -> str:
    """Say in words what the picture shows."""
    return " ".join([run.summary(), *(f"{step.says()}." for step in run.steps.values())])
