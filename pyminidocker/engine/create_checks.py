"""What ``create`` refuses: nonsense (400) and what this engine cannot do (501), never silently.

An option that is accepted and not applied would teach something false, so options without an
implementation are refused by name with what to do instead.
"""

import posixpath
import re
from typing import TYPE_CHECKING

from pyminidocker.engine import limits_checks, network_modes, ports, security
from pyminidocker.engine.endpoint_checks import checked_mac
from pyminidocker.engine.records import ContainerConfig, HostOptions
from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.kernel.signals import parse_signal

if TYPE_CHECKING:
    from pyminidocker.runtime.host import Lab

_HOSTNAME = re.compile(r"[a-zA-Z0-9._-]{1,64}")
_POLICIES = ("", "no", "always", "unless-stopped", "on-failure")
_LOG_DRIVERS = ("", "json-file")
_MODES = (
    ("PidMode", "--pid"), ("IpcMode", "--ipc"), ("UTSMode", "--uts"), ("CgroupnsMode", "--cgroupns")
)  # fmt: skip
_DEFAULT_MODES = ("", "private", "shareable", "none")

# Of mount(8)'s options and tmpfs(5)'s, those that moby lets through and the runtime knows.
_TMPFS_FLAGS = frozenset(
    "defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync noatime relatime"
    " strictatime".split()
)
_TMPFS_VALUES = frozenset(("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"))

# HostConfig names that change nothing when they have one of these values.
_HARMLESS = (None, 0, -1, "", False)
_UNSUPPORTED = {
    "DeviceRequests": "device requests (--gpus)",
    "DeviceCgroupRules": "device rules (--device-cgroup-rule)",
    "CgroupParent": "cgroup parents (--cgroup-parent)",
    "CpuRealtimePeriod": "real-time limits (--cpu-rt-period)",
    "CpuRealtimeRuntime": "real-time limits (--cpu-rt-runtime)",
    "KernelMemoryTCP": "limits on the memory of sockets (KernelMemoryTCP)",
    "CpuCount": "Windows' limits (--cpu-count)",
    "CpuPercent": "Windows' limits (--cpu-percent)",
    "IOMaximumIOps": "Windows' limits (--io-maxiops)",
    "IOMaximumBandwidth": "Windows' limits (--io-maxbandwidth)",
    "StorageOpt": "storage options (--storage-opt)",
    "VolumeDriver": "volume drivers (--volume-driver)",
}
_INSTEAD = {
    "CgroupParent": "every container's group is below the engine's own, whose limits hold for all:"
    " engine.limit_lab(memory=...) in Python",
    "CpuRealtimePeriod": "weigh containers against each other: --cpu-shares",
    "CpuRealtimeRuntime": "weigh containers against each other: --cpu-shares",
    "KernelMemoryTCP": "--memory counts the memory of sockets too",
}


def check(config: ContainerConfig, host: HostOptions, lab: "Lab | None" = None) -> None:
    """Check what the user said, before the image's defaults are merged in.

    Args:
        config: what to run.
        host: what of it depends on this host.
        lab: where it is to run.

    Raises:
        InvalidArgument: with dockerd's words.
        NotImplementedHere: this engine cannot do it.
    """
    check_config(config)
    check_host(host, lab)
    ports.check(host.port_bindings)
    network_modes.check(config, host)


def check_config(config: ContainerConfig) -> None:
    """Check what the user said about the process.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    if config.hostname and _HOSTNAME.fullmatch(config.hostname) is None:
        raise InvalidArgument(f"invalid hostname: {config.hostname}")
    if config.working_dir and not config.working_dir.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute"
            " path"
        )
    for item in config.env:
        if not item or item.startswith("="):
            raise InvalidArgument(f"invalid environment variable: {item}")
    if config.stop_signal:
        try:
            parse_signal(config.stop_signal)
        except ValueError:
            raise InvalidArgument(f"Invalid signal: {config.stop_signal}") from None
    if config.mac_address:
        config.mac_address = checked_mac(config.mac_address)
    if config.stop_timeout_s is not None and config.stop_timeout_s < -1:
        raise InvalidArgument(f"invalid stop timeout: {config.stop_timeout_s}")
    if config.healthcheck is not None:
        from pyminidocker.engine import health  # most containers have none

        health.check(config.healthcheck)


def check_host(host: HostOptions, lab: "Lab | None" = None) -> None:
    """Check what the user said about this host.

    Args:
        host: the options.
        lab: where it is to run; without it the words alone are checked.

    Raises:
        InvalidArgument: with dockerd's words.
        NotImplementedHere: this engine cannot do it.
    """
    if host.restart.name not in _POLICIES:
        raise InvalidArgument(f"invalid restart policy '{host.restart.name}'")
    if host.restart.maximum_retry_count and host.restart.name != "on-failure":
        raise InvalidArgument(
            f"maximum retry count cannot be used with restart policy '{host.restart.name}'"
        )
    if host.restart.maximum_retry_count < 0:
        raise InvalidArgument("maximum retry count cannot be negative")
    if host.auto_remove and host.restart.name not in ("", "no"):
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    if host.shm_size_bytes < 0:
        raise InvalidArgument("SHM size can not be less than 0")
    for entry in host.extra_hosts:
        if ":" not in entry and "=" not in entry:
            raise InvalidArgument(f'bad format for add-host: "{entry}"')
    for path, options in host.tmpfs.items():
        _check_tmpfs(path, options)
    security.check(host, lab)
    limits_checks.check_host(host)
    _check_unsupported(host)


def _check_tmpfs(path: str, options: str) -> None:
    """Refuse what moby refuses: volume/mounts/linux_parser.go, moby/sys mount.MergeTmpfsOptions."""
    if posixpath.normpath(path) == "/":
        raise InvalidArgument("invalid specification: destination can't be '/'")
    if not path.startswith("/"):
        raise InvalidArgument(f"invalid mount path: '{path}' mount path must be absolute")
    for option in options.split(",") if options else ():
        name, equals, _ = option.partition("=")
        if name not in (_TMPFS_VALUES if equals else _TMPFS_FLAGS):
            raise InvalidArgument(f'invalid tmpfs option ["{option}"]')


def _check_unsupported(host: HostOptions) -> None:
    other = host.other
    for name, value in other.items():
        if value in _HARMLESS or value in ([], {}):
            continue
        if name in _UNSUPPORTED:
            raise NotImplementedHere(
                f"{_UNSUPPORTED[name]} are not supported by this engine",
                hint=_INSTEAD.get(name, ""),
            )
    for name, flag in _MODES:
        if other.get(name, "") not in _DEFAULT_MODES:
            raise NotImplementedHere(
                f"{flag} {other[name]} is not supported by this engine; every container has its own"
            )
    if other.get("Runtime", "") not in ("", "minidocker"):
        raise InvalidArgument(
            f"Unknown runtime specified {other['Runtime']}", hint="this engine is its own runtime"
        )
    if other.get("Isolation", "") not in ("", "default"):
        raise InvalidArgument(
            f"Invalid isolation: \"{other['Isolation']}\" - linux only supports 'default'"
        )
    log = other.get("LogConfig")
    if isinstance(log, dict) and log.get("Type", "") not in _LOG_DRIVERS:
        raise NotImplementedHere(
            f"log driver {log['Type']!r} is not supported by this engine; use json-file"
        )
    if isinstance(log, dict) and log.get("Config"):
        raise NotImplementedHere(
            f"log options ({', '.join(sorted(log['Config']))}) are not supported by this engine",
            hint="a log is one file, which goes with its container; `logs --tail` reads its end",
        )
