"""Where groups can be made: by mounts, our own group, and who owns what."""

import os
import subprocess
from pathlib import Path

import pytest

from pyminidocker.kernel.cgroup import place
from pyminidocker.kernel.cgroup.manager import FEATURES
from pyminidocker.kernel.procfs import parse_mountinfo


def mount(
    point: Path, root: str = "/", options: str = "rw", fstype: str = "cgroup", more: str = ""
):
    return parse_mountinfo(f"30 25 0:26 {root} {point} {options} - {fstype} {fstype} rw{more}")


def v1_trees(base: Path, *names: str, options: str = "rw", root: str = "/"):
    for name in names:
        (base / name).mkdir()
    return {
        own: mount(base / name, root, options, more=f",{name}")
        for name in names
        for own in name.split(",")
    }


@pytest.fixture
def as_user(monkeypatch):
    """Be an ordinary user to whoever asks for the machine's uid."""
    monkeypatch.setattr(place, "machine_uid", lambda: 1234)


def test_our_groups_are_read_from_proc():
    text = "9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/d\n"
    assert place.own_groups(text) == {
        "name=systemd": "/", "memory": "/a/b", "cpu": "/c", "cpuacct": "/c", "": "/d",
    }  # fmt: skip


def test_version_1_below_our_own_group(tmp_path):
    trees = v1_trees(tmp_path, "memory", "cpu,cpuacct")
    (tmp_path / "memory/session").mkdir()
    found = place.find_v1(trees, {"memory": "/session", "cpu": "/", "cpuacct": "/"})
    assert found.kind == "v1"
    assert found.bases == {
        "memory": f"{tmp_path}/memory/session/minidocker",
        "cpu": f"{tmp_path}/cpu,cpuacct/minidocker",
        "cpuacct": f"{tmp_path}/cpu,cpuacct/minidocker",
    }
    assert found.missing["pids"] == "its tree of version 1 is not mounted"


def test_a_part_of_a_tree_is_mounted(tmp_path):
    """As in a container: the mount's root is our own group, or one above it."""
    item = mount(tmp_path, root="/docker/abc")
    (tmp_path / "inner").mkdir()
    assert place.directory_of(item, "/docker/abc") == str(tmp_path)
    assert place.directory_of(item, "/docker/abc/inner") == f"{tmp_path}/inner"
    assert place.directory_of(item, "/docker/abcd") == str(tmp_path)
    assert place.directory_of(item, "/elsewhere") == str(tmp_path)


@pytest.mark.requires("user")
def test_version_1_that_is_not_ours(tmp_path):
    trees = v1_trees(tmp_path, "memory", "pids")
    for name in trees:
        (tmp_path / name).chmod(0o555)
    found = place.find_v1(trees, {"memory": "/", "pids": "/"})
    assert found.kind == "none"
    assert set(found.missing) == set(FEATURES)
    assert found.missing["pids"] == f"{tmp_path}/pids belongs to another user (root, as a rule)"
    assert found.missing["swap"] == found.missing["memory"]
    assert found.remedy.startswith(f"for d in {tmp_path}/{{memory,pids}}/minidocker-$UID; do\n")
    for name in trees:
        (tmp_path / name).chmod(0o755)


def test_a_directory_that_was_handed_over(tmp_path, as_user, monkeypatch):
    trees = v1_trees(tmp_path, "memory", "pids")
    (tmp_path / "pids/minidocker-1234").mkdir()
    monkeypatch.setattr(
        place, "_may_make", lambda top: top.endswith("-1234") and Path(top).is_dir()
    )
    found = place.find_v1(trees, {"memory": "/", "pids": "/"})
    assert found.bases == {"pids": f"{tmp_path}/pids/minidocker-1234"}
    assert "memory" in found.missing
    assert found.remedy.startswith(f"for d in {tmp_path}/memory/minidocker-$UID; do\n")


@pytest.mark.requires("bash")
def test_the_remedy_does_what_it_says(tmp_path, as_user, monkeypatch):
    """Its commands are carried out, without sudo: then there is a place."""
    trees = v1_trees(tmp_path, "memory", "pids", "cpu,cpuacct")
    text = place.v1_remedy(trees, list(trees)).replace("sudo ", "").partition("    (in")[0]
    subprocess.run(["bash", "-ec", text], check=True)
    uid = os.getuid()
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*"))
    assert made == [f"{name}/minidocker-{uid}" for name in ("cpu,cpuacct", "memory", "pids")]


