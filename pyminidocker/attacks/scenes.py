"""Attacks in which the host has a part: it starts and executes at the wrong moment.

Each scene sets a trap inside a container or an image and then does what people do every day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.attacks.attack import Attempt
from pyminidocker.attacks.inside.kit import VERDICT
from pyminidocker.attacks.stage import ROUNDS, WHO, ending, tidy, trap
from pyminidocker.attacks.tiny_program import tell_user
from pyminidocker.errors import MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.attacks.arena import Arena


_OWN_PROGRAM = f"""#!/proc/self/exe
import json, os
path = "/proc/self/exe"
info = os.stat(path)
told = f"{{os.readlink(path)}} of uid {{info.st_uid}}, mode {{info.st_mode & 0o777:o}}"
writable = os.access(path, os.W_OK)
told += ", writable" if writable else ", not to be written"
print({VERDICT!r} + json.dumps(["own-program", "succeeded" if writable else "stopped", told]))
"""


def own_program(arena: Arena) -> Attempt:
    """Be a script whose interpreter is /proc/self/exe: the engine's own program, on the host."""
    with tidy(arena):
        image = trap(arena, ("x", "", _OWN_PROGRAM.encode()), base="python")
        try:
            box = arena.engine.run(
                image, ["/x"], detach=True, name=WHO,
                **arena.options(env=["PYTHONHOME=/usr/local"]),
            )  # fmt: skip
        except MiniDockerError as error:
            return arena.stopped(f"the start fails: {error}")
        try:
            return ending(arena, box)
        except MiniDockerError:
            return arena.stopped("the interpreter did not start")


_WATCH_NEWCOMERS = """
import os, sys
seen, tried = {}, 0
home = {os.stat(path).st_dev for path in ("/", "/proc")}
print("ready", flush=True)
while not os.path.exists("/dev/shm/enough"):
    for pid in os.listdir("/proc"):
        if pid.isdigit() and pid not in ("1", str(os.getpid())):
            try:
                fd = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
            except OSError as error:
                seen[error.strerror] = seen.get(error.strerror, 0) + 1
                continue
            tried += 1
            if os.fstat(fd).st_dev not in home:
                print("foreign", os.readlink(f"/proc/self/fd/{fd}"), flush=True)
            os.close(fd)
print("seen", tried, seen, flush=True)
"""


def program_of_an_exec(arena: Arena) -> Attempt:
    """Lie in wait for ``exec`` and open the program of the process that comes in."""
    with tidy(arena):
        box = arena.engine.run(
            "python", ["python3", "-c", _WATCH_NEWCOMERS], detach=True, name=WHO,
            **arena.options(),
        )  # fmt: skip
        lines = box.follow()
        next(lines)
        for _ in range(ROUNDS):
            box.exec(["true"])
        box.exec(["touch", "/dev/shm/enough"])
        told = list(lines)
        foreign = [line for line in told if line.startswith("foreign")]
        if foreign:
            return arena.succeeded(f"{len(foreign)} programs of the host opened: {foreign[0]}")
        return arena.stopped(f"{ROUNDS} processes came in; {told[-1] if told else 'none seen'}")


def _read_upwards(arena: Arena) -> list[str]:
    path = arena.watch.path
    return ["sh", "-c", f"cat .{path} ../../..{path} /proc/self/cwd/../../../..{path}"]


def working_directory(arena: Arena) -> Attempt:
    """Start in /proc/self/fd/N: a directory of the host that the engine's init has open."""
    refusals: set[str] = set()
    for number in range(3, 13):
        try:
            said = arena.run(_read_upwards(arena), "busybox", workdir=f"/proc/self/fd/{number}")
        except MiniDockerError as error:
            refusals.add(str(error).rpartition("process: ")[2])
            continue
        if arena.watch.secret in said.stdout:
            return arena.succeeded(f"-w /proc/self/fd/{number} is a directory of the host")
        refusals.add("a directory of its own")
    return arena.stopped("; ".join(sorted(refusals)[:2]))


def working_directory_of_an_exec(arena: Arena) -> Attempt:
    """The same with ``exec -w``."""
    with tidy(arena):
        box = arena.engine.run("busybox", ["sleep", "60"], detach=True, name=WHO, **arena.options())
        refusals: set[str] = set()
        for number in range(3, 13):
            try:
                said = box.exec(_read_upwards(arena), workdir=f"/proc/self/fd/{number}")
            except MiniDockerError as error:
                refusals.add(str(error).rpartition("process: ")[2])
                continue
            if arena.watch.secret in said.stdout:
                return arena.succeeded(f"exec -w /proc/self/fd/{number} leads to the host")
        return arena.stopped("; ".join(sorted(refusals)[:2]) or "directories of its own")


def root_by_a_program(arena: Arena) -> Attempt:
    """As an ordinary user: run a program that has root's set-user-id bit."""
    if arena.has_single_id:
        return arena.untried("this lab has one user only")
    with tidy(arena):
        box = arena.engine.create(
            "busybox", ["/whoami"], name=WHO, **arena.options(user="65534:65534", read_only=False)
        )
        box.write_file("/whoami", tell_user(), mode=0o4755)
        box.start()
        code = box.wait(20)
        if code == 0:
            return arena.succeeded("the effective user id is 0")
        return arena.stopped(f"the effective user id stays {65534 if code == 254 else code}")
