"""The engine's second half: from the finished lab to the last answer."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from pyminidocker import __version__
from pyminidocker.api.options import Options, tell
from pyminidocker.api.routes.table import build_router
from pyminidocker.api.server import Server
from pyminidocker.engine.engine import Engine
from pyminidocker.runtime.host import Lab

log = logging.getLogger("minidocker.daemon")

BACKLOG = 256
MESSAGE_LIMIT_BYTES = 4096  # PIPE_BUF: in one piece or not at all
# Collections are rarer than Python would have them: most garbage is freed by reference count.
GC_THRESHOLDS = (5_000, 20, 20)


def serve(options: Options, lab: Lab, listener: socket.socket) -> None:
    """Run the engine and its API until SIGTERM or SIGINT.

    Args:
        options: the command line.
        lab: made already; this process lives in it.
        listener: the bound socket.

    Raises:
        MiniDockerError: the engine could not start.
    """
    _allow_many_files()
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    asyncio.run(_serve(options, lab, listener))


async def _serve(options: Options, lab: Lab, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            log.warning("second signal: not waiting for containers any more")
            os._exit(128 + number)
        log.info("%s: stopping", signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    signal.signal(signal.SIGHUP, lambda *_: None)

    engine = Engine(options.state_dir, options.run_dir, lab, options.name)
    engine.on_lab_lost = stop.set
    await engine.start()
    server = Server(engine, build_router(), log_requests=options.log_requests)
    listener.setblocking(False)
    endpoint = await loop.create_unix_server(server, sock=listener, backlog=BACKLOG)
    _write_pid(f"{options.run_dir}/pid")
    log.info("engine %r, version %s, serves %s", options.name, __version__, options.socket_path)
    tell(options, _ready(engine.problems))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)

    await stop.wait()
    endpoint.close()
    try:
        await engine.stop()
    finally:
        server.close()
        lab.close()
    log.info("engine %r has stopped", options.name)


def _ready(problems: list[str]) -> str:
    """Return what the client that started us is told: short enough for one write to a pipe."""
    lines = ["ready"]
    lines += [f"warning {' '.join(problem.split())}" for problem in problems]
    while len("\n".join(lines).encode()) >= MESSAGE_LIMIT_BYTES:
        lines.pop()
    return "\n".join(lines) + "\n"


def _allow_many_files() -> None:
    """Raise the soft limit of open files: a running container takes five, a client one.

    The zygote is there already, so containers keep the limit that the engine was started with.

    See: getrlimit(2), RLIMIT_NOFILE.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _write_pid(path: str) -> None:
    Path(path).write_text(f"{os.getpid()}\n")
