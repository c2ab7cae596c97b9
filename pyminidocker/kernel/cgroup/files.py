"""Reading and writing the small files that cgroups are made of.

A number is text with a newline; a table has one ``name value`` pair a line.  Nothing here knows a
version.

See: cgroups(7).
"""

import os

_READ = os.O_RDONLY | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CLOEXEC
_LARGEST = 1 << 16


def read(directory: str, name: str) -> str:
    """Return a file's text without the last newline.

    Raises:
        OSError: ENOENT (this kernel has no such file), ENODEV (the group is gone).

    See: cgroups(7).
    """
    fd = os.open(f"{directory}/{name}", _READ)
    try:
        data = os.read(fd, _LARGEST)
        while more := os.read(fd, _LARGEST):
            data += more
    finally:
        os.close(fd)
    return data.decode("ascii", "replace").rstrip("\n")


def write(directory: str, name: str, value: str | int) -> None:
    """Write a value; an error names the file and the value.

    Raises:
        OSError: EINVAL, EBUSY, EACCES, as the file says no; its ``filename`` is the path.

    See: cgroups(7).
    """
    path = f"{directory}/{name}"
    fd = os.open(path, _WRITE)
    try:
        os.write(fd, str(value).encode())
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(fd)


def number(directory: str, name: str, *, default: int = 0) -> int:
    """Return a file's number; ``default`` when it is not there or says ``max``.

    See: cgroups(7).
    """
    try:
        text = read(directory, name)
    except OSError:
        return default
    return int(text) if text.lstrip("-").isdecimal() else default


def table(directory: str, name: str) -> dict[str, int]:
    """Return a file of ``name value`` lines; empty when it is not there.

    See: cgroups(7).
    """
    try:
        text = read(directory, name)
    except OSError:
        return {}
    found = {}
    for line in text.split("\n"):
        key, _, value = line.partition(" ")
        if value.isdecimal():
            found[key] = int(value)
    return found


def words(directory: str, name: str) -> list[str]:
    """Return a file's words; none when it is not there.

    See: cgroups(7).
    """
    try:
        return read(directory, name).split()
    except OSError:
        return []


def numbers(directory: str, name: str) -> list[int]:
    """Return a file's numbers.

    Raises:
        OSError: as for ``read``.

    See: cgroups(7).
    """
    return [int(word) for word in read(directory, name).split()]


def has(directory: str, name: str) -> bool:
    """Tell whether there is such a file.

    See: cgroups(7).
    """
    return os.access(f"{directory}/{name}", os.F_OK)
