"""Findings as text and JSON, and what follows from how a try failed."""

import errno
import json
import os

import pytest

from pyminidocker.doctor import (
    Finding,
    can_run_containers,
    findings,
    isolation,
    network,
    render,
    resources,
    to_json,
)
from pyminidocker.kernel import probe
from pyminidocker.kernel.cgroup import tree
from pyminidocker.kernel.cgroup.manager import FEATURES
from pyminidocker.kernel.cgroup.place import Place

GOOD = Finding("kernel", "Linux kernel", "ok", "6.1 on x86_64", essential=True)
LIMITED = Finding(
    "cgroups", "Control groups", "limited", "version 2; not ours: memory (Permission denied)",
    meaning="containers run; these limits do not work", lessons=["11"],
    remedy="sudo something long that must stay in one piece to be copied from the terminal window",
)  # fmt: skip
BLOCKING = Finding(
    "userns", "User namespaces", "missing", "unshare: Operation not permitted",
    meaning="no container can be made without root", lessons=findings.CONTAINER_LESSONS,
    remedy="sudo sysctl -w user.max_user_namespaces=15000", essential=True,
)  # fmt: skip


def test_only_essentials_keep_containers_from_running():
    assert can_run_containers([GOOD, LIMITED])
    assert not can_run_containers([GOOD, BLOCKING])


def test_text_fits_80_columns_except_for_commands():
    text = render([GOOD, LIMITED, BLOCKING])
    for line in text.split("\n"):
        assert len(line) <= 80 or "remedy: sudo" in line
    assert text.startswith("✓ ok       Linux kernel     6.1 on x86_64\n~ limited  Control groups")
    assert "means:  containers run; these limits do not work (lesson 11)" in text
    assert "(all lessons)" in text
    assert text.endswith("Containers cannot run on this host yet: see User namespaces.")


def test_the_same_remedy_is_said_once():
    assert render([LIMITED, LIMITED]).count("sudo something") == 1
    assert "remedy: as above" in render([LIMITED, LIMITED])


def test_summaries():
    assert findings.summary([GOOD]).endswith("with everything the lessons use.")
    assert "1 thing is limited or missing" in findings.summary([GOOD, LIMITED])


def test_json_and_back():
    text = to_json([GOOD, LIMITED])
    document = json.loads(text)
    assert document["can_run_containers"] is True
    assert document["findings"][1]["remedy"] == LIMITED.remedy
    assert to_json(findings.from_json(text)) == text


@pytest.mark.parametrize(
    ("lessons", "text"),
    [
        (["11"], "lesson 11"),
        (["03", "01"], "lessons 01, 03"),
        (["07", "08"], "lessons 07, 08"),
        (["05", "06", "07", "10"], "lessons 05-07, 10"),
        (findings.ALL_LESSONS, "all lessons"),
    ],
)
def test_lessons(lessons, text):
    assert findings.lessons_text(lessons) == text


@pytest.mark.parametrize(
    ("settings", "number", "remedy"),
    [
        ({"user.max_user_namespaces": "0"}, errno.ENOSPC, "user.max_user_namespaces=15000"),
        ({"kernel.unprivileged_userns_clone": "0"}, errno.EPERM, "unprivileged_userns_clone=1"),
        ({"kernel.apparmor_restrict_unprivileged_userns": "1"}, errno.EACCES, "apparmor_restrict"),
        ({}, errno.ENOSYS, "CONFIG_USER_NS"),
        ({}, errno.EPERM, "sandbox or chroot"),
    ],
)
def test_remedies_for_user_namespaces(settings, number, remedy, monkeypatch):
    monkeypatch.setattr(probe, "sysctl", settings.get)
    monkeypatch.setattr(isolation, "container_around", lambda: "")
    assert remedy in isolation.userns_remedy(number)


