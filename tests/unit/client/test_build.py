"""Builds as objects and as text, told by records as the engine sends them."""

import io
import itertools
import os
import subprocess
import sys
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path

import pytest

from pyminidocker.cli import build_progress
from pyminidocker.client.build import Build, BuildError
from pyminidocker.client.build_lines import Plain, Summary, failure
from pyminidocker.client.build_steps import BuildStory
from pyminidocker.client.calls_build import REGISTRIES_HEADER, SECRETS_HEADER, BuildCalls
from pyminidocker.client.context_pack import PackedContext
from pyminidocker.client.engine import Engine
from pyminidocker.client.json_text import loads
from pyminidocker.errors import InvalidArgument, MiniDockerError

LAYER = "sha256:" + "1" * 64
IMAGE = "sha256:" + "c" * 64
PLAN = {
    "Plan": [
        {"Id": step, "Stage": stage, "StageIndex": index, "Number": number, "Total": total,
         "Line": line, "Text": text, "Needs": needs, "Skipped": skipped}
        for step, stage, index, number, total, line, text, needs, skipped in (
            ("0.1", "builder", 0, 1, 3, 1, "FROM busybox AS builder", [], False),
            ("0.2", "builder", 0, 2, 3, 2, "RUN echo   one && sleep 1", [], False),
            ("0.3", "builder", 0, 3, 3, 3, "COPY app.py /app/", [], False),
            ("1.1", "", 1, 1, 2, 5, "FROM busybox", [], False),
            ("1.2", "", 1, 2, 2, 6, "COPY <<EOF /x\nhello\nEOF", ["0.3"], False),
            ("2.1", "spare", 2, 1, 1, 9, "FROM scratch AS spare", [], True),
        )
    ]
}  # fmt: skip


def finished(step, seconds=0.0, size=0):
    layer = LAYER if size else ""
    return {"Finished": step, "Seconds": seconds, "Bytes": size, "Layer": layer, "Image": IMAGE,
            "Empty": not size}  # fmt: skip


def cache(step, hit, code, *reasons):
    return {"Cache": step, "Hit": hit, "Key": "ab", "Code": code, "Reasons": list(reasons)}


GOOD = [
    {"Warning": "JSON arguments recommended for CMD", "Line": 7},
    PLAN,
    {"Started": "0.1"},
    {"Progress": "0.1", "Current": 10, "Total": 100},
    cache("0.1", True, "hit"),
    finished("0.1"),
    {"Started": "1.1"},
    finished("1.1"),
    {"Started": "0.2"},
    {"Started": "1.2"},
    cache("0.2", False, "instruction", "RUN echo two became RUN echo one"),
    {"Output": "0.2", "Stream": "stdout", "Text": "one\n10%\r20%\rdo"},
    {"Output": "0.2", "Stream": "stderr", "Text": "ne\r\nlast"},
    finished("0.2", 1.25, 12_345),
    {"Started": "0.3"},
    cache("0.3", True, "hit"),
    finished("0.3", 0.0, 99),
    cache("1.2", False, "parent", "a step before it was carried out"),
    finished("1.2", 0.3, 1000),
    {"Built": {"Id": IMAGE, "Tags": ["friendly:latest"], "Size": 4_500_000, "Seconds": 1.6}},
]
BAD = [
    *GOOD[1:13],
    {"Failed": "0.2", "Error": "The command '/bin/sh -c x' returned a non-zero code: 3",
     "Hint": "", "ExitCode": 3, "Line": 2, "Column": 1,
     "Excerpt": ["  1 | FROM busybox AS builder", "> 2 | RUN echo", "    | ^^^"]},
    {"Error": {"Message": "The command '/bin/sh -c x' returned a non-zero code: 3", "Hint": "",
               "Code": 3, "Line": 0, "Column": 0, "Excerpt": []}},
]  # fmt: skip


def told(records):
    story = BuildStory()
    for record in records:
        story.feed(record)
    return story


def test_a_story():
    story = told(GOOD)
    run = story.steps["0.2"]
    assert (run.label, run.first_line) == ("[builder 2/3]", "RUN echo one && sleep 1")
    assert (run.state, run.cached, run.verdict) == ("done", False, "done")
    assert run.why == "RUN echo two became RUN echo one"
    assert (run.bytes, run.seconds, run.layer, run.image) == (12_345, 1.25, LAYER, IMAGE)
    assert run.lines() == ["one", "done", "last"]
    assert run.tail(1) == ["last"]
    copy = story.steps["1.2"]
    assert (copy.label, copy.first_line) == ("[stage-1 2/2]", "COPY <<EOF /x ...")
    assert (copy.why, copy.needs, copy.code) == ("", ("0.3",), "parent")
    assert story.steps["0.3"].verdict == "CACHED"
    assert story.steps["2.1"].verdict == "not needed"
    assert [step.id for step in story.needed] == ["0.1", "0.2", "0.3", "1.1", "1.2"]
    assert story.is_over
    assert story.feed({"Output": "9.9", "Stream": "stdout", "Text": ""}) is None
    assert story.feed({"Container": "0.2", "ContainerId": "x"}) is None


