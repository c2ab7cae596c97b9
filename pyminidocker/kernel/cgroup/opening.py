"""From looking to having: the manager for this host, with a directory of our own.

See: place for where, manager for what.
"""

import os

from pyminidocker.kernel.cgroup import files
from pyminidocker.kernel.cgroup.manager import Manager
from pyminidocker.kernel.cgroup.none import NoManager
from pyminidocker.kernel.cgroup.place import Place, find_place, no_place

_LEAF = "processes"


def settle(name: str, pid: int) -> str:
    """Have a process moved, if need be and if it can be, to where groups of ours can be beside it.

    Args:
        name: what to call the group, where systemd makes one.
        pid: the process.

    Returns:
        Nothing, or why it could not be done.

    See: place.find_place.
    """
    place = find_place(pid)
    if place.ask_systemd:
        from pyminidocker.kernel.cgroup import systemd

        if why := systemd.move_to_scope(name, pid):
            return why
        place = find_place(pid)  # the scope has this one process, which must go further down
    try:
        if place.crowded:
            make_room(place.crowded)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def open_manager(name: str, place: Place | None = None, why: str = "") -> Manager:
    """Return the manager for this host; it always works, and says what it cannot do.

    Args:
        name: what to call our directory.
        place: where; looked for when it is not given.
        why: what ``settle`` said, in an earlier process.

    See: cgroups(7).
    """
    if place is None:
        place = find_place()
    try:
        if place.kind == "v1":
            from pyminidocker.kernel.cgroup.v1 import V1Manager

            return V1Manager(place.bases, name, place.missing, place.remedy)
        if place.kind == "v2":
            from pyminidocker.kernel.cgroup.v2 import V2Manager

            top = next(iter(place.bases.values()))
            return V2Manager(top, name, place.missing, place.remedy)
    except OSError as error:
        where = error.filename or next(iter(place.bases.values()), "")
        place = no_place(f"{where}: {error.strerror}", place.remedy)
    missing = {name: f"{text}; {why}" if why else text for name, text in place.missing.items()}
    return NoManager(missing, place.remedy)


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
