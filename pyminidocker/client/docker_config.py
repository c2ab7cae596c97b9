"""Docker's configuration file, ``~/.docker/config.json``, which its clients and ours share.

Nobody else can read it, it is there in full or not at all, and what we do not know in it stays.

See: docs.docker.com/reference/cli/docker, "Configuration files"; rename(2); flock(2).
"""

from __future__ import annotations

import os

from pyminidocker.client.json_text import dumps, loads
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]


def config_path() -> str:
    """Return the path of Docker's configuration file (``DOCKER_CONFIG`` names its directory)."""
    base = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111
    return f"{base}/config.json"


def load() -> Json:
    """Return the file's content; a missing file is an empty one.

    Raises:
        InvalidArgument: it is no JSON; names the file.
    """
    path = config_path()
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            found = loads(file.read() or b"{}")
        if not isinstance(found, dict):
            raise ValueError("not an object")
        for section in ("auths", "credHelpers"):
            if not isinstance(found.get(section) or {}, dict):
                raise ValueError(f"{section} is not an object")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidArgument(f"{path} cannot be used: {error}") from error
    return found


def change(edit: Callable[[Json], None]) -> None:
    """Let ``edit`` at the file's ``auths``; the rest of the file stays as it is.

    Others of us wait meanwhile, so that no login is lost.  Docker's own clients know no lock.

    Args:
        edit: changes the dictionary it is given.

    Raises:
        InvalidArgument: the file is damaged.
        OSError: it cannot be written.
    """
    import fcntl
    from contextlib import suppress

    directory = os.path.dirname(os.path.realpath(config_path()))  # noqa: PTH120
    os.makedirs(directory, mode=0o700, exist_ok=True)  # noqa: PTH103
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # NFS locks nothing that is not open for writing
            fcntl.flock(lock, fcntl.LOCK_EX)
        config = load()
        auths: Json = dict(config.get("auths") or {})
        edit(auths)
        _save({**config, "auths": auths})
    finally:
        os.close(lock)


def _save(config: Json) -> None:
    """Replace the file in one step; a link to it stays a link."""
    path = os.path.realpath(config_path())
    temporary = f"{path}.{os.urandom(4).hex()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(_indented(config) + "\n")
        os.rename(temporary, path)  # noqa: PTH104
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108
        raise


def _indented(value: object, indent: str = "") -> str:
    """Return JSON indented by tabs, as Docker writes this file."""
    if not isinstance(value, dict) or not value:
        return dumps(value)
    deeper = indent + "\t"
    lines = [f"{deeper}{dumps(str(key))}: {_indented(value[key], deeper)}" for key in value]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
