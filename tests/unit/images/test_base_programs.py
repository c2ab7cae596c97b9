"""The program readers and writers behind the base images: ELF, the loader's cache, busybox, apk."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base import busybox
from pyminidocker.images.base.apk import closure, read_installed
from pyminidocker.images.base.busybox import applet_names, busybox_step, find_busybox
from pyminidocker.images.base.elf import Elf, read_elf
from pyminidocker.images.base.hello import MESSAGE, assemble_hello
from pyminidocker.images.base.libraries import LibraryFinder, read_loader_cache

MACHINE = os.uname().machine
_FOUND = find_busybox(MACHINE, static=True)
BUSYBOX = _FOUND.path if _FOUND else ""


def test_hello_runs(tmp_path):
    program = tmp_path / "hello"
    program.write_bytes(assemble_hello(MACHINE, MESSAGE.encode()))
    program.chmod(0o755)
    run = subprocess.run([program], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, MESSAGE, "")
    elf = read_elf(str(program))
    assert elf.is_static
    assert elf.machine == MACHINE


def test_hello_for_the_other_machine_is_well_formed(tmp_path):
    for machine in ("x86_64", "aarch64"):
        program = tmp_path / machine
        program.write_bytes(assemble_hello(machine, b"hi\n"))
        assert read_elf(str(program)).machine == machine
        assert program.read_bytes().endswith(b"hi\n")
    # mov x8, #64; mov x0, #1 ... svc #0: checked against an emulator when this was written
    code = (tmp_path / "aarch64").read_bytes()[120:160]
    words = [f"{word:08x}" for (word,) in struct.iter_unpack("<I", code)]
    assert words == [
        *("d2800808", "d2800020", "d2801401", "f2a00801", "d2800062", "f2a00002", "d4000001"),
        *("d2800ba8", "d2800000", "d4000001"),
    ]


def test_the_interpreters_needs_are_found():
    program = read_elf(os.path.realpath(sys.executable))
    assert program.machine == MACHINE
    libraries = LibraryFinder(MACHINE).closure([program.path], program)
    for name in program.needed:
        assert os.path.exists(libraries[name])


def test_a_missing_library_is_named():
    with pytest.raises(NotFound, match=r"/bin/x needs libnone\.so\.9"):
        LibraryFinder(MACHINE).find("libnone.so.9", Elf("/bin/x", MACHINE))


def test_origin_is_where_the_file_lies(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libx.so").write_bytes(assemble_hello(MACHINE, b""))
    wanted_by = Elf(f"{tmp_path}/bin/tool", MACHINE, runpath=["$ORIGIN/../lib"])
    found = LibraryFinder(MACHINE).find("libx.so", wanted_by)
    assert os.path.realpath(found) == f"{tmp_path}/lib/libx.so"


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(20), b"#!/bin/sh\n"])
def test_what_is_no_elf_is_named(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(InvalidArgument, match="/x "):
        read_elf(str(tmp_path / "x"))


def make_cache(entries):
    strings = b""
    table = b""
    header = 48
    start = header + 24 * len(entries)
    for flags, name, path, hardware in entries:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += path.encode() + b"\0"
        table += struct.pack("<iIIIQ", flags, key, value, 0, hardware)
    head = b"glibc-ld.so.cache1.1" + struct.pack("<II", len(entries), len(strings)) + bytes(20)
    return head + table + strings


def test_the_loaders_cache():
    entries = [
        (0x0303, "libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", 0),
        (0x0303, "libc.so.6", "/lib/x86_64-linux-gnu/v3/libc.so.6", 1 << 62),
        (0x0003, "libold.so", "/lib32/libold.so", 0),
        (0x0A03, "libarm.so", "/lib/libarm.so", 0),
    ]
    data = make_cache(entries)
    assert read_loader_cache(data, "x86_64") == {"libc.so.6": "/lib/x86_64-linux-gnu/libc.so.6"}
    assert read_loader_cache(data, "aarch64") == {"libarm.so": "/lib/libarm.so"}
    assert read_loader_cache(b"ld.so-1.7.0" + bytes(37) + data, "aarch64") == {
        "libarm.so": "/lib/libarm.so"
    }


@pytest.mark.parametrize("data", [b"", b"rubbish", b"glibc-ld.so.cache1.1", make_cache([])[:40]])
def test_a_damaged_cache_is_an_empty_one(data):
    assert read_loader_cache(data, "x86_64") == {}


def test_applets_are_read_from_the_program():
    names = sorted(["[", "[[", "ash", "cat", "cp", "ls", "sh", *(f"x{n:02}" for n in range(30))])
    other = [f"zz{n:02}" for n in range(50)]
    blob = b"\x00".join(x.encode() for x in other) + b"\0\xff\0" + "\0".join(names).encode() + b"\0"
    assert applet_names(b"\x7fELF" + bytes(100) + blob + b"usage\0") == names
    with pytest.raises(InvalidArgument, match="no busybox"):
        applet_names(b"\0".join(x.encode() for x in other) + b"\0")


@pytest.mark.requires("static-busybox")
def test_applets_of_the_real_one_are_what_it_says_itself():
    with open(BUSYBOX, "rb") as file:
        names = applet_names(file.read())
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True).stdout.split()
    assert names == sorted(listed)


INSTALLED = """\
C:Q1abc=
P:busybox
V:1.37
D:so:libc.musl-x86_64.so.1 /etc/shells>=1 !other
p:cmd:ls=1.37 sh-provider
F:bin
R:busybox
a:0:0:755
F:etc/udhcpc

P:musl
V:1.2
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1

P:shells
F:etc
R:shells

P:kernel
D:busybox
F:boot
R:vmlinuz
"""


def test_alpines_packages_and_what_they_need():
    packages = read_installed(INSTALLED)
    assert [x.name for x in packages] == ["busybox", "musl", "shells", "kernel"]
    assert packages[0].files == ["bin/busybox"]
    assert packages[0].directories == ["bin", "etc/udhcpc"]
    assert [x.name for x in closure(packages, ["busybox"])] == ["busybox", "musl", "shells"]
    assert [x.name for x in closure(packages, ["cmd:ls", "nothing"])] == [
        "busybox",
        "musl",
        "shells",
    ]


def test_a_busybox_that_is_not_static_takes_its_c_library_along(tmp_path, monkeypatch):
    """Debian has such a one; here it is a real program with a table of names put behind it."""
    names = sorted({"cat", "ls", "sh", *(f"tool{letter}" for letter in "abcdefghijklmnopqrst")})
    table = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    program = Path(os.path.realpath("/usr/bin/env")).read_bytes() + table
    (tmp_path / "busybox").write_bytes(program)
    monkeypatch.setattr(busybox, "_CANDIDATES", (str(tmp_path / "busybox"),))
    monkeypatch.setenv("PATH", "")
    step = busybox_step(MACHINE)
    assert all(path in step.tree for path in ("bin/busybox", "bin/sh", "bin/toolt"))
    homes = (f"lib/{MACHINE}-linux-gnu", f"usr/lib/{MACHINE}-linux-gnu", "lib64", "usr/lib64")
    assert any(f"{home}/libc.so.6" in step.tree for home in homes)
    assert read_elf(str(tmp_path / "busybox")).interpreter.lstrip("/") in step.tree
