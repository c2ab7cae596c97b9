"""Volumes, binds and tmpfs of a container: from what the user wrote to resolved mount points.

Precedence as with Docker (daemon/volumes.go): volumes of other containers (``--volumes-from``),
then ``-v`` and ``--mount``, then the image's own volumes where nothing is mounted yet.
"""

import os
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyminidocker.engine.records import ContainerRecord, HostOptions, MountPoint, MountRequest
from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.runtime.spec import Mount

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

_PROPAGATIONS = frozenset(("shared", "rshared", "slave", "rslave", "private", "rprivate"))
_NOT_PROC = '"/proc" cannot be mounted because it is not of type proc'  # runc's checkProcMount
_IGNORED_MODES = frozenset(("z", "Z", "consistent", "cached", "delegated", "copy", ""))


@dataclass(slots=True)
class Resolved:
    """All mounts of a new container.

    Attributes:
        points: by destination.
        to_fill: destinations of volumes that take over what the image has there, when empty.
        made: names of volumes that were made for this container.
    """

    points: list[MountPoint] = field(default_factory=list)
    to_fill: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)


def parse_bind(text: str) -> MountRequest:
    """Read one ``-v`` value: ``/host:/inside[:ro]``, ``volume:/inside[:nocopy]``, ``/inside``.

    Raises:
        InvalidArgument: with moby's words (volume/mounts/linux_parser.go).
    """
    parts = text.split(":")
    if len(parts) == 1 and text:
        request = MountRequest(type="volume", target=text)  # one without a name
        _check_target(request, text)
        return request
    if not 2 <= len(parts) <= 3 or not parts[0] or not parts[1]:
        raise InvalidArgument(f"invalid volume specification: '{text}'")
    request = MountRequest(source=parts[0], target=parts[1])
    request.type = "bind" if parts[0].startswith("/") else "volume"
    for mode in parts[2].split(",") if len(parts) == 3 else ():
        if mode in ("ro", "rw"):
            request.read_only = mode == "ro"
        elif mode == "nocopy":
            request.no_copy = True
        elif mode in _PROPAGATIONS:
            request.propagation = mode
        elif mode not in _IGNORED_MODES:
            raise InvalidArgument(f"invalid mode: {parts[2]}")
    _check_target(request, text)
    return request


def _check_target(request: MountRequest, spec: str) -> None:
    target = request.target
    if posixpath.normpath(target) == "/":
        raise InvalidArgument(
            f"invalid volume specification: '{spec}': invalid mount config for type"
            f" \"{request.type}\": invalid specification: destination can't be '/'"
        )
    if not target.startswith("/"):
        raise InvalidArgument(
            f"invalid volume specification: '{spec}': invalid mount path: '{target}' mount path"
            " must be absolute"
        )


def check_mount(request: MountRequest) -> None:
    """Check one ``--mount``.

    Raises:
        InvalidArgument: with moby's words (volume/mounts/validate.go).
    """
    prefix = f'invalid mount config for type "{request.type}": '
    if request.type not in ("bind", "volume", "tmpfs"):
        raise InvalidArgument(f"{prefix}mount type unknown")
    if not request.target:
        raise InvalidArgument(f"{prefix}field Target must not be empty")
    if posixpath.normpath(request.target) == "/":
        raise InvalidArgument(f"{prefix}invalid specification: destination can't be '/'")
    if not request.target.startswith("/"):
        raise InvalidArgument(
            f"{prefix}invalid mount path: '{request.target}' mount path must be absolute"
        )
    if request.type == "bind":
        if not request.source:
            raise InvalidArgument(f"{prefix}field Source must not be empty")
        if not request.source.startswith("/"):
            raise InvalidArgument(
                f"{prefix}invalid mount path: '{request.source}' mount path must be absolute"
            )
        # Unlike -v, --mount never makes the directory.
        if not os.path.lexists(request.source):
            raise InvalidArgument(f"{prefix}bind source path does not exist: {request.source}")
    elif request.type == "tmpfs" and request.source:
        raise InvalidArgument(f"{prefix}field Source must not be specified")


