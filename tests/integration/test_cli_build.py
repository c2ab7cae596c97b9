"""``minidocker build`` and ``engine.build`` with a real engine: what is typed, what is seen."""

import io
import signal
import subprocess
import tarfile

import pytest

from pyminidocker.client.build import BuildError
from tests.support.builds import tidy
from tests.support.command_line import LAUNCHER, Terminal, environment, minidocker, succeeds
from tests.support.talker import until

pytestmark = [pytest.mark.usefixtures("images"), pytest.mark.requires("busybox")]

DOCKERFILE = """\
FROM busybox AS base
RUN echo "made of $WHO" > /made
FROM base AS tool
ARG EXTRA=none
COPY app.txt /app/
RUN cat /app/app.txt /made; echo $EXTRA
LABEL a=b
CMD ["cat", "/app/app.txt"]
"""


@pytest.fixture
def images(engine):
    """Remove what a test builds, and all of the cache."""
    with tidy(engine):
        yield engine


@pytest.fixture
def project(tmp_path):
    """A directory to build."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "app.txt").write_text("an app\n")
    (tmp_path / ".dockerignore").write_text("*.log\n")
    (tmp_path / "x.log").write_text("")
    return tmp_path


def test_build_run_change_build(project):
    first = succeeds("build", "-t", "cli:one", "-t", "cli:also", str(project))
    assert "[base 2/2] RUN echo" in first
    assert "an app" in first
    assert "naming to cli:one" in first
    assert "naming to cli:also" in first
    assert succeeds("run", "--rm", "cli:one") == "an app"
    again = succeeds("build", "-t", "cli:one", str(project))
    assert again.count("CACHED") == 8
    (project / "app.txt").write_text("another app\n")
    changed = succeeds("build", "-t", "cli:one", str(project))
    assert "because content of app.txt changed" in changed
    assert changed.count("CACHED") == 4
    assert succeeds("run", "--rm", "cli:one") == "another app"


def test_quiet_and_the_image_id(project):
    image = succeeds("build", "-q", "--iidfile", str(project / "id"), str(project))
    assert image.startswith("sha256:")
    assert (project / "id").read_text() == image
    assert succeeds("build", "--progress=quiet", str(project)) == image


def test_options_reach_the_build(project):
    built = succeeds(
        "build", "--build-arg", "EXTRA=more", "--label", "c=d", "--target", "tool", "--no-cache",
        "--platform", "linux/amd64", "--network", "none", "--add-host", "there:10.9.8.7",
        "--ulimit", "nofile=99", "-q", str(project),
    )  # fmt: skip
    form = '{{index .Config.Labels "a"}}{{index .Config.Labels "c"}}'
    assert succeeds("image", "inspect", "-f", form, built) == "bd"
    only = succeeds("build", "-q", "--target", "base", str(project))
    assert succeeds("run", "--rm", only, "cat", "/made") == "made of "


def test_build_arguments_from_the_environment(project):
    (project / "Dockerfile").write_text("FROM busybox\nARG A=x B=y\nRUN echo $A-$B\n")
    done = minidocker(
        "build", "--build-arg", "A", "--build-arg", "B", str(project), A="from outside"
    )
    assert "from outside-y" in done.stdout


def test_a_run_that_fails_gives_its_exit_code(project):
    (project / "Dockerfile").write_text("FROM busybox\n\nRUN echo told; exit 3\n")
    done = minidocker("build", str(project))
    assert done.returncode == 3
    assert "told" in done.stdout
    assert done.stderr == (
        "Dockerfile:3\n"
        "--------------------\n"
        "  2 |\n"
        "> 3 | RUN echo told; exit 3\n"
        "    | ^^^^^^^^^^^^^^^^^^^^^\n"
        "--------------------\n"
        "ERROR: The command '/bin/sh -c echo told; exit 3' returned a non-zero code: 3\n"
    )
    quiet = minidocker("build", "-q", str(project))
    assert (quiet.returncode, quiet.stdout) == (3, "")
    assert " > [2/2] RUN echo told; exit 3:\ntold\n------" in quiet.stderr


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("FROM busybox\nRUNN x", "2", "unknown instruction: RUNN (did you mean RUN?)"),
        ("FROM busybox\nCOPY ../x /", "2", "forbidden path outside the build context"),
        ("FROM busybox\nCOPY ap.txt /", "2", "ap.txt"),
        ("FROM busybox\nENV a=${", "2", "missing '}'"),
    ],
)
def test_what_is_wrong_in_the_dockerfile(project, text, place, message):
    (project / "Other").write_text(text)
    done = minidocker("build", "-f", str(project / "Other"), str(project))
    assert done.returncode == 1
    assert f"{project / 'Other'}:{place}\n" in done.stderr
    assert message.lower() in done.stderr.lower()
    assert f"> {place} | " in done.stderr


def test_a_context_that_is_not_there(project):
    done = minidocker("build", str(project / "nosuch"))
    assert done.returncode == 1
    assert done.stderr.startswith("unable to prepare context: path")
    assert "\nhint: " in done.stderr
    done = minidocker("build")
    assert done.returncode == 1
    assert "'minidocker build' requires 1 argument" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--progress", "loud"], 'invalid argument "loud" for "--progress" flag'),
        (["--build-arg", "=x"], 'invalid argument "=x" for "--build-arg" flag'),
        (["--label", "=x"], 'invalid argument "=x" for "--label" flag'),
        (["--add-host", "x"], 'bad format for add-host: "x"'),
        (["--ulimit", "x"], "invalid ulimit argument: x"),
    ],
)
def test_wrong_options(project, words, message):
    done = minidocker("build", *words, str(project))
    assert done.returncode == 125
    assert message in done.stderr


@pytest.mark.parametrize("words", [["--squash"], ["-o", "x"], ["--ssh=default"]])
def test_what_docker_can_and_we_cannot(project, words):
    done = minidocker("build", *words, str(project))
    assert done.returncode == 1
    assert done.stderr.startswith("--")
    assert "\nhint: " in done.stderr


def test_check(project):
    done = minidocker("build", "--check", str(project))
    assert (done.returncode, done.stdout) == (0, "Check complete, no warnings found.\n")
    done = minidocker("build", "--check", "-", stdin="FROM a AS B\nCMD x\n")
    assert (done.returncode, done.stderr) == (1, "")
    page = "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/"
    assert done.stdout.startswith(
        "Check complete, 2 warnings have been found!\n\n"
        f"WARNING: StageNameCasing - {page}\nStage name 'B' should be lowercase\n"
        "standard input:1\n--------------------\n> 1 | FROM a AS B\n    | ^^^^^^^^^^^\n"
    )
    done = minidocker("build", "--check", "-", stdin="FROM a\nRUNN x\n")
    assert done.returncode == 1
    assert "> 2 | RUNN x\n" in done.stderr
    assert "did you mean RUN?" in done.stderr
    assert minidocker("build", "--check", "https://example.org/x.tar").returncode == 1


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("src=x", "it has no id"),
        ("id=a,x", "unexpected 'x'"),
        ("id=a,src=/nosuch", "secret a: open /nosuch: no such file or directory"),
        ("id=a,env=NOSUCH_VARIABLE", "no variable NOSUCH_VARIABLE"),
        ("id=a,type=env", "no variable a"),
    ],
)
def test_wrong_secrets(project, secret, message):
    done = minidocker("build", "--secret", secret, str(project))
    assert done.returncode == 1
    assert message in done.stderr


def test_secrets(project):
    (project / "Dockerfile").write_text(
        "FROM busybox\n"
        "RUN --mount=type=secret,id=file --mount=type=secret,id=variable"
        " cat /run/secrets/file /run/secrets/variable\n"
    )
    (project / "token").write_text("of a file\n")
    done = minidocker(
        "build", "--secret", f"id=file,src={project / 'token'}", "--secret", "id=variable",
        str(project), variable="of a variable",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "of a file" in done.stdout
    assert "of a variable" in done.stdout


def test_standard_input(project):
    image = succeeds("build", "-q", "-", stdin="FROM busybox\nRUN echo alone > /x\n")
    assert succeeds("run", "--rm", image, "cat", "/x") == "alone"
    image = succeeds(
        "build", "-q", "-f", "-", str(project), stdin="FROM busybox\nCOPY app.txt /x\n"
    )
    assert succeeds("run", "--rm", image, "cat", "/x") == "an app"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(project, ".")
    image = succeeds("build", "-q", "-", stdin=buffer.getvalue())
    assert succeeds("run", "--rm", image) == "an app"


def test_a_terminal_and_a_cell(project):
    (project / "Dockerfile").write_text("FROM busybox\nRUN echo seen\nRUN echo twice >&2\n")
    with Terminal("build", "-t", "cli:tty", "--no-cache", str(project)) as terminal:
        assert terminal.wait() == 0
        text = terminal.text
    assert "\x1b[1A\x1b[J" in text
    assert "[+] Built in" in text
    assert "seen" not in text.split("exporting")[1]
    with Terminal("build", "--no-cache", str(project), JPY_PARENT_PID="1") as terminal:
        assert terminal.wait() == 0
        text = terminal.text
    assert "\x1b" not in text
    assert "    | seen\n" in text
    assert "    | twice\n" in text


def test_ctrl_c_ends_the_build(project, engine):
    (project / "Dockerfile").write_text("FROM busybox\nRUN echo begun; sleep 100\n")
    with subprocess.Popen(
        [LAUNCHER, "build", str(project)], stdout=subprocess.PIPE, env=environment()
    ) as build:
        for line in build.stdout:
            if b"begun" in line and b"RUN" not in line:
                break
        build.send_signal(signal.SIGINT)
        assert build.wait(20) == 130
    until(lambda: engine.containers(all=True) == [])


def test_the_cache_is_listed_and_pruned(project):
    succeeds("build", "-q", str(project))
    rows = succeeds("builder", "du").splitlines()
    assert rows[0].split() == [
        "CACHE",
        "ID",
        "KIND",
        "INSTRUCTION",
        "SIZE",
        "USAGE",
        "LAST",
        "USED",
    ]
    assert any("COPY app.txt /app/" in row for row in rows)
    assert rows[-1].startswith("Total:")
    assert "RUN" in succeeds("builder", "ls", "--format", "{{.Kind}} {{.Instruction}}")
    pruned = succeeds("builder", "prune", "--all", "--force")
    assert pruned.startswith("Deleted build cache objects:\n")
    assert "Total reclaimed space: " in pruned
    assert succeeds("builder", "prune", stdin="n\n").startswith(
        "WARNING! This will remove all dang"
    )
    assert len(succeeds("builder", "du").splitlines()) == 3


def test_system_prune_takes_the_cache_too(project):
    succeeds("build", "-q", str(project))
    asked = succeeds("system", "prune", stdin="n\n")
    assert "\n  - unused build cache\n" in asked
    assert "Deleted build cache objects:\n" in succeeds("system", "prune", "--force")
    assert len(succeeds("builder", "du").splitlines()) == 3


def test_in_python(project, engine, capsys):
    build = engine.build(project, tag="cli:python", labels={"c": "d"})
    assert " RUN cat /app/app.txt /made" in capsys.readouterr().out
    assert build.tags == ["cli:python"]
    assert build.image.tags == ["cli:python"]
    assert engine.run("cli:python") == "an app\n"
    assert build.step("COPY").cached is False
    again = engine.build(project, progress="quiet")
    assert {step.state for step in again.steps} == {"done"}
    assert again.step("COPY").cached is True
    assert engine.build_cache()
    (project / "app.txt").write_text("changed\n")
    changed = engine.build(project, progress="quiet")
    assert changed.step("COPY").why == "content of app.txt changed"
    with pytest.raises(BuildError) as caught:
        engine.build(text="FROM busybox\nRUN echo so; exit 4\n", progress="quiet")
    error = caught.value
    assert (error.exit_code, error.line, error.step.output) == (4, 2, ["so\n"])
    assert error.excerpt[1] == "> 2 | RUN echo so; exit 4"
    with pytest.raises(BuildError, match="unknown instruction: RUNN") as caught:
        engine.build(text="FROM busybox\nRUNN x\n", progress="quiet")
    assert (caught.value.step, caught.value.line) == (None, 2)
    assert engine.prune_builds(all=True) >= 0
