"""Which versions of Docker's API this engine speaks, and what it answers to others.

See: Docker Engine API, "Versioning".
"""

from pyminidocker.errors import InvalidArgument

API_VERSION = (1, 41)
MIN_API_VERSION = (1, 24)
API_VERSION_TEXT = "1.41"
MIN_API_VERSION_TEXT = "1.24"


def split_version(path: str) -> tuple[tuple[int, int], str]:
    """Take ``/v1.41`` off a path; an unversioned path means the newest version.

    Returns:
        ((major, minor), the rest of the path).

    Raises:
        InvalidArgument: a version this engine does not speak, in moby's words.
    """
    if not path.startswith("/v1."):
        return API_VERSION, path
    version, slash, rest = path[2:].partition("/")
    minor = version[2:]
    if not slash or not minor.isdecimal():
        return API_VERSION, path
    parsed = (1, int(minor))
    if parsed > API_VERSION:
        raise InvalidArgument(
            f"client version {version} is too new. "
            f"Maximum supported API version is {API_VERSION_TEXT}"
        )
    if parsed < MIN_API_VERSION:
        raise InvalidArgument(
            f"client version {version} is too old. Minimum supported API version is "
            f"{MIN_API_VERSION_TEXT}, please upgrade your client to a newer version"
        )
    return parsed, "/" + rest
