"""Who hears that a container should end, and how long its data stays."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line


def who_hears_stop() -> Scene:
    """Draw what SIGTERM meets in three kinds of containers."""
    scene = Scene(
        960,
        434,
        "Who hears that it should end",
        "Three containers, side by side, each with a box for its processes. The engine sends "
        "SIGTERM to process 1 of each. Left, the program itself is process 1 and has a handler: "
        "it writes what there is to write and ends at once. In the middle, a shell is process 1 "
        "and has no handler; the kernel does not deliver the signal, the program, process 2, "
        "never hears of it, and after ten seconds SIGKILL ends both, with exit code 137 and "
        "nothing written. Right, an init process is process 1; it hands the signal on to its "
        "child, the program, which ends at once. Orphans, too, become children of process 1: the "
        "init process asks them how they ended, the other two do not.",
    )
    scene.add(title("stop: SIGTERM to process 1, ten seconds, SIGKILL"))
    for x, name in ((28, "CMD [“/shop”]"), (338, "CMD /shop; echo bye"), (648, "--init")):
        scene.add(*frame(x, 112, 284, 236, name))
        scene.add(
            *slab(x + 72, 58, 140, 36, "slate", "engine"),
            Label(x + 152, 141, "SIGTERM", SMALL, 600, "orange-text"),
        )
    scene.add(
        *arrow(170, 96, 170, 156, "orange"),
        *slab(60, 160, 220, 60, "green", "1  /shop", "handles SIGTERM"),
        *arrow(480, 96, 480, 156, "orange"),
        *slab(370, 160, 220, 60, "red", "1  sh", "no handler: not delivered"),
        line(480, 222, 480, 264, "slate-edge", 1.6, (5.0, 4.0)),
        Label(490, 248, "its child, not told", SMALL, 400, "muted"),
        *slab(370, 268, 220, 60, "slate", "2  /shop", "would handle SIGTERM"),
        *arrow(790, 96, 790, 156, "orange"),
        *slab(680, 160, 220, 60, "green", "1  init", "hands it on, asks orphans"),
        *arrow(790, 222, 790, 264, "orange"),
        Label(800, 248, "SIGTERM", SMALL, 600, "orange-text"),
        *slab(680, 268, 220, 60, "green", "2  /shop", "handles SIGTERM"),
        *note(34, 378, 272, "It closes, and chooses its exit code: 0.", bold="Ends at once"),
        *note(
            344,
            378,
            272,
            "SIGKILL ends both; nothing is written. Exit code 137, which is 128 + 9.",
            bold="Ten seconds, and then",
        ),
        *note(
            654,
            378,
            272,
            "A program without a handler ends as well, because it is not process 1: 143.",
            bold="Ends at once",
        ),
    )
    return scene


_LEFT, _RIGHT, _ROW, _TOP = 232.0, 932.0, 62.0, 92.0
_MOMENTS = (
    (262.0, "run"),
    (412.0, "stop"),
    (470.0, "start"),
    (650.0, "rm"),
    (728.0, "run, again"),
)


def _bar(row: int, start: float, end: float, hue: str, text: str) -> list[Item]:
    y = _TOP + row * _ROW + 13
    words = Label((start + end) / 2, y + 20.5, text, SMALL, 600, f"{hue}-text", "middle")
    return [Box(start, y, end - start, 32, hue, f"{hue}-edge", 1.4, 8), words]


def how_long_data_stays() -> Scene:
    """Draw the four places for data as bars over the life of a container and its successor."""
    run, stop, start, gone, again = (x for x, _ in _MOMENTS)
    scene = Scene(
        960,
        392,
        "How long data stays",
        "Four rows over a time line with five moments: run, stop, start, rm, and run again, which "
        "makes a successor. What is in a tmpfs lasts from run to stop, and each further run begins "
        "with an empty one. What is in the writable layer lasts from run to rm, across stop and "
        "start; the successor has an empty layer. What is in a volume lasts from the first run on, "
        "across rm, until somebody removes the volume. What is in a bind mount was there before, "
        "and stays: it is a directory of the host.",
    )
    scene.add(title("What is written at first: how long is it there?"))
    for x, name in _MOMENTS:
        scene.add(
            line(x, _TOP - 8, x, _TOP + 4 * _ROW + 4, "line", 1.3, (4.0, 4.0)),
            Label(x, _TOP - 15, name, 12.5, 600, "ink", "middle"),
        )
    rows = (
        ("tmpfs", "memory, for one run"),
        ("writable layer", "of this one container"),
        ("volume", "the engine's, with a name"),
        ("bind mount", "a directory of yours"),
    )
    for number, (name, what) in enumerate(rows):
        y = _TOP + number * _ROW
        scene.add(
            Label(28, y + 26, name, 13.5, 600),
            Label(28, y + 43, what, SMALL, 400, "muted"),
        )
    scene.add(
        *_bar(0, run, stop, "red", "here"),
        *_bar(0, start, gone, "slate", "a new one, empty"),
        *_bar(0, again, _RIGHT, "slate", "a new one, empty"),
        *_bar(1, run, gone, "orange", "here, also while it is stopped"),
        *_bar(1, again, _RIGHT, "slate", "another one, empty"),
        *_bar(2, run, _RIGHT, "green", "here, until somebody removes the volume"),
        *_bar(3, _LEFT, _RIGHT, "green", "here, before and after: it is yours"),
        *note(
            28,
            368,
            900,
            "An image made by commit gets the writable layer, and nothing of the other three.",
        ),
    )
    return scene