def test_read_only_mounts_as_in_containers(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "_may_make", lambda _top: False)
    found = place.find_v1(v1_trees(tmp_path, "memory", options="ro"), {"memory": "/"})
    assert found.missing["memory"] == f"{tmp_path}/memory is mounted read-only, as in containers"
    (tmp_path / "two").mkdir()
    item = mount(tmp_path / "two", options="ro", fstype="cgroup2")
    found = place.find_v2(item, "/")
    assert found.kind == "none"
    assert "--privileged" in found.remedy
    assert not found.ask_systemd


# -- version 2 --------------------------------------------------------------------------------


def group(path: Path, controllers: str = "memory pids", procs: str = "", *, root: bool = False):
    path.mkdir(parents=True, exist_ok=True)
    (path / "cgroup.controllers").write_text(controllers)
    (path / "cgroup.subtree_control").write_text("")
    (path / "cgroup.procs").write_text(procs)
    if not root:
        (path / "cgroup.events").write_text("populated 1\nfrozen 0\n")


def v2(top: Path, own: str):
    return place.find_v2(mount(top, fstype="cgroup2"), own)


def test_root_takes_the_top_of_version_2(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "machine_uid", lambda: 0)
    group(tmp_path, "cpu memory pids", root=True)
    group(tmp_path / "session", procs="1\n")
    found = v2(tmp_path, "/session")
    assert found.kind == "v2"
    assert found.bases == dict.fromkeys(
        ("cpu", "memory", "pids", "freezer"), f"{tmp_path}/minidocker"
    )
    assert set(found.missing) == {"cpuset", "io"}
    assert found.remedy == ""


def test_a_user_beside_a_group_of_theirs(tmp_path, as_user, monkeypatch):
    """/mine was handed over, and this process is in /mine/shell."""
    group(tmp_path, root=True)
    group(tmp_path / "mine")
    group(tmp_path / "mine/shell", procs="1\n")
    ours = {f"{tmp_path}/mine", f"{tmp_path}/mine/shell"}
    monkeypatch.setattr(place, "is_ours", lambda directory: directory in ours)
    found = v2(tmp_path, "/mine/shell")
    assert found.bases["memory"] == f"{tmp_path}/mine/minidocker"
    assert found.crowded == ""
    assert "Delegate=" in found.remedy


def test_a_user_in_a_group_of_theirs(tmp_path, as_user, monkeypatch):
    """/mine was handed over, and this process is in it: it must go further down."""
    group(tmp_path, root=True)
    group(tmp_path / "mine", procs="1\n")
    monkeypatch.setattr(place, "is_ours", lambda directory: directory == f"{tmp_path}/mine")
    found = v2(tmp_path, "/mine")
    assert found.bases["memory"] == f"{tmp_path}/mine/minidocker"
    assert found.crowded == f"{tmp_path}/mine"


def test_a_user_with_nothing_asks_systemd(tmp_path, as_user, monkeypatch):
    group(tmp_path, root=True)
    group(tmp_path / "user.slice/session-3.scope", procs="1\n")
    monkeypatch.setattr(place, "is_ours", lambda _directory: False)
    found = v2(tmp_path, "/user.slice/session-3.scope")
    assert found.kind == "none"
    assert found.ask_systemd
    assert "Delegate=" in found.remedy


def test_systemds_units_are_not_ours_though_the_files_are(tmp_path, as_user, monkeypatch):
    group(tmp_path, root=True)
    group(tmp_path / "app.slice/terminal.scope", procs="1\n")
    monkeypatch.setattr(place, "is_ours", lambda _directory: True)
    found = v2(tmp_path, "/app.slice/terminal.scope")
    assert found.kind == "none"
    marked = {f"{tmp_path}/app.slice/terminal.scope"}
    monkeypatch.setattr(os, "getxattr", lambda path, _name: b"1" if path in marked else b"")
    found = v2(tmp_path, "/app.slice/terminal.scope")
    assert found.crowded == f"{tmp_path}/app.slice/terminal.scope"


def test_who_we_are_outside():
    """This process is in the machine's user namespace, or in one that a container made."""
    rows = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    if rows[0][:2] == ["0", "0"]:
        assert place.machine_uid() == os.getuid()
