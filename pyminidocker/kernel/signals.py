"""Signals: names to numbers, a clean slate for a new program, and SIGCHLD as a descriptor.

A program inherits its parent's blocked and ignored signals through execve.  Python ignores
SIGPIPE, so that without ``reset`` every ``yes | head`` in a container would complain of a broken
pipe instead of ending.

See: signal(7), sigprocmask(2), signalfd(2).
"""

import ctypes
import signal

from pyminidocker.kernel.constants import SFD_CLOEXEC, SFD_NONBLOCK
from pyminidocker.kernel.libc import MACHINE, last_error, libc, syscall

NUMBERS = {name: int(value) for name, value in signal.Signals.__members__.items()}
for _offset in range(1, 16):
    NUMBERS[f"SIGRTMIN+{_offset}"] = int(signal.SIGRTMIN) + _offset
    NUMBERS[f"SIGRTMAX-{_offset}"] = int(signal.SIGRTMAX) - _offset
SIG_DFL, SIG_IGN = 0, 1
_FIRST_REAL_TIME = 32
_SIGACTION_BYTES = 32
_NR_RT_SIGACTION = {"x86_64": 13, "aarch64": 134}.get(MACHINE, -1)
NAMES = {number: name for name, number in reversed(list(NUMBERS.items()))}


def parse_signal(text: str) -> int:
    """Return a signal's number from ``9``, ``KILL``, ``sigkill`` or ``SIGRTMIN+3``.

    Raises:
        ValueError: no such signal.

    See: signal(7) "Signal numbering for standard signals".
    """
    if text.isascii() and text.isdigit():
        number = int(text)
        if 0 < number <= int(signal.SIGRTMAX):
            return number
        raise ValueError(f"no such signal: {text}")
    name = text.upper()
    for candidate in (name, f"SIG{name}"):
        if candidate in NUMBERS:
            return NUMBERS[candidate]
    raise ValueError(f"no such signal: {text}")


def reset_inherited() -> None:
    """Give every signal its default disposition: once, in a process whose children will need it.

    A shell that starts something in the background leaves SIGINT and SIGQUIT ignored.

    See: signal(7) "Signal dispositions".
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    # The C library keeps the first two real-time signals to itself and names them to nobody, but
    # "ignored" is inherited for them as well: some launchers ignore all there are.
    if _NR_RT_SIGACTION > 0:
        for hidden in range(_FIRST_REAL_TIME, signal.SIGRTMIN):
            set_disposition(hidden, SIG_DFL)


def set_disposition(number: int, handler: int) -> None:
    """Default or ignore a signal that the C library does not let anybody touch.

    Args:
        number: the signal.
        handler: ``SIG_DFL`` or ``SIG_IGN``.

    Raises:
        SyscallError: EINVAL: no such signal.

    See: rt_sigaction(2), nptl(7).
    """
    # struct kernel_sigaction: the handler, and zero flags, restorer and mask
    action = handler.to_bytes(8, "little") + bytes(_SIGACTION_BYTES - 8)
    sigset_bytes = 8
    syscall("rt_sigaction", _NR_RT_SIGACTION, number, action, None, sigset_bytes)


def reset() -> None:
    """Undo what the interpreter does to signals, and block none: before execve.

    See: execve(2): handlers are reset by the kernel, "ignored" stays.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def signalfd(numbers: set[int]) -> int:
    """Block ``numbers`` and return a non-blocking descriptor they can be read from instead.

    See: signalfd(2).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    mask = ctypes.c_uint64(sum(1 << (number - 1) for number in numbers))
    # glibc's sigset_t is longer than the kernel's; the rest of it is never looked at.
    padded = (ctypes.c_uint64 * 16)(mask.value)
    fd: int = libc.signalfd(-1, ctypes.byref(padded), SFD_CLOEXEC | SFD_NONBLOCK)
    if fd < 0:
        raise last_error("signalfd")
    return fd
