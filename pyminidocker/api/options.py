"""The command line of ``minidockerd``, and the way to answer whoever started it.

Imported before the lab is made: it needs next to nothing itself.

See: unix(7) for the length of a socket's path.
"""

import os

from pyminidocker import paths
from pyminidocker.errors import InvalidArgument

USAGE = """\
usage: minidockerd [--name NAME] [--run-dir DIR] [--state-dir DIR] [--host-network lab|machine]
                   [--foreground] [--log-requests]

The engine behind `minidocker`; clients start it by themselves.

  --name NAME       which of your engines (default: default)
  --run-dir DIR     where its socket, lock and log are
  --state-dir DIR   where its images, containers and volumes are
  --host-network W  what `--network host` is: the lab host (lab, the default), or this machine's
                    own network (machine); also $MINIDOCKER_HOST_NETWORK
  --foreground      log to standard error instead of DIR/daemon.log
  --log-requests    log every API request
  --version         print the version and exit
"""
SOCKET_PATH_LIMIT = 107


class Options:
    """What the command line says.

    Attributes:
        name: the engine's name.
        run_dir: socket, lock, pid file, log.
        state_dir: what must survive.
        host_network: ``lab`` or ``machine``.
        foreground: log to standard error.
        log_requests: log every request.
        detach: leave the caller's session and process group (for autostart).
        has_log: standard error is the log by now.
        ready_fd: where to say "ready" or what went wrong, or -1.
    """

    def __init__(self) -> None:
        self.name = paths.DEFAULT_ENGINE
        self.run_dir = self.state_dir = ""
        self.host_network = os.environ.get("MINIDOCKER_HOST_NETWORK", "") or "lab"
        self.foreground = self.log_requests = self.detach = self.has_log = False
        self.ready_fd = -1

    @property
    def socket_path(self) -> str:
        """Where the API listens."""
        return f"{self.run_dir}/minidocker.sock"

    @property
    def log_path(self) -> str:
        """Where the log is."""
        return f"{self.run_dir}/daemon.log"


def parse(argv: list[str]) -> Options:
    """Read the command line.

    Raises:
        InvalidArgument: an unknown option or a missing value.
    """
    options = Options()
    words = list(argv)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name in ("--foreground", "--log-requests", "--detach") and not equals:
            setattr(options, name[2:].replace("-", "_"), True)
            continue
        if name not in ("--name", "--run-dir", "--state-dir", "--host-network", "--ready-fd"):
            raise InvalidArgument(f"unknown option {name}", hint="see minidockerd --help")
        if not equals:
            if not words:
                raise InvalidArgument(f"option {name} needs a value")
            value = words.pop(0)
        if name == "--ready-fd":
            options.ready_fd = int(value)
        else:
            setattr(options, name[2:].replace("-", "_"), value)
    if not paths.is_engine_name(options.name):
        raise InvalidArgument(
            f"invalid engine name {options.name!r}: letters, digits, - and _ only"
        )
    options.run_dir = os.path.abspath(options.run_dir or paths.run_root(options.name))  # noqa: PTH100
    options.state_dir = os.path.abspath(options.state_dir or paths.state_root(options.name))  # noqa: PTH100
    if len(options.socket_path.encode()) > paths.SOCKET_PATH_LIMIT:
        raise InvalidArgument(
            f"the socket's path is too long ({len(options.socket_path)} bytes, at most"
            f" {paths.SOCKET_PATH_LIMIT}): {options.socket_path}",
            hint="choose a shorter directory with --run-dir or MINIDOCKER_RUN",
        )
    return options


def tell(options: Options, message: str) -> None:
    """Write to the client that started us, once; it may be gone."""
    if options.ready_fd < 0:
        return
    try:
        os.write(options.ready_fd, message.encode())
        os.close(options.ready_fd)
    except OSError:
        pass
    options.ready_fd = -1
