"""The moments of an import in which a ``kill -9`` could hurt, and their repair.

    <volume>/_data        what containers mount
    <volume>/.restored    is being unpacked; complete once ``_data`` has been moved away
    <volume>/.replaced    what ``_data`` was

So a volume without ``_data`` is one whose ``.restored`` is complete.

See: rename(2).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.trees import remove_tree

_DATA, _RESTORED, _REPLACED = "_data", ".restored", ".replaced"


@contextmanager
def unpack_place(directory: str) -> Iterator[int]:
    """Make the directory to unpack into; yields it open.

    Raises:
        SystemFailure: disk full.
    """
    path = f"{directory}/{_RESTORED}"
    remove_tree(path)
    try:
        os.mkdir(path, 0o755)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise disk_failure(error, f"unpacking into {path}") from error
    try:
        yield fd
    finally:
        os.close(fd)


def exchange(directory: str) -> None:
    """Let what was unpacked take the data's place.

    Raises:
        OSError: the disk failed; the data is as it was.
    """
    os.rename(f"{directory}/{_DATA}", f"{directory}/{_REPLACED}")
    finish(directory)


def finish(directory: str) -> None:
    """Complete an exchange that was cut short; nothing happens when there was none."""
    data, restored = f"{directory}/{_DATA}", f"{directory}/{_RESTORED}"
    if not os.path.lexists(data) and os.path.isdir(restored):
        os.rename(restored, data)


def sweep(directory: str) -> None:
    """Remove what an import left, complete or not."""
    finish(directory)
    for name in (_RESTORED, _REPLACED):
        remove_tree(f"{directory}/{name}")
