"""``system doctor`` on this host, and on hosts that lack something."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pyminidocker.doctor import examine
from pyminidocker.doctor.findings import MISSING, OK
from tests.support.command_line import minidocker

CHECKOUT = Path(__file__).resolve().parents[2]
POORER = """
import sys
sys.path.insert(0, {checkout!r})
from pyminidocker.doctor.trial import enter_lab
enter_lab()
{handicap}
from pyminidocker.doctor import examine, to_json
print(to_json(examine()))
"""
NAMES = {"kernel", "userns", "apparmor", "ids", "namespaces", "proc", "seccomp", "overlay", "disk",
         "socket", "bridge", "nftables", "egress", "cgroups", "memory-limits", "kvm",
         "guest-system"}  # fmt: skip


def on_a_poorer_host(handicap, tmp_path):
    """Examine inside a namespace from which something was taken."""
    done = subprocess.run(
        [sys.executable, "-c", POORER.format(checkout=str(CHECKOUT), handicap=handicap)],
        capture_output=True,
        text=True,
        timeout=60,
        env={
            **os.environ,
            "MINIDOCKER_ROOT": f"{tmp_path}/root",
            "MINIDOCKER_RUN": f"{tmp_path}/run",
        },
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    return document, {one["name"]: one for one in document["findings"]}


def test_text_and_json_agree(engine_home):
    text, document = minidocker("system", "doctor"), minidocker("system", "doctor", "--json")
    facts = json.loads(document.stdout)
    assert {one["name"] for one in facts["findings"]} == NAMES
    for one in facts["findings"]:
        assert f"{one['verdict']:8} {one['title']}" in text.stdout
        assert one["verdict"] == OK or one["detail"]
    assert text.returncode == document.returncode == (0 if facts["can_run_containers"] else 1)


def test_from_a_process_with_threads(engine_home):
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert {one.name for one in examine()} == NAMES
    finally:
        done.set()
        thread.join()


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{tmp_path}/root")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{tmp_path}/run")
    examine()
    assert list(tmp_path.iterdir()) == []


def test_no_user_namespaces(tmp_path):
    path = "/proc/sys/user/max_user_namespaces"
    document, found = on_a_poorer_host(f"open({path!r}, 'w').write('0')", tmp_path)
    assert document["can_run_containers"] is False
    assert found["userns"]["verdict"] == MISSING
    assert found["userns"]["remedy"] == "sudo sysctl -w user.max_user_namespaces=15000"
    assert "needs user namespaces" in found["overlay"]["detail"]


def test_a_covered_proc(tmp_path):
    handicap = "from pyminidocker.kernel.mount import mount\nmount('cover', '/proc/fs', 'tmpfs')"
    document, found = on_a_poorer_host(handicap, tmp_path)
    assert document["can_run_containers"] is False
    assert found["proc"]["verdict"] == MISSING
    assert "systempaths=unconfined" in found["proc"]["remedy"]
    assert found["userns"]["verdict"] == OK


def test_a_state_directory_that_cannot_be_written(tmp_path):
    handicap = "import os; os.environ['MINIDOCKER_ROOT'] = '/proc/nowhere'"
    document, found = on_a_poorer_host(handicap, tmp_path)
    assert document["can_run_containers"] is False
    assert found["overlay"]["remedy"].startswith("export MINIDOCKER_ROOT=")


def test_a_socket_path_that_is_too_long(tmp_path):
    handicap = "import os; os.environ['MINIDOCKER_RUN'] = '/tmp/' + 'x' * 110"
    _, found = on_a_poorer_host(handicap, tmp_path)
    assert found["socket"]["verdict"] == MISSING
    assert "longer than 107 bytes" in found["socket"]["detail"]


@pytest.mark.requires("root")
def test_as_root_all_ids(engine_home):
    ids = next(one for one in examine() if one.name == "ids")
    assert ids.verdict == OK
    assert ids.detail.startswith("all ids; root in containers has uid 0")
