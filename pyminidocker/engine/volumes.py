"""Volumes: named directories whose data outlives containers.

On disk: ``<state>/volumes/<name>/{_data/,volume.json}``.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import database, volume_restore
from pyminidocker.engine import filters as matching
from pyminidocker.engine.records import VolumeRecord
from pyminidocker.engine.results import PruneReport
from pyminidocker.errors import Conflict, IntegrityError, InvalidArgument, NotFound
from pyminidocker.ids import is_valid_name, new_id
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.trees import remove_tree, tree_size

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
VolumeList = list[VolumeRecord]
Strings = list[str]

_KNOWN = frozenset(("name", "label", "driver", "dangling"))
_KNOWN_PRUNE = frozenset(("label", "label!", "all"))


class Volumes:
    """All volumes of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.root = f"{engine.state_dir}/volumes"
        self._by_name: dict[str, VolumeRecord] = {}

    def load(self) -> None:
        """Read all volumes from disk and sweep those whose creation or removal was cut short."""
        os.makedirs(self.root, mode=0o711, exist_ok=True)
        for entry in sorted(os.listdir(self.root)):
            directory = f"{self.root}/{entry}"
            if entry.startswith("."):  # being removed
                remove_tree(directory)
                continue
            volume_restore.sweep(directory)
            why = "its record was blank or missing"
            try:
                loaded = database.load(f"{directory}/volume.json", VolumeRecord)
            except IntegrityError as error:
                loaded, why = None, str(error)
            if loaded is not None:
                self._by_name[entry] = loaded[0]
            elif os.path.isdir(f"{directory}/_data") and os.listdir(f"{directory}/_data"):
                self._adopt(entry, why)
            else:  # its creation was never finished
                remove_tree(directory)

    def _adopt(self, name: str, why: str) -> None:
        """Give data that has lost its record a new one."""
        record = VolumeRecord(name, time.time(), f"{self.root}/{name}/_data")
        try:
            database.replace(f"{self.root}/{name}/volume.json", record)
        except OSError as error:
            why += f"; writing one failed: {error.strerror}"
        self._by_name[name] = record
        self.engine.report(f"volume {name} has a new record, without labels, and all data ({why})")

    def get(self, name: str) -> VolumeRecord:
        """Return a volume.

        Raises:
            NotFound: "get x: no such volume".
        """
        record = self._by_name.get(name)
        if record is None:
            raise NotFound(f"get {name}: no such volume")
        return record

    def has(self, name: str) -> bool:
        """Tell whether there is a volume of this name."""
        return name in self._by_name

    def discard_new(self, names: Sequence[str]) -> None:
        """Take back volumes that were made for a container that failed to come into being."""
        for name in names:
            record = self._by_name.pop(name, None)
            if record is not None:
                remove_tree(f"{self.root}/{name}")

    def list(self, filters: Filters | None = None) -> VolumeList:
        """Return volumes by name (filters: name, label, driver, dangling)."""
        wanted = filters or {}
        matching.check_names(wanted, _KNOWN)
        found = [self._by_name[name] for name in sorted(self._by_name)]
        names = wanted.get("name")
        if names:
            found = [record for record in found if any(name in record.name for name in names)]
        drivers = wanted.get("driver")
        if drivers:
            found = [record for record in found if record.driver in drivers]
        labels = wanted.get("label", ())
        found = [record for record in found if matching.labels_match(record.labels, labels)]
        if wanted.get("dangling"):
            is_dangling = matching.boolean(wanted, "dangling", True)
            found = [record for record in found if bool(self.users(record.name)) != is_dangling]
        return found

    def create(
        self,
        name: str = "",
        *,
        driver: str = "local",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> VolumeRecord:
        """Make a volume, or return the one of this name; an empty name makes an anonymous one.

        Raises:
            InvalidArgument: bad name or options.
            NotFound: another driver than ``local``.
            SystemFailure: disk full.
        """
        if driver not in ("", "local"):
            raise NotFound(
                f"create {name}: error looking up volume plugin {driver}:"
                f' plugin "{driver}" not found'
            )
        if options:
            first = next(iter(options))
            raise InvalidArgument(
                f'create {name}: invalid option: "{first}"',
                hint="the local driver has no options here; mount a directory with -v instead",
            )
        if len(name) == 1:
            raise InvalidArgument(
                f"create {name}: volume name is too short, names should be at least two"
                " alphanumeric characters"
            )
        is_anonymous = not name
        name = name or new_id()
        known = self._by_name.get(name)
        if known is not None:
            return known
        if not is_valid_name(name):
            raise InvalidArgument(
                f'create {name}: "{name}" includes invalid characters for a local volume name, only'
                ' "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host'
                " directory, use absolute path"
            )
        record = VolumeRecord(
            name=name,
            created=time.time(),
            mountpoint=f"{self.root}/{name}/_data",
            labels=dict(labels or {}),
            anonymous=is_anonymous,
        )
        try:
            os.mkdir(f"{self.root}/{name}", 0o711)
            os.mkdir(record.mountpoint, 0o755)
            os.chmod(record.mountpoint, 0o755)  # noqa: S103 - whatever the umask
            database.replace(f"{self.root}/{name}/volume.json", record)
        except OSError as error:
            remove_tree(f"{self.root}/{name}")
            raise disk_failure(error, f"creating volume {name}") from error
        self._by_name[name] = record
        self.engine.events.emit("volume", "create", name, {"driver": "local"})
        return record

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Delete a volume and its data; ``force`` forgives that there is none.

        Raises:
            NotFound: there is none.
            Conflict: a container uses it.
        """
        if force and name not in self._by_name:
            return
        record = self.get(name)
        users = self.users(name)
        if users:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        await self._delete(record)

    async def _delete(self, record: VolumeRecord) -> None:
        # Under this name it is rubbish, which the next start sweeps if we die here.
        dying = f"{self.root}/.{new_id()[:12]}"
        os.rename(f"{self.root}/{record.name}", dying)
        del self._by_name[record.name]
        self.engine.events.emit("volume", "destroy", record.name, {"driver": record.driver})
        await asyncio.to_thread(remove_tree, dying)

    async def remove_anonymous(self, names: Sequence[str]) -> None:
        """Delete those of ``names`` that are anonymous and that no container uses (``rm -v``)."""
        for name in names:
            record = self._by_name.get(name)
            if record is not None and record.anonymous and not self.users(name):
                await self._delete(record)

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Delete anonymous volumes no container uses (filter all=1: named ones too; label).

        Without ``all``, what people named is kept, as newer Dockers do.
        """
        wanted = filters or {}
        matching.check_names(wanted, _KNOWN_PRUNE)
        includes_named = matching.boolean(wanted, "all", False)
        report = PruneReport()
        for record in list(self._by_name.values()):
            if not (record.anonymous or includes_named) or self.users(record.name):
                continue
            if not matching.prune_labels_match(record.labels, wanted):
                continue
            report.space_reclaimed_bytes += await asyncio.to_thread(tree_size, record.mountpoint)
            await self._delete(record)
            report.deleted.append(record.name)
        self.engine.events.emit(
            "volume", "prune", "", {"reclaimed": str(report.space_reclaimed_bytes)}
        )
        return report

    def users(self, name: str) -> Strings:
        """Return the ids of the containers that mount volume ``name``."""
        return [
            container.id
            for container in self.engine.containers.index.by_id.values()
            if any(mount.name == name for mount in container.record.mounts)
        ]
