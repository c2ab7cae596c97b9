"""Remove and copy directory trees that containers wrote: nothing in them can be trusted.

A tree may hold directories of mode 000 (overlayfs' own ``work`` is one), links to anywhere, and
mounts that another namespace put there.  Everything happens through directory file descriptors and
never follows a link; a mount point is not entered.
"""


def remove_tree(path: str) -> None:
    """Delete ``path`` and all below it; nothing happens when it does not exist.

    Raises:
        OSError: something could not be deleted (a mount point: EBUSY); the rest is gone.
    """
    raise NotImplementedError


def copy_tree(source: str, target: str) -> None:
    """Copy the contents of directory ``source`` into the directory ``target``, metadata included.

    Owners, modes, times, links, hard links, fifos and extended attributes are kept; owners as far
    as this process may give files away.

    Raises:
        OSError: disk full or no permission.
    """
    raise NotImplementedError


def tree_size(path: str) -> int:
    """Return the bytes in regular files below ``path``, hard links counted once."""
    raise NotImplementedError
