"""The bridge to the kernel: one error class, one way to call.

A system call answers with a negative number and ``errno``.  ``SyscallError`` keeps both the errno
and what people need beside it: which call, about which object, and, where the errno alone is
famous for misleading, a hint.  Everything in this room goes through here, so there is one
place to look at when the C library is the question.

See: syscall(2), errno(3).
"""

import ctypes
import errno as errno_names
import os

libc = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine

_raw = libc.syscall
_raw.restype = ctypes.c_long
# c_void_p takes ints (all 64 bits of them), bytes, byref() and None alike.
_raw.argtypes = [ctypes.c_long] + [ctypes.c_void_p] * 6

_HINTS = {
    errno_names.ENOSYS: (
        "this kernel does not have the call, or a seccomp filter around us hides it"
    ),
}


class SyscallError(OSError):
    """The kernel refused a call.

    Args:
        call: the call by its man page name.
        errno: the kernel's error number.
        path: the object the call was about, when it has a name.
        hint: why this usually happens and what to try.
    """

    def __init__(self, call: str, errno: int, path: str = "", hint: str = "") -> None:
        super().__init__(errno, os.strerror(errno), path or None)
        self.call = call
        self.path = path
        self.hint = hint or _HINTS.get(errno, "")

    def __str__(self) -> str:
        about = f" {self.path}" if self.path else ""
        return f"{self.call}{about}: {self.strerror}"


def last_error(call: str, path: str = "", hint: str = "") -> SyscallError:
    """Return a SyscallError from the C library's errno, which is ours per thread.

    See: errno(3).
    """
    return SyscallError(call, ctypes.get_errno(), path, hint)


# An int, bytes, a ctypes reference or None: ctypes checks it at the call.
Argument = object


def syscall(
    call: str,
    number: int,
    a: Argument = 0,
    b: Argument = 0,
    c: Argument = 0,
    d: Argument = 0,
    e: Argument = 0,
    f: Argument = 0,
    *,
    path: str = "",
) -> int:
    """Make a system call by number and return its result.

    Args:
        call: its name, for errors.
        number: its number on this machine.
        a: first argument: an int, bytes (a C string), a ctypes reference or None; b to f alike.
        b: second argument.
        c: third argument.
        d: fourth argument.
        e: fifth argument.
        f: sixth argument.
        path: the object, for errors.

    Raises:
        SyscallError: the result was negative.

    See: syscall(2).
    """
    result: int = _raw(number, a, b, c, d, e, f)
    if result < 0:
        raise SyscallError(call, ctypes.get_errno(), path)
    return result
