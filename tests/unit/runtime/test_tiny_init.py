"""The hundred bytes, listed for people and assembled by nobody: check them against tools."""

import subprocess

import pytest

from pyminidocker.kernel.libc import MACHINE
from pyminidocker.runtime import tiny_init


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_it_is_a_small_elf_file(machine):
    program = tiny_init.init_program(machine)
    assert program.startswith(b"\x7fELF\x02\x01\x01")
    assert len(program) < 300


@pytest.mark.requires("objdump")
@pytest.mark.skipif(MACHINE != "x86_64", reason="Debian's objdump reads its own machine's code")
def test_the_listing_says_what_the_bytes_do(tmp_path):
    """objdump reads the same mnemonics out of the bytes."""
    (tmp_path / "code").write_bytes(tiny_init.init_program("x86_64")[120:])
    text = subprocess.run(
        ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", tmp_path / "code"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    read = [line.split("\t")[2].split()[0] for line in text.splitlines() if line.count("\t") == 2]
    listed = [line[32:].split()[0] for line in tiny_init._X86_64.splitlines() if line[32:].strip()]
    assert read == listed
