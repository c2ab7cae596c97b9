"""The argv calculator as a picture: what is written, what is executed, and all combinations."""

import shlex

from pyminidocker.widgets.argv.model import (
    CMD,
    ENTRYPOINT,
    FORM_NAMES,
    NONE,
    RUN,
    SHELLS,
    Calculation,
    Combination,
    Observed,
)
from pyminidocker.widgets.metrics import text_width, wrap
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, line
from pyminidocker.widgets.wiring.parts import AIR, fit, ring
from pyminidocker.widgets.wiring.places import Rect

HUES = {ENTRYPOINT: "blue", CMD: "violet", RUN: "green", SHELLS: "slate"}
WIDE, NARROW, MARGIN = 868.0, 400.0, 12.0
_CELL, _GAP, _HEAD = 62.0, 8.0, 116.0


def result_hue(seen: Observed | None) -> str:
    """Return the colour of what happened."""
    if seen is None:
        return "slate"
    if seen.error:
        return "violet"
    return {True: "green", False: "orange", None: "slate"}[seen.heard]


def _mark(x: float, y: float, seen: Observed | None) -> list[Item]:
    """Draw what happened, centred on (x, y): a tick, a cross, a full stop, an exclamation mark."""
    hue = result_hue(seen)
    edge = f"{hue}-edge"
    if seen is None:
        return [Label(x, y + 4.5, "?", 13, 600, "muted", "middle")]
    if seen.error:
        return [Label(x, y + 5, "!", 15, 600, f"{hue}-text", "middle")]
    if seen.heard is None:
        return [Box(x - 4, y - 4, 8, 8, edge, radius=1)]
    if seen.heard:
        return [
            line(x - 5, y, x - 1.5, y + 4, edge, 2.2),
            line(x - 1.5, y + 4, x + 6, y - 5, edge, 2.2),
        ]
    return [
        line(x - 4.5, y - 4.5, x + 4.5, y + 4.5, edge, 2.2),
        line(x - 4.5, y + 4.5, x + 4.5, y - 4.5, edge, 2.2),
    ]


