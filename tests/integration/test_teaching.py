"""Lessons against a real engine: faults, repairs, clean-up and its proof."""

import os
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.errors import Conflict, MiniDockerError, NotFound
from pyminidocker.teach import Lesson, cleanup, facts, faults, surroundings
from pyminidocker.teach.cards import Card


@pytest.fixture
def course(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A learner with a progress file of their own; returns how to open a lesson."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    opened: list[Lesson] = []

    def open_lesson(number: str) -> Lesson:
        opened.append(Lesson(number))
        return opened[-1]

    yield open_lesson
    for lesson in opened:
        lesson.reset()
        lesson.engine.close()


def good_greeter(lesson: Lesson) -> None:
    program = faults.busybox_program(lesson)
    faults.commit_program(lesson, "busybox", "greeter", program, "install echo 1.0")


@pytest.mark.parametrize("name", ["exec_format", "missing_interpreter"])
def test_an_image_breaks_and_is_repaired(course: Any, name: str) -> None:
    lesson = course("05")
    fault = faults.find(name)
    good_greeter(lesson)
    assert not fault.broken(lesson, "greeter")
    assert "greeter" in lesson.break_(name, "greeter").text()
    assert fault.broken(lesson, "greeter")
    assert lesson.check("greeter").mood == "not yet"
    fault.repair(lesson, "greeter")
    assert not fault.broken(lesson, "greeter")
    assert lesson.check("greeter").mood == "met"


def test_the_symptoms_differ(course: Any) -> None:
    lesson = course("05")
    for name, said in (
        ("exec_format", "exec format error"),
        ("missing_interpreter", "no such file or directory"),
    ):
        good_greeter(lesson)
        lesson.break_(name, "greeter")
        with pytest.raises(MiniDockerError, match=said):
            lesson.engine.run("greeter", [faults.PROGRAM, "hello"])


def test_pid1_is_killed_and_started_again(course: Any) -> None:
    lesson = course("02")
    fault = faults.find("pid1_killed")
    lesson.engine.run("busybox", "sleep 999", name="family", detach=True)
    members = cleanup.processes(lesson)
    assert len(members) == 1
    lesson.break_("pid1_killed", "family")
    assert fault.broken(lesson, "family")
    assert all(facts.started(pid) != start for pid, start in members)
    with pytest.raises(Conflict, match="does not run"):
        facts.running_pid(lesson, "family")
    fault.repair(lesson, "family")
    assert not fault.broken(lesson, "family")


def test_a_mistyped_command_leaves_its_reason(course: Any) -> None:
    lesson = course("00")
    fault = faults.find("wrong_command")
    lesson.break_("wrong_command", "greeter")
    state = facts.inspect(lesson, "greeter")["State"]
    assert (state["Status"], state["ExitCode"]) == ("created", 127)
    assert "ehco" in state["Error"]
    assert fault.broken(lesson, "greeter")
    assert lesson.check("greeting").mood == "not yet"
    fault.repair(lesson, "greeter")
    assert not fault.broken(lesson, "greeter")
    assert lesson.check("greeting").mood == "met"


def test_the_kernel_counts_what_namespaces_share(course: Any) -> None:
    lesson = course("02")
    lesson.engine.run("busybox", "sleep 999", name="nap", detach=True)
    pid = facts.running_pid(lesson, "nap")
    assert facts.numbers(pid)[-1] == 1
    assert facts.shared_kinds(pid, os.getpid()) == {"time"}
    assert len(facts.namespaces(pid)) == 8
    with pytest.raises(NotFound):
        facts.numbers(2**22 + 1)


def test_leaving_no_trace_cleans_and_proves(course: Any) -> None:
    lesson = course("05")
    lesson.engine.run("busybox", "sleep 999", name="anna", detach=True)
    for _ in range(2):  # the second commit takes the tag away from the first image
        lesson.engine.container("anna").commit("big")
    lesson.engine.run("busybox", "true", name="not-of-the-lesson", remove=False)
    try:
        card: Card = lesson.leave_no_trace()
        assert card.mood == "met", card.text()
        assert surroundings.images(lesson, lesson.calls) == []
        assert "not-of-the-lesson" in [one.name for one in lesson.engine.containers(all=True)]
    finally:
        lesson.engine.container("not-of-the-lesson").remove()


def test_what_is_left_is_named(course: Any) -> None:
    lesson = course("02")
    lesson.engine.run("busybox", "sleep 999", name="nap", detach=True)
    members = cleanup.processes(lesson)
    card = cleanup.proof(lesson, members, "/no/such/directory")
    assert card.mood == "not yet"
    assert "1 left" in card.text()
    assert "nap" in card.text()


def test_met_checks_and_answers_are_remembered(course: Any) -> None:
    lesson = course("00")
    lesson.engine.run("busybox", ["echo", "my words"], name="mine", remove=False)
    assert lesson.check("own-words").mood == "met"
    lesson.predict("after-end").answer("after-end", "a")
    assert "You predicted a" in lesson.compare("after-end", "exited").text()
    stored = lesson.progress.read()
    assert "00/own-words" in stored["met"]
    assert stored["answers"]["00/after-end"]["belief"] == "stopped-is-removed"
    assert "1 of 4 met" in lesson.summary().heading
    again = course("00")
    assert "You stored no prediction" in again.compare("after-end", "exited").text()


def test_hints_follow_the_state(course: Any) -> None:
    lesson = course("02")
    assert "no container called 'left'" in lesson.check("joined").text()
    for name in ("nap", "left", "right"):
        lesson.engine.run("busybox", "sleep 999", name=name, detach=True)
    assert "a network namespace each" in lesson.check("joined").text()
    assert "docker run" in lesson.hint("joined", 1).text()
    for name in ("left", "right"):
        lesson.engine.run(
            "busybox", "sleep 999", name=name, network="host", detach=True, fresh=True
        )
    assert lesson.check("joined").mood == "met"
