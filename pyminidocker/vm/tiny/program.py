"""A guest's program: machine code, and beside it what it means."""

from typing import NamedTuple

LOAD_AT = 0x1000  # where a program is put in the guest's memory, and where the processor begins


class Instruction(NamedTuple):
    """One line of a listing.

    Attributes:
        code: the bytes.
        text: the same for people, in Intel's notation; ``label:`` may stand in front.
        comment: what it is for.
    """

    code: bytes
    text: str
    comment: str = ""


class Program:
    """Machine code for a processor as it is when it is switched on: x86 in 16-bit real mode.

    ``Program.from_bytes(code)`` makes one of bytes whose meaning nobody wrote down.

    Args:
        name: in a word.
        about: what it does, in a sentence.
        instructions: its listing.
        text: characters behind the code; a zero is added.
    """

    def __init__(
        self, name: str, about: str, instructions: tuple[Instruction, ...], text: str = ""
    ) -> None:
        self.name = name
        self.about = about
        self.instructions = instructions
        self.text = text

    @classmethod
    def from_bytes(cls, code: bytes, name: str = "bytes") -> "Program":
        """Return a program of machine code without a listing.

        Args:
            code: as it is put into memory.
            name: in a word.
        """
        return cls(name, "nobody explained", (Instruction(code, "(unknown)"),))

    @property
    def code(self) -> bytes:
        """The bytes as they are put into memory."""
        code = b"".join(one.code for one in self.instructions)
        return code + self.text.encode("latin-1") + b"\0" if self.text else code

    def listing(self) -> str:
        """Return addresses, bytes, instructions and comments as a table."""
        lines, at = [], LOAD_AT
        for one in self.instructions:
            line = f"{at:04x}  {one.code.hex(' '):<18} {one.text:<22}"
            lines.append(f"{line} ; {one.comment}" if one.comment else line.rstrip())
            at += len(one.code)
        if self.text:
            lines.append(f'{at:04x}  {"...":<18} message: "{self.text}", 0')
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.listing()

    def __repr__(self) -> str:
        return f"<program {self.name}: {len(self.code)} bytes>"


def little(value: int, size: int) -> bytes:
    """Return a number as the processor wants it, lowest byte first."""
    return value.to_bytes(size, "little")