class _Painter:
    def __init__(self, calculation: Calculation, *, narrow: bool) -> None:
        self.sum, self.narrow = calculation, narrow
        self.width = NARROW if narrow else WIDE
        self.room = self.width - 2 * MARGIN
        self.items: list[Item] = []
        self.y = MARGIN

    def paint(self) -> float:
        """Draw everything; return the height."""
        self.written()
        self.executed()
        self.happened()
        (self.listed if self.narrow else self.grid)()
        return self.y + MARGIN

    def heading(self, text: str) -> None:
        self.items.append(Label(MARGIN, self.y + 12, text, 11.5, 600, "muted"))
        self.y += 20

    def written(self) -> None:
        """Draw the lines of the Dockerfile and the command line."""
        self.heading("what is written")
        lines = self.sum.dockerfile(*self.sum.chosen) or ["(neither ENTRYPOINT nor CMD)"]
        command = f"run IMAGE {shlex.join(self.sum.args)}".rstrip()
        rows = [*(("Dockerfile", text) for text in lines), ("command line", command)]
        height = 22.0 * len(rows) + 10
        self.items.append(Box(MARGIN, self.y, self.room, height, "panel", "line", 1.2, 8))
        for number, (where, text) in enumerate(rows):
            y = self.y + 20 + 22 * number
            self.items.append(Label(MARGIN + 12, y, where, 11, 400, "muted"))
            room = self.room - 120
            self.items.append(fit(text, MARGIN + 104, y, room, 12.5, "ink", mono=True))
        self.y += height + 14

    def executed(self) -> None:
        """Draw the words that are executed, each with where it comes from."""
        self.heading("what is executed, word by word")
        one = self.sum.combination(*self.sum.chosen)
        x = MARGIN
        for number, (word, source) in enumerate(one.words):
            x = self.chip(x, word, source, f"{number}")
        if not one.words:
            self.items.append(Label(x, self.y + 20, "nothing: create refuses it", 12.5, 600))
        for word in one.dropped:
            x = self.chip(x, word, "replaced", "")
        self.y += 62

    def chip(self, x: float, word: str, source: str, number: str) -> float:
        """Draw one word; return where the next one goes."""
        is_gone = not number
        hue = HUES.get(source, "slate")
        shown = fit(word or "''", 0, 0, self.room - 24, 12.5, "", mono=True).text
        below = "CMD, replaced" if is_gone else source
        w = max(text_width(shown, 12.5, mono=True), text_width(below, 10) * AIR) + 22
        if x + w > self.width - MARGIN and x > MARGIN:
            x = MARGIN
            self.y += 58
        box = Box(
            x, self.y, w, 46, "paper" if is_gone else hue, f"{hue}-edge", 1.4, 7,
            (4.0, 3.0) if is_gone else (),
        )  # fmt: skip
        ink = "muted" if is_gone else f"{hue}-text"
        middle = x + w / 2
        self.items += [
            box,
            Label(middle, self.y + 20, shown, 12.5, 400, ink, "middle", mono=True),
            Label(middle, self.y + 37, below, 10, 400, ink, "middle"),
        ]
        if is_gone:
            self.items.append(line(x + 8, self.y + 16, x + w - 8, self.y + 16, "muted", 1.4))
        return x + w + 6

    def happened(self) -> None:
        """Draw what happened in a container."""
        self.heading("what happened in a container")
        seen = self.sum.seen.get(self.sum.chosen)
        said = seen.says() if seen else "Not tried yet."
        rows = wrap(said, (self.room - 44) / AIR, 12)
        hue = result_hue(seen)
        height = 17.0 * len(rows) + 16
        fill, dash = (hue, ()) if seen else ("panel", (4.0, 4.0))
        self.items.append(Box(MARGIN, self.y, self.room, height, fill, f"{hue}-edge", 1.2, 8, dash))
        self.items += _mark(MARGIN + 18, self.y + 18, seen)
        ink = f"{hue}-text" if seen else "muted"
        for number, row in enumerate(rows):
            self.items.append(Label(MARGIN + 36, self.y + 22 + 17 * number, row, 12, 400, ink))
        self.y += height + 14

    def grid(self) -> None:
        """Draw all combinations as a table: ENTRYPOINT across, CMD down."""
        self.heading("all combinations")
        across, down = self.sum.forms(ENTRYPOINT), self.sum.forms(CMD)
        w = min((self.room - _HEAD - _GAP * (len(across) - 1)) / len(across), 300.0)
        for column, form in enumerate(across):
            x = MARGIN + _HEAD + column * (w + _GAP)
            self.head(x, self.y, w, "ENTRYPOINT", form)
        self.y += 38
        for form in down:
            self.head(MARGIN, self.y + 12, _HEAD - 10, "CMD", form)
            for column, other in enumerate(across):
                spot = Rect(MARGIN + _HEAD + column * (w + _GAP), self.y, w, _CELL - _GAP)
                self.items.append(self.cell(self.sum.combination(other, form), spot))
            self.y += _CELL
        self.y -= _GAP

    def head(self, x: float, y: float, room: float, keyword: str, form: str) -> None:
        command = self.sum.entrypoint if keyword == ENTRYPOINT else self.sum.cmd
        first = f"no {keyword}" if form == NONE else f"{keyword}, {form} form"
        self.items.append(fit(first, x, y + 12, room, 11.5, "ink", weight=600))
        text = command.written(form)
        self.items.append(fit(text, x, y + 28, room, 10.5, "muted", mono=True))

    def listed(self) -> None:
        """Draw all combinations one below the other."""
        self.heading("all combinations")
        for one in self.sum.all():
            forms = f"ENTRYPOINT {FORM_NAMES[one.entrypoint]}, CMD {FORM_NAMES[one.cmd]}"
            self.items.append(Label(MARGIN, self.y + 11, forms, 10.5, 400, "muted"))
            self.y += 16
            spot = Rect(MARGIN, self.y, self.room, _CELL - _GAP)
            self.items.append(self.cell(one, spot))
            self.y += _CELL
        self.y -= _GAP

    def cell(self, one: Combination, spot: Rect) -> Group:
        chosen = (one.entrypoint, one.cmd)
        seen, is_chosen = self.sum.seen.get(chosen), chosen == self.sum.chosen
        hue = result_hue(seen)
        edge, width = ("ink", 2.4) if is_chosen else (f"{hue}-edge" if seen else "line", 1.3)
        ink = f"{hue}-text" if seen else "ink"
        word = seen.word if seen else ("not tried" if one.words else "refused")
        line_ = fit(one.line, spot.x + 10, spot.y + 21, spot.w - 20, 11.5, ink, mono=True)
        items: list[Item] = [
            Box(spot.x, spot.y, spot.w, spot.h, hue if seen else "panel", edge, width, 8),
            line_,
            *_mark(spot.x + 17, spot.y + 38, seen),
            Label(spot.x + 30, spot.y + 42, word, 11.5, 600, ink),
        ]
        if seen and seen.process:
            who = f"process 1: {seen.process}"
            at = spot.right - 10
            items.append(fit(who, at, spot.y + 42, spot.w - 130, 10.5, ink, anchor="end"))
        return Group(tuple(items), one.key, says(self.sum, one), ring(spot, 2))


def says(calculation: Calculation, one: Combination) -> str:
    """Return one combination as a sentence."""
    seen = calculation.seen.get((one.entrypoint, one.cmd))
    forms = f"ENTRYPOINT {FORM_NAMES[one.entrypoint]}, CMD {FORM_NAMES[one.cmd]}"
    return f"{forms}: {one.line}; {seen.word if seen else 'not tried'}"


def draw_calculation(calculation: Calculation, *, narrow: bool = False) -> Scene:
    """Draw the calculator.

    Args:
        calculation: the model.
        narrow: for a narrow cell: a list of combinations instead of a table.
    """
    painter = _Painter(calculation, narrow=narrow)
    title = "The argv calculator"
    scene = Scene(painter.width, 0, title, describe(calculation))
    scene.height = painter.paint()
    scene.add(*painter.items)
    return scene


def describe(calculation: Calculation) -> str:
    """Say in words what the picture shows."""
    one = calculation.combination(*calculation.chosen)
    lines = "; ".join(calculation.dockerfile(*calculation.chosen)) or "neither ENTRYPOINT nor CMD"
    seen = calculation.seen.get(calculation.chosen)
    parts = [
        f"{lines}; run IMAGE {shlex.join(calculation.args)}".rstrip() + f": {one.line}.",
        seen.says() if seen else "Not tried yet.",
        calculation.summary(),
        *(f"{says(calculation, other)}." for other in calculation.all()),
    ]
    return " ".join(parts)
