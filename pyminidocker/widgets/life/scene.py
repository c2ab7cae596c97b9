"""The life of a container as a picture: seven states, the ways between them, the path taken.

A state that was visited has a full outline, the present one is filled and says "now", one that was
never reached is dashed.  A way that was taken is drawn heavier, and says how often.
"""

from dataclasses import dataclass

from pyminidocker.widgets.life.model import STATES, Life, Stay
from pyminidocker.widgets.life.words import ENDED, MEANINGS
from pyminidocker.widgets.metrics import text_width
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke
from pyminidocker.widgets.wiring.parts import AIR, fit, path, pill, pill_width, ring
from pyminidocker.widgets.wiring.places import Point, Rect

WIDE, NARROW, MARGIN = 868.0, 400.0, 12.0
MOST_STAYS = {False: 9, True: 5}  # on the path at the bottom; by ``narrow``
_HEAD = 5.0  # half the width of an arrow's head

_HUES = {
    "created": "slate",
    "running": "green",
    "paused": "violet",
    "restarting": "orange",
    "exited": "blue",
    "dead": "red",
    "removed": "slate",
}


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow: through ``points``, its words at ``at``; shown dimly as long as nobody took it."""

    points: tuple[Point, ...]
    words: str
    at: Point
    anchor: str = "middle"
    is_rare: bool = False  # drawn only once it was taken


def hue_of(life: Life, state: str) -> str:
    """Return the colour of a state; an end that says so was an unhappy one."""
    last = life.last(state)
    if state == "exited" and last is not None and last.exit_code:
        return "red"
    return _HUES[state]


def _places(narrow: bool) -> dict[str, Rect]:
    if narrow:
        w, h, columns, rows = 96.0, 60.0, (MARGIN, 152.0, 292.0), (MARGIN, 158.0, 250.0)
    else:
        w, h, columns, rows = 204.0, 66.0, (MARGIN, 332.0, 652.0), (MARGIN, 182.0, 278.0)
    spots = {
        "created": (0, 0), "running": (1, 0), "paused": (2, 0),
        "removed": (0, 1), "exited": (1, 1), "restarting": (2, 1), "dead": (1, 2),
    }  # fmt: skip
    low = h - 18  # nobody is ever dead for long
    return {
        name: Rect(columns[c], rows[r], w, low if name == "dead" else h)
        for name, (c, r) in spots.items()
    }


def _ways(at: dict[str, Rect], narrow: bool) -> dict[tuple[str, str], Way]:
    """Return the arrows by (from, to)."""
    created, running, paused = at["created"], at["running"], at["paused"]
    removed, exited, restarting, dead = (
        at["removed"], at["exited"], at["restarting"], at["dead"],
    )  # fmt: skip
    up, mid = created.y + created.h / 2, exited.y + exited.h / 2
    left, centre = created.x + created.w / 2, running.x + running.w / 2
    between = (running.bottom + exited.y) / 2
    gap = 11.0 if narrow else 26.0
    off = 12.0 if narrow else 14.0  # of the two ways between neighbours in a row

    def level(a: float, b: float, y: float, words: str) -> Way:
        return Way(((a, y), (b, y)), words, ((a + b) / 2, y - 6))

    def plumb(x: float, a: float, b: float, words: str, anchor: str) -> Way:
        beside = x - 8 if anchor == "end" else x + 8
        return Way(((x, a), (x, b)), words, (beside, (a + b) / 2 + 4), anchor)

    long = not narrow
    out = ((running.right - 16, running.bottom), (restarting.x + 22, restarting.y))
    back = ((restarting.x + 60, restarting.y), (running.right, running.bottom - 10))
    if narrow:
        out = ((running.right - 10, running.bottom), (restarting.x + 16, restarting.y))
        back = ((restarting.x + 44, restarting.y), (running.right, running.bottom - 8))
    return {
        ("created", "running"): level(created.right, running.x, up, "start"),
        ("running", "paused"): level(running.right, paused.x, up - off, "pause"),
        ("paused", "running"): Way(
            ((paused.x, up + off - 4), (running.right, up + off - 4)),
            "unpause" if long else "",
            ((paused.x + running.right) / 2, up + off + 9),
        ),
        ("running", "exited"): plumb(
            centre - gap, running.bottom, exited.y, "its process ends" if long else "ends", "end"
        ),
        ("exited", "running"): plumb(
            centre + gap - (0 if long else 4), exited.y, running.bottom, "start", "start"
        ),
        ("running", "restarting"): Way(
            out, "ends; its policy: again" if long else "policy",
            (out[1][0] - (40 if long else 12), out[1][1] - (14 if long else 10)), "end",
        ),
        ("restarting", "running"): Way(
            back, "start, after a wait" if long else "start",
            ((back[0][0] + back[1][0]) / 2 + (16 if long else 14), between - (8 if long else 12)),
            "start",
        ),
        ("restarting", "exited"): level(restarting.x, exited.right, mid, "stop"),
        ("paused", "exited"): Way(
            ((paused.x + 8, paused.bottom), (exited.right - 8, exited.y)), "kill",
            (paused.x + 4, paused.bottom + 16), "end", is_rare=True,
        ),
        ("created", "removed"): plumb(left, created.bottom, removed.y, "rm", "end"),
        ("exited", "removed"): level(exited.x, removed.right, mid, "rm"),
        ("exited", "dead"): plumb(
            centre, exited.bottom, dead.y, "rm fails", "start"
        ),
        ("dead", "removed"): Way(
            ((dead.x, dead.y + dead.h / 2), (left, dead.y + dead.h / 2), (left, removed.bottom)),
            "rm", ((dead.x + left) / 2, dead.y + dead.h / 2 - 6),
        ),
    }  # fmt: skip


def _head(start: Point, end: Point, ink: str) -> Stroke:
    """Return the head of an arrow from ``start`` that ends at ``end``."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    ux, uy = dx / length, dy / length
    bx, by = end[0] - 2 * _HEAD * ux, end[1] - 2 * _HEAD * uy
    corners = (
        ("M", *end),
        ("L", bx - _HEAD * uy, by + _HEAD * ux),
        ("L", bx + _HEAD * uy, by - _HEAD * ux),
        ("Z",),
    )
    return Stroke(corners, ink, ink, 1)


