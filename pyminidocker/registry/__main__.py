"""``python -m pyminidocker.registry``: serve a directory as a registry.

Whoever starts it from a notebook or by ``minidocker registry serve`` has made the sockets already
and tells the rest by a pipe (``--told FD``), so that no password shows in the list of processes.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any, NoReturn

_ROOT = __file__.removesuffix("/pyminidocker/registry/__main__.py")
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from pyminidocker.errors import MiniDockerError  # noqa: E402
from pyminidocker.registry import disk  # noqa: E402
from pyminidocker.registry.control import Control  # noqa: E402
from pyminidocker.registry.server import Server, Settings, listen  # noqa: E402

DEFAULT_PORT = 5000


def main(words: list[str]) -> int:
    """Run a registry; returns the exit code."""
    options = _parser().parse_args(words)
    try:
        if options.told is not None:
            return _serve_told(options.told)
        host, port = address(options.listen)
        settings = Settings(
            root=os.path.abspath(options.root),
            users=dict(users(options.user, options.users_file)),
            read_only=options.read_only,
            certificate=options.tls_certificate,
            key=options.tls_key,
            log_requests=not options.quiet,
        )
        server = Server(settings, listener := listen(host, port))
        _end_on_signals(server, None)
        _announce(settings, listener)
        server.run()
    except MiniDockerError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        print(f"registry: {error}{hint}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" {error.filename}" if error.filename else f" {options.listen}"
        print(f"registry: {(error.strerror or str(error)).lower()}:{where}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pyminidocker.registry",
        description="Serve a directory as a registry, for docker, podman, skopeo and minidocker.",
    )
    parser.add_argument("--root", default="registry", help="directory of the content")
    parser.add_argument(
        "--listen",
        default=f"127.0.0.1:{DEFAULT_PORT}",
        metavar="HOST:PORT",
        help="address to listen at (default %(default)s); 0.0.0.0:5000 lets other machines in",
    )
    parser.add_argument("--read-only", action="store_true", help="refuse all changes")
    parser.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="let only such users in; may be repeated",
    )
    parser.add_argument("--users-file", default="", metavar="FILE", help="NAME:PASSWORD in lines")
    parser.add_argument("--tls-certificate", default="", metavar="FILE", help="serve HTTPS (PEM)")
    parser.add_argument("--tls-key", default="", metavar="FILE", help="key of the certificate")
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    parser.add_argument("--told", type=int, default=None, help=argparse.SUPPRESS)
    return parser


def address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, ``[::]:PORT``, ``HOST`` or ``:PORT``.

    Raises:
        SystemExit: it is none of those; exit code 2.
    """
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(DEFAULT_PORT)
    if not port.isdecimal() or int(port) > 65535:
        print(f"registry: invalid address {text}: HOST:PORT is expected", file=sys.stderr)
        sys.exit(2)
    return host.strip("[]"), int(port)


def users(given: list[str], file: str) -> list[tuple[str, str]]:
    """Return (name, password) of all who may come in.

    Raises:
        SystemExit: a line without a name or password; exit code 2.
    """
    lines = list(given)
    if file:
        with open(file, encoding="utf-8") as opened:
            lines += [line.strip() for line in opened if line.strip() and line[0] != "#"]
    found = []
    for line in lines:
        name, colon, password = line.partition(":")
        if not name or not colon or not password:
            print("registry: a user is written as NAME:PASSWORD", file=sys.stderr)
            sys.exit(2)
        found.append((name, password))
    return found


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    place = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.certificate else "http"
    how = ", read-only" if settings.read_only else ""
    print(f"registry: {settings.root} at {scheme}://{place}:{port}{how}", flush=True)


def _serve_told(fd: int) -> int:
    """Serve what the pipe ``fd`` describes: see ``client/registry_start.py``."""
    with os.fdopen(fd, "rb") as pipe:
        told: dict[str, Any] = json.loads(pipe.read())
    kept = [told[name] for name in ("listener", "control", "holder") if told[name] >= 0]
    if told["background"]:
        if os.fork():
            os._exit(0)  # whoever started us need not wait for us
        os.setsid()
        os.chdir("/")
        for name in os.listdir("/proc/self/fd"):  # what else the starter happened to pass on
            if int(name) > 2 and int(name) not in kept:
                with contextlib.suppress(OSError):
                    os.close(int(name))
    for number in kept:
        os.set_inheritable(number, False)
    settings = Settings(**told["settings"])
    try:
        server = Server(settings, listener := socket.socket(fileno=told["listener"]))
    except BaseException:
        disk.remove_file(told["control_path"])
        raise
    control = Control(
        socket.socket(fileno=told["control"]),
        {**told["about"], "Since": time.time()},
        server.journal,
        None if settings.read_only else server.store.clear,
        lambda: _clean(server, told),
    )
    _end_on_signals(server, told)
    if told["holder"] >= 0:
        control.hold(socket.socket(fileno=told["holder"]))
    threading.Thread(target=control.run, daemon=True).start()
    if not told["background"]:
        _announce(settings, listener)
    server.run()
    # Somebody is ending us, and does so when he has cleaned up.
    threading.Event().wait()
    return 0


def _clean(server: Server, told: dict[str, Any] | None) -> None:
    """Leave nothing behind: the port, the control socket, a directory of our own."""
    server.close()
    if told is not None:
        disk.remove_file(told["control_path"])
        if told["is_temporary"]:
            disk.remove_tree(server.settings.root)
            disk.remove_directory(os.path.dirname(server.settings.root))


def _end_on_signals(server: Server, told: dict[str, Any] | None) -> None:
    def end(*_: object) -> NoReturn:
        _clean(server, told)
        os._exit(0)  # without waiting for threads: what is on disk is right at any moment

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