def test_a_second_plan_keeps_what_is_known():
    story = told(GOOD[:6])
    again = {"Plan": [*PLAN["Plan"], {**PLAN["Plan"][1], "Id": "0.1.1", "Text": "RUN trigger"}]}
    story.feed(again)
    assert story.steps["0.1"].cached is True
    assert story.steps["0.1.1"].text == "RUN trigger"


def test_a_story_of_a_failure():
    story = told(BAD)
    assert story.failed is story.steps["0.2"]
    assert story.steps["0.3"].state == "not reached"
    assert story.error["Line"] == 2  # the step knows more than the last record
    assert failure(story, "Dockerfile.web") == [
        "Dockerfile.web:2",
        "--------------------",
        "  1 | FROM busybox AS builder",
        "> 2 | RUN echo",
        "    | ^^^",
        "--------------------",
        "ERROR: The command '/bin/sh -c x' returned a non-zero code: 3",
    ]


def summary(records, **how):
    text = io.StringIO()
    lines = Summary(text.write, **how)
    for record in records:
        lines(record)
    return text.getvalue()


def test_summary():
    assert summary(GOOD, width=72, sent=lambda: 2100) == (
        " => load build context                                             2.1kB\n"
        " => CACHED [builder 1/3] FROM busybox AS builder\n"
        " => [stage-1 1/2] FROM busybox                                      0.0s\n"
        " => [builder 2/3] RUN echo one && sleep 1                   12.3kB  1.2s\n"
        "      because RUN echo two became RUN echo one\n"
        "    | one\n"
        "    | done\n"
        "    | last\n"
        " => CACHED [builder 3/3] COPY app.py /app/\n"
        " => [stage-1 2/2] COPY <<EOF /x ...                            1kB  0.3s\n"
        " => left out, because nothing needs it: stage spare\n"
        " => exporting to image                                             4.5MB\n"
        f" => => writing image {IMAGE}\n"
        " => => naming to friendly:latest\n"
        "[+] Built in 1.6s: 5 steps, 2 from the cache\n"
        "\n"
        " 1 warning found:\n"
        " - JSON arguments recommended for CMD (line 7)\n"
    )


def test_summary_shortens():
    long = [PLAN, {"Started": "0.2"}]
    long += [{"Output": "0.2", "Stream": "stdout", "Text": f"{n}\n"} for n in range(40)]
    shown = summary([*long, finished("0.2")], width=40).splitlines()
    assert shown[0] == " => [builder 2/3] RUN echo one &... 0.0s"
    assert shown[1] == "    | ... 28 lines before"
    assert shown[-1] == "    | 39"
    assert len(summary([*long, finished("0.2")], with_output=False).splitlines()) == 1
    failed = {"Failed": "0.2", "Error": "x", "ExitCode": 1}
    assert len(summary([*long, failed], with_output=False).splitlines()) == 41


def test_plain():
    text = io.StringIO()
    ticks = itertools.count()
    plain = Plain(text.write, lambda: next(ticks) / 10, sent=lambda: 2100)
    for record in GOOD:
        plain(record)
    assert text.getvalue() == (
        "#1 [internal] load build context\n#1 transferring 2.1kB done\n\n"
        "#2 [builder 1/3] FROM busybox AS builder\n#2 CACHED\n\n"
        "#3 [stage-1 1/2] FROM busybox\n#3 DONE 0.0s\n\n"
        "#4 [builder 2/3] RUN echo one && sleep 1\n"
        "#4 because RUN echo two became RUN echo one\n"
        "#4 0.200 one\n#4 0.300 done\n#4 0.400 last\n"
        "#4 DONE 1.2s (12.3kB)\n\n"
        "#5 [builder 3/3] COPY app.py /app/\n#5 CACHED\n\n"
        "#6 [stage-1 2/2] COPY <<EOF /x ...\n#6 DONE 0.3s (1kB)\n\n"
        "#7 exporting to image\n"
        f"#7 writing image {IMAGE}\n#7 naming to friendly:latest\n"
        "#7 DONE, the whole build in 1.6s\n"
        "\n 1 warning found:\n - JSON arguments recommended for CMD (line 7)\n"
    )


def test_plain_of_a_failure():
    text = io.StringIO()
    plain = Plain(text.write, lambda: 0.0)
    for record in BAD:
        plain(record)
    assert "#3 0.000 last\n#3 ERROR: The command" in text.getvalue()


