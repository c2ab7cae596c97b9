"""Paths as a container sees them: absolute, without ``..``, split as ``docker cp`` needs them."""

import posixpath


def clean(path: str) -> str:
    """Return ``path`` as an absolute path of the container without ``.`` and ``..``.

    POSIX gives two leading slashes a meaning of their own, which normpath respects; here they have
    none.
    """
    return posixpath.normpath("/" + path.lstrip("/"))


def split(path: str) -> tuple[str, str]:
    """Return (directory, last component) of a container path, as moby's ResolvePath sees it.

    Links in the directory are followed, the last component is taken as it is; "x/" and "x/." mean
    what ``x`` points to.
    """
    absolute = clean(path)
    if absolute == "/" or path.endswith(("/", "/.")):
        return absolute, "."
    directory, _, name = absolute.rpartition("/")
    return directory or "/", name
