"""Docker's defaults for a container: capabilities, mounts, hidden and read-only paths.

They are what makes ``docker run busybox`` safe without a single option: fourteen of the kernel's
forty-one capabilities, a /dev with six harmless devices, a /proc whose dangerous corners are
covered.  The same values stand in containerd's and moby's ``oci/defaults.go``.

See: moby daemon/pkg/oci/defaults.go, caps/defaults.go; OCI runtime-spec config-linux.md.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.runtime.spec import Mount

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)

DEFAULT_MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)

DEFAULT_READONLY_PATHS = (
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
)

DEFAULT_SHM_BYTES = 64 * 1024 * 1024


def mount_table(
    shm_size_bytes: int = DEFAULT_SHM_BYTES, *, privileged: bool = False, network: str = "new"
) -> "list[tuple[str, str, str, list[str]]]":
    """Return (destination, type, source, options) of the mounts every container gets.

    Args:
        shm_size_bytes: size limit of /dev/shm (``--shm-size``), bytes.
        privileged: leave /sys writable, as ``--privileged`` does.
        network: on the ``machine``'s, which is not the lab's own, no new sysfs may be mounted: the
            machine's /sys is shown instead.

    See: moby daemon/pkg/oci/defaults.go DefaultLinuxSpec.
    """
    safe = ["nosuid", "noexec", "nodev"]
    system = safe if privileged else [*safe, "ro"]
    sys = ("/sys", "sysfs", "sysfs", system)
    if network == "machine":
        sys = ("/sys", "bind", "/sys", system)
    return [
        ("/proc", "proc", "proc", safe),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        (
            "/dev/pts",
            "devpts",
            "devpts",
            ["nosuid", "noexec", "gid=5", "ptmxmode=0666", "mode=620"],
        ),
        sys,
        ("/sys/fs/cgroup", "cgroup", "cgroup", system),  # of either version
        ("/dev/mqueue", "mqueue", "mqueue", safe),
        ("/dev/shm", "tmpfs", "shm", [*safe, "mode=1777", f"size={shm_size_bytes}"]),  # noqa: S108
    ]


def default_mounts(
    shm_size_bytes: int = DEFAULT_SHM_BYTES, *, privileged: bool = False, network: str = "new"
) -> "list[Mount]":
    """Return the mounts every container gets, parents first, as a specification has them.

    Args:
        shm_size_bytes: size limit of /dev/shm (``--shm-size``), bytes.
        privileged: leave /sys writable, as ``--privileged`` does.
        network: on the ``machine``'s, which is not the lab's own, no new sysfs may be mounted: the
            machine's /sys is shown instead.

    See: moby daemon/pkg/oci/defaults.go DefaultLinuxSpec.
    """
    # Not at the top: the zygote imports this file, and dataclasses would make it larger.
    from pyminidocker.runtime.spec import Mount

    return [
        Mount(destination, fstype, source, list(options))
        for destination, fstype, source, options in mount_table(
            shm_size_bytes, privileged=privileged, network=network
        )
    ]
