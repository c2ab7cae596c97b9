"""The machine itself: its settings, its kernel, its clock."""

import ctypes
import os

from pyminidocker.attacks.inside.kit import (
    CLONE_NEWCGROUP,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    MS_BIND,
    MS_REMOUNT,
    call,
    lost,
    must,
    read,
    untried,
    why,
    won,
)

_SCRATCH = "/dev/shm"
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000


def _write_back(path: str) -> None:
    """Write to a setting what it has already: harmless, and as good as a change."""
    value = read(path)
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, value or b"\n")
    os.close(fd)
    won(f"wrote to {path}")


def core_pattern() -> None:
    """Name the program that the kernel runs, as the machine's root, when something crashes."""
    _write_back("/proc/sys/kernel/core_pattern")


def module_helper() -> None:
    """Name the program that the kernel runs, as the machine's root, to load a module."""
    _write_back("/proc/sys/kernel/modprobe")


def uevent_helper() -> None:
    """Name the program that the kernel runs when a device appears."""
    path = "/sys/kernel/uevent_helper"
    if not os.path.exists(path):
        untried("this kernel has no /sys/kernel/uevent_helper")
    _write_back(path)


def sysrq() -> None:
    """Open the file whose letters reboot or crash the machine."""
    if not os.path.exists("/proc/sysrq-trigger"):
        untried("this kernel has no /proc/sysrq-trigger")
    os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))
    won("opened /proc/sysrq-trigger for writing")


def power_state() -> None:
    """Open the file that puts the machine to sleep."""
    for path in ("/sys/power/state", "/sys/power/disk", "/sys/power/wake_lock"):
        if os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY))
            won(f"opened {path} for writing")
    untried("this kernel has no /sys/power/state")


def memory_policy() -> None:
    """Change how the whole machine deals with memory."""
    _write_back("/proc/sys/vm/overcommit_memory")


