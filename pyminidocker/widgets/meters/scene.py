"""The gauge as a picture: three meters, and the course of memory up to its limit.

A meter without a limit is drawn dashed, so that nobody takes its scale for one.  The end of a run
is a mark on the limit: the kernel kills at the limit, not at the last reading.
"""

from collections.abc import Callable

from pyminidocker.units import binary_size
from pyminidocker.widgets.meters.model import Meter, Run
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke, line
from pyminidocker.widgets.wiring.parts import fit, path, pill, ring
from pyminidocker.widgets.wiring.places import Rect

WIDE, NARROW, MARGIN = 868.0, 400.0, 12.0
Up = Callable[[float], float]  # bytes -> y
_BAR_H = 18.0
_PLOT_H = 168.0
_NICE_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


class _Painter:
    def __init__(self, run: Run, *, narrow: bool) -> None:
        self.run, self.narrow = run, narrow
        self.width = NARROW if narrow else WIDE
        self.items: list[Item] = []

    def paint(self) -> float:
        y = 14.0
        for meter in self.run.meters():
            height = 62.0 if self.narrow else 46.0
            self.meter(meter, Rect(MARGIN, y, self.width - 2 * MARGIN, height))
            y += height + 6
        plot = Rect(MARGIN, y + 4, self.width - 2 * MARGIN, _PLOT_H + 54)
        self.course(plot)
        return plot.bottom + 10

    def meter(self, meter: Meter, spot: Rect) -> None:
        left = spot.x + (4 if self.narrow else 92)
        top = spot.y + (24 if self.narrow else 4)
        room = spot.right - left - 8
        items: list[Item] = []
        if self.narrow:
            items += [
                Label(left, spot.y + 15, meter.title, 12.5, 600),
                fit(meter.words, left + 84, spot.y + 15, room - 84, 12, "ink"),
            ]
        else:
            items.append(Label(spot.x + 8, top + 14, meter.title, 13, 600))
        dash = () if meter.is_limited else (4.0, 3.0)
        items.append(Box(left, top, room, _BAR_H, "panel", "slate-edge", 1.2, 4, dash))
        if meter.share:
            fill = max(3.0, room * meter.share)
            items.append(Box(left, top, fill, _BAR_H, f"{meter.hue}-edge", radius=4))
        if meter.peak > meter.value and meter.limit:
            x = left + room * min(1.0, meter.peak / meter.limit)
            items.append(line(x, top - 3, x, top + _BAR_H + 3, "ink", 2))
        words = meter.note if self.narrow else "; ".join(filter(None, (meter.words, meter.note)))
        at = top + _BAR_H + 15
        items.append(fit(words, left, at, room, 11.5 if self.narrow else 12, "muted"))
        self.items.append(Group(tuple(items), meter.key, meter.says(), ring(spot, 0)))

    def course(self, spot: Rect) -> None:
        run = self.run
        left, top = spot.x + 74, spot.y + 30
        right, bottom = spot.right - 22, top + _PLOT_H
        items: list[Item] = [Label(spot.x + 8, spot.y + 14, "Memory over time", 13, 600)]
        limit = run.memory_limit
        ceiling = max(limit * 1.08, run.memory_peak * 1.15, 1.0)
        span = max(run.span_s, 1.0)

        def across(moment: float) -> float:
            return left + (right - left) * min(1.0, (moment - run.readings[0].time) / span)

        def up(size: float) -> float:
            return bottom - (bottom - top) * min(1.0, size / ceiling)

        items += self.grid(left, right, bottom, span, up, ceiling)
        points = tuple((across(one.time), up(one.memory_with_cache_bytes)) for one in run.readings)
        if len(points) > 1:
            area = (("M", points[0][0], bottom), *(("L", *point) for point in points),
                    ("L", points[-1][0], bottom), ("Z",))  # fmt: skip
            items += [Stroke(area, "", "blue", 0), path(points, "blue-edge", 2.2)]
        elif points:
            items.append(Box(points[0][0] - 3, points[0][1] - 3, 6, 6, "blue-edge", radius=3))
        if limit:
            items += [
                line(left, up(limit), right, up(limit), "red-edge", 1.8, (6.0, 4.0)),
                Label(
                    left + 6, up(limit) - 5, f"limit {binary_size(limit)}", 11.5, 600, "red-text"
                ),
            ]
        if run.end is not None and points:
            items += self.end(across(run.end.time), up, bottom, points[-1], right)
        self.items.append(Group(tuple(items), "course", self.says(), ring(spot, 0)))

    def grid(
        self, left: float, right: float, bottom: float, span: float, up: Up, ceiling: float
    ) -> list[Item]:
        items: list[Item] = [line(left, bottom, right, bottom, "slate-edge", 1.2)]
        for size in _steps(ceiling):
            y = up(size)
            if size:
                items.append(line(left, y, right, y, "line", 1))
            items.append(Label(left - 8, y + 4, binary_size(size), 11, 400, "muted", "end"))
        step = next((one for one in _NICE_S if span / one <= (4 if self.narrow else 8)), 7200)
        moment = 0.0
        while moment <= span * 1.001:
            x = left + (right - left) * moment / span
            items += [
                line(x, bottom, x, bottom + 4, "slate-edge", 1.2),
                Label(x, bottom + 17, f"{moment:g} s", 11, 400, "muted", "middle"),
            ]
            moment += step
        return items

    def end(
        self, x: float, up: Up, bottom: float, last: tuple[float, float], right: float
    ) -> list[Item]:
        """Draw how it ended: a cross at the limit when the kernel killed it, else a bar."""
        end, limit = self.run.end, self.run.memory_limit
        assert end is not None
        words = f"killed: {end.exit_code}" if end.is_oom else f"ended: {end.exit_code}"
        hue = "red" if end.exit_code else "slate"
        y = up(limit) if end.is_oom and limit else last[1]
        items: list[Item] = [path((last, (x, y)), f"{hue}-edge", 1.8, (3.0, 3.0))]
        if end.is_oom:
            items += [
                line(x - 7, y - 7, x + 7, y + 7, "red-edge", 3.5),
                line(x - 7, y + 7, x + 7, y - 7, "red-edge", 3.5),
            ]
        items.append(line(x, y, x, bottom, f"{hue}-edge", 1.8))
        wide = 8.0 * len(words) + 12
        items += pill(min(x, right) - wide - 4, bottom - 29, words, hue)
        return items

    def says(self) -> str:
        run = self.run
        if not run.readings:
            return "No readings."
        first, last = run.readings[0], run.readings[-1]
        said = (
            f"Memory over {run.span_s:.1f} s: from {binary_size(first.memory_with_cache_bytes)} to"
            f" {binary_size(last.memory_with_cache_bytes)}"
        )
        if run.memory_limit:
            said += f", the limit is {binary_size(run.memory_limit)}"
        return f"{said}. {run.summary()}"


def _steps(ceiling: float) -> list[float]:
    """Return three to five round sizes from 0 to ``ceiling``."""
    step = 1024.0
    while ceiling / step > 4:
        step *= 2
    return [number * step for number in range(int(ceiling / step) + 1)]


def draw_gauge(run: Run, *, narrow: bool = False) -> Scene:
    """Draw a run.

    Args:
        run: the model.
        narrow: for a narrow cell.
    """
    painter = _Painter(run, narrow=narrow)
    scene = Scene(painter.width, 64, f"What {run.name} uses", describe(run))
    if run.readings:
        scene.height = painter.paint()
        scene.add(*painter.items)
    else:
        scene.add(Label(MARGIN, 38, run.summary(), 13, 400, "muted"))
    return scene


def describe(run: Run) -> str:
    """Say in words what the picture shows."""
    return " ".join([*(f"{meter.says()}." for meter in run.meters()), run.summary()])
