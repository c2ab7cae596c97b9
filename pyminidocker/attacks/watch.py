"""The host's side of an attack: what must stay secret, and what must stay as it is.

A container's own word counts when it says that it broke out.  When it says that it was stopped, the
host looks for itself.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine

_libc = ctypes.CDLL(None)
_IPC_CREATE = 0o1000

# Settings of the whole machine that an attacker would like to change.
_SETTINGS = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/panic", "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/vm/overcommit_memory",
    "/sys/kernel/uevent_helper", "/proc/swaps", "/proc/modules",
)  # fmt: skip


class Watch:
    """Keeps a secret on the host and an eye on the machine; a context manager.

    Attributes:
        directory: on the host, for everybody to read, with ``secret`` in it.
        secret: what is written there.
        abstract: the name of an abstract socket that listens on the host.
        port: a TCP port that listens on the host's loopback only.
    """

    def __enter__(self) -> Self:
        self.directory = tempfile.mkdtemp(prefix="minidocker-watch-")
        os.chmod(self.directory, 0o755)
        self.secret = secrets.token_hex(16)
        self.path = f"{self.directory}/secret"
        Path(self.path).write_text(self.secret)
        os.chmod(self.path, 0o644)
        self.abstract = f"minidocker-watch-{self.secret[:8]}"
        self._sockets = [socket.socket(socket.AF_UNIX), socket.socket()]
        self._sockets[0].bind(f"\0{self.abstract}")
        self._sockets[1].bind(("127.0.0.1", 0))
        self.port = self._sockets[1].getsockname()[1]
        for listener in self._sockets:
            listener.listen(8)
        self._shm = f"/dev/shm/{self.abstract}"
        Path(self._shm).write_text(self.secret)
        os.chmod(self._shm, 0o644)
        self._key = secrets.randbelow(1 << 30) + 1
        self._segment = _libc.shmget(self._key, 4096, _IPC_CREATE | 0o666)
        self._before = self._look()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._sockets:
            listener.close()
        os.unlink(self._shm)
        _libc.shmctl(self._segment, 0, None)  # IPC_RMID
        for name in os.listdir(self.directory):
            os.unlink(f"{self.directory}/{name}")
        os.rmdir(self.directory)

    def environment(self, engine: Engine) -> list[str]:
        """Return what an attacker is told: it makes attacks easier, not harder."""
        facts = engine.api.engine_facts()
        pids = " ".join(str(facts[key]) for key in ("Pid", "ZygotePid", "AgentPid"))
        return [
            f"ATTACK_PIDS={pids}",
            f"ATTACK_ENGINE={engine.api.socket_path}",
            f"ATTACK_SHM={os.path.basename(self._shm)}",
            f"ATTACK_KEY={self._key}",
            f"ATTACK_SECRET={self.secret}",
            f"ATTACK_PATH={self.path}",
            f"ATTACK_ABSTRACT={self.abstract}",
            f"ATTACK_PORT={self.port}",
        ]

    def damage(self) -> str:
        """Return what has changed on the host since the beginning; "" for nothing."""
        now = self._look()
        changed = [f"{name}: {self._before[name]!r} is now {now[name]!r}" for name in now
                   if now[name] != self._before[name]]  # fmt: skip
        return "; ".join(changed)

    def _look(self) -> dict[str, str]:
        seen = {}
        for path in _SETTINGS:
            try:
                seen[path] = Path(path).read_text()
            except OSError:
                continue
        seen[self.directory] = " ".join(sorted(os.listdir(self.directory)))
        seen[self.path] = Path(self.path).read_text()
        return seen
