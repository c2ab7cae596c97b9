"""``volume export`` and ``import``: what a volume holds as a tar stream, out and in.

Docker has no such verb; its manual has people start a container that runs ``tar`` with the volume
and a directory of the machine mounted.  The archive is the same: plain names, owners and times as
the containers see them, the volume's own directory first.

An import never leaves half a volume: the archive is unpacked beside the data and takes its place at
the end (``volume_restore.finish`` completes that after a ``kill -9``).

See: Docker's manual, "Back up, restore, or migrate data volumes"; podman-volume-import(1).
"""

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pyminidocker.engine.chunks import Incoming, Outgoing
from pyminidocker.engine.rootfs import in_own_thread
from pyminidocker.engine.stillness import still
from pyminidocker.engine.tar_in import Unpacker
from pyminidocker.engine.tar_out import pack
from pyminidocker.engine.volume_restore import exchange, sweep, unpack_place
from pyminidocker.errors import Conflict

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine


async def export(engine: "Engine", name: str, *, pause: bool = False) -> AsyncIterator[bytes]:
    """Pack what a volume holds.

    Args:
        engine: has the volume.
        name: which.
        pause: running containers that use it stand still until all of it is read: several files
            that belong together then come from one moment.

    Raises:
        NotFound: "get x: no such volume".
    """
    record = engine.volumes.get(name)
    stack = AsyncExitStack()
    if pause:
        await stack.enter_async_context(still(engine, _users(engine, name)))
    loop = asyncio.get_running_loop()
    outgoing = Outgoing()

    def work() -> None:
        try:
            fd = os.open(record.mountpoint, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                outgoing.feed(pack(fd, ".", "."))
            finally:
                os.close(fd)
        except OSError as error:
            outgoing.finish(error)
        finally:
            loop.call_soon_threadsafe(lambda: engine.background(stack.aclose()))

    try:
        threading.Thread(target=work, name="volume-export", daemon=True).start()
    except BaseException:  # the user has no more threads: nobody stands still for that
        await stack.aclose()
        raise
    engine.events.emit("volume", "export", name, {"driver": record.driver})
    return outgoing


async def restore(
    engine: "Engine", name: str, chunks: AsyncIterator[bytes], *, replace: bool = False
) -> None:
    """Give a volume exactly what an archive holds; a volume that is not there is made.

    Args:
        engine: takes the volume.
        name: which.
        chunks: a tar, plain or compressed by gzip, bzip2 or xz.
        replace: what the volume holds now goes.

    Raises:
        Conflict: a running container uses it, or it holds something and ``replace`` was not said.
        InvalidArgument: a bad name, or not a tar archive; the volume is as it was.
        SystemFailure: disk full; the volume is as it was.
    """
    is_new = not engine.volumes.has(name)
    record = engine.volumes.create(name)
    directory = os.path.dirname(record.mountpoint)
    incoming = Incoming()
    pouring: asyncio.Future[None] | None = None

    def work() -> None:
        try:
            with unpack_place(directory) as root_fd:
                unpacker = Unpacker(root_fd, "/", sets_root=True)
                unpacker.unpack(io.BufferedReader(incoming, 1 << 16))
        finally:
            incoming.abandon()

    try:
        async with AsyncExitStack() as stack:
            for user in _users(engine, name):  # by id: two imports never wait for each other
                await stack.enter_async_context(user.lock)
            _check_free(engine, name)
            if not replace and os.listdir(record.mountpoint):
                raise Conflict(
                    f"volume {name} is not empty",
                    hint=f"to lose what it holds: minidocker volume import --replace {name} FILE",
                )
            pouring = asyncio.ensure_future(incoming.pour(chunks))
            await in_own_thread(work)
            await asyncio.wait([pouring])
            if (gone := pouring.exception()) is not None:
                raise gone  # the client left half-way
            _check_free(engine, name)  # a container made meanwhile may run
            exchange(directory)
    except BaseException:
        if pouring is not None and not pouring.done():
            await asyncio.wait([pouring])  # what is still sent is taken: the answer can be read
        if is_new:
            engine.volumes.discard_new([name])
        raise
    finally:
        await asyncio.to_thread(sweep, directory)
    engine.events.emit("volume", "import", name, {"driver": record.driver})


def _users(engine: "Engine", name: str) -> "list[Container]":
    containers = engine.containers.index.by_id
    return [containers[container_id] for container_id in sorted(engine.volumes.users(name))]


def _check_free(engine: "Engine", name: str) -> None:
    # "running" without a process: it has the data mounted, and its process is on the way.
    running = [
        user.name for user in _users(engine, name) if user.is_running or user.status == "running"
    ]
    if running:
        raise Conflict(
            f"volume {name} is in use by running containers: {', '.join(running)}",
            hint=f"stop them first: minidocker stop {' '.join(running)}",
        )
