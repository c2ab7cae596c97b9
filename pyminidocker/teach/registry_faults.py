"""Faults of a registry: a tag that was moved, and a byte that is not what it was.

Both are done to the registry of the lesson; hosts learn of them when they pull.

See: OCI distribution-spec, Pushing manifests; OCI image-spec descriptor.md, Verification.
"""

from __future__ import annotations

import hashlib
import json
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotFound, Unavailable
from pyminidocker.teach.faults import Fault, register
from pyminidocker.teach.surroundings import running_registry

if TYPE_CHECKING:
    from pyminidocker.client.registry_server import RegistryServer
    from pyminidocker.teach.lesson import Lesson

OLD, GOOD, MOVING = "1", "2", "latest"


def tags(registry: RegistryServer, repository: str) -> dict[str, str]:
    """Return tag -> digest of a repository; nothing when it is not there."""
    records = registry.repositories()
    return {one["Tag"]: one["Digest"] for one in records if one["Repository"] == repository}


def digest_of(registry: RegistryServer, repository: str, tag: str) -> str:
    """Return the digest that a tag stands for.

    Raises:
        NotFound: there is no such tag.
    """
    found = tags(registry, repository)
    if tag not in found:
        raise NotFound(
            f"the registry has no {repository}:{tag}",
            hint="run the cells of this section from its beginning",
        )
    return found[tag]


def manifest(registry: RegistryServer, digest: str) -> dict[str, Any]:
    """Return a manifest that a registry has."""
    return dict(json.loads(registry.path_of(digest).read_bytes()))


def move_tag(registry: RegistryServer, repository: str, tag: str, digest: str) -> None:
    """Let a tag stand for a manifest that the repository has.

    Raises:
        Unavailable: the registry refuses.
    """
    body = registry.path_of(digest).read_bytes()
    kind = str(json.loads(body).get("mediaType") or "application/vnd.oci.image.manifest.v1+json")
    connection = HTTPConnection(registry.address, timeout=10)
    try:
        path = f"/v2/{repository}/manifests/{tag}"
        connection.request("PUT", path, body, {"Content-Type": kind})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != 201:
        raise Unavailable(f"the registry answers {status} to a new {repository}:{tag}")


def _move(lesson: Lesson, target: str, tag: str) -> None:
    registry = running_registry(lesson)
    move_tag(registry, target, MOVING, digest_of(registry, target, tag))


def _is_moved(lesson: Lesson, target: str) -> bool:
    found = tags(running_registry(lesson), target)
    return found.get(MOVING) == found.get(OLD)


def largest_layer(registry: RegistryServer, name: str) -> tuple[Path, str]:
    """Return (file, digest) of the largest layer of an image, such as ``atlas:3``.

    Raises:
        NotFound: there is no such image, or the file is not there any more.
    """
    repository, _, tag = name.partition(":")
    layers = manifest(registry, digest_of(registry, repository, tag))["layers"]
    digest = str(max(layers, key=lambda layer: int(layer["size"]))["digest"])
    return registry.path_of(digest), digest


def _flip(lesson: Lesson, target: str) -> None:
    path, _ = largest_layer(running_registry(lesson), target)
    with path.open("r+b") as file:
        middle = path.stat().st_size // 2
        file.seek(middle)
        (byte,) = file.read(1)
        file.seek(middle)
        file.write(bytes([byte ^ 1]))


def is_flipped(lesson: Lesson, target: str) -> bool:
    """Tell whether the largest layer of an image is not what its digest says."""
    path, digest = largest_layer(running_registry(lesson), target)
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" != digest


def _damage(lesson: Lesson, target: str) -> None:
    if not is_flipped(lesson, target):
        _flip(lesson, target)


def _mend(lesson: Lesson, target: str) -> None:
    if is_flipped(lesson, target):
        _flip(lesson, target)


register(
    Fault(
        "moved_tag",
        f"Somebody pushed an image as `{{target}}:{MOVING}`, and went home. Nobody told you which.",
        inject=lambda lesson, target: _move(lesson, target, OLD),
        repair=lambda lesson, target: _move(lesson, target, GOOD),
        broken=_is_moved,
    )
)
register(
    Fault(
        "flipped_byte",
        "The disk of the registry has had a bad night. Nobody can pull `{target}` any more.",
        inject=_damage,
        repair=_mend,
        broken=is_flipped,
    )
)
