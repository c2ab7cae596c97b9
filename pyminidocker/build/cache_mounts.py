"""``RUN --mount=type=cache``: directories that outlive the step, by id.

What lies in them is no part of any image, and the cache's keys do not know it: a package manager's
downloads, a compiler's objects.  ``shared`` lets several steps use one at a time, ``locked`` makes
them wait for each other, ``private`` gives the second one a directory of its own.

See: Dockerfile reference, RUN --mount=type=cache.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

import msgspec

from pyminidocker.build.places import mounts_root
from pyminidocker.build.threads import in_thread
from pyminidocker.images.atomic import write_file
from pyminidocker.images.trees import remove_tree, tree_size
from pyminidocker.oci.digest import sha256

_DEFAULT_MODE = 0o755


class CacheMount(msgspec.Struct):
    """``mount.json``.

    Attributes:
        id: as the Dockerfile names it.
        created: seconds since the epoch; likewise ``last_used``.
        last_used: see there.
        use_count: steps that used it.
    """

    id: str
    created: float
    last_used: float
    use_count: int = 0


class CacheMounts:
    """All cache mounts of an engine.

    Args:
        state_dir: the engine's.
    """

    def __init__(self, state_dir: str) -> None:
        self._root = mounts_root(state_dir)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()
        self._opening = threading.Lock()

    @asynccontextmanager
    async def use(
        self, mount_id: str, sharing: str, make: Callable[[str], None], origin: str = ""
    ) -> AsyncIterator[str]:
        """Give the directory of a cache mount for as long as a step needs it.

        Args:
            mount_id: its name.
            sharing: ``shared``, ``locked`` or ``private``.
            make: called with the new directory when there was none, in a thread.
            origin: what it begins with; of another origin it is another mount.
        """
        name = sha256(f"{mount_id}\n{origin}".encode() if origin else mount_id.encode())[7:39]
        if sharing == "private":
            base, count = name, 1
            while self._users[name]:
                count += 1
                name = f"{base}-{count}"
        is_locked = sharing == "locked"
        async with self._locks.setdefault(name, asyncio.Lock()) if is_locked else nullcontext():
            self._users[name] += 1
            try:
                yield await in_thread(lambda: self._open(name, mount_id, make))
            finally:
                self._users[name] -= 1

    def _open(self, name: str, mount_id: str, make: Callable[[str], None]) -> str:
        directory = f"{self._root}/{name}"
        data = f"{directory}/data"
        now = time.time()
        with self._opening:
            record = _read(directory) or CacheMount(mount_id, now, now)
            if not os.path.isdir(data):
                remove_tree(directory)  # half made when an engine was killed
                temporary = f"{directory}/new"
                os.makedirs(temporary, mode=0o700)
                os.chmod(temporary, _DEFAULT_MODE)
                make(temporary)
                os.rename(temporary, data)
            record.last_used = now
            record.use_count += 1
            write_file(f"{directory}/mount.json", msgspec.json.encode(record))
        return data

    def all(self) -> list[tuple[str, CacheMount, int]]:
        """Return (directory name, record, bytes) of each; blocks while it measures."""
        found = []
        for name in self._names():
            record = _read(f"{self._root}/{name}")
            if record is not None:
                found.append((name, record, tree_size(f"{self._root}/{name}/data")))
        return found

    def remove(self, name: str) -> bool:
        """Delete one unless a step uses it; tell whether it is gone.  Blocks."""
        with self._opening:
            if self._users[name]:
                return False
            remove_tree(f"{self._root}/{name}")
            return True

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._root))
        except FileNotFoundError:
            return []


def _read(directory: str) -> CacheMount | None:
    try:
        with open(f"{directory}/mount.json", "rb") as file:
            return msgspec.json.decode(file.read(), type=CacheMount)
    except (OSError, msgspec.MsgspecError):
        return None