_MASKED = (
    "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/interrupts",
    "/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip


def _look_into(paths: tuple[str, ...]) -> str:
    for path in paths:
        try:
            seen = (
                b"".join(map(str.encode, os.listdir(path))) if os.path.isdir(path) else read(path)
            )
        except OSError:
            continue
        if seen:
            return f"{path} shows {seen[:24]!r}"
    return ""


def masked_paths() -> None:
    """Read what should be covered: the kernel's memory, other users' keys, the firmware."""
    if seen := _look_into(_MASKED):
        won(seen)
    lost("all covered: /dev/null over files, an empty tmpfs over directories")


def unmask() -> None:
    """Take the covers off: unmount them, or look at the same place by another mount."""
    last = ""
    for path in _MASKED:
        _, last = call("umount2", path.encode(), 2)
    if seen := _look_into(_MASKED[:5]):
        won(seen)
    os.makedirs(f"{_SCRATCH}/other", exist_ok=True)
    call("mount", b"/proc", f"{_SCRATCH}/other".encode(), None, MS_BIND, None)
    if seen := _look_into((f"{_SCRATCH}/other/kcore", f"{_SCRATCH}/other/keys")):
        won(seen)
    lost(f"umount2: {last}")


def remount() -> None:
    """Make /proc/sys and /sys writable again."""
    errors = []
    for path in ("/proc/sys", "/sys"):
        for target in (path, path.rpartition("/")[0] or "/"):
            _, error = call("mount", None, target.encode(), None, MS_REMOUNT | MS_BIND, None)
            errors.append(error)
        call("umount2", path.encode(), 2)
    try:
        _write_back("/proc/sys/kernel/core_pattern")
    except OSError as refused:
        lost(f"mount -o remount,rw: {errors[0]}; {why(refused)}")


def _inside_new(flags: int) -> str:
    """Get new namespaces, with a user namespace where that is the only way; "" when it worked."""
    if not call("unshare", flags)[1]:
        return ""
    return call("unshare", CLONE_NEWUSER | flags)[1]


def fresh_proc() -> None:
    """Mount a new /proc, which has no covers, in namespaces of one's own."""
    if error := _inside_new(CLONE_NEWNS | _CLONE_NEWPID):
        lost(f"unshare: {error}")
    os.makedirs(f"{_SCRATCH}/proc", exist_ok=True)
    pid = os.fork()
    if pid:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    must("mount", b"proc", f"{_SCRATCH}/proc".encode(), b"proc", 0, None)
    _write_back(f"{_SCRATCH}/proc/sys/kernel/core_pattern")


def fresh_sysfs() -> None:
    """Mount a new, writable /sys, in namespaces of one's own."""
    if error := _inside_new(CLONE_NEWNS | _CLONE_NEWNET):
        lost(f"unshare: {error}")
    os.makedirs(f"{_SCRATCH}/sys", exist_ok=True)
    must("mount", b"sysfs", f"{_SCRATCH}/sys".encode(), b"sysfs", 0, None)
    for name in ("power/state", "kernel/uevent_helper", "kernel/mm/transparent_hugepage/enabled"):
        if os.path.exists(f"{_SCRATCH}/sys/{name}"):
            os.close(os.open(f"{_SCRATCH}/sys/{name}", os.O_WRONLY))
            won(f"opened /sys/{name} for writing")
    lost("nothing there can be written")


def release_agent() -> None:
    """Have the kernel run a program outside when the last process leaves a cgroup."""
    if error := _inside_new(CLONE_NEWNS | CLONE_NEWCGROUP):
        lost(f"unshare: {error}")
    place = f"{_SCRATCH}/cgroup"
    os.makedirs(place, exist_ok=True)
    for kind in ("memory", "rdma", "cpu", "pids", "freezer", "devices"):
        _, error = call("mount", b"cgroup", place.encode(), b"cgroup", 0, kind.encode())
        if error:
            continue
        for directory in (place, f"{place}/.."):
            path = f"{directory}/release_agent"
            if os.path.exists(path):
                _write_back(path)
        call("umount2", place.encode(), 2)
    lost(f"mount -t cgroup: {error or 'mounted, but without release_agent: not its top'}")


def lift_limits() -> None:
    """Raise one's own limits of memory and processes, or move to another group."""
    names = {
        "memory.max", "memory.high", "memory.limit_in_bytes", "pids.max", "cpu.max",
        "cgroup.procs", "cgroup.subtree_control", "tasks", "cpu.shares",
    }  # fmt: skip
    found, last = 0, "there are no cgroup files here"
    for place, directories, files in os.walk("/sys/fs/cgroup"):
        directories[:] = directories[:20]
        for name in names & set(files):
            found += 1
            try:
                os.close(os.open(f"{place}/{name}", os.O_WRONLY))
            except OSError as error:
                last = why(error)
                continue
            won(f"{place}/{name} can be written")
    if not found:
        lost(last)
    lost(f"{found} files, all refused: {last}")


def binary_formats() -> None:
    """Register an interpreter that the kernel runs for programs of one's own kind."""
    place = f"{_SCRATCH}/binfmt"
    os.makedirs(place, exist_ok=True)
    if not os.path.exists("/proc/sys/fs/binfmt_misc/register"):
        must("mount", b"binfmt_misc", place.encode(), b"binfmt_misc", 0, None)
    else:
        place = "/proc/sys/fs/binfmt_misc"
    os.close(os.open(f"{place}/register", os.O_WRONLY))
    won("binfmt_misc/register can be written")


def tracing() -> None:
    """Mount the kernel's debugging file systems."""
    os.makedirs(f"{_SCRATCH}/debug", exist_ok=True)
    errors = []
    for kind in (b"debugfs", b"tracefs", b"securityfs", b"pstore", b"bpf"):
        _, error = call("mount", b"x", f"{_SCRATCH}/debug".encode(), kind, 0, None)
        if not error and kind != b"bpf" and os.listdir(f"{_SCRATCH}/debug"):
            won(f"mounted {kind.decode()}")
        errors.append(f"{kind.decode()} {error or 'empty'}")
    lost(f"mount: {', '.join(errors)}")


def clock() -> None:
    """Set the machine's clock (to what it shows)."""
    now = (ctypes.c_long * 2)(*divmod(__import__("time").time_ns(), 10**9))
    must("clock_settime", 0, ctypes.byref(now))
    won("set the clock")


def module() -> None:
    """Load a module into the kernel."""
    errors = [call("init_module", b"\x7fELF", 4, b"")[1], call("finit_module", 0, b"", 0)[1]]
    if set(errors) <= {"EPERM", "ENOSYS"}:
        lost(f"init_module: {errors[0]}, finit_module: {errors[1]}")
    won(f"the kernel looks at the module: {errors}")


def new_kernel() -> None:
    """Prepare another kernel to be booted."""
    _, error = call("kexec_load", 0, 0, None, 0)
    if error in ("EPERM", "ENOSYS"):
        lost(f"kexec_load: {error}")
    won(f"kexec_load is carried out ({error or 'no error'})")


def reboot() -> None:
    """Reboot the machine (asking only whether Ctrl-Alt-Del may)."""
    _, error = call("reboot", 0xFEE1DEAD, 672274793, 0, None)
    if error:
        lost(f"reboot: {error}")
    won("reboot(2) is carried out")


def swapping() -> None:
    """Use a file of one's own as the machine's swap space."""
    path = f"{_SCRATCH}/swap"
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    must("swapon", path.encode(), 0)
    won("swapon")


def accounting() -> None:
    """Have the kernel write down every process of the machine that ends."""
    path = f"{_SCRATCH}/acct"
    open(path, "wb").close()
    must("acct", path.encode())
    call("acct", None)
    won("acct")


def kernel_log() -> None:
    """Read the kernel's messages: addresses and names of the whole machine."""
    buffer = ctypes.create_string_buffer(4096)
    result, error = call("syslog", 3, buffer, 4096)
    if result > 0:
        won(f"read {result} bytes of the kernel's log")
    errors = [f"syslog: {error}"]
    for path in ("/dev/kmsg", "/proc/kmsg"):
        try:
            if read(path):
                won(f"read {path}")
        except OSError as refused:
            errors.append(why(refused))
    lost("; ".join(errors))


def ports() -> None:
    """Get at the machine's input and output ports."""
    if os.uname().machine != "x86_64":
        untried("this processor has no ports")
    must("iopl", 3)
    won("iopl(3)")


def quota() -> None:
    """Change the quotas of the file system below."""
    _, error = call("quotactl", 0x800002 << 8, b"/dev/root", 0, None)
    if error in ("EPERM", "ENOSYS"):
        lost(f"quotactl: {error}")
    lost(f"quotactl is carried out, and fails: {error}")
