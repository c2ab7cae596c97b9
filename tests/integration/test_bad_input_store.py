"""A disk that is full, and files of the store that are damaged: named, survived, mended.

Every scenario runs on an engine of its own, whose state directory is copied from a good one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pyminidocker.images.trees import copy_tree, remove_tree
from tests.support.command_line import LAUNCHER, minidocker, succeeds
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.small_world import in_small_world

pytestmark = pytest.mark.requires("userns", "busybox")
REMEDY = "hint: free some space, e.g. with 'minidocker system prune', and try again"


@pytest.fixture(scope="module")
def good():
    """A state directory with two images, two containers and a volume; its engine has ended."""
    place = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    before = dict(os.environ)
    _use(place)
    succeeds("image", "bootstrap", "hello-world", "busybox")
    succeeds("run", "--name", "one", "-v", "data:/d", "busybox", "touch", "/d/precious", "/mine")
    succeeds("run", "--name", "two", "hello-world")
    succeeds("system", "stop")
    for scratch in place.glob("state/default/containers/*/work/*"):
        remove_tree(scratch)  # overlayfs' own, mode 000: not to be copied, made anew when needed
    yield place
    os.environ.clear()
    os.environ.update(before)
    remove_tree(place)


def _use(place: Path) -> None:
    os.environ["MINIDOCKER_ROOT"] = f"{place}/state"
    os.environ["MINIDOCKER_RUN"] = f"{place}/run"
    os.environ["MINIDOCKER_PYTHON"] = sys.executable
    os.environ.pop("MINIDOCKER_HOST", None)


@pytest.fixture
def state(good):
    """A copy of the good state directory, for one engine that the test starts by a command."""
    place = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    (place / "state").mkdir(mode=0o700)
    copy_tree(f"{good}/state", f"{place}/state")
    _use(place)
    before = read_traces(str(place))
    yield place / "state/default"
    minidocker("system", "stop")
    left = wait_until_clean(before, str(place), apart_from=("fds",))
    log = (place / "run/default/daemon.log").read_text()
    remove_tree(place)
    _use(good)
    assert not left, f"left behind: {left}"
    assert "Traceback" not in log, log


def image_id(state: Path, name: str) -> str:
    names = json.loads((state / "images/repositories.json").read_text())
    return str(names[f"docker.io/library/{name}:latest"]).removeprefix("sha256:")


def container(state: Path, name: str) -> Path:
    for path in state.glob("containers/*/config.json"):
        if json.loads(path.read_text())["name"] == name:
            return path
    raise AssertionError(name)


def layer(state: Path) -> Path:
    """Return busybox's layer directory."""
    return next(path for path in state.glob("layers/*") if (path / "diff/bin/busybox").exists())


# ------------------------------------------------------------------------------- damaged files

DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(os.urandom(3000)),
    "truncated": lambda path: os.truncate(path, 40),
    "blank": lambda path: path.write_bytes(b""),
}


@pytest.fixture(params=DAMAGES)
def damage(request):
    return DAMAGES[request.param]


def test_names_of_images(state, damage):
    """The images stay, by id; the damaged table is put aside, not overwritten."""
    path = state / "images/repositories.json"
    busybox = image_id(state, "busybox")
    damage(path)
    done = minidocker("run", "--rm", busybox, "echo", "here")
    assert done.stdout == "here\n"
    assert f"{path} is damaged" in done.stderr
    assert f"put aside as {path}.damaged" in done.stderr
    assert "'minidocker tag'" in done.stderr
    assert path.with_suffix(".json.damaged").exists()
    succeeds("tag", busybox, "busybox")
    assert succeeds("run", "--rm", "busybox", "echo", "named") == "named"


@pytest.mark.parametrize("what", ["record", "config"])
def test_an_image(state, damage, what):
    """Everything else works; making the image again mends it, and its container starts again."""
    busybox = image_id(state, "busybox")
    path = state / ("images" if what == "record" else "blobs/sha256") / busybox
    path = path.with_suffix(".json") if what == "record" else path
    damage(path)
    done = minidocker("run", "--rm", "hello-world")
    assert done.returncode == 0
    assert f"{busybox}.json: this image cannot be used" in done.stderr
    assert str(path) in done.stderr
    done = minidocker("run", "--rm", "--pull", "never", "busybox", "true")
    assert done.returncode == 125
    assert "No such image: busybox:latest" in done.stderr
    assert "minidocker image bootstrap busybox" in done.stderr
    assert minidocker("start", "one").returncode == 1
    assert "No such image" in succeeds_not("start", "one")
    succeeds("image", "bootstrap", "busybox")
    assert succeeds("run", "--rm", "busybox", "echo", "mended") == "mended"
    succeeds("start", "one")


def succeeds_not(*words: str) -> str:
    done = minidocker(*words)
    assert done.returncode
    return done.stderr


def test_an_unpacked_layer(state, damage):
    """It is unpacked again from its archive."""
    damage(layer(state) / "layer.json")
    done = minidocker("run", "--rm", "busybox", "echo", "again")
    assert done.stdout == "again\n"
    assert "was missing or damaged: unpacked again" in done.stderr


def test_a_layer_that_is_gone(state):
    shutil.move(layer(state), state / "blobs/away")
    assert minidocker("run", "--rm", "busybox", "echo", "again").stdout == "again\n"


def test_an_archive_is_not_needed_to_run(state, damage):
    """But nobody is given damaged bytes for good ones."""
    archive = max(state.glob("blobs/sha256/*"), key=lambda path: path.stat().st_size)
    damage(archive)
    assert succeeds("run", "--rm", "busybox", "echo", "still") == "still"
    shutil.move(layer(state), state / "blobs/away")
    succeeds("system", "stop")
    done = minidocker("run", "--rm", "--pull", "never", "busybox", "true")
    assert done.returncode == 125
    assert archive.name in done.stderr
    succeeds("image", "bootstrap", "busybox")
    assert succeeds("run", "--rm", "busybox", "echo", "mended") == "mended"


