"""From looking to having: the manager for this host, with a directory of our own.

See: place for where, manager for what.
"""

import os

from pyminidocker.kernel.cgroup import files
from pyminidocker.kernel.cgroup.manager import Manager
from pyminidocker.kernel.cgroup.none import NoManager
from pyminidocker.kernel.cgroup.place import Place, find_place

_LEAF = "processes"


def open_manager(name: str, place: Place | None = None) -> Manager:
    """Return the manager for this host; it always works, and says what it cannot do.

    Args:
        name: what to call our directory.
        place: where; looked for when it is not given.

    See: cgroups(7).
    """
    if place is None:
        place = find_place()
    try:
        if place.ask_systemd:
            place = _ask_systemd(name, place)
        if place.kind == "v1":
            from pyminidocker.kernel.cgroup.v1 import V1Manager

            return V1Manager(place.bases, name, place.missing, place.remedy)
        if place.kind == "v2":
            from pyminidocker.kernel.cgroup.v2 import V2Manager

            if place.crowded:
                make_room(place.crowded)
            top = next(iter(place.bases.values()))
            return V2Manager(top, name, place.missing, place.remedy)
    except OSError as error:
        where = error.filename or next(iter(place.bases.values()), "")
        return NoManager(f"{where}: {error.strerror}", place.remedy)
    return NoManager(place.missing["memory"], place.remedy)


def make_room(directory: str) -> None:
    """Move all processes of a group into one further down, so that it can hand down controllers.

    Raises:
        OSError: EACCES (a process of somebody else's is among them).

    See: kernel cgroup-v2.rst "No Internal Process Constraint".
    """
    leaf = f"{directory}/{_LEAF}"
    try:
        os.mkdir(leaf)
    except FileExistsError:
        pass
    while pids := files.numbers(directory, "cgroup.procs"):
        for pid in pids:
            try:
                files.write(leaf, "cgroup.procs", pid)
            except ProcessLookupError:
                pass


def _ask_systemd(name: str, place: Place) -> Place:
    from pyminidocker.kernel.cgroup import systemd

    why = systemd.move_to_scope(name)
    if not why:
        found = find_place()
        if found.kind == "v2":
            return found
        why = "systemd has given us a group, and it is not ours to make groups in"
    place.missing = {feature: f"{reason}; {why}" for feature, reason in place.missing.items()}
    return place