def _arrow(way: Way, times: int, narrow: bool) -> list[Item]:
    if way.is_rare and not times:
        return []
    ink, width = ("ink", 2.4) if times else ("slate-edge", 1.2)
    dash: tuple[float, ...] = () if times else (4.0, 4.0)
    words = f"{way.words} ×{times}" if times > 1 and way.words else way.words
    text = Label(way.at[0], way.at[1], words, 10.5 if narrow else 11.5, 600 if times else 400,
                 "ink" if times else "muted", way.anchor)  # fmt: skip
    return [
        path(way.points, ink, width, dash),
        _head(way.points[-2], way.points[-1], ink),
        *([text] * bool(words)),
    ]


def _status(life: Life, state: str, *, narrow: bool) -> str:
    """Return what stands in a state's last line."""
    count, last = life.visits(state), life.last(state)
    parts = []
    if state in ENDED and last is not None and last.exit_code is not None:
        parts.append(f"exit {last.exit_code}" if narrow else f"exit code {last.exit_code}")
    if count > 1:
        parts.append(f"{count} times" if not narrow else f"×{count}")
    return " · ".join(parts) if parts else ("once" if count and not narrow else "")


def _now(spot: Rect, hue: str) -> list[Item]:
    """Return the pill that marks the present state."""
    width = pill_width("now")
    x, y = spot.right - width - 7, spot.y + 7
    return [
        Box(x, y, width, 21, "paper", f"{hue}-edge", 1.2, 10.5),
        Label(x + width / 2, y + 14.5, "now", 11, 600, f"{hue}-text", "middle"),
    ]


