import re
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.oci.image_spec import RunConfig
from pyminidocker.widgets.argv.model import (
    CMD,
    ENTRYPOINT,
    EXEC,
    NONE,
    RUN,
    SHELL,
    SHELLS,
    Command,
    Observed,
)
from pyminidocker.widgets.argv.scene import draw_calculation
from pyminidocker.widgets.argv.twin import calculation_table
from pyminidocker.widgets.argv.view import ArgvCalculator, argv_calculator, calculation
from pyminidocker.widgets.scene import Box, Group, Label
from pyminidocker.widgets.svg import to_svg

BASE = RunConfig(cmd=["sh"])
HEARD = Observed(("say", "hello", "moon"), "say", ("/bin/sh", "/bin/say", "hello", "moon"), (),
                 "I was given: [hello] [moon]", heard=True)  # fmt: skip
MISSED = Observed(("/bin/sh", "-c", "say hello; true"), "sh", ("/bin/sh", "-c", "say hello; true"),
                  ("say",), "I was given: [hello]", heard=False)  # fmt: skip
ENDED = Observed(("echo", "hi"), said="hi", exit_code=3)
BROKEN = Observed(("moon",), error='exec: "moon": executable file not found in $PATH')


def both(entrypoint='["say", "hello"]', cmd='["world"]', args=""):
    return calculation(entrypoint, cmd, args, BASE)


@pytest.mark.parametrize(
    ("written", "form", "words", "text"),
    [
        ("", NONE, (), ""),
        ('["say", "hello you"]', EXEC, ("say", "hello you"), "say 'hello you'"),
        ('say "hello you"', SHELL, ("say", "hello you"), 'say "hello you"'),
        ("say hello; true", SHELL, ("say", "hello;", "true"), "say hello; true"),
        ("['say']", SHELL, ("[say]",), "['say']"),  # no JSON, so a shell's business
        ('say "hello', SHELL, ("say", '"hello'), 'say "hello'),
    ],
)
def test_both_forms_are_read(written, form, words, text):
    command = Command.of("CMD", written)
    assert (command.form, command.words, command.text) == (form, words, text)
    assert command.written(NONE) == ""
    assert Command.of("CMD", command.written(EXEC)).words == words


def test_several_lines_are_refused():
    with pytest.raises(InvalidArgument, match="one line"):
        Command.of("CMD", "a\nb")


# Docker's own table: docs.docker.com, "Understand how CMD and ENTRYPOINT interact".
TABLE = {
    (NONE, NONE): "sh",
    (EXEC, NONE): "say hello",
    (SHELL, NONE): "/bin/sh -c 'say hello'",
    (NONE, EXEC): "world",
    (EXEC, EXEC): "say hello world",
    (SHELL, EXEC): "/bin/sh -c 'say hello' world",
    (NONE, SHELL): "/bin/sh -c world",
    (EXEC, SHELL): "say hello /bin/sh -c world",
    (SHELL, SHELL): "/bin/sh -c 'say hello' /bin/sh -c world",
}


def test_the_table_is_dockers():
    sum_ = both()
    assert {(one.entrypoint, one.cmd): one.line for one in sum_.all()} == TABLE
    assert both("", "").combination(NONE, NONE).words == (("sh", "the base image"),)
    nothing = calculation("", "", "", RunConfig())
    assert nothing.combination(NONE, NONE).line == "nothing to run"


def test_arguments_replace_cmd_and_never_the_entrypoint():
    one = both(args="moon 'and stars'").combination(EXEC, EXEC)
    assert one.words == (("say", ENTRYPOINT), ("hello", ENTRYPOINT), ("moon", RUN),
                         ("and stars", RUN))  # fmt: skip
    assert one.dropped == ("world",)
    shell = both(args="moon").combination(SHELL, SHELL)
    assert shell.argv == ("/bin/sh", "-c", "say hello", "moon")
    assert shell.words[:3] == (("/bin/sh", SHELLS), ("-c", SHELLS), ("say hello", ENTRYPOINT))
    assert shell.dropped == ("/bin/sh", "-c", "world")


def test_words_know_where_they_come_from():
    one = both().combination(EXEC, SHELL)
    assert [source for _, source in one.words] == [ENTRYPOINT, ENTRYPOINT, SHELLS, SHELLS, CMD]


