"""The directories of an engine: made, locked while it lives, swept when it is dead.

    <base>/minidocker/<engine>-<pid>/<group of a container>

Directories of cgroups outlive whoever made them.  An engine holds a lock on its own (an open file
with flock(2)); the kernel lets go of it when the engine dies, however it dies.  Whoever gets the
lock may take the directory away: the engine's host agent, which sees its end, or the next engine.

See: flock(2), cgroups(7), docs/decisions/0020.
"""

import errno
import fcntl
import os

from pyminidocker.kernel.cgroup import files

TOP = "minidocker"
_ATTEMPTS = 20


def distinct(bases: dict[str, str]) -> list[str]:
    """Return the directories of several controllers, each once, in order.

    See: cgroups(7).
    """
    return list(dict.fromkeys(bases.values()))


def make_dir(path: str) -> None:
    """Make a directory unless it is there.

    Raises:
        OSError: EACCES, EROFS, ENOSPC.

    See: mkdir(2).
    """
    try:
        os.mkdir(path)
    except FileExistsError:
        pass


def open_all(paths: list[str]) -> list[int]:
    """Open files for writing: all of them, or none.

    Raises:
        OSError: one of them is not there, or not ours.

    See: open(2).
    """
    fds: list[int] = []
    try:
        fds += (os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in paths)
    except OSError:
        for fd in fds:
            os.close(fd)
        raise
    return fds


def claim(top: str, name: str) -> tuple[str, int]:
    """Make and lock a directory of our own below ``top``.

    Args:
        top: a directory named ``minidocker``; made when it is not there.
        name: what to call ours, if nobody has that name.

    Returns:
        (the name, an open descriptor that holds the lock).

    Raises:
        OSError: the directory cannot be made.

    See: flock(2).
    """
    problem: OSError = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), f"{top}/{name}")
    for attempt in range(_ATTEMPTS):
        chosen = name if attempt == 0 else f"{name}.{attempt}"
        try:
            make_dir(top)
            os.mkdir(f"{top}/{chosen}")
            fd = os.open(f"{top}/{chosen}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileExistsError:
            continue
        except FileNotFoundError as error:
            problem = error  # another engine, the last one, has just taken ``top`` away
            continue
        if lock(fd) and os.fstat(fd).st_nlink and os.path.exists(f"{top}/{chosen}"):
            return chosen, fd
        os.close(fd)  # somebody swept it in between
    raise problem


def lock(fd: int) -> bool:
    """Take the lock of a directory if nobody has it.

    See: flock(2).
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def engines(top: str) -> list[str]:
    """Return the names of the engines' directories.

    See: cgroups(7).
    """
    try:
        with os.scandir(top) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def is_abandoned(directory: str) -> bool:
    """Tell whether the engine that made a directory is dead, or the directory is gone already.

    See: flock(2).
    """
    try:
        fd = _inherit(directory)
    except FileNotFoundError:
        return True
    if fd >= 0:
        os.close(fd)
    return fd >= 0


def _inherit(directory: str) -> int:
    """Return a descriptor with the lock of a dead engine's directory; -1 while somebody has it.

    Raises:
        FileNotFoundError: it is gone already.
    """
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:
        return -1
    if lock(fd):
        return fd
    os.close(fd)
    return -1


def remove_engine(tops: list[str], name: str) -> bool:
    """Remove a dead engine's directories; False when there still are processes in one.

    Processes that stand in a frozen group cannot die: they are let go on, to their end.

    See: kernel cgroup-v1/freezer-subsystem.rst.
    """
    is_gone = True
    for top in tops:
        engine = f"{top}/{name}"
        for group in engines(engine):
            is_gone &= _remove(f"{engine}/{group}")
        is_gone &= _remove(engine)
    return is_gone


def _remove(directory: str) -> bool:
    for name, value in (("freezer.state", "THAWED"), ("cgroup.kill", "1")):
        try:
            files.write(directory, name, value)
        except OSError:
            pass  # this version, or this tree, does not have it
    try:
        remove_group(directory)
    except OSError:
        return False
    return True


def remove_group(directory: str) -> None:
    """Remove a group, and those that its processes have made in it, as privileged ones may.

    Raises:
        OSError: EBUSY (there still are processes in one of them).

    See: runc libcontainer's cgroups.RemovePath, rmdir(2).
    """
    below = [directory]  # not by recursion: how deep it goes was for those processes to decide
    while below:
        try:
            os.rmdir(below[-1])
        except FileNotFoundError:
            pass
        except OSError as error:
            inside = engines(below[-1]) if error.errno == errno.EBUSY else []
            if not inside:
                raise
            below += (f"{below[-1]}/{name}" for name in inside)
            continue
        below.pop()


def remove_top(top: str) -> None:
    """Remove ``top`` when it is empty and ours, not handed over to us by an administrator.

    See: rmdir(2).
    """
    try:
        if os.stat(top).st_uid == os.stat(os.path.dirname(top)).st_uid:
            os.rmdir(top)
    except OSError:
        pass  # others use it


def sweep_abandoned(tops: list[str]) -> None:
    """Remove what dead engines have left; what is still in use by dying processes stays.

    See: flock(2).
    """
    for name in engines(tops[0]) if tops else []:
        try:
            lock_fd = _inherit(f"{tops[0]}/{name}")
        except FileNotFoundError:
            continue
        if lock_fd < 0:
            continue
        # The lock is kept: an engine that has made its directory and is about to lock it must see
        # that it comes too late, and take another (``claim``).
        try:
            if remove_engine(tops, name):
                _remove_elsewhere(tops, name)
        finally:
            os.close(lock_fd)


def _remove_elsewhere(tops: list[str], name: str) -> None:
    """Remove an engine's directories from other places than ours: it was started elsewhere."""
    for top in tops:
        tree = os.path.dirname(top)
        while os.stat(os.path.dirname(tree)).st_dev == os.stat(tree).st_dev and tree != "/":
            tree = os.path.dirname(tree)
        for found in tops_below(tree):
            remove_engine([found], name)
            remove_top(found)


def tops_below(directory: str) -> list[str]:
    """Return the directories that engines have theirs in, anywhere in a tree.

    See: cgroups(7).
    """
    found = []
    for where, names, _ in os.walk(directory):
        for name in [name for name in names if name.startswith(TOP)]:
            names.remove(name)
            found.append(f"{where}/{name}")
    return found
