"""A scene as PNG, for places that run no script: saved notebooks, GitHub, exported pages.

Pillow paints it (it is here because matplotlib brings it, and its import takes a tenth of
matplotlib's time).  Everything is painted six times larger and averaged down to two pixels per
scene pixel, which gives smooth edges and evenly spaced letters.  The fonts lie beside this file,
so the picture looks the same on every machine.
"""

import io
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.widgets.palette import DARK, LIGHT
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_FONTS = Path(__file__).parent / "static" / "fonts"
_OUT = 2  # pixels of the PNG per pixel of the scene
_FINE = 3  # pixels painted per pixel of the PNG
_SCALE = _OUT * _FINE
_CURVE_STEPS = 24

Point = tuple[float, float]


@lru_cache(maxsize=64)
def _font(size: float, weight: int, mono: bool) -> "FreeTypeFont":
    from PIL import ImageFont

    name = f"{'jetbrains-mono' if mono else 'inter'}-{600 if weight >= 600 else 400}.woff"
    return ImageFont.truetype(
        str(_FONTS / name), size * _SCALE, layout_engine=ImageFont.Layout.BASIC
    )


def _curve(start: Point, c1: Point, c2: Point, end: Point) -> list[Point]:
    points = []
    for step in range(1, _CURVE_STEPS + 1):
        t = step / _CURVE_STEPS
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append(
            (
                a * start[0] + b * c1[0] + c * c2[0] + d * end[0],
                a * start[1] + b * c1[1] + c * c2[1] + d * end[1],
            )
        )
    return points


def _flatten(stroke: Stroke) -> list[list[Point]]:
    """Turn path commands into polylines."""
    runs: list[list[Point]] = []
    for command, *raw in stroke.commands:
        numbers = [float(value) * _SCALE for value in raw]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            runs.append(pairs)
        elif command == "L":
            runs[-1].extend(pairs)
        elif command == "C":
            runs[-1].extend(_curve(runs[-1][-1], pairs[0], pairs[1], pairs[2]))
        else:
            runs[-1].append(runs[-1][0])
    return runs


def _dashes(run: list[Point], dash: tuple[float, ...]) -> list[list[Point]]:
    """Cut a polyline into the painted pieces of a dash pattern."""
    pieces: list[list[Point]] = []
    index, left, on = 0, dash[0] * _SCALE, True
    piece = [run[0]]
    for (x1, y1), (x2, y2) in pairwise(run):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        done = 0.0
        while length - done > left:
            done += left
            at = (x1 + (x2 - x1) * done / length, y1 + (y2 - y1) * done / length)
            if on:
                pieces.append([*piece, at])
            index, on, piece = index + 1, not on, [at]
            left = dash[index % len(dash)] * _SCALE
        left -= length - done
        piece.append((x2, y2))
    return [*pieces, piece] if on and len(piece) > 1 else pieces


def _outline(box: Box) -> list[Point]:
    """Return the closed outline of a box with round corners, in painted pixels."""
    x, y, w, h = (value * _SCALE for value in (box.x, box.y, box.w, box.h))
    r = min(box.radius * _SCALE, w / 2, h / 2)
    k = r * 0.4477  # a quarter circle as a Bezier curve
    points: list[Point] = [(x + r, y), (x + w - r, y)]
    points += _curve(points[-1], (x + w - k, y), (x + w, y + k), (x + w, y + r))
    points.append((x + w, y + h - r))
    points += _curve(points[-1], (x + w, y + h - k), (x + w - k, y + h), (x + w - r, y + h))
    points.append((x + r, y + h))
    points += _curve(points[-1], (x + k, y + h), (x, y + h - k), (x, y + h - r))
    points.append((x, y + r))
    return points + _curve(points[-1], (x, y + k), (x + k, y), (x + r, y))


class _Painter:
    def __init__(self, draw: "ImageDraw", colours: dict[str, str]) -> None:
        self._draw = draw
        self._colours = colours

    def _trace(self, run: list[Point], colour: str, width: float, dash: tuple[float, ...]) -> None:
        thick = max(1, round(width * _SCALE))
        for piece in _dashes(run, dash) if dash else [run]:
            self._draw.line(piece, fill=colour, width=thick, joint="curve")
            for x, y in (piece[0], piece[-1]):  # round ends
                r = thick / 2
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def box(self, box: Box) -> None:
        if box.fill:
            self._draw.polygon(_outline(box), fill=self._colours[box.fill])
        if box.stroke:
            self._trace(_outline(box), self._colours[box.stroke], box.width, box.dash)

    def stroke(self, stroke: Stroke) -> None:
        for run in _flatten(stroke):
            if stroke.fill and len(run) > 2:
                self._draw.polygon(run, fill=self._colours[stroke.fill])
            if stroke.stroke:
                self._trace(run, self._colours[stroke.stroke], stroke.width, stroke.dash)

    def label(self, label: Label) -> None:
        self._draw.text(
            (label.x * _SCALE, label.y * _SCALE),
            label.text,
            font=_font(label.size, label.weight, label.mono),
            fill=self._colours[label.fill],
            anchor={"start": "ls", "middle": "ms", "end": "rs"}[label.anchor],
        )

    def item(self, item: Item) -> None:
        if isinstance(item, Box):
            self.box(item)
        elif isinstance(item, Stroke):
            self.stroke(item)
        elif isinstance(item, Label):
            self.label(item)
        elif isinstance(item, Group):
            for inner in item.items:
                self.item(inner)


def to_png(scene: Scene, *, dark: bool = False) -> bytes:
    """Paint ``scene`` as a PNG of twice its size in pixels, on opaque paper.

    Args:
        scene: the picture.
        dark: use the colours for dark pages.
    """
    from PIL import Image, ImageDraw

    colours = DARK if dark else LIGHT
    size = (round(scene.width * _SCALE), round(scene.height * _SCALE))
    image = Image.new("RGB", size, colours["paper"])
    painter = _Painter(ImageDraw.Draw(image), colours)
    for item in scene.items:
        painter.item(item)
    out = io.BytesIO()
    image.reduce(_FINE).quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
