"""``minidocker`` from the command line to real containers: output, exit codes, files, signals."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.support.command_line import LAUNCHER, environment, minidocker, succeeds

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def web():
    """A container that does nothing for long."""
    succeeds("run", "-d", "--name", "web", "-e", "A=1", "-l", "com.x=y", "busybox", "sleep", "1000")
    yield "web"
    minidocker("rm", "-f", "-v", "web")


def test_run_splits_output_and_returns_the_exit_code():
    done = minidocker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["false"], 1),
        (["nosuch"], 127),
        (["/etc"], 126),
        (["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137),
    ],
)
def test_dockers_exit_codes(command, code):
    assert minidocker("run", "--rm", "busybox", *command).returncode == code


def test_nothing_is_lost_of_short_commands():
    for number in range(20):
        assert succeeds("run", "--rm", "--network", "none", "busybox", "echo", str(number)) == str(
            number
        )


def test_stdin_goes_in_and_ends():
    assert succeeds("run", "-i", "--rm", "busybox", "wc", "-c", stdin="x" * 300_000) == "300000"
    data = os.urandom(1 << 20).hex()
    assert succeeds("run", "-i", "--rm", "busybox", "cat", stdin=data) == data


def test_arguments_after_the_image_are_left_alone():
    words = ["--", "-it", "--rm", "-e", "x=y"]
    text = succeeds("run", "--rm", "--entrypoint", "echo", "busybox", *words)
    assert text == " ".join(words)


def test_environment_and_files(tmp_path):
    (tmp_path / "env").write_text("# no\nFROM_FILE=1\n", encoding="utf-8")
    done = minidocker(
        "run", "--rm", "--env-file", f"{tmp_path}/env", "-e", "A=b c", "-e", "OURS", "-w", "/tmp",
        "--hostname", "box", "busybox", "sh", "-c", "echo $FROM_FILE,$A,$OURS,$PWD,$(hostname)",
        OURS="7",
    )  # fmt: skip
    assert done.stdout == "1,b c,7,/tmp,box\n"


def test_image_that_is_not_there():
    done = minidocker("run", "nosuch")
    assert done.returncode == 125
    assert done.stderr.startswith("Unable to find image 'nosuch:latest' locally\nminidocker: Error")
    assert "hint: " in done.stderr
    hint = minidocker("run", "alpine:nosuchtag").stderr
    assert "minidocker image bootstrap alpine" in hint


def test_name_in_use(web):
    done = minidocker("run", "--name", web, "busybox")
    assert done.returncode == 125
    assert 'The container name "/web" is already in use' in done.stderr


def test_exec(web):
    assert succeeds("exec", web, "echo", "hi") == "hi"
    assert succeeds("exec", "-i", web, "cat", stdin="piped") == "piped"
    assert (
        succeeds("exec", "-e", "B=2", "-w", "/tmp", web, "sh", "-c", "echo $A$B $PWD") == "12 /tmp"
    )
    assert minidocker("exec", web, "sh", "-c", "exit 5").returncode == 5
    assert minidocker("exec", web, "nosuch").returncode in {126, 127}
    assert succeeds("exec", "-d", web, "touch", "/tmp/was-here") == ""
    assert minidocker("exec", "nosuch", "true").returncode == 1


def test_life_of_a_container():
    container = succeeds("create", "--name", "life", "busybox", "sh", "-c", "echo hello; exit 3")
    try:
        assert succeeds("inspect", "-f", "{{.Id}} {{.State.Status}}", "life") == (
            f"{container} created"
        )
        assert minidocker("start", "-a", "life").stdout == "hello\n"
        assert succeeds("wait", "life") == "3"
        assert "Exited (3)" in succeeds("ps", "-a", "-f", "name=life")
        assert succeeds("logs", "life") == "hello"
        assert succeeds("logs", "-t", "--tail", "1", "life").endswith("Z hello")
        succeeds("rename", "life", "after")
        assert succeeds("ps", "-aq", "--no-trunc", "-f", "name=after") == container
        assert succeeds("rm", "after") == "after"
        assert minidocker("inspect", "after").stderr == "Error: No such object: after\n"
    finally:
        minidocker("rm", "-f", "life", "after")


def test_stop_restart_kill(web):
    assert succeeds("stop", "-t", "0", web) == web
    assert succeeds("stop", web) == web
    assert succeeds("start", web) == web
    assert succeeds("restart", "-t", "0", web) == web
    assert succeeds("kill", web) == web
    assert succeeds("inspect", "-f", "{{.State.ExitCode}}", web) == "137"
    done = minidocker("kill", web)
    assert done.returncode == 1
    assert "is not running" in done.stderr


def test_files_both_ways(web, tmp_path):
    source = tmp_path / "dir"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_text("content", encoding="utf-8")
    succeeds("cp", str(source), f"{web}:/copied")
    assert succeeds("exec", web, "cat", "/copied/sub/file") == "content"
    succeeds("cp", f"{source}/.", f"{web}:/copied")
    assert succeeds("exec", web, "ls", "/copied") == "sub"
    succeeds("cp", f"{web}:/copied/sub", f"{tmp_path}/back")
    assert (tmp_path / "back" / "file").read_text(encoding="utf-8") == "content"
    succeeds("cp", f"{web}:/copied/sub/file", str(tmp_path))
    assert (tmp_path / "file").read_text(encoding="utf-8") == "content"
    tar = subprocess.run(
        [LAUNCHER, "cp", f"{web}:/copied", "-"], capture_output=True, env=environment(), check=True
    ).stdout
    succeeds("exec", web, "mkdir", "/again")
    done = minidocker("cp", "-", f"{web}:/again", stdin=tar)
    assert (done.returncode, done.stderr) == (0, "")
    assert succeeds("exec", web, "cat", "/again/copied/sub/file") == "content"
    assert "A /copied/sub/file" in succeeds("diff", web)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["web:/nosuch", "."], "Could not find the file /nosuch in container web"),
        (["/nosuch", "web:/"], "lstat /nosuch: no such file or directory"),
        (["web:/etc", "/nosuch/x"], 'invalid output path: directory "/nosuch" does not exist'),
        (["a", "b"], "must specify at least one container source"),
        (["web:/a", "web:/b"], "copying between containers is not supported"),
        (["/etc/hostname", "web:/nosuch/"], "no such directory"),
        (["/etc/hostname", "web:/nosuch/x"], "Could not find the file /nosuch in container web"),
        (["web:/etc", "/etc/hostname"], "cannot copy directory"),
        (["nosuch:/a", "."], "No such container: nosuch"),
    ],
)
def test_copies_that_fail(web, words, message):
    done = minidocker("cp", *words)
    assert done.returncode == 1
    assert done.stderr.rstrip("\n").endswith(message)


def test_commit_and_names_of_images(web):
    succeeds("exec", web, "touch", "/marker")
    image = succeeds("commit", "-m", "marked", "-c", "ENV X=1", web, "marked:v1")
    try:
        assert succeeds("run", "--rm", "marked:v1", "ls", "/marker") == "/marker"
        assert succeeds("images", "--no-trunc", "-q", "marked") == image
        succeeds("tag", "marked:v1", "other")
        assert succeeds("rmi", "marked:v1") == "Untagged: marked:v1"
        assert "Deleted: " in succeeds("rmi", "other")
    finally:
        minidocker("rmi", "-f", "marked:v1", "other")


def test_volumes():
    assert succeeds("volume", "create", "--label", "a=b", "data") == "data"
    try:
        succeeds("run", "--rm", "-v", "data:/d", "busybox", "touch", "/d/kept")
        assert (
            succeeds("run", "--rm", "--mount", "src=data,dst=/d", "busybox", "ls", "/d") == "kept"
        )
        assert succeeds("volume", "ls", "-q", "-f", "label=a") == "data"
        assert json.loads(succeeds("volume", "inspect", "data"))[0]["Labels"] == {"a": "b"}
    finally:
        assert succeeds("volume", "rm", "data") == "data"


def test_events_of_the_past(web):
    shown = succeeds(
        "events", "--since", "1m", "--until", "0s", "--format", "{{.Type}} {{.Action}}"
    )
    assert "container start" in shown.split("\n")


def test_following_a_log_ends_with_the_container():
    succeeds("run", "-d", "--name", "talk", "busybox", "sh", "-c", "echo a; sleep 0.3; echo b")
    try:
        assert succeeds("logs", "-f", "talk") == "a\nb"
    finally:
        minidocker("rm", "-f", "talk")


def test_signals_go_to_the_container():
    script = "trap 'echo got it; exit 33' TERM; echo ready; while :; do sleep 0.05; done"
    run = subprocess.Popen(
        [LAUNCHER, "run", "--rm", "busybox", "sh", "-c", script],
        stdout=subprocess.PIPE, env=environment(), text=True,
    )  # fmt: skip
    assert run.stdout is not None
    with run:
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGTERM)
        assert run.stdout.readline() == "got it\n"
    assert run.returncode == 33


def test_a_reader_that_goes_away_is_no_crash(web):
    run = subprocess.run(
        f"{LAUNCHER} exec {web} yes | head -1", shell=True, capture_output=True, env=environment(),
        text=True, timeout=20,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("y\n", "")


def test_prune_asks_first():
    succeeds("create", "--name", "idle", "busybox")
    done = minidocker("container", "prune", stdin="n\n")
    assert done.returncode == 0
    assert "Are you sure you want to continue? [y/N]" in done.stdout
    assert succeeds("ps", "-aq", "-f", "name=idle")
    assert "Deleted Containers:\n" in minidocker("container", "prune", stdin="y\n").stdout


def test_info_version_df(web):
    assert "Server Version: " in succeeds("info")
    assert succeeds("version", "-f", "{{.Client.Version}}") == succeeds(
        "version", "-f", "{{.Server.Version}}"
    )
    assert succeeds("system", "df").split("\n")[0].split() == [
        "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE",
    ]  # fmt: skip
    assert "Containers space usage:" in succeeds("system", "df", "-v")


def test_bootstrap_again_changes_nothing():
    before = succeeds("images", "--no-trunc", "-q", "busybox")
    assert "busybox" in succeeds("image", "bootstrap", "busybox")
    assert succeeds("images", "--no-trunc", "-q", "busybox") == before
    done = minidocker("image", "bootstrap", "busibox")
    assert done.returncode == 1
    assert "hint: did you mean busybox?" in done.stderr


def test_a_full_disk_of_ours_is_one_line(web):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [LAUNCHER, "ps", "--no-trunc"], stdout=full, stderr=subprocess.PIPE, env=environment(),
            text=True, timeout=20,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "minidocker: No space left on device\n"


def test_status_says_how_long(web):
    time.tzset()
    assert "Up " in succeeds("ps", "--format", "{{.Status}}", "-f", "name=web")
