"""``cp`` both ways and ``export``: files of a container as tar streams, running or not.

See: moby daemon/archive.go; the Engine API's /containers/{id}/archive.
"""

import asyncio
import io
import os
import posixpath
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pyminidocker.engine.chunks import Incoming, Outgoing
from pyminidocker.engine.container import Container
from pyminidocker.engine.container_paths import clean, split
from pyminidocker.engine.results import PathStat
from pyminidocker.engine.rootfs import RootView, in_own_thread
from pyminidocker.engine.tar_in import Unpacker
from pyminidocker.engine.tar_out import pack
from pyminidocker.errors import InvalidArgument, NotFound, PermissionDenied
from pyminidocker.images.archive import pack_stack
from pyminidocker.images.records import Layer
from pyminidocker.kernel.fd import open_in_root
from pyminidocker.kernel.libc import SyscallError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


def _missing(path: str, ref: str) -> NotFound:
    return NotFound(f"Could not find the file {path} in container {ref}")


def _stat(root_fd: int, path: str, ref: str) -> PathStat:
    directory, name = split(path)
    try:
        parent_fd = open_in_root(root_fd, directory, os.O_PATH | os.O_DIRECTORY)
    except SyscallError as error:
        raise _missing(path, ref) from error
    try:
        info = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        target = ""
        if stat.S_ISLNK(info.st_mode):
            target = _link_target(root_fd, directory, os.readlink(name, dir_fd=parent_fd))
    except OSError as error:
        raise _missing(path, ref) from error
    finally:
        os.close(parent_fd)
    shown = posixpath.basename(clean(path)) or "/"
    return PathStat(shown, info.st_size, info.st_mode, info.st_mtime, target)


def _link_target(root_fd: int, directory: str, link: str) -> str:
    """Return where a link leads inside the container, following further links there."""
    path = clean(posixpath.join(directory, link))
    for _ in range(40):  # as the kernel, ELOOP
        parent, name = split(path)
        try:
            fd = open_in_root(root_fd, parent, os.O_PATH | os.O_DIRECTORY)
        except SyscallError:
            return path
        try:
            following = os.readlink(name, dir_fd=fd)
        except OSError:
            return path
        finally:
            os.close(fd)
        path = clean(posixpath.join(parent, following))
    return path


async def _held(container: Container, stack: AsyncExitStack) -> None:
    """Keep a container that does not run from being started or removed meanwhile."""
    if not container.is_running:
        await stack.enter_async_context(container.lock)


async def stat_path(engine: "Engine", container: Container, path: str, ref: str) -> PathStat:
    """Describe a path; see ``Containers.stat_path``."""
    async with AsyncExitStack() as stack:
        await _held(container, stack)
        view = RootView(engine, container)

        def look() -> PathStat:
            with view.open() as root_fd:
                return _stat(root_fd, path, ref)

        return await in_own_thread(look)


