"""``--device``: nodes of the machine's /dev, shown inside by bind mounts.

mknod(2) is refused in a user namespace, and so is every device that is not shown; what may be done
with one that is shown, its owner and mode decide, as on the machine.

See: moby daemon/oci_linux.go WithDevices, oci.DevicesFromPath; user_namespaces(7).
"""

import os
import posixpath
import stat

from pyminidocker.engine.records import HostOptions
from pyminidocker.errors import InvalidArgument, NotImplementedHere, SystemFailure
from pyminidocker.runtime.spec import Mount

_WAY = "error gathering device information while adding custom device"
# Whoever may write to these has the whole machine; they ask for the uid of root and for nothing.
_MEMORY = frozenset(os.makedev(1, minor) for minor in (1, 2, 4))  # mem, kmem, port


def check(host: HostOptions, *, maps_machine_root: bool) -> None:
    """Refuse what cannot be kept, or should not be given.

    Args:
        host: the options.
        maps_machine_root: root of a container has the machine's uid 0.

    Raises:
        InvalidArgument: permissions that are none.
        NotImplementedHere: this host cannot enforce it, or it would give away the machine.
    """
    for device in host.devices:
        if not device.permissions or set(device.permissions) - set("rwm"):
            raise InvalidArgument(f"invalid device mode: {device.permissions}")
        if not {"r", "w"} <= set(device.permissions):
            raise NotImplementedHere(
                f"--device {device.host_path} with {device.permissions!r} only is refused: reading"
                " and writing of devices are told apart by a program that root loads into the"
                " kernel",
                hint="give both (rw), and choose by the owner and mode of the node on the machine",
            )
        if maps_machine_root and _is_everything(device.host_path):
            raise NotImplementedHere(
                f"--device {device.host_path} is refused: this engine was started by root, and"
                " whoever may write to this device has the whole machine",
                hint="mount what is needed of its files: -v /path:/path",
            )


def _is_everything(path: str) -> bool:
    try:
        info = os.stat(path)
    except OSError:
        return False  # the start will say so
    return stat.S_ISBLK(info.st_mode) or (stat.S_ISCHR(info.st_mode) and info.st_rdev in _MEMORY)


def mounts(host: HostOptions) -> list[Mount]:
    """Return the bind mounts of a container's devices; a directory stands for all that are in it.

    Raises:
        SystemFailure: there is no such device, in moby's words.
    """
    found: list[Mount] = []
    for device in host.devices:
        source = os.path.realpath(device.host_path)
        inside = posixpath.normpath(device.container_path)
        try:
            mode = os.stat(source).st_mode
        except OSError as error:
            why = (error.strerror or "").lower()
            raise SystemFailure(f'{_WAY} "{device.host_path}": {why}') from None
        if _is_device(mode):
            found.append(_bind(source, inside))
            continue
        nodes = list(_nodes(source, inside)) if stat.S_ISDIR(mode) else []
        if not nodes:
            raise SystemFailure(f'{_WAY} "{device.host_path}": not a device node')
        found += nodes
    return found


def _is_device(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _nodes(directory: str, inside: str) -> list[Mount]:
    return [
        _bind(f"{place}/{name}", f"{inside}{place.removeprefix(directory)}/{name}")
        for place, _, names in os.walk(directory)
        for name in sorted(names)
        if _is_device(os.lstat(f"{place}/{name}").st_mode)
    ]


def _bind(source: str, inside: str) -> Mount:
    # Read-only keeps owner and mode of the node, which is the machine's, from being changed; the
    # device itself can be written.
    return Mount(inside, "bind", source, ["bind", "ro"])
