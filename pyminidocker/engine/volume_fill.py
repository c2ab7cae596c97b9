"""Fill a new volume with what the image has at its place, as Docker does when a container is made.

See: moby daemon/create_unix.go populateVolumes.
"""

import os
from typing import TYPE_CHECKING

from pyminidocker.engine.rootfs import RootView, in_own_thread
from pyminidocker.images.trees import copy_tree
from pyminidocker.kernel.fd import open_in_root

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine


async def fill(engine: "Engine", container: "Container", destinations: list[str]) -> None:
    """Copy the image's directories at ``destinations`` into the (empty) volumes mounted there.

    A volume that holds anything is left alone.

    Raises:
        OSError: disk full.
    """
    volumes = {
        mount.destination: mount.source
        for mount in container.record.mounts
        if mount.destination in destinations and mount.type == "volume"
    }
    empty = {path: source for path, source in volumes.items() if not os.listdir(source)}
    if empty:
        view = RootView(engine, container, with_mounts=False)
        await in_own_thread(lambda: _fill(view, empty))


def _fill(view: RootView, volumes: dict[str, str]) -> None:
    with view.open() as root_fd:
        for path, source in volumes.items():
            try:
                fd = open_in_root(root_fd, path, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                continue  # the image has nothing there, or no directory
            try:
                _take_attributes(fd, source)
                copy_tree(f"/proc/self/fd/{fd}", source)
            finally:
                os.close(fd)


def _take_attributes(fd: int, target: str) -> None:
    """Give the volume the mode and owner of the directory it replaces."""
    info = os.fstat(fd)
    os.chmod(target, info.st_mode & 0o7777)
    try:
        os.chown(target, info.st_uid, info.st_gid)
    except OSError:
        pass  # an id this lab has not got; the owner stays root
