"""All attacks, group by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyminidocker.attacks import scenes, scenes_files
from pyminidocker.attacks.attack import ESCAPE, POWER, SURFACE, Attack
from pyminidocker.attacks.inside import host_files, machine, neighbours, powers, surface


def _story(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").replace("``", "").split())


def _inside(
    program: Callable[[], None],
    attack_id: str,
    title: str,
    barrier: str,
    source: str,
    *,
    aim: str = ESCAPE,
    opens_at: str = "",
) -> Attack:
    module = program.__module__.rpartition(".")[2]
    return Attack(
        attack_id, title, aim, _story(program), barrier, source,
        program=f"{module}:{program.__name__}", opens_at=opens_at,
    )  # fmt: skip


def _scene(
    scene: Callable[..., Any], attack_id: str, title: str, barrier: str, source: str,
    *, aim: str = ESCAPE, opens_at: str = "",
) -> Attack:  # fmt: skip
    return Attack(
        attack_id, title, aim, _story(scene), barrier, source, scene=scene, opens_at=opens_at
    )


_HOST_FILES = (
    _inside(host_files.host_path, "host-path", "Read a file of the host by its name",
        "mount namespace and pivot_root", "mount_namespaces(7)"),
    _inside(host_files.proc_links, "proc-links", "Go by /proc/PID/root and cwd",
        "pid namespace", "proc_pid_root(5)"),
    _inside(host_files.chroot_escape, "chroot-escape", "Break out of a chroot",
        "pivot_root: nothing is above the root", "chroot(2)"),
    _inside(host_files.open_by_handle, "open-by-handle", "The shocker: open inodes by number",
        "CAP_DAC_READ_SEARCH on the machine", "open_by_handle_at(2); shocker.c, 2014"),
    _inside(host_files.namespace_handle, "namespace-handle", "Join the machine's namespaces",
        "seccomp; CAP_SYS_ADMIN on the machine", "open_by_handle_at(2), nsfs of Linux 6.18"),
    _inside(host_files.make_disk, "make-disk", "Make a node of the machine's disk",
        "user namespace: mknod is refused", "mknod(2), user_namespaces(7)"),
    _inside(host_files.mount_disk, "mount-disk", "Mount the machine's disk",
        "no device, no CAP_SYS_ADMIN on the machine", "mount(2)"),
    _inside(host_files.device_tree, "device-tree", "Mount devtmpfs",
        "not to be mounted in a user namespace", "user_namespaces(7)"),
    _inside(host_files.kernel_memory, "kernel-memory", "Read /dev/mem",
        "no device", "mem(4)"),
    _inside(host_files.leaked_descriptors, "leaked-descriptors", "Look for leaked descriptors",
        "close-on-exec, and init closes the rest", "CVE-2016-9962, CVE-2024-21626"),
    _inside(host_files.shared_memory, "shared-memory", "Read the host's shared memory",
        "IPC and mount namespaces", "ipc_namespaces(7)"),
    _inside(host_files.other_layers, "layer-directories", "Open the layers' directories",
        "mount namespace: the paths are named, not there", "overlayfs.rst"),
)  # fmt: skip

_MACHINE = (
    _inside(machine.core_pattern, "core-pattern", "Set the machine's core_pattern",
        "/proc/sys is read-only", "core(5)"),
    _inside(machine.module_helper, "modprobe-path", "Set the machine's modprobe",
        "/proc/sys is read-only", "proc_sys_kernel(5)"),
    _inside(machine.uevent_helper, "uevent-helper", "Set the machine's uevent helper",
        "/sys is read-only", "kernel Documentation/ABI/testing/sysfs-uevent"),
    _inside(machine.sysrq, "sysrq", "Open sysrq-trigger",
        "read-only path", "proc_sysrq-trigger(5)"),
    _inside(machine.power_state, "power-state", "Put the machine to sleep",
        "/sys is read-only", "kernel Documentation/admin-guide/pm/sleep-states.rst"),
    _inside(machine.memory_policy, "memory-policy", "Change the machine's memory policy",
        "/proc/sys is read-only", "proc_sys_vm(5)"),
    _inside(machine.masked_paths, "masked-paths", "Read what is covered in /proc",
        "masked paths", "OCI runtime-spec config-linux.md maskedPaths", opens_at="none"),
    _inside(machine.unmask, "unmask", "Take the covers off",
        "no CAP_SYS_ADMIN; seccomp", "umount2(2)", opens_at="none"),
    _inside(machine.remount, "remount", "Make /proc/sys writable again",
        "no CAP_SYS_ADMIN; seccomp", "mount(2) MS_REMOUNT"),
    _inside(machine.fresh_proc, "fresh-proc", "Mount a new /proc without covers",
        "seccomp: no unshare; a covered /proc begets no other", "mount_namespaces(7)"),
    _inside(machine.fresh_sysfs, "fresh-sysfs", "Mount a new, writable /sys",
        "seccomp: no unshare; locked read-only", "mount_namespaces(7)"),
    _inside(machine.release_agent, "release-agent", "Set a cgroup's release_agent",
        "seccomp: no unshare, no mount; not the top group", "CVE-2022-0492"),
    _inside(machine.lift_limits, "lift-limits", "Raise one's own limits",
        "/sys/fs/cgroup is read-only", "cgroups(7)", opens_at="none"),
    _inside(machine.binary_formats, "binary-formats", "Register a binary format",
        "no mount; read-only", "kernel Documentation/admin-guide/binfmt-misc.rst", opens_at="none"),
    _inside(machine.tracing, "tracing", "Mount debugfs and tracefs",
        "not to be mounted in a user namespace", "user_namespaces(7)"),
    _inside(machine.clock, "clock", "Set the machine's clock",
        "CAP_SYS_TIME on the machine", "clock_settime(2)"),
    _inside(machine.module, "kernel-module", "Load a kernel module",
        "CAP_SYS_MODULE on the machine", "init_module(2)"),
    _inside(machine.new_kernel, "kexec", "Load another kernel",
        "CAP_SYS_BOOT on the machine", "kexec_load(2)"),
    _inside(machine.reboot, "reboot", "Reboot the machine",
        "CAP_SYS_BOOT on the machine", "reboot(2)"),
    _inside(machine.swapping, "swap", "Add swap space",
        "CAP_SYS_ADMIN on the machine", "swapon(2)"),
    _inside(machine.accounting, "accounting", "Switch process accounting on",
        "CAP_SYS_PACCT on the machine", "acct(2)"),
    _inside(machine.kernel_log, "kernel-log", "Read the kernel's log",
        "seccomp: no syslog; CAP_SYSLOG on the machine", "syslog(2)"),
    _inside(machine.ports, "io-ports", "Get at the input and output ports",
        "CAP_SYS_RAWIO on the machine", "iopl(2)"),
    _inside(machine.quota, "quota", "Change disk quotas",
        "seccomp; CAP_SYS_ADMIN on the machine", "quotactl(2)"),
)  # fmt: skip

_NEIGHBOURS = (
    _inside(neighbours.abstract_socket, "abstract-socket", "Reach the host's abstract socket",
        "network namespace", "CVE-2020-15257"),
    _inside(neighbours.engine_socket, "engine-socket", "Connect to the engine's socket",
        "mount namespace; mode 0600", "docs.docker.com: Docker daemon attack surface"),
    _inside(neighbours.host_loopback, "host-loopback", "Connect to the host's 127.0.0.1",
        "network namespace", "CVE-2020-8558"),
    _inside(neighbours.engine_signals, "engine-signals", "Kill the engine",
        "pid namespace", "pid_namespaces(7)"),
    _inside(neighbours.engine_memory, "engine-memory", "Read the engine's memory",
        "pid namespace", "ptrace(2), process_vm_readv(2)"),
    _inside(neighbours.engine_descriptors, "engine-descriptors", "Take the engine's open files",
        "pid namespace; seccomp", "pidfd_getfd(2)"),
    _inside(neighbours.first_process, "first-process", "Search process 1 for the engine",
        "execve replaced all of it", "proc_pid_environ(5)"),
    _inside(neighbours.terminal_input, "terminal-input", "Type into the host's terminal",
        "a session of its own, pipes or a pty of its own", "CVE-2023-28339, TIOCSTI(2const)"),
    _inside(neighbours.audit_records, "audit-log", "Switch the audit log off",
        "CAP_AUDIT_CONTROL on the machine", "netlink(7) NETLINK_AUDIT"),
    _inside(neighbours.session_keys, "session-keys", "Read keys of the engine's login",
        "a session keyring of its own; seccomp", "session-keyring(7)"),
)  # fmt: skip

_SURFACE = (
    _inside(surface.keyring, "keyring", "Use the kernel's keyrings", "seccomp",
        "CVE-2016-0728", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.userfaultfd, "userfaultfd", "Stop the kernel in a page fault", "seccomp",
        "userfaultfd(2)", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.io_uring, "io-uring", "Set up io_uring", "seccomp",
        "moby PR 46762", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.bpf, "bpf", "Load a BPF program", "seccomp; CAP_BPF on the machine",
        "CVE-2020-8835", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.perf_events, "perf-events", "Watch the processor", "seccomp",
        "CVE-2013-2094", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.user_namespace, "user-namespace", "Make a user namespace", "seccomp",
        "user_namespaces(7)", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.user_namespace_by_clone, "clone3", "Make a user namespace by clone3",
        "seccomp: clone3 does not exist", "clone(2)", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.compare_processes, "kcmp", "Learn the order of kernel objects", "seccomp",
        "kcmp(2)", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.hypervisor_socket, "hypervisor-socket", "Talk to the hypervisor", "seccomp",
        "vsock(7), CVE-2021-26708", aim=SURFACE, opens_at="capabilities"),
    _inside(surface.mount_by_steps, "fsconfig", "Configure a file system", "seccomp",
        "CVE-2022-0185", aim=SURFACE, opens_at="none"),
    _inside(surface.new_root, "pivot-root", "Exchange the root", "seccomp",
        "pivot_root(2)", aim=SURFACE, opens_at="none"),
)  # fmt: skip

_SCENES = (
    _scene(scenes.own_program, "own-program", "Overwrite the engine's own program",
        "the engine runs from a read-only mount of its program", "CVE-2019-5736"),
    _scene(scenes.program_of_an_exec, "exec-program", "Open the program of an exec",
        "not dumpable until execve", "CVE-2016-9962, CVE-2019-5736"),
    _scene(scenes.working_directory, "working-directory", "Start in a leaked directory",
        "init closes its descriptors first", "CVE-2024-21626"),
    _scene(scenes.working_directory_of_an_exec, "exec-directory", "Exec in a leaked directory",
        "an exec has no directory of the host open", "CVE-2024-21626"),
    _scene(scenes_files.mount_over_a_link, "mount-link", "Mount over a link to the host",
        "openat2 with RESOLVE_IN_ROOT", "CVE-2021-30465"),
    _scene(scenes_files.mount_race, "mount-race", "Exchange a link while mounting",
        "descriptors, not paths", "CVE-2021-30465"),
    _scene(scenes_files.copy_over_a_link, "copy-link", "Copy by a link to the host",
        "openat2 with RESOLVE_IN_ROOT", "CVE-2018-15664"),
    _scene(scenes_files.copy_race, "copy-race", "Exchange a link while copying",
        "descriptors, not paths", "CVE-2018-15664"),
    _scene(scenes_files.masks_by_a_false_null, "false-null", "Put a link in the place of /dev/null",
        "covers come from the host's node, by descriptor", "CVE-2025-31133"),
    _scene(scenes_files.console_over_a_link, "console-link",
        "Put a link in the place of /dev/console", "O_NOFOLLOW", "CVE-2025-52565"),
    _scene(scenes_files.mount_over_proc, "proc-volume", "Mount over /proc",
        "refused: it is inside /proc", "CVE-2019-16884, CVE-2025-52881"),
    _scene(scenes_files.layer_outside, "layer-path", "Import files outside of the layer",
        "every name is resolved beneath the layer", "CVE-2014-9357, CVE-2021-41091"),
    _scene(scenes_files.volume_by_path, "volume-path", "Name a volume by a path",
        "names are checked", "CVE-2014-9358"),
)  # fmt: skip

_POWERS = (
    _inside(powers.mount_memory, "mount-tmpfs", "Mount a file system", "CAP_SYS_ADMIN",
        "capabilities(7)", aim=POWER, opens_at="none"),
    _inside(powers.rename_the_host, "host-name", "Change the container's host name",
        "CAP_SYS_ADMIN", "sethostname(2)", aim=POWER, opens_at="none"),
    _inside(powers.rearrange_the_network, "interface-down", "Switch an interface off",
        "CAP_NET_ADMIN", "netdevice(7)", aim=POWER, opens_at="none"),
    _inside(powers.give_away_files, "chown", "Give a file to somebody else", "CAP_CHOWN",
        "chown(2)", aim=POWER, opens_at="default"),
    _inside(powers.ignore_permissions, "file-modes", "Ignore a file's mode", "CAP_DAC_OVERRIDE",
        "capabilities(7)", aim=POWER, opens_at="default"),
    _inside(powers.watch_the_wire, "packet-socket", "See and forge packets", "CAP_NET_RAW",
        "packet(7)", aim=POWER, opens_at="default"),
    _scene(scenes.root_by_a_program, "set-user-id", "Gain root by a set-user-id program",
        "no_new_privs", "credentials(7)", aim=POWER, opens_at="default"),
    _inside(powers.plant_a_program, "plant-program", "Put a program where others run it",
        "--read-only", "mount(8)", aim=POWER, opens_at="dropped"),
    _inside(powers.call_home, "call-home", "Find a way to the world", "--network none",
        "ip-route(8)", aim=POWER, opens_at="dropped"),
)  # fmt: skip

ATTACKS: tuple[Attack, ...] = (
    *_HOST_FILES, *_MACHINE, *_NEIGHBOURS, *_SCENES, *_SURFACE, *_POWERS,
)  # fmt: skip


def find(attack_id: str) -> Attack:
    """Return the attack of this id.

    Raises:
        KeyError: there is none.
    """
    for attack in ATTACKS:
        if attack.id == attack_id:
            return attack
    raise KeyError(attack_id)
