"""The last steps: from a process inside the container's root to the user's program.

The order is forced by what each step takes away.  The terminal and the working directory need
root; seccomp needs CAP_SYS_ADMIN (or no_new_privs); changing the user needs CAP_SETUID; dropping
from the bounding set needs CAP_SETPCAP; and after capset there is nothing left to do but execve.

Nothing here may import anything when it runs: the root is the container's by then, and a module
found there would be the container's too.

See: execve(2), capabilities(7), seccomp(2), setsid(2); OCI runtime-spec config.md "Process".
"""

import errno
import os
import socket
import stat

from pyminidocker.kernel import caps, mount_api, prctl, rlimit, seccomp, signals, terminal
from pyminidocker.kernel import fd as fds
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import sync, tuning, users
from pyminidocker.runtime.sync import Refusal
from pyminidocker.runtime.tiny_init import fork_under_init

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from pyminidocker.runtime.spec import ProcessSpec

_NULL_DEVICE = os.makedev(1, 3)
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Launch:
    """One program about to be executed.

    Args:
        process: what to run.
        stdio: descriptors for 0, 1, 2, or None.
        channel: where errors and the console go.
        seccomp_filter: the BPF program, empty for none.
        is_first: it becomes the container's first process, and its terminal the console.

    Attributes:
        stage: what is being done, for the error record.
    """

    def __init__(
        self,
        process: "ProcessSpec",
        stdio: list[int] | None,
        channel: socket.socket,
        seccomp_filter: bytes = b"",
        *,
        is_first: bool = False,
    ) -> None:
        self.process = process
        self.stdio = stdio
        self.channel = channel
        self.seccomp_filter = seccomp_filter
        self.is_first = is_first
        self.stage = ""

    def run(
        self, *, as_init: bool = False, instead: "Callable[[], NoReturn] | None" = None
    ) -> "NoReturn":
        """Do everything and execute the program; returns only by an exception.

        Args:
            as_init: stay behind as a reaping pid 1 and execute the program in a child.
            instead: called in place of executing anything.

        Raises:
            SyscallError: the kernel refused a step (``stage`` says which).
            Refusal: no such user, no such program.

        See: execve(2).
        """
        self.prepare()
        if instead is not None:
            self.channel.close()  # as execve does
            instead()
        if as_init:
            fork_under_init(self.process.args, terminal=self.process.terminal)
        self.execute()

    def prepare(self) -> None:
        """Do everything but the execve itself.

        Raises:
            SyscallError: the kernel refused a step.
            Refusal: no such user.

        See: the module.
        """
        process = self.process
        self.stage = "user"
        self.identity = users.resolve(process.user, process.additional_groups)
        self.stage = "terminal"
        self.connect_stdio()
        self.stage = "cwd"
        enter_directory(process.cwd, make=self.is_first)
        if self.is_first and process.oom_score_adj is not None:
            self.stage = "oom_score_adj"
            tuning.set_oom_score_adj(process.oom_score_adj)
        self.stage = "rlimits"
        if process.rlimits:
            for name, soft, hard in process.rlimits:
                rlimit.setrlimit(name, soft, hard)
        self.harden()

    def connect_stdio(self) -> None:
        """Put the terminal, the given descriptors or /dev/null on 0, 1 and 2.

        Raises:
            SyscallError: no pseudo terminal could be made.

        See: dup2(2), pts(4).
        """
        if self.process.terminal:
            master, slave = terminal.open_pty()
            if self.process.rows and self.process.cols:
                terminal.set_size(master, self.process.rows, self.process.cols)
            terminal.make_controlling(slave)
            sync.send(self.channel, {"console": True}, [master])
            os.close(master)
            if self.is_first:
                _bind_console(slave)
            self.stdio = [slave, slave, slave]
        if self.stdio is None:
            self.stdio = [open_null() for _ in range(3)]
        owner = self.identity.uid
        for number, source in enumerate(self.stdio):
            info = os.fstat(source)
            if stat.S_ISCHR(info.st_mode) and info.st_rdev == _NULL_DEVICE:
                # Not the host's, whose mode and owner one could change through the descriptor.
                os.close(source)
                source = open_null()
            elif owner:
                # So that the program may open /dev/stdout, which checks the pipe's owner.
                try:
                    os.fchown(source, owner, -1)
                except OSError:
                    pass
            os.dup2(source, number, inheritable=True)

    def harden(self) -> None:
        """Give up all power that the specification does not grant, for good.

        Raises:
            SyscallError: EPERM, or EINVAL for a user that has no number in this lab.

        See: capabilities(7), seccomp(2), credentials(7).
        """
        process = self.process
        self.stage = "capabilities"
        keep = caps.mask_of(process.capabilities)
        caps.clear_ambient()
        caps.limit_bounding_set(keep)
        if process.no_new_privileges:
            prctl.set_no_new_privs()
            self.give_up_identity(keep)
            self.filter_calls()
        else:
            self.filter_calls()  # which takes CAP_SYS_ADMIN
            self.give_up_identity(keep)

    def filter_calls(self) -> None:
        """Load the seccomp filter, if there is to be one.

        Raises:
            SyscallError: EINVAL (too long a program).

        See: seccomp(2).
        """
        self.stage = "seccomp"
        if self.seccomp_filter:
            seccomp.load(self.seccomp_filter)

    def give_up_identity(self, keep: int) -> None:
        """Become the user, with no more capabilities than ``keep``.

        Raises:
            SyscallError: EPERM, or EINVAL for a user that has no number in this lab.

        See: credentials(7), capabilities(7).
        """
        self.stage = "user"
        become(self.identity)
        self.stage = "capabilities"
        if self.identity.uid == 0:
            caps.capset(keep, keep)
        else:
            caps.capset(0, 0)

    def execute(self) -> "NoReturn":
        """Find the program and turn into it.

        Raises:
            Refusal: not there, not a program, not executable; in Docker's words.

        See: execve(2).
        """
        self.stage = "exec"
        environment = self.environment()
        name = self.process.args[0]
        path = find_program(name, environment.get("PATH", _DEFAULT_PATH))
        fds.close_range(3, on_exec=True)
        signals.reset()
        try:
            os.execve(path, self.process.args, environment)  # noqa: S606
        except OSError as error:
            self.stage = "execve"
            raise _not_executable(error, path) from error

    def environment(self) -> dict[str, str]:
        """Return the environment, with HOME when nobody has set it.

        See: environ(7).
        """
        environment = {}
        for entry in self.process.env:
            name, _, value = entry.partition("=")
            environment[name] = value
        environment.setdefault("HOME", self.identity.home)
        return environment