async def get_archive(
    engine: "Engine", container: Container, path: str, ref: str
) -> tuple[PathStat, AsyncIterator[bytes]]:
    """Pack a path; see ``Containers.get_archive``."""
    stack = AsyncExitStack()
    await _held(container, stack)
    loop = asyncio.get_running_loop()
    view = RootView(engine, container)
    outgoing = Outgoing()
    head: asyncio.Future[PathStat] = loop.create_future()

    def settle(found: PathStat | None, error: BaseException | None) -> None:
        if head.done():
            return
        if found is not None:
            head.set_result(found)
        elif error is not None:
            head.set_exception(error)

    def work() -> None:
        try:
            with view.open() as root_fd:
                found = _stat(root_fd, path, ref)
                directory, name = split(path)
                parent_fd = open_in_root(root_fd, directory, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    loop.call_soon_threadsafe(settle, found, None)
                    shown = "." if path.endswith("/.") else found.name
                    outgoing.feed(pack(parent_fd, name, shown))
                finally:
                    os.close(parent_fd)
        except OSError:
            loop.call_soon_threadsafe(settle, None, _missing(path, ref))  # gone meanwhile
        except BaseException as error:  # noqa: BLE001 - raised where the answer is awaited
            loop.call_soon_threadsafe(settle, None, error)
        finally:
            loop.call_soon_threadsafe(_release, stack, engine)

    threading.Thread(target=work, name="get-archive", daemon=True).start()
    found = await head
    engine.events.emit(
        "container",
        "archive-path",
        container.id,
        {**container.event_attributes(), "path": path},
    )
    return found, outgoing


def _release(stack: AsyncExitStack, engine: "Engine") -> None:
    engine.background(stack.aclose())


async def put_archive(
    engine: "Engine",
    container: Container,
    path: str,
    chunks: AsyncIterator[bytes],
    *,
    ref: str,
    no_overwrite_dir_non_dir: bool,
    copy_uid_gid: bool,
) -> None:
    """Unpack into a container; see ``Containers.put_archive``."""
    async with AsyncExitStack() as stack:
        await _held(container, stack)
        _check_writable(container, path)
        view = RootView(engine, container)
        incoming = Incoming()
        user = container.record.config.user if copy_uid_gid else ""
        owner = _numeric_owner(user) if user else None

        def work() -> None:
            try:
                with view.open() as root_fd:
                    target = _target(root_fd, path, ref)
                    unpacker = Unpacker(
                        root_fd, target, keeps_kinds=no_overwrite_dir_non_dir, owner=owner
                    )
                    unpacker.unpack(io.BufferedReader(incoming, 1 << 16))
            finally:
                incoming.abandon()

        pouring = asyncio.ensure_future(incoming.pour(chunks))
        try:
            await in_own_thread(work)
        finally:
            # Take what the client still sends, so that it can read the answer.
            await asyncio.wait([pouring])
            gone = pouring.exception()
        if gone is not None:
            raise gone  # half an archive was unpacked, for nobody
    engine.events.emit(
        "container",
        "extract-to-dir",
        container.id,
        {**container.event_attributes(), "path": path},
    )


def _target(root_fd: int, path: str, ref: str) -> str:
    """Return the directory to unpack into with all links followed.

    Raises:
        NotFound: it does not exist.
        InvalidArgument: it is not a directory.
    """
    absolute = clean(path)
    try:
        fd = open_in_root(root_fd, absolute, os.O_PATH)
    except SyscallError as error:
        raise _missing(path, ref) from error
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise InvalidArgument("extraction point is not a directory")
    finally:
        os.close(fd)
    return absolute


def _check_writable(container: Container, path: str) -> None:
    absolute = clean(path)
    covering = [
        mount
        for mount in container.record.mounts
        if f"{absolute}/".startswith(f"{mount.destination}/")
    ]
    if covering:
        if not max(covering, key=lambda mount: len(mount.destination)).rw:
            raise PermissionDenied("mounted volume is marked read-only")
    elif container.record.host.read_only:
        raise PermissionDenied("container rootfs is marked read-only")


def _numeric_owner(user: str) -> tuple[int, int] | None:
    uid, _, gid = user.partition(":")
    if not uid.isdigit():
        return None  # names would need the container's /etc/passwd; the archive's owner stays
    return int(uid), int(gid) if gid.isdigit() else int(uid)


async def export(engine: "Engine", container: Container) -> AsyncIterator[bytes]:
    """Pack the whole root file system, without volumes; see ``Containers.export``."""
    layers = engine.images.by_id(container.record.image_id).layers
    # As docker: with the mount points that every container has.
    mount_points = Layer("init", "", "init", 0, engine.images.store.init_layer)
    outgoing = Outgoing()

    def work() -> None:
        outgoing.feed(pack_stack([*layers, mount_points], container.upper_dir))

    threading.Thread(target=work, name="export", daemon=True).start()
    engine.events.emit("container", "export", container.id, container.event_attributes())
    return outgoing
