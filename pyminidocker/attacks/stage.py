"""What scenes are made of: things that are tidied up, traps in images, verdicts.

See: scenes, scenes_files.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyminidocker.attacks.attack import Attempt
from pyminidocker.errors import NotFound

if TYPE_CHECKING:
    from pyminidocker.attacks.arena import Arena
    from pyminidocker.client.container import Container

ROUNDS = 12
IMAGE = "attack-scene:trap"
VOLUMES = ("attack-scene", "attack-scene-2")
WHO = "attack-scene"


@contextmanager
def tidy(arena: Arena) -> Iterator[None]:
    """Remove what a scene made, also what an interrupted one left."""
    _clear(arena)
    try:
        yield
    finally:
        _clear(arena)


def _clear(arena: Arena) -> None:
    api = arena.engine.api
    for name in (WHO, f"{WHO}-2"):
        try:
            api.container_remove(name, force=True, volumes=True)
        except NotFound:
            pass
    for name in VOLUMES:
        try:
            api.volume_remove(name)
        except NotFound:
            pass
    try:
        api.image_remove(IMAGE)
    except NotFound:
        pass


def archive(*members: tuple[str, str, bytes]) -> bytes:
    """Return a tar of (name, link target, content); with a target it is a symbolic link."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, target, content in members:
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if target:
                member.type, member.linkname = tarfile.SYMTYPE, target
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def trap(arena: Arena, *members: tuple[str, str, bytes], base: str = "busybox") -> str:
    """Make an image with these files in it and return its name."""
    maker = arena.engine.create(base, ["true"], name=WHO)
    try:
        arena.engine.api.archive_put(maker.id, "/", archive(*members))
        maker.commit(IMAGE)
    finally:
        maker.remove(force=True)
    return IMAGE


def ending(arena: Arena, box: Container) -> Attempt:
    """Read the verdict of a program that has ended."""
    from pyminidocker.attacks.run import verdicts

    code = box.wait(20)
    logs = box.logs()
    return verdicts(arena, [arena.attack], logs.stdout, logs.stderr, code)[arena.attack.id]


def fill(arena: Arena, volume: str, *members: tuple[str, str, bytes]) -> None:
    """Put files into a volume, as another container could have done."""
    with arena.engine.create("busybox", ["true"], volumes=[f"{volume}:/v"]) as box:
        arena.engine.api.archive_put(box.id, "/v", archive(*members))
