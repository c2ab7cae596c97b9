"""What root may do inside its own container: no way out, and yet more than most programs need."""

import fcntl
import os
import socket
import stat
import struct

from pyminidocker.attacks.inside.kit import lost, must, why, won

_SCRATCH = "/dev/shm"


def give_away_files() -> None:
    """Change a file's owner."""
    path = f"{_SCRATCH}/owned"
    open(path, "wb").close()
    wanted = 1 if os.getuid() != 1 else 2
    try:
        os.chown(path, wanted, -1)
    except OSError as error:
        lost(f"chown: {why(error)}")
    if os.stat(path).st_uid != wanted:
        lost("chown says that it worked, and nothing has changed")
    won(f"the file belongs to uid {wanted}")


def ignore_permissions() -> None:
    """Read a file that belongs to somebody else and is closed to everybody."""
    last = "every file here is open to us"
    for path in ("/etc/shadow", "/usr/local/secret", f"{_SCRATCH}/closed"):
        try:
            if path.startswith(_SCRATCH):
                open(path, "wb").close()
                os.chown(path, 1, 1)
                os.chmod(path, 0)
            info = os.stat(path)
            if stat.S_IMODE(info.st_mode) & 0o444 or info.st_uid == os.getuid():
                continue
            open(path, "rb").close()
        except OSError as error:
            last = why(error)
            continue
        won(f"read {path}, mode {stat.S_IMODE(info.st_mode):o} of uid {info.st_uid}")
    lost(last)


def watch_the_wire() -> None:
    """Open a packet socket: see, and forge, whatever passes the interface."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).close()
    except OSError as error:
        lost(f"socket(AF_PACKET): {why(error)}")
    won("socket(AF_PACKET, SOCK_RAW)")


def plant_a_program() -> None:
    """Put a program where others will run it."""
    path = "/usr/local/bin/planted"
    try:
        with open(path, "w") as file:
            file.write("#!/bin/sh\n")
        os.chmod(path, 0o755)
    except OSError as error:
        lost(why(error))
    os.unlink(path)
    won(f"wrote {path}")


def call_home() -> None:
    """Find a way to the world: a route that packets could take."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        try:
            talker.connect(("192.0.2.1", 9))
        except OSError as error:
            lost(f"connect: {why(error)}")
        won(f"a route by {talker.getsockname()[0]}")


def rename_the_host() -> None:
    """Change the host name that all programs of the container see."""
    must("sethostname", b"attacked", 8)
    won("sethostname")


def mount_memory() -> None:
    """Mount a file system."""
    must("mount", b"x", _SCRATCH.encode(), b"tmpfs", 0, None)
    won("mount -t tmpfs")


def rearrange_the_network() -> None:
    """Switch an interface off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        request = struct.pack("16sh14x", b"lo", 0)
        try:
            fcntl.ioctl(talker, 0x8914, request)  # SIOCSIFFLAGS
        except OSError as error:
            lost(f"SIOCSIFFLAGS: {why(error)}")
    won("lo is down")
