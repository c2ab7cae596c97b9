"""Attacks as data: what a catalogue promises before anything is tried."""

import ast
import subprocess

import pytest

from pyminidocker.attacks import ATTACKS, LEVELS, Attempt, find, level
from pyminidocker.attacks.matrix import Matrix
from pyminidocker.attacks.run import source_of
from pyminidocker.attacks.tiny_program import tell_user

PROGRAMS = [attack for attack in ATTACKS if attack.scene is None]


def test_every_attack_says_what_it_is():
    for attack in ATTACKS:
        assert attack.title
        assert attack.story
        assert attack.barrier
        assert attack.source
        assert attack.opens_at == "" or level(attack.opens_at)
        assert (attack.scene is None) == bool(attack.program)
    with pytest.raises(KeyError):
        find("no-such")
    with pytest.raises(KeyError):
        level("no-such")


def test_programs_travel_as_text():
    """In a container there is no package of ours."""
    tree = ast.parse(source_of(PROGRAMS))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
    }
    assert "pyminidocker" not in imported
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(set(defined)) == len(defined), "two functions of one name"
    for attack in PROGRAMS:
        assert attack.program.partition(":")[2] in defined


def test_matrix():
    rows = [find("keyring"), find("bpf")]
    outcomes = ("succeeded", "succeeded", "stopped", "stopped", "stopped")
    attempts = [
        Attempt(attack.id, one.name, outcome if attack.id == "keyring" else "untried", "seen")
        for attack in rows
        for one, outcome in zip(LEVELS, outcomes, strict=True)
    ]
    matrix = Matrix(rows, LEVELS, attempts)
    assert matrix.count("none") == (0, 1, 1)
    assert [one.level for one in matrix.succeeded()] == ["none", "capabilities"]
    assert matrix.succeeded("default") == []
    assert repr(matrix).splitlines()[1].split() == [
        "keyring", "SUCCEEDED", "SUCCEEDED", "stopped", "stopped", "stopped",
    ]  # fmt: skip
    assert "<th scope='row'>keyring</th>" in matrix._repr_html_()


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
@pytest.mark.requires("objdump")
def test_the_tiny_program_is_what_its_listing_says(tmp_path, machine, number):
    program = tell_user(machine)
    assert program[:4] == b"\x7fELF"
    assert int.from_bytes(program[18:20], "little") == number
    if machine == "x86_64":
        path = tmp_path / "program"
        path.write_bytes(program[120:])
        told = subprocess.run(
            ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", str(path)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert "$0x6b,%eax" in told
        assert told.count("syscall") == 2
