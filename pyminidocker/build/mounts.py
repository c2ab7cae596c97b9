"""``RUN --mount``: what a step sees beside the stage's own files, and nothing of it in the layer.

A bind mount shows a stage, an image or the context: an overlay of its layers with a throw-away
writable directory, so that ``rw`` works and changes nothing.  Mount points that the stage has not
got are made by the runtime in the step's writable layer; they are taken away again afterwards, as
BuildKit does.

See: Dockerfile reference, RUN --mount; overlayfs.rst.
"""

import os
import posixpath
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.build import secrets as secret_files
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.places import new_temporary
from pyminidocker.build.threads import in_thread
from pyminidocker.build.tree import DIRECTORY, Node, resolve
from pyminidocker.dockerfile.instructions import Mount
from pyminidocker.engine.records import MountRequest
from pyminidocker.errors import InvalidArgument, NotFound, NotImplementedHere
from pyminidocker.images.records import Layer
from pyminidocker.images.trees import copy_tree, remove_tree
from pyminidocker.kernel import mount as kernel_mount
from pyminidocker.kernel import mount_api
from pyminidocker.kernel.fd import open_in_root
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime.rootfs import new_overlay

if TYPE_CHECKING:
    from pyminidocker.build.cache_mounts import CacheMounts
    from pyminidocker.engine.engine import Engine


PROGRAM = "/dev/pipes/EOF"  # where a heredoc that is a program lies, as BuildKit has it


class Source(NamedTuple):
    """Where a bind mount's files are.

    Attributes:
        title: for messages.
        directories: lower directories, topmost first.
    """

    title: str
    directories: list[str]


def check(mounts: Sequence[Mount]) -> None:
    """Refuse what cannot be done here.

    Raises:
        NotImplementedHere: ssh.
        InvalidArgument: no target.
    """
    for mount in mounts:
        if mount.type == "ssh":
            raise NotImplementedHere(
                "RUN --mount=type=ssh is not supported by this engine: it would need your agent's"
                " socket in the build",
                hint="copy what the build needs into the context, or use --mount=type=secret",
            )
        if not mount.target and mount.type != "secret":
            raise InvalidArgument(f"RUN --mount=type={mount.type} needs a target")


def inside(target: str, working_dir: str) -> str:
    """Return a target as an absolute path; a relative one starts at the working directory."""
    return "/" + posixpath.normpath(posixpath.join("/", working_dir, target)).lstrip("/")


