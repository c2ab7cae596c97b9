"""A program of a hundred bytes that says by its exit code whose power it has.

A set-user-id bit needs a program without helpers: a script does not get the power, and busybox
gives it up.

See: elf(5), geteuid(2).
"""

from __future__ import annotations

import os
import struct

_X86_64 = """
    b8 6b 00 00 00      mov  eax, 107       ; geteuid
    0f 05               syscall
    89 c7               mov  edi, eax
    b8 3c 00 00 00      mov  eax, 60        ; exit
    0f 05               syscall
"""
_AARCH64 = """
    e8 15 80 d2         mov  x8, #175       ; geteuid
    01 00 00 d4         svc  #0
    a8 0b 80 d2         mov  x8, #93        ; exit
    01 00 00 d4         svc  #0
"""
_LISTINGS = {"x86_64": (_X86_64, 62), "aarch64": (_AARCH64, 183)}  # with elf.h's EM_*
_HEX = slice(4, 24)
_BASE = 0x10000


def tell_user(machine: str = "") -> bytes:
    """Return the program: its exit code is the low byte of its effective user id.

    Args:
        machine: ``x86_64`` or ``aarch64``; default: this one.

    Raises:
        KeyError: another processor.
    """
    listing, kind = _LISTINGS[machine or os.uname().machine]
    code = b"".join(bytes.fromhex(line[_HEX]) for line in listing.splitlines())
    start = 64 + 56
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, kind, 1, _BASE + start,
        64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    size = start + len(code)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 4096) + code
