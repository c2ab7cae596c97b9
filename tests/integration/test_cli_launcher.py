"""``tools/minidocker``: finds the package in a checkout, an editable install and a wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LAUNCHER = CHECKOUT / "tools" / "minidocker"
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def prefix(tmp_path):
    """An environment's directories, with the launcher in bin/ as pip puts it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib" / VERSION / "site-packages").mkdir(parents=True)
    shutil.copy(LAUNCHER, tmp_path / "bin" / "minidocker")
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    return tmp_path


def version(path, **more):
    env = {"PATH": os.environ["PATH"], **more}
    return subprocess.run(
        [str(path), "--version"], capture_output=True, text=True, env=env, timeout=20
    )


def test_in_a_checkout():
    done = version(LAUNCHER, MINIDOCKER_PYTHON=sys.executable)
    assert done.stdout.startswith("minidocker version"), done.stderr


def test_in_an_editable_install(prefix):
    site = prefix / "lib" / VERSION / "site-packages"
    (site / "_editable_impl_pyminidocker.pth").write_text(str(CHECKOUT), encoding="utf-8")
    done = version(prefix / "bin" / "minidocker")
    assert done.stdout.startswith("minidocker version"), done.stderr


def test_in_a_wheels_install_and_through_links(prefix, tmp_path):
    site = prefix / "lib" / VERSION / "site-packages"
    (site / "pyminidocker").symlink_to(CHECKOUT / "pyminidocker")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "md").symlink_to("../bin/minidocker")
    (tmp_path / "links" / "again").symlink_to(tmp_path / "links" / "md")
    for path in ("bin/minidocker", "links/md", "links/again"):
        done = version(prefix / path)
        assert done.stdout.startswith("minidocker version"), f"{path}: {done.stderr}"


def test_a_moved_checkout_is_named(prefix):
    site = prefix / "lib" / VERSION / "site-packages"
    (site / "_editable_impl_pyminidocker.pth").write_text("/nowhere", encoding="utf-8")
    done = version(prefix / "bin" / "minidocker")
    assert done.returncode != 0
    assert "pyminidocker" in done.stderr


def test_start_up_imports_next_to_nothing(tmp_path):
    """What ``minidocker ps`` pays for: nothing of the standard library but os and C modules."""
    script = CHECKOUT / "pyminidocker" / "cli" / "boot.py"
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(script)]
    done = subprocess.run(
        [*command, "--host", f"{tmp_path}/no.sock", "ps"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.split("\n")}
    ours = {name for name in names if name.startswith("pyminidocker")}
    assert "pyminidocker.cli.commands.container_list" in ours
    assert len(ours) <= 32, sorted(ours)
    heavy = {"re", "enum", "json", "typing", "argparse", "pathlib", "socket", "signal", "datetime",
             "contextlib", "functools", "collections", "dataclasses", "subprocess", "threading",
             "site", "ctypes", "http", "asyncio", "msgspec", "h11"}  # fmt: skip
    assert not names & heavy