def test_remedy_inside_docker(monkeypatch):
    monkeypatch.setattr(probe, "sysctl", {}.get)
    monkeypatch.setattr(isolation, "container_around", lambda: "Docker")
    assert "--security-opt seccomp=unconfined" in isolation.userns_remedy(errno.EPERM)


def test_an_old_kernel_and_a_filtering_sandbox(monkeypatch):
    monkeypatch.setattr(probe, "kernel_version", lambda: (4, 18))
    assert isolation.kernel().verdict == "missing"
    monkeypatch.setattr(probe, "kernel_version", lambda: (6, 1))
    monkeypatch.setattr(probe, "has_calls", lambda: {"clone3": False, "openat2": True})
    found = isolation.kernel()
    assert found.verdict == "missing"
    assert "refused: clone3" in found.detail


def test_apparmor(monkeypatch):
    monkeypatch.setattr(probe, "apparmor_restricts_userns", lambda: True)
    assert isolation.apparmor(userns=True).verdict == "ok"
    assert isolation.apparmor(userns=False).verdict == "missing"


NOTHING = dict.fromkeys(FEATURES, "it is not ours")


@pytest.mark.parametrize(
    ("place", "verdict", "words"),
    [
        (Place("none", missing=NOTHING, remedy="mount it"), "missing", "it is not ours"),
        (
            Place("none", missing=NOTHING, version="v1"),
            "limited",
            "version 1; not ours: memory, cpu",
        ),
        (Place("v1", missing={"cpu": "absent"}, version="v1"), "limited", "not ours: cpu (absent)"),
        (Place("v2", missing={"io": "absent"}, version="v2"), "ok", "version 2: we can limit"),
    ],
)
def test_control_groups(place, verdict, words, monkeypatch):
    monkeypatch.setattr(resources, "find_place", lambda: place)
    found = resources.control_groups()
    assert found.verdict == verdict
    assert words in found.detail
    assert found.remedy == place.remedy
    if "memory" in place.missing:
        assert resources.memory_limits().verdict == "missing"


def test_control_groups_that_systemd_would_give(monkeypatch):
    place = Place("none", missing=NOTHING, version="v2", ask_systemd=True, remedy="Delegate=")
    monkeypatch.setattr(resources, "find_place", lambda: place)
    monkeypatch.setattr(resources.systemd, "can_be_asked", lambda _uid: True)
    monkeypatch.setattr(resources, "read_text", lambda _path: "memory pids")
    found = resources.control_groups()
    assert (found.verdict, found.remedy) == ("limited", "Delegate=")
    assert found.detail == "version 2, by systemd; not ours: cpu (it is not ours)"
    assert resources.memory_limits().verdict == "ok"
    monkeypatch.setattr(resources, "read_text", lambda _path: "cpu memory pids")
    assert resources.control_groups().verdict == "ok"


@pytest.mark.requires("cgroup-memory")
def test_a_memory_limit_is_really_tried():
    assert resources.memory_limits().detail == "a group can be limited to 64 MB"
    mine = [
        top
        for top in tree.tops_below("/sys/fs/cgroup")
        if any(f"doctor-{os.getpid()}" in name for name in tree.engines(top))
    ]
    assert mine == []


def test_no_resolver(monkeypatch):
    monkeypatch.setattr(network, "resolvers", list)
    found = network.egress()
    assert (found.verdict, found.essential) == ("limited", False)
    assert found.detail == "no name server in /etc/resolv.conf"


def test_kvm(monkeypatch):
    denied = probe.Probe(False, "x", errno.EACCES)
    monkeypatch.setattr(probe, "can_open_kvm", lambda: denied)
    found = resources.kvm()
    assert found.verdict == "limited"
    assert "usermod -aG kvm" in found.remedy
    assert found.lessons == ["01", "03"]


def test_link_requests_are_netlink_messages():
    request = network.new_link("doctor0", "bridge")
    assert int.from_bytes(request[:4], "little") == len(request)
    assert len(request) % 4 == 0
    assert b"doctor0\0" in request
