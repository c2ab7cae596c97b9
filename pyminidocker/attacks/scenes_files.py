"""Attacks in which the host mounts, copies and imports at the wrong moment.

See: scenes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.attacks.attack import Attempt
from pyminidocker.attacks.stage import IMAGE, ROUNDS, VOLUMES, WHO, archive, fill, tidy, trap
from pyminidocker.errors import MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.attacks.arena import Arena
    from pyminidocker.client.container import Container


def mount_over_a_link(arena: Arena) -> Attempt:
    """Have a volume mounted at a path that is a link to a directory of the host."""
    with tidy(arena):
        host = arena.watch.directory
        links = [("absolute", host, b""), ("relative", f"../../../../..{host}", b"")]
        image, evidence = trap(arena, *links), ""
        for name, _, _ in links:
            try:
                said = arena.run(
                    ["cat", f"/{name}/secret"], image, volumes=[f"{VOLUMES[0]}:/{name}/made"]
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
    with tidy(arena):
        volume = f"{VOLUMES[0]}:/shared"
        try:
            racer = arena.engine.run(
                "python", ["python3", "-c", _EXCHANGE, "/shared", arena.watch.directory],
                detach=True, name=WHO, **arena.options(volumes=[volume], user="0"),
            )  # fmt: skip
        except MiniDockerError as error:
            return arena.stopped(f"the engine refused: {error}")
        next(racer.follow(), "")
        started = 0
        for _ in range(ROUNDS):
            try:
                said = arena.run(
                    ["sh", "-c", "cat /shared/x/secret; ls /shared/x/"], "busybox",
                    volumes=[volume, f"{VOLUMES[1]}:/shared/x/inner"],
                )  # fmt: skip
            except MiniDockerError:
                continue
            started += 1
            if arena.watch.secret in said.stdout:
                return arena.succeeded("the link led the mount to the host")
        if damage := arena.watch.damage():
            return arena.succeeded(damage)
        return arena.stopped(f"{ROUNDS} starts, {started} succeeded, all inside their own root")


def copy_over_a_link(arena: Arena) -> Attempt:
    """Have ``cp`` read and write by a link that leads to the host."""
    with tidy(arena):
        image = trap(arena, ("out", arena.watch.directory, b""))
        box = arena.engine.create(image, ["true"], name=WHO, **arena.options())
        return _copy(arena, box, "/out", rounds=1)


def copy_race(arena: Arena) -> Attempt:
    """Exchange a directory for a link while ``cp`` goes through it."""
    with tidy(arena):
        box = arena.engine.run(
            "python", ["python3", "-c", _EXCHANGE, "/dev/shm", arena.watch.directory],
            detach=True, name=WHO, **arena.options(),
        )  # fmt: skip
        next(box.follow(), "")
        return _copy(arena, box, "/dev/shm/x", rounds=ROUNDS)


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
    with tidy(arena):
        target = "/proc/sys/kernel/core_pattern"
        fill(arena, VOLUMES[0], ("null", target, b""))
        script = f"cat /proc/kcore /proc/keys; (echo x > /proc/kcore) 2>&1; cat {target}"
        try:
            said = arena.run(["sh", "-c", script], "busybox", volumes=[f"{VOLUMES[0]}:/dev"])
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
    with tidy(arena):
        target = "/proc/sysrq-trigger"
        fill(arena, VOLUMES[0], ("console", target, b""))
        script = f"(echo h > {target}) 2>&1; grep -c -e sysrq -e '/proc ' /proc/mounts"
        try:
            said = arena.run(
                ["sh", "-c", script], "busybox", volumes=[f"{VOLUMES[0]}:/dev"], tty=True
            )
        except MiniDockerError as error:
            return arena.stopped(str(error).rpartition("process: ")[2])
        if "devpts" in said.stdout or not said.stdout:
            return arena.succeeded(f"the terminal covers {target}")
        return arena.stopped(said.stdout.splitlines()[0])


def mount_over_proc(arena: Arena) -> Attempt:
    """Replace /proc, or a file in it, so that what the engine writes there goes elsewhere."""
    with tidy(arena):
        image = trap(arena, ("link", "/proc", b""))
        refusals = []
        for place in ("/proc", "/proc/self/attr", "/link/1", "/link/sys"):
            try:
                arena.run(["true"], image, volumes=[f"{VOLUMES[0]}:{place}"])
            except MiniDockerError as error:
                refusals.append(str(error).rpartition("process: ")[2].removesuffix(": unknown"))
                continue
            return arena.succeeded(f"a volume is mounted at {place}")
        return arena.stopped(refusals[-1])


def layer_outside(arena: Arena) -> Attempt:
    """Import an image whose archive has names that lead out of its directory."""
    with tidy(arena):
        host = arena.watch.directory
        tampered = archive(
            (f"../../../../../../../..{host}/planted", "", b"x"),
            ("out", host, b""),
            ("out/planted-too", "", b"x"),
        )
        try:
            arena.engine.import_image(tampered, IMAGE)
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
