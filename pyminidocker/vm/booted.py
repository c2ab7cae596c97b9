"""A virtual machine that really runs, by qemu."""

import json
import os
import time
from pathlib import Path
from typing import Any

from pyminidocker.client.results import RunResult
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, Unavailable
from pyminidocker.kernel import procfs
from pyminidocker.vm import phases
from pyminidocker.vm.kernel_image import KernelImage
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.qemu import CONSOLE, FIRMWARE, MachineSpec, Qemu

# The kernel's own messages up to this level are on the console: its first line is a border.
KERNEL_ARGUMENTS = "console=ttyS0 loglevel=6 panic=-1"
_HEADER_BYTES = 4096
_FORMAT = "minidocker-vm-1"
_SAVE_S = 120.0


class BootedMachine(VirtualMachine):
    """A running guest; made by ``boot``.

    Args:
        spec: what it is built of.
        kernel: its kernel.
        why: why it is of this kind.
        kernel_limit_s: how long the kernel's first line may take.
        boot_limit_s: how long the shell may take.

    Raises:
        Unavailable: it does not come up in time; the machine is gone then.
    """

    def __init__(
        self,
        spec: MachineSpec,
        kernel: KernelImage,
        why: str,
        *,
        kernel_limit_s: float,
        boot_limit_s: float,
    ) -> None:
        self.kind = spec.accelerator
        self.why = why
        self.kernel = kernel.release
        self.kernel_origin = kernel.origin
        self.memory_bytes = spec.memory_bytes
        self.cpus = spec.cpus
        self._spec = spec
        self._paused = False
        self._qemu = Qemu(spec)
        self.pid = self._qemu.pid
        try:
            self._await(phases.KERNEL_FIRST, kernel_limit_s, "its kernel said nothing")
            ready = self._await(phases.INIT_LAST, boot_limit_s, "its init did not come up")
            self.kernel = self._qemu.commands.run("uname -r", boot_limit_s).stdout.decode().strip()
            answered = time.monotonic()
            version = self._qemu.monitor.call("query-version")["qemu"]
        except BaseException:
            self.stop()
            raise
        self.hypervisor = "qemu {major}.{minor}.{micro}".format(**version)
        when = self._qemu.listener.when
        self.phases = phases.phases_between(
            self._qemu.began,
            [
                ("hypervisor", when(FIRMWARE, phases.FIRMWARE_FIRST)),
                ("firmware", when(FIRMWARE, phases.FIRMWARE_LAST)),
                ("kernel", when(CONSOLE, phases.INIT_FIRST)),
                ("init", ready),
                ("shell", answered),
            ],
        )

    def _await(self, words: bytes, limit_s: float, complaint: str) -> float:
        date = self._qemu.listener.wait_for(CONSOLE, words, limit_s)
        if date is None:
            what = "has ended" if self._qemu.has_ended else "does not boot"
            said = self._qemu.messages or self._qemu.listener.last_words()
            raise Unavailable(
                f"the virtual machine ({self.kind}) {what}: {complaint} within {limit_s:g} s",
                hint=f"the last it said: {said}" if said else "",
            )
        return date

    @property
    def pss_bytes(self) -> int:
        """What this machine costs the host now: qemu's proportional set size."""
        for line in procfs.read(self._running().pid, "smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
        raise Unavailable("this host's kernel does not tell the memory of a process by its pages")

    @property
    def console(self) -> str:
        """What the guest has printed on its first serial line: the kernel's messages."""
        return self._qemu.listener.text(CONSOLE)

    @property
    def paused(self) -> bool:
        """Whether the guest's processors are stopped."""
        return self._paused

    def _running(self) -> Qemu:
        if not self._qemu.is_alive:
            raise Unavailable(
                "the virtual machine is stopped", hint="boot another, or restore a saved one"
            )
        return self._qemu

    def run(self, command: str, timeout: float = 60.0) -> RunResult:
        """Run a shell command in the guest and wait for its end; see ``VirtualMachine``."""
        qemu = self._running()
        if self._paused:
            raise Unavailable(
                "the virtual machine is paused: nothing runs in it",
                hint="vm.resume() lets it go on",
            )
        answer = qemu.commands.run(command, timeout)
        return RunResult(answer.stdout, answer.stderr, answer.code, ["sh", "-c", command])

    def pause(self) -> None:
        """Stop the guest's processors; its memory stays."""
        self._running().monitor.call("stop")
        self._paused = True

    def resume(self) -> None:
        """Let a paused guest go on."""
        self._running().monitor.call("cont")
        self._paused = False

    def save(self, path: str) -> int:
        """Write the guest's whole state to a new file; see ``VirtualMachine``."""
        qemu = self._running()
        head = json.dumps(self._identity()).encode()
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise Conflict(f"{path} exists already") from error
        try:
            os.write(fd, head.ljust(_HEADER_BYTES))
            if not self._paused:
                qemu.monitor.call("stop")  # so that no page has to be written twice
            qemu.monitor.save_to(fd, _SAVE_S)
            size = os.fstat(fd).st_size
        except BaseException:
            Path(path).unlink()
            raise
        finally:
            os.close(fd)
            if not self._paused and qemu.is_alive:
                qemu.monitor.call("cont")
        return size

    def restore(self, path: str) -> float:
        """Become the machine that was saved; see ``VirtualMachine``."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound(f"there is no saved machine at {path}") from error
        try:
            saved = _read_header(os.read(fd, _HEADER_BYTES), path)
            mine = self._identity()
            different = [name for name in mine if mine[name] != saved.get(name)]
            if different:
                name = different[0]
                raise InvalidArgument(
                    f"{path} holds a machine with another {name}: {saved.get(name)}, not "
                    f"{mine[name]}",
                    hint="boot one that is built like it, and restore into that",
                )
            self.stop()
            self._qemu = Qemu(self._spec, fd)
            self.pid = self._qemu.pid
            self._qemu.monitor.let_go_on(_SAVE_S)
            return time.monotonic() - self._qemu.began
        except BaseException:
            if self.pid != self._qemu.pid:
                self.stop()
            raise
        finally:
            os.close(fd)

    def stop(self) -> None:
        """End the machine at once, as pulling the plug does; nothing the second time."""
        self._qemu.close()
        self.pid = 0
        self._paused = False

    def _identity(self) -> dict[str, Any]:
        """What must be equal for a saved machine to go on in this one."""
        spec = self._spec
        return {
            "format": _FORMAT,
            "kind": spec.accelerator,
            "kernel": self.kernel,
            "memory_bytes": spec.memory_bytes,
            "cpus": spec.cpus,
            "hypervisor": self.hypervisor,
        }


def _read_header(head: bytes, path: str) -> dict[str, Any]:
    try:
        said = json.loads(head)
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise InvalidArgument(f"{path} holds no saved machine")
    return said