def test_a_container(state, damage):
    """It is lost to the engine, but not its files, and the log says where they are."""
    path = container(state, "one")
    damage(path)
    done = minidocker("ps", "-a", "--format", "{{.Names}}")
    assert done.stdout == "two\n"
    assert str(path) in done.stderr
    assert "remove" in done.stderr
    assert (path.parent / "diff/mine").exists()
    assert succeeds("run", "--name", "one", "busybox", "echo", "name is free") == "name is free"


def test_a_volume(state, damage):
    """Its data counts more than its record."""
    damage(state / "volumes/data/volume.json")
    done = minidocker("run", "--rm", "-v", "data:/d", "busybox", "ls", "/d")
    assert done.stdout == "precious\n"
    assert "volume data has a new record" in done.stderr
    assert succeeds("volume", "ls", "-q") == "data"
    assert "volume is in use" in succeeds_not("volume", "rm", "data")


def test_a_network(state, damage):
    path = next(
        p for p in state.glob("networks/*") if json.loads(p.read_text())["name"] == "bridge"
    )
    damage(path)
    assert minidocker("run", "--rm", "busybox", "ip", "addr", "show", "eth0").returncode == 0
    assert succeeds("network", "ls", "--format", "{{.Name}}") == "bridge\nhost\nnone"


def test_the_engines_own(state, damage):
    damage(state / "engine.json")
    assert minidocker("ps", "-aq").stdout.count("\n") == 2


# ------------------------------------------------------------------------------- a full disk


def in_script(state: Path, size: int, script: str) -> "subprocess.CompletedProcess[str]":
    """Run shell commands on a file system of ``size`` bytes, with the good state on it."""
    home = state.parents[1]
    (home / "disk").mkdir()
    prelude = (
        f"set -u; md='{LAUNCHER}'; cp -a '{home}/state' '{home}/disk/state'; "
        f"fill() {{ dd if=/dev/zero of='{home}/disk/filler' bs=4k 2>/dev/null; }}; "
    )
    done = in_small_world(
        "/bin/sh", "-c", prelude + script + "; $md system stop >/dev/null",
        disk=(f"{home}/disk", size), MINIDOCKER_ROOT=f"{home}/disk/state",
    )  # fmt: skip
    (home / "disk").rmdir()
    assert "Traceback" not in done.stderr
    return done


def test_full_while_unpacking(state):
    """Half of an image is none: the store lists what it listed, and the space is free again."""
    done = in_script(
        state, 12 << 20,
        "$md images -q >/dev/null; before=$(stat -f -c %f $MINIDOCKER_ROOT);"
        " $md image bootstrap python >/dev/null; echo $?; $md images --format '{{.Repository}}';"
        " after=$(stat -f -c %f $MINIDOCKER_ROOT); echo $((before - after))",
    )  # fmt: skip
    code, *names, lost_blocks = done.stdout.split()
    assert (code, names) == ("1", ["busybox", "hello-world"])
    assert "no space left on device while" in done.stderr
    assert REMEDY in done.stderr
    assert abs(int(lost_blocks)) <= 10


def test_full_while_a_container_runs_and_others_are_made(state):
    done = in_script(
        state, 10 << 20,
        "$md run -d --name writer busybox sleep 1000 >/dev/null;"
        " $md exec writer sh -c 'cat /dev/zero >/big; echo still here';"
        " fill; for i in 1 2 3 4 5 6 7 8 9 a b c d e f; do $md create --name n$i busybox; done 2>&1"
        " | tail -n 2;"
        " $md exec writer echo alive; $md volume create vv; echo $?; $md commit writer x; echo $?;"
        " $md cp -L /bin/sh writer:/copy; echo $?; $md exec writer ls /copy;"
        " $md ps --format '{{.Names}} {{.State}}';"
        " $md rm -f writer; $md run --rm busybox echo space again; $md volume ls -q",
    )  # fmt: skip
    out = done.stdout.splitlines()
    assert out[:5] == [
        "still here",
        "Error response from daemon: no space left on device while creating container nf",
        REMEDY,
        "alive",
        "1",
    ]
    assert out[5:] == ["1", "1", "writer running", "writer", "space again", "data"]
    told = done.stderr
    assert "no space left on device while creating volume vv" in told
    assert "no space left on device while unpacking a layer" in told
    assert "no space left on device while writing /copy" in told
    assert "ls: /copy: No such file or directory" in told


def test_full_while_a_volume_takes_over_the_images_files(state):
    """Neither the container nor its volume stay behind."""
    done = in_script(
        state, 10 << 20,
        "$md ps -q; dd if=/dev/zero of=$MINIDOCKER_ROOT/x bs=1k count=4200 2>/dev/null;"
        " $md run -v fresh:/bin busybox true; echo $?; $md volume ls -q; $md ps -aq | wc -l",
    )  # fmt: skip
    assert done.stdout.split() == ["125", "data", "2"]
    assert "no space left on device while creating container" in done.stderr
    assert REMEDY in done.stderr


def test_an_engine_that_starts_on_a_full_disk(state):
    done = in_script(
        state, 10 << 20,
        "fill; $md ps -a --format '{{.Names}}'; $md run --rm busybox true; echo $?;"
        " $md rm one >/dev/null; rm $MINIDOCKER_ROOT/../filler; $md run --rm busybox echo fine",
    )  # fmt: skip
    assert done.stdout.split() == ["two", "one", "125", "fine"], done.stderr
