"""The directories of containers: made quickly, cleared away when nobody waits.

On ext4 every unlink and rmdir costs 60-80 us, five times a mkdir.  Only the record's own unlink,
which is what makes a removal final, happens while a client waits; the rest goes in batches.
"""

import asyncio
import logging
import os
from typing import TYPE_CHECKING

from pyminidocker.images.trees import remove_tree

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
BATCH_DELAY_S = 0.05
# What overlayfs leaves in its scratch directory (runtime/rootfs.py mounts volatile).
DIRTY = "work/incompat/volatile/dirty"
WORK = ("work/work/incompat/volatile", "work/work/incompat", "work/work")


class Directories:
    """``<state>/containers``."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.root = f"{engine.state_dir}/containers"
        self._rubbish: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def of(self, container_id: str) -> str:
        """Return where a container's directory is."""
        return f"{self.root}/{container_id}"

    def make(self, container_id: str) -> str:
        """Make a container's directory with its writable layer; return its path.

        Raises:
            OSError: disk full; the caller removes what is there.
        """
        directory = f"{self.root}/{container_id}"
        os.mkdir(directory, 0o710)
        os.mkdir(f"{directory}/diff", 0o755)
        os.mkdir(f"{directory}/work", 0o700)
        return directory

    def discard(self, container_id: str) -> None:
        """Delete a container's record now, and all the rest a moment later.

        Raises:
            OSError: the record cannot be deleted.
        """
        directory = f"{self.root}/{container_id}"
        try:
            os.unlink(f"{directory}/config.json")
        except FileNotFoundError:
            pass  # somebody was there by hand; the rest must go all the same
        self._rubbish.append(directory)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(BATCH_DELAY_S, self._clear_soon)

    def _clear_soon(self) -> None:
        self._timer = None
        self.engine.background(asyncio.to_thread(self.clear))

    def clear(self) -> None:
        """Delete everything that was discarded."""
        while self._rubbish:
            directory = self._rubbish.pop()
            try:
                clear_directory(directory)
            except OSError as error:
                LOG.warning("cannot clear %s: %s; trying again at the next start", directory, error)

    def close(self) -> None:
        """Delete what is left, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.clear()


def clear_directory(directory: str) -> None:
    """Delete a container's directory: first as the few known names, else as any tree."""
    try:
        log = f"{directory.rpartition('/')[2]}-json.log"
        for name in (log, f"work/{DIRTY}"):
            try:
                os.unlink(f"{directory}/{name}")
            except FileNotFoundError:
                pass
        for name in (*WORK, "work", "diff", ""):
            try:
                os.rmdir(f"{directory}/{name}")
            except FileNotFoundError:
                pass
    except OSError:
        remove_tree(directory)
