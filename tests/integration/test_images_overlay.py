"""Layers and the kernel's overlayfs agree: as root, and as an ordinary user without any right."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyminidocker.images.trees import remove_tree

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.requires("busybox")


@pytest.fixture
def state(tmp_path):
    (tmp_path / "state").mkdir()
    yield str(tmp_path / "state")
    remove_tree(str(tmp_path / "state"))


def in_lab(function, *arguments):
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.images_in_lab", function, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_changed_container_is_seen_committed_and_mounted_again(state):
    result = in_lab("overlay", state)
    assert result["diff"] == [
        ["C", "/bin"],
        ["C", "/bin/busybox"],
        ["A", "/casa"],
        ["C", "/etc"],
        ["C", "/etc/group"],
        ["A", "/etc/link"],
        ["A", "/etc/motd"],
        ["C", "/etc/nsswitch.conf"],
        ["D", "/etc/shadow"],
        ["D", "/home"],
        ["C", "/var"],
        ["C", "/var/spool"],
        ["D", "/var/spool/mail"],
        ["A", "/var/spool/new"],
    ]
    rows = {path: rest for _, path, *rest in result["compare"]}
    kinds = {path: kind for kind, path, *_ in result["compare"]}
    assert kinds["/bin/busybox"] == "attributes"
    assert rows["/bin/busybox"][0] > 500_000, "changing a mode copies the whole file"
    assert rows["/etc/nsswitch.conf"][0] > 0
    assert rows["/etc/group"][0] >= 0
    assert rows["/etc/shadow"] == [0, True, False]
    assert rows["/var/spool"] == [0, False, True]
    assert kinds["/var/spool"] == "attributes"
    assert result["deterministic"]
    assert result["different"] == []
    committed = {path: kind for kind, path, *_ in result["compare_committed"]}
    assert committed.items() >= {
        ("/bin/busybox", "attributes"),
        ("/etc/motd", "added"),
        ("/etc/shadow", "deleted"),
    }


def test_a_full_disk_leaves_the_store_as_it_was(state):
    result = in_lab("full_disk", state)
    assert "SystemFailure: no space left on device" in result["error"]
    assert "minidocker system prune" in result["error"]
    assert result["images"] == ["busybox:latest", "hello-world:latest"]
    assert result["clean"]


def test_a_mount_is_not_entered_by_removal(state):
    result = in_lab("mount_inside", state)
    assert result["errno"] in (errno.EXDEV, errno.EBUSY)
    assert result["left"] == [
        "outside",
        "outside/precious",
        "tree",
        "tree/point",
        "tree/point/precious",
    ]
    assert result["gone"]
