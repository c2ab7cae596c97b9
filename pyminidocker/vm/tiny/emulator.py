"""A processor in Python: what a hypervisor does where the hardware does not help.

It fetches an instruction, does what it says, and goes on, about a thousand times more slowly than
silicon.  That is the oldest way to have a virtual machine.  qemu's TCG is its fast form: it
translates a piece of the guest's code once, and then runs the translation.

Only the instructions of our own guests are known, and 16-bit registers.

See: Intel SDM volume 2; qemu docs/devel/tcg.rst.
"""

import mmap
import time

from pyminidocker.vm.tiny import exits
from pyminidocker.vm.tiny.exits import Exit
from pyminidocker.vm.tiny.program import LOAD_AT

_REGISTERS = "ax cx dx bx sp bp si di".split()  # as their numbers in instructions
_LOOK_AT_CLOCK = 4096  # instructions between two looks


class UnknownInstruction(Exception):
    """The guest's code has an instruction that this processor has not."""


class Processor:
    """Sixteen bits, real mode.

    Args:
        memory: from address 0 on.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self.memory = memory
        self.ip = LOAD_AT
        self.registers = dict.fromkeys(_REGISTERS, 0)
        self.es = 0
        self.zero = False  # the one flag that our programs ask for
        self.control = 0x10  # cr0; bit 0 is protected mode
        self.instructions = 0
        self._wants: str | None = None  # an answer

    def answer(self, value: int | None) -> None:
        """Deliver the byte that the last exit asked for."""
        if self._wants:
            self._set_al((value or 0) & 0xFF)
            self._wants = None

    def enter(self, until: float) -> Exit:
        """Carry out instructions until the guest needs something, or time is up.

        Args:
            until: on the clock ``time.perf_counter``.
        """
        try:
            while True:
                for _ in range(_LOOK_AT_CLOCK):
                    self.instructions += 1
                    exit_ = self._one()
                    if exit_ is not None:
                        return exit_
                if time.perf_counter() > until:
                    return Exit(exits.TIME)
        except (UnknownInstruction, IndexError) as error:
            return Exit(exits.ERROR, detail=str(error))

    def _fetch(self, size: int = 1) -> int:
        value = int.from_bytes(self.memory[self.ip : self.ip + size], "little")
        self.ip += size
        return value

    def _set_al(self, byte: int) -> None:
        self.registers["ax"] = self.registers["ax"] & 0xFF00 | byte

    def _jump_if(self, wanted: bool) -> None:
        distance = self._fetch()
        if wanted:
            self.ip += distance - 256 if distance > 127 else distance

    def _store(self, address: int) -> Exit | None:
        byte = self.registers["ax"] & 0xFF
        if address >= len(self.memory):
            return Exit(exits.WRITE, address, byte)
        self.memory[address] = byte
        return None

    def _system(self) -> Exit | None:
        """What only an operating system does."""
        code = self._fetch()
        if code == 0x20 and self._fetch() == 0xC0:  # mov eax, cr0
            self.registers["ax"] = self.control
        elif code == 0x22 and self._fetch() == 0xC0:  # mov cr0, eax
            self.control = self.registers["ax"]
        elif code == 0x0B and self.control & 1:  # ud2; our guests have no table of handlers
            return Exit(exits.SHUTDOWN)
        else:
            raise UnknownInstruction(f"no instruction known to us before {self.ip:#x}")
        return None

    def _one(self) -> Exit | None:  # noqa: C901 - a processor's table
        at, code, r = self.ip, self._fetch(), self.registers
        wide = code == 0x66  # the prefix that makes 32 bits of 16
        if wide:
            code = self._fetch()
        bits = 32 if wide else 16
        if 0x40 <= code < 0x50:  # inc, dec
            name = _REGISTERS[code & 7]
            r[name] = (r[name] + (1 if code < 0x48 else -1)) % (1 << bits)
            self.zero = r[name] == 0
        elif 0xB8 <= code < 0xC0:  # mov register, number
            r[_REGISTERS[code & 7]] = self._fetch(bits // 8)
        elif code in (0x74, 0x75):  # jz, jnz
            self._jump_if(self.zero == (code == 0x74))
        elif code == 0xEB:  # jmp
            self._jump_if(True)
        elif code == 0xAC:  # lodsb
            self._set_al(self.memory[r["si"]])
            r["si"] = (r["si"] + 1) % 65536
        elif code == 0x08 and self._fetch() == 0xC0:  # or al, al
            self.zero = r["ax"] & 0xFF == 0
        elif code == 0x31 and self._fetch() == 0xFF:  # xor di, di
            r["di"], self.zero = 0, True
        elif code == 0x05:  # add ax, number
            r["ax"] = (r["ax"] + self._fetch(2)) % 65536
            self.zero = r["ax"] == 0
        elif code == 0x8E and self._fetch() == 0xC0:  # mov es, ax
            self.es = r["ax"]
        elif code == 0x26 and self._fetch() == 0xA2:  # mov [es:address], al
            return self._store(self.es * 16 + self._fetch(2))
        elif code == 0xAA:  # stosb
            exit_ = self._store(self.es * 16 + r["di"])
            r["di"] = (r["di"] + 1) % 65536
            return exit_
        elif code == 0xEE:  # out dx, al
            return Exit(exits.OUT, r["dx"], r["ax"] & 0xFF)
        elif code == 0xE4:  # in al, port
            self._wants = exits.IN
            return Exit(exits.IN, self._fetch())
        elif code == 0x0F:
            return self._system()
        elif code == 0x0C:  # or al, number
            self._set_al(r["ax"] & 0xFF | self._fetch())
            self.zero = r["ax"] & 0xFF == 0
        elif code == 0xF4:  # hlt
            return Exit(exits.HALT)
        elif code != 0x90:  # nop
            raise UnknownInstruction(f"no instruction known to us at {at:#x}")
        return None
