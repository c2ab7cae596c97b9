"""Our own program file, out of reach of the programs we start: CVE-2019-5736.

/proc/self/exe is a door to the file a process runs, wherever that is mounted.  A container whose
command is a script that begins with ``#!/proc/self/exe`` gets the program of whoever executes it:
the Python this engine runs in, a file of the host.  Where root in the container has the uid of that
file's owner, it could write to it as soon as nobody runs it any more.  runc runs from a copy of
itself; we run from a read-only mount of the file, whose pages are still shared with everybody else.

See: proc_pid_exe(5), fexecve(3), open_tree(2); https://nvd.nist.gov/vuln/detail/CVE-2019-5736.
"""

import os
import socket
import sys

from pyminidocker.kernel import mount_api
from pyminidocker.kernel.constants import CLONE_NEWNS, CLONE_NEWUSER, MOUNT_ATTR_RDONLY
from pyminidocker.kernel.fd import receive_with_fds, send_with_fds
from pyminidocker.kernel.namespaces import unshare

_OWN = "/proc/self/exe"


def is_writable() -> bool:
    """Tell whether this process could write to its own program file, were it not running.

    See: access(2).
    """
    return os.access(_OWN, os.W_OK)


def run_again_read_only() -> None:
    """Execute this very command again, from a read-only mount; returns when that is not needed.

    It also returns when the host forbids it: then there will be no lab either, and the error of
    that says why.

    See: fexecve(3).
    """
    if not is_writable():
        return
    program_fd = _read_only_mount()
    if program_fd < 0:
        return
    try:
        # The name it was called by leads Python to its library.
        os.execve(program_fd, [sys.executable, *sys.orig_argv[1:]], os.environ)  # noqa: S606
    except OSError:
        os.close(program_fd)


def _read_only_mount() -> int:
    """Return our program file as a detached mount, or -1.

    Mounting takes power over a mount namespace, so a child makes one, in a user namespace of its
    own, and sends the result.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            unshare(CLONE_NEWUSER | CLONE_NEWNS)
            mount_fd = mount_api.open_tree(os.readlink(_OWN))
            mount_api.mount_setattr(mount_fd, MOUNT_ATTR_RDONLY)
            send_with_fds(theirs, b"!", [mount_fd])
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        _, fds = receive_with_fds(ours)
    os.waitpid(pid, 0)
    return fds[0] if fds else -1
