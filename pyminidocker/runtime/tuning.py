"""What a container may set of the kernel for itself: sysctls of its namespaces, its OOM score.

See: sysctl(8), namespaces(7), proc_pid_oom_score_adj(5).
"""

import os

from pyminidocker.kernel.fd import open_in_root
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime.operations import Operation
from pyminidocker.runtime.site import Site


class SetSysctl(Operation):
    """Set a parameter that belongs to one of our namespaces: sysctl(8)."""

    stage = "sysctl"
    name: str
    value: str

    def describe(self) -> str:  # noqa: D102
        return f"sysctl -w {self.name}={self.value}"

    def execute(self, site: Site) -> None:  # noqa: D102
        path = f"/proc/sys/{self.name.replace('.', '/')}"
        fd = open_in_root(site.root_fd, path, os.O_WRONLY)
        try:
            os.write(fd, self.value.encode())
        except OSError as error:
            raise SyscallError("write", error.errno or 0, path) from error
        finally:
            os.close(fd)


def set_oom_score_adj(score: int) -> None:
    """Say how early this process and its children go when memory is short.

    Raises:
        SyscallError: EACCES: less than it was needs CAP_SYS_RESOURCE on the machine itself.

    See: proc_pid_oom_score_adj(5).
    """
    path = "/proc/self/oom_score_adj"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, str(score).encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, path) from error
