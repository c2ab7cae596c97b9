"""The thin layer between image and container that holds the mount points of every container.

``/proc``, ``/dev/shm``, ``/etc/hosts`` and their like are mounted over at start, so something must
be there to mount on.  Were it made in the container's own layer, ``docker diff`` would show it as
the container's work; in a shared layer below it is nobody's, and starting makes nothing.

See: moby's daemon/initlayer/setup_unix.go, which lists the same paths.
"""

import os

from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.trees import remove_tree

_DIRECTORIES = ("dev", "dev/pts", "dev/shm", "etc", "proc", "sys")
_FILES = (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")
_LINKS = {"etc/mtab": "/proc/mounts"}
_MODE = 0o755


def ensure_init_layer(layers_dir: str) -> str:
    """Make the init layer under ``layers_dir`` unless it is there; return its directory.

    Raises:
        SystemFailure: disk full or no permission.
    """
    final = f"{layers_dir}/init"
    if os.path.isdir(f"{final}/diff"):
        return f"{final}/diff"
    temporary = f"{layers_dir}/.tmp-init"
    try:
        remove_tree(temporary)
        os.makedirs(f"{temporary}/diff")
        os.chmod(f"{temporary}/diff", _MODE)
        for path in _DIRECTORIES:
            os.mkdir(f"{temporary}/diff/{path}")
            os.chmod(f"{temporary}/diff/{path}", _MODE)
        for path in _FILES:
            os.close(os.open(f"{temporary}/diff/{path}", os.O_CREAT | os.O_WRONLY, 0o644))
            os.chmod(f"{temporary}/diff/{path}", 0o644)
        for path, target in _LINKS.items():
            os.symlink(target, f"{temporary}/diff/{path}")
        os.rename(temporary, final)
    except OSError as error:
        raise disk_failure(error, f"making {final}") from error
    return f"{final}/diff"
