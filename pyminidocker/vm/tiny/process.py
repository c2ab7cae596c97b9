"""The same machine code as an ordinary process: what the processor forbids there."""

import os
import signal
import sys

from pyminidocker.errors import NotImplementedHere
from pyminidocker.kernel.libc import MACHINE

_RUN = """
import ctypes, mmap, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
code = bytes.fromhex(sys.argv[1])
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory[:len(code)] = code
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
"""
# Stop this processor until something happens: for operating systems only.  And: return.
_HALT = {"x86_64": b"\xf4", "aarch64": b"\x00\x00\x40\xd4"}
_RETURN = {"x86_64": b"\xc3", "aarch64": b"\xc0\x03\x5f\xd6"}


def in_a_process(code: bytes = b"") -> str:
    """Let a process of its own jump to ``code``, and say how it ended.

    Args:
        code: machine code of this machine's processor; a return is put behind it.  By default the
            instruction that halts a processor, ``hlt``.

    Returns:
        ``"came to its end"`` or ``"killed by SIGSEGV"`` and the like.

    Raises:
        NotImplementedHere: neither x86_64 nor aarch64.
    """
    if MACHINE not in _HALT:
        raise NotImplementedHere(f"no machine code of {MACHINE} is known here")
    code = (code or _HALT[MACHINE]) + _RETURN[MACHINE]
    command = [sys.executable, "-I", "-S", "-c", _RUN, code.hex()]
    pid = os.posix_spawn(command[0], command, {})
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    ended = os.waitstatus_to_exitcode(status)
    return "came to its end" if ended == 0 else f"ended with exit code {ended}"
