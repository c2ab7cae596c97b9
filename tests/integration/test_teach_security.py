"""Lesson 12: what its checks say to whom, and its fault."""

import os
from pathlib import Path

import pytest

from pyminidocker.teach import Lesson, faults
from pyminidocker.teach.plans.checks_12 import ASKED
from pyminidocker.teach.solutions import lesson_12 as solutions
from pyminidocker.teach.web import free_port

FRIENDLY = Path(__file__).parents[2] / "assets/apps/friendly"


@pytest.fixture
def lesson(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = Lesson("12")
    yield made
    made.reset()
    made.engine.close()


def text(card) -> str:
    return " ".join(card.text().split())


def test_whose_root(engine, lesson):
    assert "no container called 'box'" in text(lesson.check("whose", lambda box: 0))
    engine.run("busybox", "sleep 100", name="box", detach=True)
    assert "which is no uid" in text(lesson.check("whose", lambda box: "me"))
    assert "the machine says that process" in text(lesson.check("whose", lambda box: 54321))
    assert f"uid {os.getuid()} of the machine: you" in text(
        lesson.check("whose", solutions.whose_root)
    )


def test_walls(lesson):
    right = solutions.first_walls()
    assert set(right) == set(ASKED)
    assert "a dictionary with these keys" in text(lesson.check("walls", dict))
    later = {**right, "user-namespace": "dropped"}
    assert "`user-namespace` at the level 'dropped': stopped" in text(
        lesson.check("walls", lambda: later)
    )
    assert "which is no level" in text(
        lesson.check("walls", lambda: {**right, "host-path": "seccomp"})
    )
    assert "Five attacks" in text(lesson.check("walls", solutions.first_walls))


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (None, "which is no profile"),
        ({"defaultAction": "NO"}, "unknown action 'NO'"),
        ({"defaultAction": "SCMP_ACT_ERRNO"}, "start"),
        ({"defaultAction": "SCMP_ACT_ALLOW"}, "A mode can still be changed, by"),
        (
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}],
            },
            "refuses mkdir as well",
        ),
        (solutions.no_modes(), "No call that changes a mode gets through"),
    ],
)
def test_filter(lesson, profile, told):
    assert told in text(lesson.check("filter", lambda: profile))


def test_least(engine, lesson):
    engine.build(FRIENDLY, tag="friendly_docker", progress="quiet")
    port = free_port(4000)

    def start(**options):
        engine.run("friendly_docker", name="shop", ports=[f"{port}:80"], detach=True, fresh=True,
                   volumes=["shop:/data"], **options)  # fmt: skip
        return text(lesson.check("least"))

    assert "has 14 capabilities, audit_write" in start()
    held = {"cap_drop": ["ALL"]}
    assert "set-user-id bit could become root" in start(**held)
    held["security_opt"] = ["no-new-privileges"]
    assert "can put programs into it" in start(**held)
    held["read_only"] = True
    open_ = {**held, "security_opt": ["no-new-privileges", "seccomp=unconfined"]}
    assert "may make every system call" in start(**open_)
    solutions.run_with_least(engine, port)
    assert "The page counts, and the program has no capability" in text(lesson.check("least"))


def test_the_fault_and_its_repairs(engine, lesson):
    assert "ended at once" in text(lesson.break_("too_strict", "gate"))
    fault = faults.find("too_strict")
    assert fault.broken(lesson, "gate")
    assert "chroot: can't change root directory" in text(lesson.check("gate"))
    command = ["chroot", "/", "httpd", "-f", "-p", "80", "-h", "/etc"]
    for options, told in (
        ({}, "with more rights than it needs: chown"),
        (
            {"cap_drop": ["ALL"], "cap_add": ["SYS_CHROOT"]},
            "the colleague's other options are gone",
        ),
    ):
        engine.run("busybox", command, name="gate", detach=True, fresh=True, **options)
        assert faults.wait_for(lambda: not fault.broken(lesson, "gate"))
        assert told in text(lesson.check("gate"))
    fault.repair(lesson, "gate")
    assert not fault.broken(lesson, "gate")
    assert "with one capability of forty-one" in text(lesson.check("gate"))


def test_solutions_repair(engine, lesson):
    solutions.repair_gate(engine)
    fault = faults.find("too_strict")
    assert faults.wait_for(lambda: not fault.broken(lesson, "gate"))