def test_build_object():
    build = Build(None, GOOD)
    assert (build.id, build.tags, build.seconds) == (IMAGE, ["friendly:latest"], 1.6)
    assert build.records is GOOD
    assert build.image.ref == IMAGE
    assert [step.id for step in build.cached] == ["0.1", "0.3"]
    assert build.step(2) is build.step("RUN") is build.step("0.2") is build.steps[1]
    assert build.output == "one\n10%\r20%\rdone\r\nlast"
    assert build.warnings == [("JSON arguments recommended for CMD", 7)]
    with pytest.raises(MiniDockerError, match="no step 'VOLUME'"):
        build.step("VOLUME")
    text = repr(build)
    assert "done: RUN echo two became RUN echo one" in text
    assert text.endswith(f"{IMAGE[:19]} (friendly:latest), 2 of 6 steps cached")
    assert "<table>" in build._repr_html_()
    assert "&lt;&lt;EOF" in build._repr_html_()


def test_build_error():
    error = BuildError(Build(None, BAD))
    assert error.step.id == "0.2"
    assert (error.line, error.column, error.exit_code) == (2, 1, 3)
    assert error.excerpt[1] == "> 2 | RUN echo"
    assert str(error) == (
        "[builder 2/3] RUN echo one && sleep 1: The command '/bin/sh -c x' returned a non-zero"
        " code: 3"
    )
    notes = "\n".join(error.__notes__)
    assert "> 2 | RUN echo" in notes
    assert "output:\none\ndone\nlast" in notes
    with pytest.raises(MiniDockerError, match="made no image"):
        _ = error.build.image
    assert "failed:" in repr(error.build)


IMPORTS = """
import sys
sys.path.insert(0, {checkout!r})
from pyminidocker.cli.commands import build
from pyminidocker.cli import build_progress
from pyminidocker.client import build_steps, calls_build, context_pack, credentials, engine_client
context_pack.pack_context({directory!r}).pieces()
heavy = {{"re", "tarfile", "base64", "json", "socket", "threading", "pathlib", "msgspec", "enum"}}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_command_imports_little(tmp_path):
    """Starting is most of what a cached build costs."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    code = IMPORTS.format(checkout=str(Path(build_progress.__file__).parents[2]),
                          directory=str(tmp_path))  # fmt: skip
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


class FakeEngine(BuildCalls):
    """Answers with records; notes what it was asked."""

    def __init__(self, records):
        super().__init__("unix:///nowhere")
        self.records = records

    def open(self, method, path, query=None, body=None, **more):
        self.asked = method, path, more
        self.sent = b"".join(more.get("raw") or ())
        return Answer(self.records)


class Answer:
    def __init__(self, records):
        self.json_lines = lambda: iter(records)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture(autouse=True)
def no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


def test_credentials_go_along(tmp_path, monkeypatch):
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(
        '{"auths": {"reg.example.org": {"auth": "dTpw"}, "empty.example.org": {},'
        ' "damaged.example.org": {"auth": "a"}},'
        ' "credHelpers": {"helped.example.org": "no-such-helper"}}'
    )
    engine = Engine.of(FakeEngine(GOOD))
    engine.build(text="FROM scratch\n", progress="quiet")
    ((name, value),) = engine.api.asked[2]["headers"]
    assert name == REGISTRIES_HEADER
    assert loads(urlsafe_b64decode(value)) == {
        "reg.example.org": {
            "username": "u", "password": "p", "serveraddress": "reg.example.org"
        }
    }  # fmt: skip
    (tmp_path / "docker" / "config.json").write_text("no JSON")
    engine.build(text="FROM scratch\n", progress="quiet")
    assert engine.api.asked[2]["headers"] == []


