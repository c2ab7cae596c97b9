"""``RUN --mount=type=secret``: a file that one step sees and nothing remembers.

The file lies on the lab's own tmpfs, so that it never reaches a disk, is mounted into the step's
container and deleted with it.  A variable (``env=``) is kept in the engine's memory until the
command starts: it is no part of the container's record, and neither inspect nor exec show it.

See: Dockerfile reference, RUN --mount=type=secret.
"""

import os
from collections.abc import Mapping, Sequence

from pyminidocker.dockerfile.instructions import Mount
from pyminidocker.engine.records import MountRequest
from pyminidocker.errors import InvalidArgument, NotFound

_DIRECTORY = "/run/secrets"
_MODE = 0o400


def name_of(mount: Mount) -> str:
    """Return a secret's id: as given, or the last part of its target."""
    return mount.id or mount.target.rpartition("/")[2]


def target_of(mount: Mount) -> str:
    """Return where the file appears; "" when the secret is only a variable."""
    if mount.env and not mount.target:
        return ""
    return mount.target or f"{_DIRECTORY}/{name_of(mount)}"


def present(mounts: Sequence[Mount], secrets: Mapping[str, bytes]) -> list[Mount]:
    """Return the secret mounts whose secrets were given.

    Raises:
        NotFound: one is required and was not.
    """
    found = []
    for mount in mounts:
        if mount.type != "secret":
            continue
        if name_of(mount) in secrets:
            found.append(mount)
        elif mount.required:
            raise NotFound(
                f"secret {name_of(mount)}: not found",
                hint=f"give it: --secret id={name_of(mount)},src=FILE",
            )
    return found


def environment(mounts: Sequence[Mount], secrets: Mapping[str, bytes]) -> list[str]:
    """Return the variables that secrets are put into (``env=NAME``).

    Raises:
        InvalidArgument: a secret that cannot be a variable.
    """
    found = []
    for mount in mounts:
        if not mount.env:
            continue
        content = secrets[name_of(mount)]
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise InvalidArgument(
                f"secret {name_of(mount)} is not plain UTF-8 text: it can be a file only"
            )
        found.append(f"{mount.env}={text}")
    return found


def write(directory: str, mount: Mount, content: bytes) -> MountRequest:
    """Write a secret's file; return how it is mounted.  The caller deletes the file.

    Args:
        directory: on a tmpfs that only the lab sees.
        mount: where it is wanted, for whom.
        content: of the secret.
    """
    path = f"{directory}/secret-{os.urandom(8).hex()}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fchmod(fd, _MODE if mount.mode is None else mount.mode)
        try:
            os.fchown(fd, mount.uid or 0, mount.gid or 0)
        except OSError:
            pass  # an id this lab has not got: root owns it
    finally:
        os.close(fd)
    return MountRequest(type="bind", source=path, target=target_of(mount), read_only=True)
