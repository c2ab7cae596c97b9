"""The same machine code as an ordinary process: what the processor forbids there."""

import os
import signal
import sys

from pyminidocker.errors import NotImplementedHere
from pyminidocker.kernel.libc import MACHINE
from pyminidocker.vm.tiny.program import Program

_RUN = """
import ctypes, mmap, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
code = bytes.fromhex(sys.argv[1])
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory[:len(code)] = code
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
"""
_RETURN = b"\xc3"


def in_a_process(code: Program | bytes) -> str:
    """Let a process of its own jump to ``code``, and say how it ended.

    Args:
        code: machine code that means the same in 64-bit mode, such as ``hlt`` (``f4``); a return
            is put behind it.

    Returns:
        ``"came to its end"`` or ``"killed by SIGSEGV"`` and the like.

    Raises:
        NotImplementedHere: not x86_64.
    """
    if MACHINE != "x86_64":
        raise NotImplementedHere(f"this is machine code of x86_64; this machine is {MACHINE}")
    plain = code.code if isinstance(code, Program) else code
    command = [sys.executable, "-I", "-S", "-c", _RUN, (plain + _RETURN).hex()]
    pid = os.posix_spawn(command[0], command, {})
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    ended = os.waitstatus_to_exitcode(status)
    return "came to its end" if ended == 0 else f"ended with exit code {ended}"
