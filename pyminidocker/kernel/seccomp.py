"""seccomp: a filter that the kernel runs before every system call of a process.

The filter is a program for the BPF machine, the same that tcpdump uses: it loads 32-bit words of
a small record (the call's number, the processor, six arguments), compares, jumps forward only, and
ends by returning what to do.  ``compile_filter`` makes one from a table.  Calls next to each other
with the same fate form a range, and the ranges are searched by halving, so that a call costs about
seven comparisons and not the 300 of a plain list.

See: seccomp(2), kernel Documentation/userspace-api/seccomp_filter.rst.
"""

import ctypes
import struct

from pyminidocker.kernel.constants import (
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO,
    SECCOMP_SET_MODE_FILTER,
)
from pyminidocker.kernel.libc import MACHINE, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOW = SECCOMP_RET_ALLOW

# struct sock_filter: code, jump if true, jump if false, constant.
_INSTRUCTION = struct.Struct("HBBI")
_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP = 0x05  # BPF_JMP | BPF_JA
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_IF_ABOVE = 0x25  # BPF_JMP | BPF_JGT | BPF_K
_JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_LONGEST_JUMP = 255
_NR_SECCOMP = {"x86_64": 317, "aarch64": 277}

# struct seccomp_data: number, processor, instruction pointer (64 bits), six arguments (64 bits).
_NUMBER_OFFSET = 0
_PROCESSOR_OFFSET = 4
_ARGUMENTS_OFFSET = 16

Instruction = tuple[int, int, int, int]


def fail_with(errno: int) -> int:
    """Return the action that lets a call fail with ``errno``; 0 pretends that it succeeded.

    See: seccomp(2) SECCOMP_RET_ERRNO.
    """
    return SECCOMP_RET_ERRNO | errno


class Case:
    """An action that depends on an argument.

    Args:
        argument: its index, 0 to 5.
        mask: the bits looked at, of 64; all of them unless ``comparison`` is ``==``.
        value: what they are compared with.
        action: what then happens.
        comparison: ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``, of unsigned numbers.
    """

    __slots__ = ("action", "argument", "comparison", "mask", "value")

    def __init__(
        self, argument: int, mask: int, value: int, action: int, comparison: str = "=="
    ) -> None:
        self.argument = argument
        self.mask = mask
        self.value = value
        self.action = action
        self.comparison = comparison


class Choice:
    """Cases tried in order, and what happens when none fits.

    Where several arguments must fit at once, a case is a pair: a list of cases, whose own actions
    do not count, and the action.
    """

    __slots__ = ("cases", "otherwise")

    def __init__(self, cases: "Sequence[Case | tuple[list[Case], int]]", otherwise: int) -> None:
        self.cases = cases
        self.otherwise = otherwise


Fate = int | Choice


def compile_filter(
    table: dict[int, Fate], *, default: int, beyond: int, foreign: int, processor: int
) -> bytes:
    """Return a BPF program for a table of calls.

    Args:
        table: system call number -> action.
        default: for numbers that are not in ``table``.
        beyond: for numbers above the highest one in ``table``: calls newer than the table.
        foreign: for calls by another processor's conventions (32-bit programs).
        processor: AUDIT_ARCH_* of this one.

    See: seccomp_filter.rst, bpf(4).
    """
    ranges: list[tuple[int, Fate]] = [(0, default)]  # (first number, its fate and that of the next)
    following = 0
    for number in sorted(table):
        if number > following and ranges[-1][1] != default:
            ranges.append((following, default))
        if ranges[-1][1] != table[number]:
            ranges.append((number, table[number]))
        following = number + 1
    ranges.append((following, beyond))
    if ranges[0][0] == ranges[1][0]:
        del ranges[0]
    program: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _PROCESSOR_OFFSET),
        (_JUMP_IF_EQUAL, 1, 0, processor),
        (_RETURN, 0, 0, foreign),
        (_LOAD_WORD, 0, 0, _NUMBER_OFFSET),
        *_search(ranges),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


