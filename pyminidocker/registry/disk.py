"""Files that are there in full or not at all, whatever is killed and whenever.

A file is written under a temporary name, brought to the disk, and renamed.  The data of a blob is
synced before it gets its name: what a registry has said it has, it has after a power cut.

See: rename(2); fdatasync(2).
"""

import os


def write_file(path: str, data: bytes, temporary: str) -> None:
    """Make ``path`` (and its directory), or replace it, in one step.

    Args:
        path: of the file.
        data: its content.
        temporary: a directory on the same file system.
    """
    passing = f"{temporary}/{os.urandom(8).hex()}"
    fd = os.open(passing, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(fd, data)
            os.fdatasync(fd)
        finally:
            os.close(fd)
        rename(passing, path)
    except BaseException:
        remove_file(passing)
        raise


def rename(source: str, target: str) -> None:
    """Give a file its name, whose directory may be missing."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(source, target)


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``: write(2) may take less."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def read_text(path: str) -> str:
    """Return the content of a small file, or an empty string when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def remove_file(path: str) -> bool:
    """Remove a file; tell whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def remove_tree(path: str) -> None:
    """Remove a directory and all in it; links are removed, not followed."""
    for where, directories, files in os.walk(path, topdown=False):
        for name in files:
            remove_file(f"{where}/{name}")
        for name in directories:
            remove_directory(f"{where}/{name}")
    remove_directory(path)


def remove_directory(path: str) -> None:
    """Remove a directory, or a link to one; what still has something in it stays."""
    try:
        os.rmdir(path)
    except NotADirectoryError:  # a link to a directory
        remove_file(path)
    except OSError:  # gone, or somebody wrote into it just now
        pass


def prune_empty(path: str, top: str) -> None:
    """Remove the directory ``path`` and those above it, below ``top``, as far as they are empty."""
    while path.startswith(f"{top}/"):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError:  # not empty
            return
        path = os.path.dirname(path)


def names_in(directory: str) -> list[str]:
    """Return the names in a directory; none when it is not there."""
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