def test_engine_build(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    engine = Engine.of(FakeEngine(GOOD))
    seen = []
    build = engine.build(
        tmp_path, tag=["a:1", "b"], build_args={"X": 1, "Y": None}, target="t", no_cache=True,
        pull=True, labels={"l": "m"}, secrets={"s": "geheim"}, network="none",
        platform="linux/amd64", extra_hosts={"h": "1.2.3.4"}, progress=seen.append,
    )  # fmt: skip
    assert build.id == IMAGE
    assert seen == GOOD
    method, path, more = engine.api.asked
    assert method == "POST"
    assert path == (
        "/build?records=1&dockerfile=Dockerfile&buildargs=%7B%22X%22:%221%22,%22Y%22:null%7D"
        "&target=t&nocache=1&pull=1&labels=%7B%22l%22:%22m%22%7D&networkmode=none"
        "&platform=linux/amd64&extrahosts=h:1.2.3.4&t=a:1&t=b"
    )
    ((name, value),) = more["headers"]
    assert name == SECRETS_HEADER
    assert b64decode(loads(b64decode(value))["s"]) == b"geheim"
    assert b"FROM scratch" in engine.api.sent
    assert capsys.readouterr().out == ""


def test_engine_build_of_a_text_needs_no_directory(tmp_path, monkeypatch, capsys):
    (tmp_path / "large").write_text("x" * 10_000)
    monkeypatch.chdir(tmp_path)
    engine = Engine.of(FakeEngine(GOOD))
    engine.build(text="FROM scratch\n", tag="x")
    assert b"FROM scratch" in engine.api.sent
    assert len(engine.api.sent) < 5000
    assert " => CACHED [builder 1/3] FROM busybox" in capsys.readouterr().out
    engine.build(tmp_path, text="FROM scratch\n", progress="plain")
    assert b"x" * 10_000 in engine.api.sent
    assert "#1 [builder 1/3] FROM busybox" in capsys.readouterr().out


def test_engine_build_that_fails(capsys):
    engine = Engine.of(FakeEngine(BAD))
    with pytest.raises(BuildError):
        engine.build(text="FROM scratch\n", progress="quiet")
    assert capsys.readouterr().out == ""
    with pytest.raises(InvalidArgument, match="invalid progress mode 'loud'"):
        engine.build(text="FROM scratch\n", progress="loud")
    with pytest.raises(InvalidArgument, match="larger than 40000 bytes together"):
        engine.build(text="FROM scratch\n", secrets={"a": b"x" * 50_000})


def shown(monkeypatch, place, records):
    monkeypatch.setattr(build_progress, "mode_of", lambda _: place)
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    context = PackedContext(None)
    with build_progress.open_progress("auto", context) as progress:
        for record in records:
            progress(record)
    return progress, text.getvalue()


def screen(text, rows=200):
    """Return what a terminal shows after ``text``: only the sequences that are used here."""
    lines, row, column, position = [""], 0, 0, 0
    while position < len(text):
        letter = text[position]
        if text.startswith("\x1b[", position):
            end = next(i for i in range(position + 2, len(text)) if text[i].isalpha())
            if text[end] == "A":
                row -= int(text[position + 2 : end])
            else:
                assert text[position : end + 1] == "\x1b[J"
                lines = [*lines[:row], lines[row][:column]]
            position = end + 1
            continue
        if letter == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif letter == "\r":
            column = 0
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + letter + line[column + 1 :]
            column += 1
        position += 1
    return [line.rstrip() for line in lines]


def test_a_terminal_keeps_what_is_finished(monkeypatch):
    progress, text = shown(monkeypatch, "terminal", GOOD)
    assert "[+] Building" in text
    assert " => [builder 2/3] RUN echo one && sleep 1" in text
    seen = "\n".join(screen(text))
    assert seen.strip("\n") == summary(
        GOOD, width=progress.width, with_output=False, sent=lambda: 0
    ).strip("\n")


def test_a_failure_leaves_its_output_in_the_terminal(monkeypatch):
    progress, text = shown(monkeypatch, "terminal", BAD)
    seen = screen(text)
    assert "    | done" in seen
    assert not any("[+] Building" in line for line in seen)
    assert progress.shows_output
    assert progress.story.error


def test_a_notebook_sees_lines_and_no_cursor_movement(monkeypatch):
    monkeypatch.setattr(build_progress, "PATIENCE_S", 0.0)
    _, text = shown(monkeypatch, "notebook", GOOD)
    assert "\x1b" not in text
    assert "[+] Building" in text
    _, pulling = shown(monkeypatch, "notebook", [*GOOD[1:4], {"Started": "9.9"}, GOOD[0], GOOD[7]])
    assert "[builder 1/3] FROM busybox AS builder 10B / 100B" in pulling
    assert "\n".join(screen(text)).strip("\n") == summary(GOOD, width=79, sent=lambda: 0).strip(
        "\n"
    )


def test_a_moving_line_goes_on_while_nothing_comes(monkeypatch):
    monkeypatch.setattr(build_progress, "REDRAW_S", 0.005)
    monkeypatch.setattr(build_progress, "mode_of", lambda _: "terminal")
    drawn = io.StringIO()
    monkeypatch.setattr(sys, "stdout", drawn)
    read, write = os.pipe()
    with build_progress.open_progress("auto", PackedContext(None)) as progress:
        progress.draw = lambda: os.write(write, b".")
        assert os.read(read, 1) == os.read(read, 1) == b"."
    os.close(read)
    os.close(write)


def test_other_modes(monkeypatch):
    _, text = shown(monkeypatch, "plain", GOOD)
    assert text.startswith("#1 [internal] load build context\n")
    for mode in ("quiet", "rawjson"):
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        with build_progress.open_progress(mode, PackedContext(None)) as progress:
            for record in GOOD:
                progress(record)
        lines = [loads(line) for line in out.getvalue().splitlines()]
        assert lines == ([] if mode == "quiet" else GOOD)
        assert progress.story.built