class RunMounts:
    """The mounts of one step; use ``prepare`` and then ``close``.

    Args:
        engine: whose lab the mounts are made in.
        cache_mounts: the engine's.
        working_dir: of the step.

    Attributes:
        requests: for the step's container.
    """

    def __init__(self, engine: "Engine", cache_mounts: "CacheMounts", working_dir: str) -> None:
        self.requests: list[MountRequest] = []
        self._engine = engine
        self._cache_mounts = cache_mounts
        self._working_dir = working_dir
        self._stack = AsyncExitStack()

    async def prepare(
        self,
        mounts: Sequence[Mount],
        sources: Mapping[str, Source],
        secrets: Mapping[str, bytes],
        program: bytes | None,
    ) -> None:
        """Make what has to be there before the step.

        Args:
            mounts: checked, variables put in.
            sources: by ``from_``.
            secrets: by id.
            program: a heredoc to be run, mounted at ``PROGRAM``.
        """
        caches = await self._caches(mounts, sources)
        for mount in mounts:
            target = inside(mount.target, self._working_dir) if mount.target else ""
            if mount.type == "tmpfs":
                self.requests.append(
                    MountRequest(type="tmpfs", target=target, tmpfs_size_bytes=mount.size_bytes)
                )
            elif mount.type == "cache":
                path = caches[mount.id or target]
                self.requests.append(
                    MountRequest(source=path, target=target, read_only=mount.read_only)
                )
            elif mount.type == "bind":
                path = await self._bind(sources[mount.from_], mount.source)
                self.requests.append(
                    MountRequest(source=path, target=target, read_only=mount.read_only)
                )
        for mount in secret_files.present(mounts, secrets):
            if secret_files.target_of(mount):
                content = secrets[secret_files.name_of(mount)]
                self._file(secret_files.write(self._engine.etc_dir, mount, content))
        if program is not None:
            mount = Mount(type="secret", target=PROGRAM, mode=0o555)
            self._file(secret_files.write(self._engine.etc_dir, mount, program))

    def _file(self, request: MountRequest) -> None:
        request.target = inside(request.target, self._working_dir)
        self._stack.callback(os.unlink, request.source)
        self.requests.append(request)

    async def _caches(
        self, mounts: Sequence[Mount], sources: Mapping[str, Source]
    ) -> dict[str, str]:
        """Return the directories of cache mounts, by id.

        Each is taken once, in the order of ids: steps that lock two of them never wait for each
        other crosswise, and no step waits for itself.
        """
        wanted: dict[str, Mount] = {}
        for mount in mounts:
            if mount.type == "cache":
                wanted.setdefault(mount.id or inside(mount.target, self._working_dir), mount)
        return {name: await self._cache(name, wanted[name], sources) for name in sorted(wanted)}

    async def _cache(self, name: str, mount: Mount, sources: Mapping[str, Source]) -> str:
        first = origin = ""
        if mount.from_ in sources and mount.from_:
            first = await self._bind(sources[mount.from_], mount.source)
            origin = "\n".join([*sources[mount.from_].directories, mount.source])

        def make(directory: str) -> None:
            if first:
                copy_tree(first, directory)
            if mount.mode is not None:
                os.chmod(directory, mount.mode)
            try:
                os.chown(directory, mount.uid or 0, mount.gid or 0)
            except OSError:
                pass  # an id this lab has not got

        using = self._cache_mounts.use(name, mount.sharing, make, origin)
        return await self._stack.enter_async_context(using)

    async def _bind(self, source: Source, path: str) -> str:
        place = new_temporary(self._engine.state_dir)
        self._stack.push_async_callback(in_thread, lambda: remove_tree(place))

        def show() -> str:
            for name in ("diff", "work", "root"):
                os.mkdir(f"{place}/{name}", 0o755)
            try:
                overlay = new_overlay(source.directories, f"{place}/diff", f"{place}/work")
                try:
                    mount_api.move_mount(overlay, f"{place}/root")
                finally:
                    os.close(overlay)
            except SyscallError as error:
                raise NotFound(f"{source.title} cannot be mounted: {error}") from error
            self._stack.callback(kernel_mount.umount2, f"{place}/root")
            return _beneath(f"{place}/root", path, source.title)

        return await in_thread(show)

    async def close(self) -> None:
        """Take everything away again."""
        await self._stack.aclose()


def _beneath(root: str, path: str, title: str) -> str:
    """Return where ``path`` is beneath ``root``, links followed inside it."""
    root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = open_in_root(root_fd, path or ".", os.O_PATH)
    except SyscallError as error:
        raise NotFound(f"{title} has no {path}") from error
    finally:
        os.close(root_fd)
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def stubs(layers: Sequence[Layer], targets: Sequence[str]) -> Callable[[str], None]:
    """Look at what is where something will be mounted; return what tidies up afterwards.

    The returned function takes the step's writable layer and removes mount points (and directories
    above them) that are there only because something was mounted, and gives back its time to the
    directory in which they were made.
    """
    missing: list[str] = []
    parents: dict[str, Node] = {}
    with LayersTree(layers, "the stage") as tree:
        for target in targets:
            path = ""
            for part in target.strip("/").split("/"):
                above = resolve(tree, path)
                path = f"{path}/{part}".lstrip("/")
                if resolve(tree, path) is not None:
                    continue
                missing.append(path)
                if above is not None and above.kind == DIRECTORY:
                    parents[above.path] = above
                    missing.append(f"{above.path}/{part}".lstrip("/"))
    places = sorted(set(missing), key=lambda path: path.count("/"), reverse=True)

    def tidy(upper_dir: str) -> None:
        for path in places:
            _remove_empty(f"{upper_dir}/{path}")
        for path, node in parents.items():
            try:
                os.utime(f"{upper_dir}/{path}", ns=(node.mtime_ns, node.mtime_ns))
            except OSError:
                pass  # it was not even copied up

    return tidy


def _remove_empty(path: str) -> None:
    try:
        info = os.lstat(path)
        if stat.S_ISDIR(info.st_mode):
            os.rmdir(path)
        elif stat.S_ISREG(info.st_mode) and info.st_size == 0:
            os.unlink(path)
    except OSError:
        return  # not there, or the step put something into it
