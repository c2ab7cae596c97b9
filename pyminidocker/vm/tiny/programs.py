"""Guests of a few bytes: each shows one thing that a guest does or suffers.

The bytes are written by hand.  An opcode and its operands are those of Intel's manual; a jump's
operand is the distance from the end of the jump.

See: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
"""

from pyminidocker.errors import InvalidArgument
from pyminidocker.vm.tiny.program import LOAD_AT, Program, little
from pyminidocker.vm.tiny.program import Instruction as Line

CONSOLE = 0x3F8  # the first serial port of a PC
KEYBOARD = 0x60  # its keyboard controller
SCREEN = 0xB8000  # its text screen: a device that looks like memory
PAGE = 4096
_FIRST_PAGE = 0x10000
_MOST_PAGES = (0xA0000 - _FIRST_PAGE) // PAGE

_HALT = Line(bytes.fromhex("f4"), "end: hlt", "nothing to do any more")


def say(text: str = "hello") -> Program:
    """A guest that prints, character by character, through the serial port.

    Raises:
        InvalidArgument: more than 200 characters, none, or some that are no single bytes.
    """
    _check(text)
    message = LOAD_AT + 15
    return Program(
        "say",
        "prints a text through the serial port",
        (
            Line(b"\xbe" + little(message, 2), "mov si, message", "where the text is"),
            Line(b"\xba" + little(CONSOLE, 2), "mov dx, 0x3f8", "the serial port"),
            Line(b"\xac", "next: lodsb", "the next character to al"),
            Line(b"\x08\xc0", "or al, al", "is it the zero at the end?"),
            Line(b"\x74\x03", "jz end"),
            Line(b"\xee", "out dx, al", "to the port: an exit"),
            Line(b"\xeb\xf8", "jmp next"),
            _HALT,
        ),
        text,
    )


def count(times: int = 100_000) -> Program:
    """A guest that only computes: it counts down, and asks nobody for anything.

    Raises:
        InvalidArgument: not from 1 to 4294967295.
    """
    _within("times", times, 1, 0xFFFFFFFF)
    return Program(
        "count",
        f"counts down from {times}",
        (
            Line(b"\x66\xb9" + little(times, 4), f"mov ecx, {times}"),
            Line(b"\x66\x49", "next: dec ecx"),
            Line(b"\x75\xfc", "jnz next", f"{times} times"),
            _HALT,
        ),
    )


def touch(pages: int = 100) -> Program:
    """A guest that writes one byte into each of so many pages of its memory.

    Raises:
        InvalidArgument: not from 1 to 144.
    """
    _within("pages", pages, 1, _MOST_PAGES)
    return Program(
        "touch",
        f"writes a byte into each of {pages} pages",
        (
            Line(b"\xb8" + little(_FIRST_PAGE >> 4, 2), "mov ax, 0x1000", "16 bytes each"),
            Line(b"\xb9" + little(pages, 2), f"mov cx, {pages}"),
            Line(b"\x8e\xc0", "next: mov es, ax", "the page"),
            Line(b"\x26\xa2\x00\x00", "mov [es:0], al", "a byte into it"),
            Line(b"\x05\x00\x01", "add ax, 0x100", "4096 bytes on"),
            Line(b"\x49", "dec cx"),
            Line(b"\x75\xf4", "jnz next"),
            _HALT,
        ),
    )


def paint(text: str = "hello") -> Program:
    """A guest that writes to the text screen, where it has no memory.

    Raises:
        InvalidArgument: more than 200 characters, none, or some that are no single bytes.
    """
    _check(text)
    message = LOAD_AT + 20
    return Program(
        "paint",
        "writes a text to the screen",
        (
            Line(b"\xb8" + little(SCREEN >> 4, 2), "mov ax, 0xb800"),
            Line(b"\x8e\xc0", "mov es, ax", "the screen's addresses"),
            Line(b"\x31\xff", "xor di, di", "its upper left corner"),
            Line(b"\xbe" + little(message, 2), "mov si, message"),
            Line(b"\xac", "next: lodsb", "the next character to al"),
            Line(b"\x08\xc0", "or al, al"),
            Line(b"\x74\x04", "jz end"),
            Line(b"\xaa", "stosb", "to [es:di]: an exit"),
            Line(b"\x47", "inc di", "over the colour"),
            Line(b"\xeb\xf7", "jmp next"),
            _HALT,
        ),
        text,
    )


def echo() -> Program:
    """A guest that reads keys until it gets a zero, and prints them."""
    return Program(
        "echo",
        "prints what the keyboard says",
        (
            Line(b"\xe4" + little(KEYBOARD, 1), "next: in al, 0x60", "a key, please: an exit"),
            Line(b"\x08\xc0", "or al, al", "no more keys?"),
            Line(b"\x74\x06", "jz end"),
            Line(b"\xba" + little(CONSOLE, 2), "mov dx, 0x3f8"),
            Line(b"\xee", "out dx, al", "to the port: an exit"),
            Line(b"\xeb\xf4", "jmp next"),
            _HALT,
        ),
    )


def crash() -> Program:
    """A guest whose processor fails: a fault, while handling a fault in a fault.

    In protected mode the processor looks into a table for what to do about a fault.  This guest has
    none: its memory is full of zeros where the table would be.
    """
    return Program(
        "crash",
        "faults, and has nothing to handle faults",
        (
            Line(b"\x0f\x20\xc0", "mov eax, cr0", "how the processor works"),
            Line(b"\x0c\x01", "or al, 1", "in protected mode"),
            Line(b"\x0f\x22\xc0", "mov cr0, eax", "from now on"),
            Line(b"\x0f\x0b", "ud2", "no instruction: a fault"),
        ),
    )


def spin() -> Program:
    """A guest that never gives the processor back by itself."""
    return Program(
        "spin",
        "runs in a circle for ever",
        (Line(b"\xeb\xfe", "here: jmp here"),),
    )


def _check(text: str) -> None:
    if not 1 <= len(text) <= 200 or any(ord(one) > 255 or one == "\0" for one in text):
        raise InvalidArgument(
            f"not a text for a tiny guest: {text[:40]!r}",
            hint="1 to 200 characters of Latin-1, which are one byte each",
        )


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidArgument(f"{name} is {value}; it can be {least} to {most}")
