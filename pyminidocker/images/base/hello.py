"""hello-world: an image with one program, assembled here byte by byte.

The program is an ELF file of the smallest useful kind: one header, one program header that maps the
whole file as readable and executable, and machine code that makes two system calls,
``write(1, message, length)`` and ``exit(0)``.  No compiler, no C library, no loader: what a
container needs to run is a program file, nothing else.

See: elf(5); syscall(2) for the calling conventions of x86-64 and arm64; write(2), _exit(2).
"""

import struct

from pyminidocker.images.base.filetree import FileTree
from pyminidocker.images.base.recipe import DEFAULT_PATH, MACHINES, Recipe, Step
from pyminidocker.oci.image_spec import RunConfig

MESSAGE = """\

Hello! This line was printed by a process in a container.

What happened on the way here:
 1. The minidocker command sent a request to the engine (minidockerd) through its unix socket.
 2. The engine looked up the image "hello-world" in its store: one config, one layer, one file.
 3. It stacked the layer under a fresh writable one (overlayfs): that is all a new container is.
 4. A child process got namespaces of its own: its own process ids, mounts, host name and network.
 5. It changed its root to that stack, dropped what it must not do, and executed /hello.
 6. What /hello wrote went through a pipe to the engine, and from there to your terminal.

The whole image is a program of a few hundred bytes that Python assembled on this machine.
Next, try something with a shell in it:
 $ minidocker run -it busybox sh

"""

_BASE = 0x400000  # where programs of fixed address live by custom
_ELF_HEADER_SIZE = 64
_PROGRAM_HEADER_SIZE = 56
_EM = {"x86_64": 62, "aarch64": 183}  # EM_X86_64, EM_AARCH64 in elf.h
_ET_EXEC, _PT_LOAD, _PF_R, _PF_X = 2, 1, 4, 1


def assemble_hello(machine: str, message: bytes) -> bytes:
    """Return an ELF executable that prints ``message`` and exits with status 0.

    Args:
        machine: ``x86_64`` or ``aarch64``, as uname(2) says it.
        message: what to write to standard output.

    Raises:
        KeyError: no instructions known for this machine.

    See: elf(5).
    """
    code_at = _BASE + _ELF_HEADER_SIZE + _PROGRAM_HEADER_SIZE
    assemble = {"x86_64": _code_x86_64, "aarch64": _code_aarch64}[machine]
    # The code's size does not depend on the address in it: assemble once to learn it.
    size = len(assemble(code_at, len(message)))
    code = assemble(code_at + size, len(message))
    total = _ELF_HEADER_SIZE + _PROGRAM_HEADER_SIZE + len(code) + len(message)
    return _elf_header(machine, code_at) + _program_header(total) + code + message


def _elf_header(machine: str, entry: int) -> bytes:
    # 64-bit, little-endian, ELF version 1, System V ABI
    identification = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    return identification + struct.pack(
        "<HHIQQQIHHHHHH",
        _ET_EXEC,
        _EM[machine],
        1,  # version
        entry,  # first instruction
        _ELF_HEADER_SIZE,  # the program header follows at once
        0,  # no section headers: only linkers need them
        0,  # flags
        _ELF_HEADER_SIZE,
        _PROGRAM_HEADER_SIZE,
        1,  # one program header
        0,
        0,
        0,
    )


def _program_header(size: int) -> bytes:
    """Ask the kernel to map the whole file, readable and executable."""
    alignment = 0x10000  # the largest page size of either machine
    return struct.pack("<IIQQQQQQ", _PT_LOAD, _PF_R | _PF_X, 0, _BASE, _BASE, size, size, alignment)


def _code_x86_64(message_at: int, length: int) -> bytes:
    """Return x86-64 code: the call's number goes to rax, arguments to rdi, rsi, rdx."""
    return b"".join(
        [
            b"\xb8" + struct.pack("<I", 1),  # mov eax, 1          write
            b"\xbf" + struct.pack("<I", 1),  # mov edi, 1          standard output
            b"\xbe" + struct.pack("<I", message_at),  # mov esi, message
            b"\xba" + struct.pack("<I", length),  # mov edx, length
            b"\x0f\x05",  # syscall
            b"\xb8" + struct.pack("<I", 60),  # mov eax, 60         exit
            b"\x31\xff",  # xor edi, edi        status 0
            b"\x0f\x05",  # syscall
        ]
    )


def _code_aarch64(message_at: int, length: int) -> bytes:
    """Return arm64 code: the call's number goes to x8, arguments to x0, x1, x2."""

    def movz(register: int, value: int) -> int:
        return 0xD2800000 | (value & 0xFFFF) << 5 | register

    def movk_16(register: int, value: int) -> int:  # bits 16 to 31, keeping the rest
        return 0xF2A00000 | (value >> 16 & 0xFFFF) << 5 | register

    supervisor_call = 0xD4000001
    return struct.pack(
        "<10I",
        movz(8, 64),  # write
        movz(0, 1),  # standard output
        movz(1, message_at),
        movk_16(1, message_at),
        movz(2, length),
        movk_16(2, length),
        supervisor_call,
        movz(8, 93),  # exit
        movz(0, 0),  # status 0
        supervisor_call,
    )


def hello_recipe(machine: str) -> Recipe:
    """Return the recipe of hello-world for this machine.

    Args:
        machine: ``x86_64`` or ``aarch64``.

    See: OCI image-spec config.md.
    """
    tree = FileTree()
    tree.file("hello", assemble_hello(machine, MESSAGE.encode()), 0o755)
    return Recipe(
        name="hello-world",
        architecture=MACHINES[machine],
        config=RunConfig(cmd=["/hello"], working_dir="/", env=[DEFAULT_PATH]),
        steps=[Step("COPY hello / # assembled by pyminidocker", tree), Step('CMD ["/hello"]')],
    )
