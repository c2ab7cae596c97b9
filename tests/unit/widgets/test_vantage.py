import socket
import threading
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.client.results import RunResult
from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.widgets.scene import Box, Group, Label
from pyminidocker.widgets.svg import to_svg
from pyminidocker.widgets.vantage.model import Cell, Grid
from pyminidocker.widgets.vantage.scene import draw_grid
from pyminidocker.widgets.vantage.tries import (
    FAILED,
    NO_NAME,
    REACHED,
    REASONS,
    REFUSED,
    SILENT,
    UNREACHABLE,
    InContainer,
    LabHost,
    Machine,
    Target,
    Try,
    first_words,
    reason_of,
)
from pyminidocker.widgets.vantage.twin import grid_table
from pyminidocker.widgets.vantage.view import VantageGrid, vantage_grid


@pytest.mark.parametrize(
    ("text", "target", "shown"),
    [
        ("web:80", Target("web", 80), "web:80"),
        ("172.17.0.2:80", Target("172.17.0.2", 80), "172.17.0.2:80"),
        ("[fd00::2]:80", Target("fd00::2", 80), "[fd00::2]:80"),
        ("web", Target("web"), "web"),
        ("[fd00::2]", Target("fd00::2"), "fd00::2"),
    ],
)
def test_targets_are_read(text, target, shown):
    assert Target.of(text) == target
    assert str(target) == shown


@pytest.mark.parametrize("text", ["", "a b:80", " "])
def test_what_is_no_target_is_refused(text):
    with pytest.raises(InvalidArgument, match="not something to reach"):
        Target.of(text)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("nc: can't connect to remote host (172.17.0.2): Connection refused", REFUSED),
        ("[Errno 111] Connection refused", REFUSED),
        ("nc: bad address 'web'", NO_NAME),
        ("[Errno -2] Name or service not known", NO_NAME),
        ("[Errno -3] Temporary failure in name resolution", NO_NAME),
        ("nc: can't connect to remote host: No route to host", UNREACHABLE),
        ("ping: sendto: Network is unreachable", UNREACHABLE),
        ("[Errno 101] Network is unreachable", UNREACHABLE),
        ("nc: timed out", SILENT),
        ("timed out", SILENT),
        ("1 packets transmitted, 0 packets received, 100% packet loss", SILENT),
        ("something else", FAILED),
    ],
)
def test_errors_have_reasons(words, reason):
    assert reason_of(words) == reason


def test_what_answered_is_told_in_its_first_line():
    assert first_words("HTTP/1.0 200 OK\r\nX: y\r\n\r\n<html><h1>hello</h1></html>") == "hello"
    assert first_words("220 mail ready\r\n") == "220 mail ready"
    assert first_words("") == ""


# ------------------------------------------------------------------------------------- the places


