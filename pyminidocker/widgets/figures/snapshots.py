"""Snapshots: the places where a container keeps something, and what each kind of snapshot takes."""

from pyminidocker.widgets.figures.kit import SMALL, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line

# a place, what it is, its colour, which snapshots take it
_PLACES = (
    ("memory", "processes, variables, open files", "red", ("pause", "vm")),
    ("tmpfs", "files that live in memory", "orange", ("pause", "vm")),
    ("volume", "files in a place of their own", "violet", ("volume", "pause", "vm")),
    ("settings", "command, environment", "slate", ("commit", "pause", "vm")),
    ("writable layer", "what was written here", "green", ("commit", "export", "pause", "vm")),
    ("image's layers", "with their history", "blue", ("commit", "export", "save", "pause", "vm")),
)
_KINDS = (
    ("commit", "commit", "an image"),
    ("export", "export", "a tar file"),
    ("save", "save", "a tar file"),
    ("volume", "backup", "a tar file"),
    ("pause", "pause", "nothing"),
    ("vm", "machine", "a large file"),
)
_LEFT, _TOP, _ROW, _GAP = 28.0, 104.0, 46.0, 6.0
_NAMES, _FIRST, _COLUMN = 292.0, 344.0, 98.0


def _taken(row: int, column: int, hue: str, *, last: bool) -> list[Item]:
    """Draw that a snapshot takes a place; neighbours below each other are joined."""
    x, y = _FIRST + column * _COLUMN + 12, _TOP + row * (_ROW + _GAP)
    items: list[Item] = [Box(x, y, _COLUMN - 24, _ROW, hue, f"{hue}-edge", 1.4, 8)]
    if not last:
        middle = x + (_COLUMN - 24) / 2
        items.append(line(middle, y + _ROW, middle, y + _ROW + _GAP, "slate-edge", 2.4))
    centre, middle_y = x + (_COLUMN - 24) / 2, y + _ROW / 2
    edge = f"{hue}-text"
    items += [
        line(centre - 6, middle_y, centre - 2, middle_y + 5, edge, 2.4),
        line(centre - 2, middle_y + 5, centre + 7, middle_y - 6, edge, 2.4),
    ]
    return items


def snapshots() -> Scene:
    """Draw the places of a container, and which of them each kind of snapshot takes."""
    scene = Scene(
        960,
        480,
        "What each kind of snapshot takes",
        "On the left, six places of a container, one above the other: memory with processes, "
        "variables and open files; tmpfs, files that live in memory; the volume, files in a place "
        "of their own; settings, which are command and environment; the writable layer; and the "
        "image's layers with their history. On the right, one column for each kind of snapshot. "
        "commit takes settings, writable layer and image's layers, and makes an image. export "
        "takes the writable layer and the image's layers as one tree of files, without history, "
        "into a tar file. save takes the image's layers, into a tar file. A backup of the volume "
        "takes the volume, into a tar file. pause takes everything, and writes nothing. A snapshot "
        "of a machine takes everything that is in the machine, into a large file.",
    )
    scene.add(
        title("A container keeps things in six places, and each snapshot takes some of them"),
        Label(_LEFT, 88, "where it is", SMALL, 600, "muted"),
    )
    for column, (_, name, _) in enumerate(_KINDS):
        middle = _FIRST + column * _COLUMN + _COLUMN / 2
        scene.add(Label(middle, 88, name, 13, 600, "ink", "middle"))
    for row, (name, what, hue, _) in enumerate(_PLACES):
        y = _TOP + row * (_ROW + _GAP)
        scene.add(*slab(_LEFT, y, _NAMES, _ROW, hue, name, what))
    for column, (kind, _, result) in enumerate(_KINDS):
        rows = [row for row, place in enumerate(_PLACES) if kind in place[3]]
        for row in rows:
            joined = row + 1 in rows
            scene.add(*_taken(row, column, _PLACES[row][2], last=not joined))
        middle = _FIRST + column * _COLUMN + _COLUMN / 2
        bottom = _TOP + len(_PLACES) * (_ROW + _GAP) + 14
        scene.add(Label(middle, bottom, result, SMALL, 400, "muted", "middle"))
    scene.add(
        Label(_LEFT, _TOP + len(_PLACES) * (_ROW + _GAP) + 14, "what comes of it", SMALL, 600,
              "muted"),
        line(28, 438, 932, 438, "line", 1),
        *note(28, 460, 900, "export writes one tree: layers and history are gone. pause keeps "
              "everything where it is, as long as the machine runs."),
    )  # fmt: skip
    return scene
