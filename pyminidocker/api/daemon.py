"""``minidockerd``: boot, serve, stop.

The order matters.  Everything that must happen in a small single-threaded process comes first:
directories, lock, socket, then the lab (namespaces, host agent, zygote).  Only then are asyncio,
h11, msgspec and the engine imported, by ``serve``; this module imports next to nothing.

See: docs/decisions/0001-lab-host-and-zygote.md; flock(2); unix(7).
"""

import os
import sys

from pyminidocker import __version__, paths
from pyminidocker.api.options import USAGE, Options, parse, tell
from pyminidocker.errors import Conflict, InvalidArgument, MiniDockerError, SystemFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import NoReturn

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_RUNNING = 3  # another engine has the lock: for a client that is no failure
LOG_LIMIT_BYTES = 1 << 20


def main(argv: list[str] | None = None) -> "NoReturn":
    """Run the engine until it is told to stop; never returns."""
    words = sys.argv[1:] if argv is None else argv
    if "--help" in words or "-h" in words:
        print(USAGE, end="")
        sys.exit(0)
    if "--version" in words:
        print(f"minidockerd {__version__}")
        sys.exit(0)
    try:
        options = parse(words)
    except MiniDockerError as error:
        print(f"minidockerd: {error}\n{error.hint}".rstrip(), file=sys.stderr)
        sys.exit(EXIT_USAGE)
    if argv is None:
        from pyminidocker.kernel.own_program import run_again_read_only

        run_again_read_only()
    if options.ready_fd >= 0:
        os.set_inheritable(options.ready_fd, False)
    if options.detach:
        _detach()
    try:
        _run(options)
    except (MiniDockerError, OSError, ImportError) as error:
        code = EXIT_RUNNING if isinstance(error, AlreadyRunning) else EXIT_FAILED
        _tell_failure(options, error)
        _exit(code)
    except Exception as error:  # noqa: BLE001 - a defect: the log gets all of it
        sys.excepthook(type(error), error, error.__traceback__)
        _tell_failure(options, error)
        _exit(EXIT_FAILED)
    _exit(0)


def _exit(code: int) -> "NoReturn":
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without waiting for worker threads


class AlreadyRunning(Conflict):
    """Another process is this engine."""


def _detach() -> None:
    """Leave the process group, session and terminal of whoever started us.

    See: daemon(7), SysV daemons; setsid(2).
    """
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")


def _tell_failure(options: Options, error: BaseException) -> None:
    """Say what went wrong: to the log or terminal, and to the client that waits."""
    text = " ".join(str(error).split()) or type(error).__name__
    hint = getattr(error, "hint", "")
    if isinstance(error, ModuleNotFoundError):
        text = f"{sys.executable} has no module {error.name!r}"
        hint = "run `make lab`, or set MINIDOCKER_PYTHON to a Python that has pyminidocker's needs"
    if options.ready_fd < 0 or options.has_log:  # else that client's terminal: it will say it
        print(f"minidockerd: {text}" + (f"\nhint: {hint}" if hint else ""), file=sys.stderr)
    kind = "running" if isinstance(error, AlreadyRunning) else "error"
    tell(options, f"{kind} {text}\n{hint}\n")


def _run(options: Options) -> None:
    if options.host_network not in ("lab", "machine"):
        raise InvalidArgument(
            f"invalid host network {options.host_network!r}",
            hint="--host-network and MINIDOCKER_HOST_NETWORK take: lab, machine",
        )
    for directory in (options.run_dir, options.state_dir):
        try:
            paths.ensure_private(directory)
        except OSError as error:
            raise SystemFailure(
                f"cannot use {directory}: {(error.strerror or str(error)).lower()}",
                hint="choose other directories with MINIDOCKER_RUN and MINIDOCKER_ROOT",
            ) from error
    if not options.foreground:
        _log_to_file(options.log_path)
        options.has_log = True
    locks = [
        _lock(f"{options.run_dir}/lock", f"engine {options.name!r} is already running"),
        _lock(f"{options.state_dir}/lock", f"{options.state_dir} is in use by another engine"),
    ]
    listener = bind(options.socket_path)
    try:
        from pyminidocker.kernel.prctl import set_name
        from pyminidocker.runtime.host import create_lab

        set_name("minidockerd")  # what ps shows; not "python"
        os.makedirs(f"{options.run_dir}/etc", mode=0o711, exist_ok=True)  # noqa: PTH103
        lab = create_lab(
            options.name,
            _agent,
            scratch_dir=f"{options.run_dir}/etc",
            machine_network=options.host_network == "machine",
        )
        if sys.flags.no_site:
            import site

            site.main()
        _import_asyncio()
        from pyminidocker.api.serve import serve

        serve(options, lab, listener)
    finally:
        for leftover in (options.socket_path, f"{options.run_dir}/pid"):
            try:
                os.unlink(leftover)  # noqa: PTH108
            except FileNotFoundError:
                pass
        for lock in locks:
            os.close(lock)


def _import_asyncio() -> None:
    """Import asyncio without TLS, which no unix socket needs: 2 MB and 7 ms less."""
    sys.modules["ssl"] = None  # type: ignore[assignment]
    import asyncio  # noqa: F401

    del sys.modules["ssl"]


def _agent(channel: "socket.socket") -> None:
    from pyminidocker.network.agent import agent_main

    agent_main(channel)


def _log_to_file(path: str) -> None:
    """Make the log file standard output and error; the previous one is kept when it got long."""
    try:
        if os.stat(path).st_size > LOG_LIMIT_BYTES:  # noqa: PTH116
            os.replace(path, f"{path}.1")  # noqa: PTH105
    except FileNotFoundError:
        pass
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.close(null)


def _lock(path: str, taken: str) -> int:
    """Take the lock that makes sure there is one engine; held as long as the file is open.

    A killed engine's zygote and agent share its lock for some milliseconds more, so a lock whose
    writer is dead is waited for.
    """
    import fcntl

    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
        if not holder.isdecimal() or os.path.exists(f"/proc/{holder}"):  # noqa: PTH110
            os.close(fd)
            message = f"{taken} (pid {holder})" if holder else taken
            raise AlreadyRunning(message, hint="stop it with: minidocker system stop") from None
        fcntl.flock(fd, fcntl.LOCK_EX)
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def bind(path: str) -> "socket.socket":
    """Bind the API's socket, for its owner only; what a killed engine left there is replaced.

    It does not listen yet: the children forked until then must not accept connections.

    Raises:
        Conflict: some other program listens there.
    """
    import socket

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    else:
        listener.close()
        raise Conflict(
            f"another program listens at {path}",
            hint="stop it, or choose another directory with --run-dir or MINIDOCKER_RUN",
        )
    finally:
        probe.close()
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        pass
    except OSError as error:
        listener.close()
        raise SystemFailure(
            f"cannot use {path} for a socket: {(error.strerror or str(error)).lower()}",
            hint="move it away, or choose another directory with --run-dir or MINIDOCKER_RUN",
        ) from error
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    return listener


if __name__ == "__main__":
    main()