@pytest.fixture
def server():
    """A web server of this process that says where it is."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near:
                near.recv(100)
                near.sendall(b"HTTP/1.0 200 OK\r\n\r\nhere I am\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_the_machine_connects_itself(server):
    outcome = Machine().attempt(Target("127.0.0.1", server))
    assert (outcome.reason, outcome.said) == (REACHED, "here I am")
    assert outcome.asked[2:] == ("127.0.0.1", server)


def test_the_machine_says_why_not():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        outcome = Machine().attempt(Target("127.0.0.1", closed.getsockname()[1]))
    assert outcome.reason == REFUSED
    assert Machine().attempt(Target("no-such-name.invalid", 80)).reason == NO_NAME
    assert Machine().attempt(Target("127.0.0.1")).reason == FAILED


def test_a_proxy_that_accepts_and_says_nothing_is_not_an_answer():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def close():
            near, _ = listener.accept()
            near.close()

        thread = threading.Thread(target=close, daemon=True)
        thread.start()
        assert not Machine().attempt(Target("127.0.0.1", port)).reached
        thread.join(5)


class Box_:
    """A container with some tools that answers what it is told."""

    def __init__(self, tools="ping nc timeout", out="", err="", code=0, error=None):
        self.name, self.tools, self.error = "box", tools, error
        self.answer = RunResult(out.encode(), err.encode(), code, None)
        self.commands = []

    def exec(self, command):
        self.commands.append(command)
        if "command -v" in command[-1]:
            if self.error:
                raise self.error
            return RunResult(self.tools.replace(" ", "\n").encode(), b"", 0, None)
        return self.answer


@pytest.mark.parametrize(
    ("box", "target", "reason", "program"),
    [
        (Box_(out="HTTP/1.0 200 OK\r\n\r\nhi"), "web:80", REACHED, "sh"),
        (Box_(err="nc: timed out", code=1), "web:80", SILENT, "sh"),
        (Box_(err="Terminated", code=143), "web:80", SILENT, "sh"),
        (Box_("python3", out="hi"), "web:80", REACHED, "python3"),
        (Box_("python3", err="Connection refused", code=1), "web:80", REFUSED, "python3"),
        (Box_(out="1 packets received"), "web", REACHED, "ping"),
        (Box_(err="ping: bad address 'web'", code=1), "web", NO_NAME, "ping"),
        (Box_(out="1 sent, 100% packet loss", code=1), "web", SILENT, "ping"),
        (Box_(code=1), "web", FAILED, "ping"),
    ],
)
def test_a_container_tries_with_what_it_has(box, target, reason, program):
    assert InContainer(box).attempt(Target.of(target)).reason == reason
    assert box.commands[-1][0] == program


def test_a_container_without_tools_says_so():
    nothing = InContainer(Box_(tools=""))
    assert nothing.attempt(Target("web", 80)).words == "the container has no nc or python3"
    assert nothing.attempt(Target("web")).words == "the container has no ping"
    shell = InContainer(Box_(error=Conflict("no shell"), out="hi"))
    assert shell.attempt(Target("web", 80)).reached


def test_a_name_cannot_become_a_command():
    box = Box_(out="x")
    InContainer(box).attempt(Target("$(reboot);`x`", 80))
    command = box.commands[-1]
    assert command[3] == "$(reboot);`x`"
    assert "reboot" not in command[2]


class Engine:
    def __init__(self, guest):
        self.guest, self.asked = guest, None

    def run(self, image, command, **options):
        self.asked = (image, options["network"])
        return self.guest


def test_the_lab_host_is_a_container_on_its_network_that_goes_away():
    guest = Box_(out="hi")
    removed = []
    guest.remove = lambda **options: removed.append(options)
    engine = Engine(guest)
    assert LabHost(engine).attempt(Target("web", 80)).reached
    assert engine.asked == ("busybox", "host")
    assert removed == [{"force": True}]


# --------------------------------------------------------------------------------------- the grid


@pytest.fixture
def grid():
    made = Grid(("the machine", "db"), (Target("web", 80), Target("172.17.0.2", 80), Target("web")))
    made.cells = {
        (0, 0): Cell(Try(NO_NAME, words="unknown"), guess=True),
        (0, 1): Cell(Try(SILENT)),
        (1, 0): Cell(Try(REACHED, said="hello from web"), guess=True),
        (1, 1): Cell(Try(REFUSED, words="Connection refused"), guess=False),
        (1, 2): Cell(guess=True),
    }
    return made


def test_verdicts(grid):
    verdicts = {place: cell.verdict for place, cell in grid.cells.items()}
    assert verdicts == {
        (0, 0): "wrong", (0, 1): "", (1, 0): "right", (1, 1): "right", (1, 2): "",
    }  # fmt: skip
    assert grid.summary() == "1 of 4 ways lead there; 2 of 3 predictions were right."
    assert Grid(("a",), (Target("b"),)).summary() == "1 ways, none tried yet."


def test_every_cell_explains_itself(grid):
    said = grid.cell(0, 0).says("the machine", "web:80")
    assert "no such name" in said
    assert "(unknown)" in said
    assert said.endswith("the prediction was wrong")
    assert 'it said "hello from web"' in grid.cell(1, 0).says("db", "web:80")
    assert grid.cell(0, 2).says("x", "y").endswith("not tried")


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_picture_has_a_cell_for_every_way(grid, narrow):
    scene = draw_grid(grid, narrow=narrow)
    ET.fromstring(to_svg(scene))
    cells = {item.key: item for item in scene.items if isinstance(item, Group)}
    assert set(cells) == {f"{r}-{c}" for r in range(2) for c in range(3)}
    (box,) = [i for i in cells["0-0"].items if isinstance(i, Box) and i.w > 40]
    assert box.stroke == "red-edge"  # predicted otherwise
    words = [i.text for i in cells["1-0"].items if isinstance(i, Label)]
    assert "yes" in words
    assert scene.desc.startswith("1 of 4 ways")


@pytest.mark.parametrize("reason", REASONS)
def test_reasons_differ_in_shape_and_word_not_in_colour_alone(reason):
    marks, texts = set(), set()
    for one in REASONS:
        grid = Grid(("a",), (Target("b", 1),), {(0, 0): Cell(Try(one))})
        (group,) = [i for i in draw_grid(grid).items if isinstance(i, Group)]
        texts.add(next(i.text for i in group.items if isinstance(i, Label) and len(i.text) > 1))
        marks.add(one)
    assert len(texts) == len(marks)
    assert reason in marks


def test_twin_says_what_the_picture_says(grid):
    twin = grid_table(grid)
    row = next(line for line in twin.splitlines() if line.startswith("db"))
    assert "yes (hello from web)" in row
    assert "no name !" in twin
    assert f"refused: {REASONS[REFUSED]}" in twin
    assert "! predicted otherwise" in twin


class Point:
    def __init__(self, label, reason=REACHED):
        self.label, self.reason, self.asked = label, reason, []

    def attempt(self, target):
        self.asked.append(target)
        return Try(self.reason)


def test_view_tries_every_way():
    points = [Point("a"), Point("b", REFUSED)]
    view = VantageGrid(points, [Target("x", 1), Target("y", 2)])
    view.predict({("a", "x:1"): True, ("b", "x:1"): True})
    assert "yes?" in view.text()
    assert view.fill() is view
    assert all(point.asked == list(view.grid.columns) for point in points)
    assert "1 of 2 predictions were right" in view.message
    assert view.details["1-0"]["verdict"] == "wrong"
    assert not view.busy
    view._on_message(view, {"do": "guess", "key": "0-0"}, [])
    assert view.grid.cell(0, 0).guess is True  # too late to change it
    view.forget()
    assert view.grid.tried() == 0
    view.close()


def test_view_takes_predictions_from_the_page():
    view = VantageGrid([Point("a")], [Target("x", 1)])
    said = []
    for _ in range(3):
        view._on_message(view, {"do": "guess", "key": "0-0"}, [])
        said.append(view.grid.cell(0, 0).guess)
    assert said == [True, False, None]
    view._on_message(view, {"do": "guess", "key": "nonsense"}, [])
    view._on_message(view, "nonsense", [])
    view.close()


def test_view_refuses_what_it_cannot_do():
    view = VantageGrid([Point("a")], [Target("x", 1)])
    with pytest.raises(InvalidArgument, match="no such cell"):
        view.predict({("a", "z:1"): True})
    view.close()
    with pytest.raises(InvalidArgument, match="1 to 8 rows"):
        vantage_grid([], ["x:1"], engine=object())
    with pytest.raises(InvalidArgument, match="not a place"):
        vantage_grid([7], ["x:1"], engine=object())


def test_places_are_named():
    class Api:
        engine_name = "b"

    class Other:
        api = Api()

        def container(self, name):
            return Box_()

    view = vantage_grid(
        ["machine", "lab", "web", ("second host", (Other(), "lab")), ("me", "machine")],
        ["x:1"],
        engine=Other(),
    )
    assert view.grid.rows == ("the machine", "lab host b", "box", "second host", "me")
    view.close()


def test_a_target_may_have_a_name_of_its_own() -> None:
    """A port that the engine chose is another one every time."""
    grid = Grid(("app", "lab host"), (Target("127.0.0.1", 41000, "published"), Target("web")))
    assert grid.heads == ("published", "ping web")
    assert grid.reached_from(0) == ()
    grid.cells[1, 0] = Cell(Try(REACHED, "hello"))
    assert grid.reached_from(0) == ("lab host",)
    assert "41000" not in grid_table(grid)
