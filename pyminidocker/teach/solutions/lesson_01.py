"""Lesson 01: virtual machines and hypervisors."""

from __future__ import annotations

from pathlib import Path

from pyminidocker.vm import tiny


def in_vm(cpuinfo: str) -> bool:
    """Return whether the text of /proc/cpuinfo has the flag of a hypervisor."""
    for line in cpuinfo.splitlines():
        if line.startswith("flags"):
            return "hypervisor" in line.split()
    return False


def answer(exit: tiny.Exit, letters: list[str]) -> int:  # noqa: A002 - as in the cell
    """Return the byte that a guest wants from the keyboard."""
    if exit.reason == "in" and letters:
        return ord(letters.pop(0))
    return 0


def memory_of(pages: int) -> int:
    """Return how many bytes of memory a guest takes that writes into so many pages."""
    with tiny.machine(tiny.touch(pages)) as guest:
        guest.boot()
        _, there = guest.pages
        return there * 4096


def mend_greeter(guests: Path) -> None:
    """The jump leads out of the loop again, three bytes on."""
    code = bytearray((guests / "greeter").read_bytes())
    code[10] = 3
    (guests / "greeter").write_bytes(code)


def place() -> dict[str, str]:
    """Return each statement with where it belongs."""
    return {
        "own kernel": "virtual machine",
        "another system than the host's, such as Windows on Linux": "virtual machine",
        "comes back by exits": "virtual machine",
        "its programs are in the host's list of processes": "container",
        "a signal from the host ends its first program": "container",
        "files of its own": "both",
        "can be given a limit of memory": "both",
        "its root may do less than the host's root": "both",
    }
