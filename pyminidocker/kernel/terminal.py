"""Pseudo terminals: a pair of devices that behaves like a keyboard and a screen.

Whoever holds the *master* plays the person; the program gets the other end as its stdin, stdout
and stderr, and as *controlling terminal*, which is what turns a typed Ctrl-C into SIGINT.  A
container gets its terminal from its own devpts instance, so that ``tty`` inside says /dev/pts/0 and
nothing outside can be reached through it.

See: pty(7), devpts in kernel Documentation/filesystems/devpts.rst, tty_ioctl(4).
"""

import fcntl
import os
import struct
import termios

from pyminidocker.kernel.constants import TIOCGPTPEER, TIOCSCTTY, TIOCSPTLCK
from pyminidocker.kernel.libc import SyscallError


def open_pty(multiplexer: str = "/dev/pts/ptmx") -> tuple[int, int]:
    """Make a pseudo terminal and return (master, other end), both close-on-exec.

    The other end is opened through the master (TIOCGPTPEER) and not by its name: the name means
    something else in every mount namespace.

    Args:
        multiplexer: the ptmx device of the devpts instance to use.

    Raises:
        SyscallError: ENOENT (no devpts there), ENOSPC (its ``max``), EIO.

    See: ioctl_tty(2), ioctl_pipe TIOCGPTPEER; pts(4).
    """
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    try:
        master = os.open(multiplexer, flags)
    except OSError as error:
        raise SyscallError("open", error.errno or 0, multiplexer) from error
    try:
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
        return master, fcntl.ioctl(master, TIOCGPTPEER, flags)
    except OSError as error:
        os.close(master)
        raise SyscallError("ioctl", error.errno or 0, "TIOCGPTPEER") from error


def make_controlling(tty_fd: int) -> None:
    """Make ``tty_fd`` the controlling terminal of the calling session leader.

    Raises:
        SyscallError: EPERM (not a session leader, or it has a terminal already).

    See: TIOCSCTTY(2const).
    """
    try:
        fcntl.ioctl(tty_fd, TIOCSCTTY, 0)
    except OSError as error:
        raise SyscallError("ioctl", error.errno or 0, "TIOCSCTTY") from error


def set_size(fd: int, rows: int, cols: int) -> None:
    """Set a terminal's size; the foreground processes get SIGWINCH when it changes.

    Args:
        fd: either end.
        rows: height, characters.
        cols: width, characters.

    Raises:
        SyscallError: ENOTTY.

    See: TIOCSWINSZ(2const).
    """
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    except OSError as error:
        raise SyscallError("ioctl", error.errno or 0, "TIOCSWINSZ") from error


def get_size(fd: int) -> tuple[int, int]:
    """Return a terminal's (rows, columns).

    Raises:
        SyscallError: ENOTTY.

    See: TIOCGWINSZ(2const).
    """
    try:
        packed = fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError as error:
        raise SyscallError("ioctl", error.errno or 0, "TIOCGWINSZ") from error
    rows, cols, _, _ = struct.unpack("HHHH", packed)
    return rows, cols
