"""qemu as a child process that cannot outlive us.

See: qemu-system-x86_64(1).
"""

import os
import shutil
import socket
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pyminidocker.errors import NotFound, Unavailable
from pyminidocker.vm.lines import CommandLine, Listener
from pyminidocker.vm.monitor import Monitor

_NAMES = ("qemu-system-x86_64", "qemu-kvm", "/usr/libexec/qemu-kvm")
_HINT = (
    "'apt install --no-install-recommends qemu-system-x86' (Debian, Ubuntu), 'dnf install "
    "qemu-kvm-core' (Fedora), 'conda install -c conda-forge qemu'"
)
# qemu becomes its own process' successor, so that the kernel kills it when we die (the signal
# survives execve), and says when it began.
_LAUNCHER = """
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.write(int(sys.argv[2]), b"%.6f\\n" % time.monotonic())
os.execv(sys.argv[3], sys.argv[3:])
"""
_LAUNCH_S = 20.0
_END_S = 5.0
# That signal comes when the *thread* ends that started the child.  This one ends with the process.
_launcher_thread = ThreadPoolExecutor(1, thread_name_prefix="vm-launcher")

CONSOLE, FIRMWARE, MESSAGES, COMMANDS, MONITOR = (
    "console", "firmware", "messages", "commands", "monitor",
)  # fmt: skip


@dataclass(frozen=True)
class MachineSpec:
    """What a virtual machine is built of.

    Attributes:
        qemu: the program.
        accelerator: ``kvm`` or ``tcg``.
        kernel: path of the kernel.
        initramfs: the guest's first root file system.
        kernel_arguments: words for the kernel.
        memory_bytes: the guest's memory.
        cpus: how many processors.
        options: further options of qemu.
    """

    qemu: str
    accelerator: str
    kernel: str
    initramfs: bytes = field(repr=False)
    kernel_arguments: str
    memory_bytes: int
    cpus: int = 1
    options: tuple[str, ...] = ()


def find_qemu() -> str:
    """Return the path of a qemu for x86_64.

    Raises:
        NotFound: there is none.
    """
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise NotFound("no qemu on this host", hint=_HINT)


class Qemu:
    """A running qemu.

    Attributes:
        pid: its process.
        began: the moment before qemu's first instruction (time.monotonic()).
        listener: what the guest, its firmware and qemu itself say.
        commands: runs shell commands in the guest.
        monitor: qemu's own orders.

    Args:
        spec: what to build.
        incoming_fd: a file that holds a saved machine, at its beginning; -1: boot.

    Raises:
        Unavailable: qemu does not start; in its words.
    """

    def __init__(self, spec: MachineSpec, incoming_fd: int = -1) -> None:
        ours: dict[str, socket.socket] = {}
        theirs: dict[str, socket.socket] = {}
        for name in (CONSOLE, FIRMWARE, MESSAGES, COMMANDS, MONITOR):
            ours[name], theirs[name] = socket.socketpair()
        initramfs = os.memfd_create("initramfs")
        try:
            with open(initramfs, "wb", closefd=False) as file:
                file.write(spec.initramfs)
            fds = {name: line.fileno() for name, line in theirs.items()}
            passed = [*fds.values(), initramfs, *([incoming_fd] if incoming_fd >= 0 else [])]
            command = _command(spec, fds, initramfs, incoming_fd)
            launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
            self._process = _launcher_thread.submit(
                subprocess.Popen,
                [*launcher, str(os.getpid()), str(fds[MESSAGES]), *command],
                stdin=subprocess.DEVNULL,
                stdout=fds[MESSAGES],
                stderr=fds[MESSAGES],
                pass_fds=passed,
            ).result()
        finally:
            os.close(initramfs)
            for line in theirs.values():
                line.close()
        self.pid = self._process.pid
        self.listener = Listener({name: ours[name] for name in (CONSOLE, FIRMWARE, MESSAGES)})
        self.commands = CommandLine(ours[COMMANDS])
        self.monitor = Monitor(ours[MONITOR])
        self._end = weakref.finalize(
            self, _end, self._process, self.listener, self.commands, self.monitor
        )
        if self.listener.wait_for(MESSAGES, b"\n", _LAUNCH_S) is None:
            self.close()
            raise Unavailable(f"{spec.qemu} could not be started")
        self.began = float(self.listener.text(MESSAGES).split("\n")[0])

    @property
    def is_alive(self) -> bool:
        """Whether qemu is there."""
        return self._end.alive and self._process.poll() is None

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself: first its lines, then the process."""
        return self.listener.has_ended and self.wait(_END_S)

    @property
    def messages(self) -> str:
        """What qemu itself had to say: warnings and errors."""
        return self.listener.text(MESSAGES).partition("\n")[2].strip()

    def wait(self, timeout_s: float) -> bool:
        """Wait until qemu ends by itself; False when it did not."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End qemu and everything that belongs to it."""
        self._end()


def _end(
    process: "subprocess.Popen[bytes]", listener: Listener, commands: CommandLine, monitor: Monitor
) -> None:
    process.kill()
    process.wait()
    listener.close()
    commands.close()
    monitor.close()


def _command(spec: MachineSpec, fds: dict[str, int], initramfs: int, incoming_fd: int) -> list[str]:
    """Return qemu's command line."""
    # What needs no driver: two serial lines of the PC, and the firmware's debugging port.
    lines = [
        word
        for name in (CONSOLE, COMMANDS, FIRMWARE, MONITOR)
        for word in ("-chardev", f"socket,id={name},fd={fds[name]}")
    ]
    accelerator = spec.accelerator
    if accelerator == "tcg" and spec.cpus > 1:
        # A kernel changes its own code while it runs; with a thread for each processor, qemu now
        # and then executes a mixture of old and new (seen as "Oops: int3" during boots).
        accelerator = "tcg,thread=single"
    cpu = ["-cpu", "host"] if spec.accelerator == "kvm" else []
    incoming = ["-incoming", f"fd:{incoming_fd}"] if incoming_fd >= 0 else []
    return [
        spec.qemu,
        *("-machine", "pc", "-accel", accelerator, *cpu),
        *("-m", f"{spec.memory_bytes >> 10}K", "-smp", str(spec.cpus)),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
        *lines,
        *("-serial", f"chardev:{CONSOLE}", "-serial", f"chardev:{COMMANDS}"),
        *("-device", f"isa-debugcon,iobase=0x402,chardev={FIRMWARE}"),
        *("-mon", f"chardev={MONITOR},mode=control"),
        *("-kernel", spec.kernel, "-initrd", f"/proc/self/fd/{initramfs}"),
        *("-append", spec.kernel_arguments),
        *incoming,
        *spec.options,
    ]
