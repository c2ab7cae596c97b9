"""Lesson 01: checks accept what is right in any form, and say what is not yet right."""

from types import SimpleNamespace
from typing import Any

import pytest

from pyminidocker.errors import NotFound
from pyminidocker.teach import faults, guest_faults
from pyminidocker.teach.plans import checks_01 as checks
from pyminidocker.teach.solutions import lesson_01 as solutions
from pyminidocker.vm import tiny

CLASSROOM: Any = SimpleNamespace()


@pytest.fixture
def classroom(tmp_path):
    return SimpleNamespace(folder=lambda name, fresh: tmp_path)


def by_anything(text):
    return "hypervisor" in text


def by_first_letters(text):
    return any(line.startswith("flags") and "hypervisor" in line for line in text.splitlines())


def as_number(text):
    return int(solutions.in_vm(text))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (by_anything, "in the name of its processor"),
        (by_first_letters, "only begins like that"),
        (as_number, "returned 1"),
        (lambda _: True, "does not have the flag"),
    ],
)
def test_the_flag_is_a_word_among_the_flags(function, says):
    outcome = checks.virtual(CLASSROOM, function)
    assert not outcome.met
    assert says in outcome.reason


def types_at_every_exit(exit_, letters):
    return ord(letters.pop(0)) if letters else 0


def never_ends(exit_, letters):
    return ord("x") if exit_.reason == "in" else 0


def types_text(exit_, letters):
    return letters.pop(0) if exit_.reason == "in" and letters else 0


@pytest.mark.parametrize(
    ("function", "printed"),
    [(types_at_every_exit, "'hy'"), (never_ends, "xxx"), (types_text, "''")],
)
def test_a_keyboard_types_when_it_is_asked(function, printed):
    outcome = checks.device(CLASSROOM, function)
    assert not outcome.met
    assert printed in outcome.reason


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda pages: pages + 1, "not of bytes"),
        (lambda pages: 160 * 4096, "what the guest was given"),
        (lambda pages: 160, "in pages"),
        (lambda pages: pages * 4096, "the program itself is missing"),
        (lambda pages: 4096, "was the guest run"),
        (lambda pages: 0, "was the guest run"),
        (lambda pages: None, "returned None"),
    ],
)
def test_what_was_counted_instead_is_named(function, says):
    outcome = checks.memory(CLASSROOM, function)
    assert not outcome.met
    assert says in outcome.reason


def test_each_statement_has_its_own_hint():
    right = solutions.place()
    assert checks.sorted_(CLASSROOM, lambda: right).met
    for statement in right:
        other = "both" if right[statement] != "both" else "container"
        outcome = checks.sorted_(CLASSROOM, lambda told=right | {statement: other}: told)
        assert statement in outcome.reason
    assert "dictionary" in checks.sorted_(CLASSROOM, lambda: None).hints[1]


def test_statements_stand_in_the_same_words_in_the_solution():
    assert solutions.place() == {name: fits for name, (fits, _) in checks.STATEMENTS.items()}


def test_the_fault_is_one_byte_and_can_be_mended_in_several_ways(classroom, tmp_path):
    fault = faults.find("endless_guest")
    with pytest.raises(NotFound, match="no program 'greeter'"):
        checks.greeter(classroom)
    fault.inject(classroom, "greeter")
    path = tmp_path / "greeter"
    good = tiny.say("hello").code
    assert sum(a != b for a, b in zip(path.read_bytes(), good, strict=True)) == 1
    assert fault.broken(classroom, "greeter")
    assert "its end is: time" in checks.greeter(classroom).reason
    path.write_bytes(tiny.say("bye").code)
    assert "prints 'bye'" in checks.greeter(classroom).reason
    for mended in (good, good[:15] + b"hello\0\0\0"):
        path.write_bytes(mended)
        assert checks.greeter(classroom).met
    fault.inject(classroom, "greeter")
    solutions.mend_greeter(tmp_path)
    assert checks.greeter(classroom).met
    fault.repair(classroom, "greeter")
    assert not fault.broken(classroom, "greeter")
    assert guest_faults.try_out(path) == ("hello", "halt")


@pytest.mark.requires("kvm")
def test_the_broken_guest_looks_the_same_by_kvm(classroom, tmp_path):
    faults.find("endless_guest").inject(classroom, "greeter")
    program = tiny.Program.from_bytes((tmp_path / "greeter").read_bytes())
    for kind in ("kvm", "emulated"):
        with tiny.machine(program, kind=kind, seconds=0.05) as guest:
            guest.boot()
            assert (guest.console, guest.exits[-1].reason, guest.at) == ("hello", "time", 0x1009)
