"""Whether the memory of processes can be saved here, by asking the program that does it: CRIU.

``docker checkpoint`` is CRIU (Checkpoint/Restore In Userspace) behind an option of experimental
daemons.  It puts code into every process of a container, which writes down memory, registers and
open files; so it depends on the kernel's version and options, and on privilege.  ``criu check`` is
its own word on whether it would work.

This engine hands no containers over to it: see docs/decisions/0024-snapshots.md.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import time

_PATIENCE_S = 10.0
_INSTEAD = (
    "memory stays while a container is paused (minidocker pause CONTAINER); files are kept by "
    "minidocker commit"
)


class Criu:
    """What CRIU says of this host.

    Attributes:
        path: where it is; empty when it is not there.
        works: it would work here.
        said: its first complaint, or ours.
    """

    __slots__ = ("path", "said", "works")

    def __init__(self, path: str, works: bool, said: str) -> None:
        self.path = path
        self.works = works
        self.said = said


def try_criu() -> Criu:
    """Run ``criu check`` once; takes some hundredths of a second, changes nothing."""
    path = shutil.which("criu", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") or ""
    if not path:
        return Criu("", False, "there is no program 'criu' on this host")
    reader, writer = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writer, 1),
        (os.POSIX_SPAWN_DUP2, writer, 2),
    ]
    try:
        child = os.posix_spawn(path, [path, "check"], os.environ, file_actions=actions)
    except OSError as error:
        os.close(reader)
        return Criu(path, False, f"{path} cannot be started: {error.strerror}")
    finally:
        os.close(writer)
    with open(reader, "rb", buffering=0) as pipe:
        said = _read(pipe.fileno())
    if said is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if said is None:
        return Criu(path, False, f"'criu check' did not end within {_PATIENCE_S:g} s")
    works = os.waitstatus_to_exitcode(status) == 0
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error")] or lines
    return Criu(path, works, (errors or ["nothing"])[0])


def _read(fd: int) -> str | None:
    """Return all that a pipe brings; None when its end does not come in time."""
    deadline = time.monotonic() + _PATIENCE_S
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    data = b""
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        piece = os.read(fd, 1 << 14)
        if not piece:
            return data.decode(errors="replace")
        data += piece
    return None


def refusal() -> tuple[str, str]:
    """Return why a container cannot be checkpointed here, and what helps instead."""
    criu = try_criu()
    if criu.works:
        why = (
            "CRIU works on this host, but this engine does not hand containers over to it: they "
            "could not be brought back as children of the lab"
        )
    elif criu.path:
        why = f"CRIU, which would save the memory, does not work on this host: {criu.said}"
    else:
        why = f"CRIU would have to save the memory, and {criu.said}"
    return why, _INSTEAD