def _search(ranges: list[tuple[int, Fate]]) -> list[Instruction]:
    """Return code that finds the range of the loaded number by halving."""
    if len(ranges) == 1:
        return _decide(ranges[0][1])
    middle = len(ranges) // 2
    low, high = _search(ranges[:middle]), _search(ranges[middle:])
    first = ranges[middle][0]
    if len(low) <= _LONGEST_JUMP:
        return [(_JUMP_IF_AT_LEAST, len(low), 0, first), *low, *high]
    return [(_JUMP_IF_AT_LEAST, 0, 1, first), (_JUMP, 0, 0, len(low)), *low, *high]


def _decide(fate: Fate) -> list[Instruction]:
    if isinstance(fate, int):
        return [(_RETURN, 0, 0, fate)]
    code: list[Instruction] = []
    for case in fate.cases:
        conditions, action = ([case], case.action) if isinstance(case, Case) else case
        # From the last to the first: each knows how much it has to jump over.
        block: list[Instruction] = [(_RETURN, 0, 0, action)]
        for condition in reversed(conditions):
            block = [*_compare(condition, len(block)), *block]
        code += block
    return [*code, (_RETURN, 0, 0, fate.otherwise)]


def _compare(case: Case, following: int) -> list[Instruction]:
    """Return code that goes on when the case fits and else jumps over what follows.

    Both processors store the low word first; the high one decides unless it is equal.
    """
    offset = _ARGUMENTS_OFFSET + 8 * case.argument
    if case.comparison == "==":
        return _compare_bits(case, offset, following)
    high: Instruction = (_LOAD_WORD, 0, 0, offset + 4)
    low: Instruction = (_LOAD_WORD, 0, 0, offset)
    high_value, low_value = case.value >> 32, case.value & 0xFFFFFFFF
    if case.comparison == "!=":
        return [
            high, (_JUMP_IF_EQUAL, 0, 2, high_value),
            low, (_JUMP_IF_EQUAL, following, 0, low_value),
        ]  # fmt: skip
    last = _JUMP_IF_ABOVE if case.comparison in (">", "<=") else _JUMP_IF_AT_LEAST
    if case.comparison in (">", ">="):
        return [
            high, (_JUMP_IF_ABOVE, 3, 0, high_value),
            (_JUMP_IF_EQUAL, 0, 2 + following, high_value),
            low, (last, 0, following, low_value),
        ]  # fmt: skip
    return [
        high, (_JUMP_IF_ABOVE, 3 + following, 0, high_value),
        (_JUMP_IF_EQUAL, 0, 2, high_value),
        low, (last, following, 0, low_value),
    ]  # fmt: skip


def _compare_bits(case: Case, offset: int, following: int) -> list[Instruction]:
    code: list[Instruction] = []
    for shift in (0, 32):
        mask, value = case.mask >> shift & 0xFFFFFFFF, case.value >> shift & 0xFFFFFFFF
        if mask:
            test: list[Instruction] = [(_LOAD_WORD, 0, 0, offset + shift // 8)]
            if mask != 0xFFFFFFFF:
                test.append((_AND, 0, 0, mask))
            code = [*test, (_JUMP_IF_EQUAL, 0, len(code) + following, value), *code]
    return code


def load(program: bytes) -> None:
    """Put the calling thread and all its future children under a filter, for good.

    Args:
        program: from ``compile_filter``.

    Raises:
        SyscallError: EACCES (neither CAP_SYS_ADMIN nor no_new_privs), EINVAL (no such program).

    See: seccomp(2).
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: number of instructions, padding, address.
    fprog = struct.pack("HxxxxxxQ", len(program) // _INSTRUCTION.size, ctypes.addressof(buffer))
    syscall("seccomp", _NR_SECCOMP[MACHINE], SECCOMP_SET_MODE_FILTER, 0, fprog)
