"""The same machine without KVM: a plan whose processor is ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.vm.tiny.emulator import Processor
from pyminidocker.vm.tiny.exits import ENDS
from pyminidocker.vm.tiny.program import LOAD_AT, Program
from pyminidocker.vm.tiny.steps import LoadProgram, Step, TakeMemory

if TYPE_CHECKING:
    from pyminidocker.vm.tiny.guest import TinyMachine


@dataclass(frozen=True)
class MakeProcessor(Step):
    """A processor that is a Python object."""

    def describe(self) -> str:  # noqa: D102
        return f"Processor(memory): a processor in Python, which begins at {LOAD_AT:#x}"

    def _do(self, guest: TinyMachine) -> None:
        guest.processor = Processor(guest.memory)


@dataclass(frozen=True)
class EmulateGuest(Step):
    """Carry out the guest's instructions; answer its exits; until it ends."""

    seconds: float

    def describe(self) -> str:  # noqa: D102
        return "processor.enter(), again and again: do what the guest says, answer its exits"

    def _do(self, guest: TinyMachine) -> None:
        until = time.perf_counter() + self.seconds
        while not guest.ended:
            began = time.perf_counter()
            why = guest.processor.enter(until)
            why = why._replace(seconds=time.perf_counter() - began)
            guest.exits.append(why)
            guest.ended = why.reason in ENDS
            guest.processor.answer(guest.device(why))


def plan(program: Program, memory_bytes: int, seconds: float) -> tuple[Step, ...]:
    """Return the steps from nothing to a guest that has run."""
    return (
        TakeMemory(memory_bytes),
        LoadProgram(program),
        MakeProcessor(),
        EmulateGuest(seconds),
    )