def test_what_happened_is_told():
    assert [one.word for one in (HEARD, MISSED, ENDED, BROKEN)] == [
        "hears TERM", "misses TERM", "ended by itself", "does not start",
    ]  # fmt: skip
    assert "it started say" in MISSED.says()
    assert "does not pass it on" in MISSED.says()
    assert "with exit code 3" in ENDED.says()
    assert "/proc/1/cmdline: /bin/sh /bin/say hello moon" in HEARD.says()


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_picture_has_a_cell_for_every_combination(narrow):
    sum_ = both(args="moon")
    sum_.seen = {(EXEC, EXEC): HEARD, (SHELL, EXEC): MISSED, (NONE, EXEC): BROKEN}
    scene = draw_calculation(sum_, narrow=narrow)
    ET.fromstring(to_svg(scene))
    cells = {item.key: item for item in scene.items if isinstance(item, Group)}
    assert list(cells) == [one.key for one in sum_.all()]
    frame = next(item for item in cells["exec-exec"].items if isinstance(item, Box))
    assert frame.stroke == "ink"  # the chosen one
    texts = [item.text for item in scene.items if isinstance(item, Label)]
    assert "CMD, replaced" in texts
    words = {
        key: next(i.text for i in group.items if isinstance(i, Label) and i.weight == 600
                  and len(i.text) > 1)
        for key, group in cells.items()
    }  # fmt: skip
    assert words["exec-exec"] == "hears TERM"
    assert words["shell-exec"] == "misses TERM"
    assert words["none-exec"] == "does not start"
    assert words["none-none"] == "not tried"


def test_long_commands_stay_inside():
    sum_ = both("say " + " ".join(f"word-number-{n}" for n in range(60)), "x" * 300)
    for narrow in (False, True):
        scene = draw_calculation(sum_, narrow=narrow)
        for item in scene.items:
            if isinstance(item, Box):
                assert item.x + item.w <= scene.width


def test_twin_says_what_the_picture_says():
    sum_ = both(args="moon")
    sum_.seen = {(EXEC, EXEC): HEARD, (SHELL, EXEC): MISSED}
    twin = calculation_table(sum_)
    assert "executed      say hello moon\nreplaced      world\n" in twin
    row = next(line for line in twin.splitlines() if line.startswith("shell form  exec form"))
    assert re.split(r"\s{2,}", row)[2:] == ["/bin/sh -c 'say hello' moon", "sh", "misses TERM"]
    assert "2 of 9 combinations tried: 1 hear SIGTERM, 1 do not." in twin


# --------------------------------------------------------------------------------------- the view


class Api:
    def __init__(self):
        self.removed = []

    def image_inspect(self, name):
        return {"Config": {"Cmd": ["sh"]}}

    def image_remove(self, name):
        self.removed.append(name)


class Image:
    id = "sha256:made"


class Built:
    image = Image()


class Engine:
    """Builds and refuses to run."""

    def __init__(self):
        self.api, self.files = Api(), []

    def build(self, folder, **options):
        from pathlib import Path

        self.files.append(Path(folder, "Dockerfile").read_text())
        assert "trap" in Path(folder, "say").read_text()
        return Built()

    def create(self, image, command):
        raise MiniDockerError(
            'failed to create: unable to start container process: exec: "x": not found'
        )


def test_view_tries_what_is_chosen():
    engine = Engine()
    view = argv_calculator(engine=engine)
    assert view.argv == ("say", "hello", "world")
    assert view.observed is None
    assert view.run() is view
    assert view.observed.error == 'exec: "x": not found'
    lines = ["FROM busybox", "COPY --chmod=755 say /bin/say"]
    lines += ['ENTRYPOINT ["say", "hello"]', 'CMD ["world"]', ""]
    assert engine.files == ["\n".join(lines)]
    assert engine.api.removed == ["sha256:made"]
    view.run_all()
    assert len(view.sum.seen) == 9
    assert not view.busy
    view.write("say hello", "", "moon")
    assert view.sum.seen == {}
    assert view.chosen == "shell-none"
    assert view.fields == {"entrypoint": "say hello", "cmd": "", "args": "moon"}
    assert view.columns == 3
    view.close()


def test_view_listens_to_the_page():
    view = ArgvCalculator(Engine(), "busybox", both())
    view.chosen = "shell-none"
    assert view.sum.chosen == (SHELL, NONE)
    assert "ENTRYPOINT say hello" in view.text()
    view.chosen = "no-sense"
    assert view.chosen == "shell-none"
    view._on_message(view, {"do": "write", "cmd": "echo hi"}, [])
    assert view.argv == ("/bin/sh", "-c", "echo hi")
    view._on_message(view, {"do": "write", "args": "'"}, [])
    assert "the words after the image" in view.message
    view._on_message(view, "nonsense", [])
    with pytest.raises(InvalidArgument, match="no such combination"):
        view.choose("exec", "shell")
    view.close()
