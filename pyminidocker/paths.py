"""Where an engine keeps things on disk.

State (images, containers, volumes) survives reboots; run-time files (socket, lock, pid) do not.
Both follow the XDG base directory specification for ordinary users and the FHS for root.
``MINIDOCKER_ROOT`` and ``MINIDOCKER_RUN`` move them, e.g. for tests; ``MINIDOCKER_CONFIG`` moves
the configuration.
"""

import os
import stat

DEFAULT_ENGINE = "default"
SOCKET_PATH_LIMIT = 107  # unix(7)


def is_engine_name(text: str) -> bool:
    """Tell whether ``text`` can name an engine: ASCII letters, digits, - and _."""
    letters = text.replace("-", "").replace("_", "")
    return letters.isascii() and letters.isalnum() and text[0] not in "-_"


def state_root(engine: str = DEFAULT_ENGINE) -> str:
    """Return the directory that holds everything engine ``engine`` must remember.

    Args:
        engine: the engine's name (``minidockerd --name``).
    """
    base = os.environ.get("MINIDOCKER_ROOT")
    if not base:
        if os.getuid() == 0:
            base = "/var/lib/minidocker"
        else:
            home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111
            base = f"{home}/minidocker"
    return f"{base}/{engine}"


def run_root(engine: str = DEFAULT_ENGINE) -> str:
    """Return the directory of engine ``engine``'s socket, lock and pid file.

    Kept short: a unix socket's path may have 107 bytes (unix(7)).

    Args:
        engine: the engine's name.
    """
    base = os.environ.get("MINIDOCKER_RUN")
    if not base:
        uid = os.getuid()
        if uid == 0:
            base = "/run/minidocker"
        elif (xdg := os.environ.get("XDG_RUNTIME_DIR")) and os.access(xdg, os.W_OK):
            base = f"{xdg}/minidocker"
        else:
            base = f"/tmp/minidocker-{uid}"  # noqa: S108 - ensure_private checks the owner
    return f"{base}/{engine}"


def socket_path(engine: str = DEFAULT_ENGINE) -> str:
    """Return the path of the Engine API socket of engine ``engine``."""
    return f"{run_root(engine)}/minidocker.sock"


def config_root() -> str:
    """Return the directory of ``daemon.json`` and ``certs.d``, which all engines share."""
    if given := os.environ.get("MINIDOCKER_CONFIG"):
        return given
    base = os.environ.get("XDG_CONFIG_HOME")
    if not base:
        base = "/etc" if os.getuid() == 0 else os.path.expanduser("~/.config")  # noqa: PTH111
    return f"{base}/minidocker"


def ensure_private(path: str) -> str:
    """Create directory ``path`` with mode 0700 and make sure that it is ours.

    Raises:
        PermissionError: it exists and belongs to somebody else, or is a link.
    """
    os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a directory of uid {os.getuid()}")
    return path
