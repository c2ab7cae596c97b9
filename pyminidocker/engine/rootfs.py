"""A container's root file system as the engine sees it, running or not.

A running container shows its root as ``/proc/<pid>/root``.  For one that does not run the overlay
is mounted once more, in a mount namespace of a thread made for this one task: when the thread ends
the kernel takes the mounts away, whatever happened, and no other process ever saw them.

See: mount_namespaces(7), proc_pid_root(5), unshare(2).
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pyminidocker.errors import NotFound, SystemFailure
from pyminidocker.kernel import mount_api
from pyminidocker.kernel.constants import CLONE_NEWNS
from pyminidocker.kernel.fd import make_in_root
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.mount import make_private
from pyminidocker.kernel.namespaces import unshare
from pyminidocker.runtime.rootfs import new_overlay

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

T = TypeVar("T")


class RootView:
    """How to get at a container's root; made on the loop, opened in a thread.

    Args:
        engine: whose images.
        container: whose root; if it does not run, the caller holds its lock.
        with_mounts: binds and volumes are there as well.
    """

    def __init__(
        self, engine: "Engine", container: "Container", *, with_mounts: bool = True
    ) -> None:
        self._pid = container.record.state.pid if container.is_running else 0
        self._lower_dirs = [] if self._pid else engine.images.lower_dirs(container.record.image_id)
        self._upper_dir = container.upper_dir
        self._work_dir = container.work_dir
        self._mounts = list(container.record.mounts) if with_mounts else []

    @contextmanager
    def open(self) -> Iterator[int]:
        """Give a descriptor (O_PATH) of the root directory.

        Must run in a thread of ``in_own_thread``, whose mount namespace it changes.

        Raises:
            NotFound: the container ended at this moment.
            SystemFailure: the overlay cannot be mounted.
        """
        if self._pid:
            try:
                root_fd = os.open(
                    f"/proc/{self._pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
                )
            except OSError as error:
                raise NotFound("the container ended meanwhile") from error
        else:
            root_fd = self._mount()
        try:
            yield root_fd
        finally:
            os.close(root_fd)

    def _mount(self) -> int:
        try:
            unshare(CLONE_NEWNS)
            make_private("/")
            root_fd = new_overlay(self._lower_dirs, self._upper_dir, self._work_dir)
            # Before Linux 6.15 nothing can be mounted on what is mounted nowhere itself.
            mount_api.move_mount(root_fd, self._upper_dir)
        except SyscallError as error:
            raise SystemFailure(
                f"cannot mount the container's root file system: {error}", hint=error.hint
            ) from error
        for point in sorted(self._mounts, key=lambda item: item.destination.count("/")):
            if point.type == "tmpfs":
                continue
            try:
                self._bind(root_fd, point.source, point.destination)
            except OSError:
                continue  # the source is gone; the container could not start, but copying may go on
        return root_fd

    @staticmethod
    def _bind(root_fd: int, source: str, destination: str) -> None:
        is_dir = os.path.isdir(source)
        target_fd = make_in_root(root_fd, destination, is_dir=is_dir)
        try:
            tree_fd = mount_api.open_tree(source, recursive=True)
            try:
                mount_api.move_mount(tree_fd, "", dirfd=target_fd)
            finally:
                os.close(tree_fd)
        finally:
            os.close(target_fd)


async def in_own_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a new thread, which it may move into namespaces of its own.

    Raises:
        Exception: whatever ``function`` raises.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, result, None)

    threading.Thread(target=work, name="rootfs", daemon=True).start()
    return await asyncio.shield(outcome)