def _state(life: Life, state: str, spot: Rect, narrow: bool) -> Group:
    hue, count, is_now = hue_of(life, state), life.visits(state), life.state == state
    if is_now:
        frame = Box(spot.x, spot.y, spot.w, spot.h, hue, f"{hue}-edge", 3, 9)
    elif count:
        frame = Box(spot.x, spot.y, spot.w, spot.h, "panel", f"{hue}-edge", 1.8, 9)
    else:
        frame = Box(spot.x, spot.y, spot.w, spot.h, "paper", "line", 1.3, 9, (5.0, 4.0))
    ink = f"{hue}-text" if is_now else ("ink" if count else "muted")
    x, room = spot.x + 10, spot.w - 20
    items: list[Item] = [frame, fit(state, x, spot.y + 21, room, 13.5, ink, weight=600)]
    status = _status(life, state, narrow=narrow)
    if narrow:
        words = [status, "now" if is_now else ""]
        for number, text in enumerate(filter(None, words)):
            items.append(fit(text, x, spot.y + 37 + 15 * number, room, 10.5, ink, weight=600))
    else:
        items += _now(spot, hue) if is_now else []
        items.append(fit(MEANINGS[state], x, spot.y + 38, room, 11, ink))
        items.append(fit(status, x, spot.y + 55, room, 11.5, ink, weight=600))
    said = f"{state}: {MEANINGS[state]}; " + (
        f"visited {count} times" if count > 1 else "visited once" if count else "never reached"
    )
    if status.startswith("exit"):
        said += f"; {_status(life, state, narrow=False)}"
    return Group(tuple(items), state, f"{said}; now" if is_now else said, ring(spot, 4))


def _bead(stay: Stay) -> str:
    return stay.state if stay.exit_code is None else f"{stay.state} {stay.exit_code}"


def _path(life: Life, y: float, width: float, narrow: bool) -> list[Item]:
    """Draw the states it went through in one line, the last ones when there are many."""
    shown = life.stays[-MOST_STAYS[narrow] :]

    def wide(stays: list[Stay]) -> float:
        return sum(pill_width(_bead(stay)) + 20 for stay in stays) - 20

    room = width - 2 * MARGIN - 96
    while len(shown) > 1 and wide(shown) > room:
        shown = shown[1:]
    left_out = len(life.stays) - len(shown)
    items: list[Item] = [Label(MARGIN, y + 14.5, "its path", 11.5, 600, "muted")]
    x = MARGIN + text_width("its path", 11.5, weight=600) * AIR + 12
    if left_out or not life.is_complete:
        note = f"{left_out} + " if left_out else "… "
        items.append(Label(x, y + 14.5, note, 11.5, 400, "muted"))
        x += text_width(note, 11.5) * AIR + 4
    for number, stay in enumerate(shown):
        if number:
            items += [
                path(((x + 3, y + 10.5), (x + 15, y + 10.5)), "slate-edge", 1.4),
                _head((x, y + 10.5), (x + 17, y + 10.5), "slate-edge"),
            ]
            x += 20
        hue = "red" if stay.state == "exited" and stay.exit_code else _HUES[stay.state]
        items += pill(x, y, _bead(stay), hue)
        x += pill_width(_bead(stay))
    return items


def draw_life(life: Life, *, narrow: bool = False) -> Scene:
    """Draw a container's states and the ways it went.

    Args:
        life: the model.
        narrow: for a narrow cell.
    """
    width = NARROW if narrow else WIDE
    at = _places(narrow)
    bottom = at["dead"].bottom + 16
    scene = Scene(width, bottom + 33, f"The life of {life.name}", describe(life))
    walked = life.walked()
    ways = _ways(at, narrow)
    # What was taken lies on top of what was not.
    for pair in sorted(ways, key=lambda one: bool(walked.get(one))):
        scene.add(*_arrow(ways[pair], walked.get(pair, 0), narrow))
    for state in STATES:
        scene.add(_state(life, state, at[state], narrow))
    scene.add(*_path(life, bottom, width, narrow))
    return scene


def describe(life: Life) -> str:
    """Say in words what the picture shows."""
    if not life.stays:
        return f"Nothing is known of {life.name} yet."
    began = "" if life.is_complete else "Its beginning is not known any more. "
    return f"{life.summary()} {began}Its path: {life.path()}."