def resolve(engine: "Engine", host: HostOptions, image_volumes: list[str]) -> Resolved:
    """Decide all mounts of a new container, making the volumes it needs.

    Args:
        engine: whose volumes.
        host: the user's options.
        image_volumes: paths that must be volumes (``VOLUME``, ``-v /path``).

    Raises:
        InvalidArgument: malformed, one destination twice, no such container to take volumes from.
    """
    requests = [parse_bind(text) for text in host.binds]
    for request in host.mounts:
        check_mount(request)
        requests.append(request)
    taken = {posixpath.normpath(path) for path in host.tmpfs}
    if "/proc" in taken or "/proc" in map(posixpath.normpath, image_volumes):
        raise InvalidArgument(_NOT_PROC)
    for request in requests:
        destination = posixpath.normpath(request.target)
        if destination == "/proc":
            raise InvalidArgument(_NOT_PROC)
        if destination in taken:
            raise InvalidArgument(f"Duplicate mount point: {request.target}")
        taken.add(destination)
    points: dict[str, MountPoint] = {}
    for item in host.volumes_from:
        _take_over(engine, item, points)
    requests.extend(
        MountRequest(type="volume", target=path)
        for path in image_volumes
        if posixpath.normpath(path) not in taken and posixpath.normpath(path) not in points
    )
    resolved = Resolved()
    try:
        for request in requests:
            destination = posixpath.normpath(request.target)
            points[destination] = _point(engine, request, destination, resolved.made)
            if request.type == "volume" and not request.no_copy:
                resolved.to_fill.append(destination)
    except BaseException:
        engine.volumes.discard_new(resolved.made)
        raise
    resolved.points = [points[destination] for destination in sorted(points)]
    return resolved


def _take_over(engine: "Engine", item: str, points: dict[str, MountPoint]) -> None:
    ref, _, mode = item.partition(":")
    if mode not in ("", "ro", "rw"):
        raise InvalidArgument(f"invalid mode: {mode}")
    try:
        source = engine.containers.get(ref)
    except NotFound as error:
        # Not a NotFound: docker would go and pull the image.
        raise InvalidArgument(str(error)) from error
    for mount in source.record.mounts:
        points[mount.destination] = MountPoint(
            type=mount.type,
            source=mount.source,
            destination=mount.destination,
            name=mount.name,
            driver=mount.driver,
            mode=mount.mode,
            rw=mount.rw and mode != "ro",
            propagation=mount.propagation,
        )


def _point(
    engine: "Engine", request: MountRequest, destination: str, made: list[str]
) -> MountPoint:
    if request.type == "bind":
        return MountPoint(
            type="bind",
            source=posixpath.normpath(request.source),
            destination=destination,
            mode="ro" if request.read_only else "",
            rw=not request.read_only,
            propagation=request.propagation or "rprivate",
        )
    if request.type == "tmpfs":
        return MountPoint(
            type="tmpfs", source="", destination=destination, rw=not request.read_only
        )
    is_new = not engine.volumes.has(request.source)
    volume = engine.volumes.create(request.source, driver=request.driver, labels=request.labels)
    if is_new:
        made.append(volume.name)
    return MountPoint(
        type="volume",
        source=volume.mountpoint,
        destination=destination,
        name=volume.name,
        driver="local",
        mode="z" if request.source else "",
        rw=not request.read_only,
    )


def runtime_mounts(record: ContainerRecord) -> list[Mount]:
    """Return a container's own mounts for the runtime, parents first.

    A missing source of a ``-v`` bind is made as a directory here, as dockerd does at start.

    Raises:
        NotFound: the source of a bind cannot be made.
    """
    mounts = []
    requests = {posixpath.normpath(item.target): item for item in record.host.mounts}
    for point in record.mounts:
        if point.type == "tmpfs":
            request = requests.get(point.destination, MountRequest())
            options = ["nosuid", "nodev", "noexec"]
            if request.tmpfs_size_bytes:
                options.append(f"size={request.tmpfs_size_bytes}")
            options.append(f"mode={request.tmpfs_mode or 0o1777:o}")
            if not point.rw:
                options.append("ro")
            mounts.append(Mount(point.destination, "tmpfs", "tmpfs", options))
            continue
        if not os.path.lexists(point.source):
            _make_source(point)
        options = ["rbind", point.propagation or "rprivate"]
        if not point.rw:
            options.append("ro")
        mounts.append(Mount(point.destination, "bind", point.source, options))
    for path, text in record.host.tmpfs.items():
        options = [word for word in text.split(",") if word] or ["rw"]
        # Docker's defaults come first so that the user's words override them.
        mounts.append(
            Mount(
                posixpath.normpath(path), "tmpfs", "tmpfs", ["nosuid", "nodev", "noexec", *options]
            )
        )
    mounts.sort(key=lambda mount: mount.destination.count("/"))
    return mounts


def _make_source(point: MountPoint) -> None:
    try:
        os.makedirs(point.source)
    except OSError as error:
        raise NotFound(
            f"error while creating mount source path '{point.source}': {error.strerror}"
        ) from error