def open_null() -> int:
    """Open the container's /dev/null, after making sure that it is one.

    A volume over /dev may have a link in its place, to a file that is opened here with root's power
    and handed to a program that may have none: CVE-2025-31133.

    Raises:
        Refusal: it is something else, or is not there.

    See: null(4).
    """
    path = "/dev/null"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refusal(
            f"open {path}: {(error.strerror or '').lower()}", errno.EINVAL, path
        ) from error
    info = os.fstat(fd)
    if not stat.S_ISCHR(info.st_mode) or info.st_rdev != _NULL_DEVICE:
        os.close(fd)
        raise Refusal(f"{path} of the container is not the null device", errno.EINVAL, path)
    return fd


def _bind_console(slave: int) -> None:
    """Show the terminal as /dev/console too: OCI runtime-spec config-linux.md, "terminal"."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
    try:
        os.close(os.open("/dev/console", flags, 0o600))
        tree = mount_api.open_tree("", dirfd=slave)
        mount_api.move_mount(tree, "/dev/console")
        os.close(tree)
    except OSError as error:
        raise SyscallError("mount", error.errno or 0, "/dev/console") from error


def enter_directory(path: str, *, make: bool) -> None:
    """Go to ``path``.

    Args:
        path: an absolute path inside the container.
        make: make it with all its parents when it is missing, as for a container's first process;
            an exec finds it or fails.

    Raises:
        SyscallError: ENOTDIR, EACCES, EROFS.
        Refusal: not absolute, or missing; in runc's words.

    See: chdir(2); moby (*Container).SetupWorkingDirectory.
    """
    if not path.startswith("/"):
        raise Refusal("Cwd must be an absolute path", errno.EINVAL, path)
    try:
        try:
            os.chdir(path)
        except FileNotFoundError as error:
            if not make:
                text = f'chdir to cwd ("{path}") set in config.json failed'
                why = "no such file or directory"
                raise Refusal(f"{text}: {why}", errno.ENOTDIR, path) from error
            os.makedirs(path, exist_ok=True)
            os.chdir(path)
    except OSError as error:
        raise SyscallError("chdir", error.errno or 0, path) from error


def become(identity: users.Identity) -> None:
    """Take on a user's ids.

    Raises:
        SyscallError: EINVAL (the id is not mapped in this lab).

    See: setresuid(2), setgroups(2), user_namespaces(7).
    """
    step = "setgroups"
    try:
        try:
            os.setgroups(identity.groups)
        except PermissionError:
            pass  # an ordinary user's single-id lab: there is only one group to be in, and we are
        step = "setresgid"
        os.setresgid(identity.gid, identity.gid, identity.gid)
        step = "setresuid"
        os.setresuid(identity.uid, identity.uid, identity.uid)
    except OSError as error:
        hint = (
            "this engine has only one user id; install newuidmap (package uidmap) and give the "
            "user a range in /etc/subuid and /etc/subgid"
        )
        who = f"{identity.uid}:{identity.gid}"
        raise SyscallError(step, error.errno or 0, who, hint) from error


def find_program(name: str, path_variable: str) -> str:
    """Return the path of a program, looking along PATH when ``name`` has no slash.

    Raises:
        Refusal: with Docker's words: not found, no permission, a directory.

    See: execvp(3); Go's exec.LookPath.
    """
    if "/" in name:
        try:
            info = os.stat(name)
        except OSError as error:
            why = (error.strerror or "").lower()
            raise Refusal(f'exec: "{name}": stat {name}: {why}', error.errno or 0, name) from error
        if stat.S_ISDIR(info.st_mode):
            raise Refusal(f'exec: "{name}": is a directory', errno.EISDIR, name)
        if not os.access(name, os.X_OK):
            raise Refusal(f'exec: "{name}": permission denied', errno.EACCES, name)
        return name
    for directory in path_variable.split(":"):
        candidate = f"{directory or '.'}/{name}"
        try:
            info = os.stat(candidate)
        except OSError:
            continue
        if stat.S_ISREG(info.st_mode) and os.access(candidate, os.X_OK):
            return candidate
    raise Refusal(f'exec: "{name}": executable file not found in $PATH', errno.ENOENT, name)


def _not_executable(error: OSError, path: str) -> Refusal:
    """Return what runc says of a failed execve."""
    why = (error.strerror or "").lower()
    hint = ""
    if error.errno == errno.ENOENT:
        hint = "the file is there; the interpreter it names (#! line or dynamic loader) is not"
    elif error.errno == errno.ENOEXEC:
        hint = "a program for another processor, or a script without a #! line"
    return Refusal(f"exec {path}: {why}", error.errno or 0, path, hint)
