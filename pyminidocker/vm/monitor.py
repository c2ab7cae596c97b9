"""qemu's monitor: a line on which it takes orders, as JSON.

See: qemu's docs/interop/qmp-spec.rst and qemu-qmp-ref.
"""

import array
import json
import os
import select
import socket
import time
from typing import Any

from pyminidocker.errors import SystemFailure, Unavailable

_DEADLINE_S = 30.0


class Monitor:
    """A connection to qemu's monitor.

    Args:
        line: our end of it.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._received = b""
        self._greeted = False

    def call(self, command: str, fd: int = -1, **arguments: Any) -> Any:
        """Have qemu do something and return what it says.

        Args:
            command: its name, e.g. ``query-status``.
            fd: a descriptor to give along, for ``getfd``.
            arguments: with ``_`` for ``-``.

        Raises:
            SystemFailure: qemu refuses; in its words.
            Unavailable: qemu is gone, or silent.
        """
        if not self._greeted:
            self._read()  # its name and version
            self._greeted = True
            self.call("qmp_capabilities")
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        order = json.dumps({"execute": command, "arguments": named}).encode()
        rights = []
        if fd >= 0:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())]
        try:
            self._line.sendmsg([order], rights)
        except OSError as error:
            raise Unavailable("the virtual machine has ended") from error
        while True:
            said = self._read()
            if "error" in said:
                raise SystemFailure(f"qemu refuses {command}: {said['error'].get('desc', '')}")
            if "return" in said:
                return said["return"]

    def save_to(self, fd: int, timeout_s: float) -> None:
        """Write the whole machine into a file ("migrate" it there).

        Args:
            fd: the file, open for writing.
            timeout_s: how long it may take.

        Raises:
            SystemFailure: it failed; in qemu's words.
            Unavailable: qemu is gone, or not done in time.
        """
        self.call("getfd", fd=fd, fdname="state")
        # Without a limit; the default is made for networks.
        self.call("migrate-set-parameters", max_bandwidth=1 << 40)
        self.call("migrate", uri="fd:state")
        until = time.monotonic() + timeout_s
        while True:
            said = self.call("query-migrate")
            if said.get("status") == "completed":
                return
            if said.get("status") in ("failed", "cancelled"):
                raise SystemFailure(f"qemu could not save: {said.get('error-desc', 'no reason')}")
            if time.monotonic() > until:
                raise Unavailable("qemu did not save the machine in time")
            time.sleep(0.01)

    def let_go_on(self, timeout_s: float) -> None:
        """Wait until a machine has come out of its file, and let it run.

        Raises:
            Unavailable: it does not come.
        """
        until = time.monotonic() + timeout_s
        while (state := self.call("query-status")["status"]) == "inmigrate":
            if time.monotonic() > until:
                raise Unavailable("the saved machine was not read in time")
            time.sleep(0.005)
        if state != "running":
            self.call("cont")

    def close(self) -> None:
        """Close our end."""
        self._line.close()

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + _DEADLINE_S
        while b"\n" not in self._received:
            readable, _, _ = select.select([self._line], [], [], until - time.monotonic())
            data = b""
            if readable:
                try:
                    data = os.read(self._line.fileno(), 1 << 16)
                except OSError:
                    pass
            if not data:
                raise Unavailable("the virtual machine has ended" if readable else "qemu is silent")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        said: dict[str, Any] = json.loads(line)
        return said
