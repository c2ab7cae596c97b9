"""What the runtime is told about one process: plain data, by the OCI runtime spec's names.

The engine decides everything (image defaults, ids, addresses) and hands the runtime a finished
``ContainerSpec`` or ``ExecSpec``; zygote and init carry it out and decide nothing.  Plain JSON goes
over the socket, because init may import only the standard library and ``kernel``.

See: OCI runtime-spec config.md and config-linux.md.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Mount:
    """One mount inside the container.

    Attributes:
        destination: absolute path inside the container.
        type: ``bind``, ``tmpfs``, ``proc``, ``sysfs``, ``devpts``, ``mqueue``, ``cgroup``
            (of whichever version the container's own group is).
        source: host path for ``bind``.
        options: names as in mount(8): ``ro``, ``nosuid``, ``rbind``, ``size=64m``, ``mode=1777``.
    """

    destination: str
    type: str = "bind"
    source: str = ""
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ProcessSpec:
    """The process to execute.

    Attributes:
        args: argv; ``args[0]`` is looked up in the container's PATH when it has no slash.
        env: ``NAME=value`` strings.
        cwd: absolute working directory inside the container; made when it does not exist.
        user: ``name``, ``uid``, ``uid:gid``, ``name:group``; looked up in the container's
            /etc/passwd and /etc/group; empty is root.
        additional_groups: extra group names or numbers.
        terminal: give it a pseudo terminal of the container's own devpts.
        rows: terminal height, 0 = leave.
        cols: terminal width, 0 = leave.
        capabilities: names such as ``CAP_CHOWN``; bounding, permitted and effective sets.
        no_new_privileges: set PR_SET_NO_NEW_PRIVS before execve.
        seccomp: ``default``, ``unconfined``, or ``custom``.
        seccomp_filter: for ``custom``: the BPF program, in hex.
        rlimits: (resource name such as ``RLIMIT_NOFILE``, soft, hard).
        oom_score_adj: -1000 to 1000, how early it goes when memory is short; None = leave.
    """

    args: list[str]
    env: list[str] = field(default_factory=list)
    cwd: str = "/"
    user: str = ""
    additional_groups: list[str] = field(default_factory=list)
    terminal: bool = False
    rows: int = 0
    cols: int = 0
    capabilities: list[str] = field(default_factory=list)
    no_new_privileges: bool = False
    seccomp: str = "default"
    seccomp_filter: str = ""
    rlimits: list[tuple[str, int, int]] = field(default_factory=list)
    oom_score_adj: int | None = None


@dataclass(slots=True)
class ContainerSpec:
    """Everything needed to start a container's first process.

    Attributes:
        id: 64 hex digits.
        process: the first process, pid 1 of the new pid namespace.
        hostname: for the new UTS namespace.
        lower_dirs: read-only layer directories, topmost first.
        upper_dir: the container's writable layer.
        work_dir: overlayfs' scratch directory, same file system as ``upper_dir``.
        read_only: mount the root file system read-only.
        mounts: in the order of mounting; parents first.
        masked_paths: hidden from the container (OCI maskedPaths).
        readonly_paths: made read-only (OCI readonlyPaths).
        network: ``new`` (own network namespace), ``host`` (the lab's), ``join`` (another
            container's, whose descriptor goes along), ``machine`` (the real host's).
        netlink: requests, ready encoded, that configure the new network namespace from inside
            (hex), in order; see network/endpoints.py.
        init: run a reaping pid 1 of ours in front of the process (``--init``).
        files: small files put into the rootfs as bind mounts: (host path, container path).
        sysctls: kernel parameters of the container's own namespaces: name with dots -> value.
    """

    id: str
    process: ProcessSpec
    hostname: str = ""
    lower_dirs: list[str] = field(default_factory=list)
    upper_dir: str = ""
    work_dir: str = ""
    read_only: bool = False
    mounts: list[Mount] = field(default_factory=list)
    masked_paths: list[str] = field(default_factory=list)
    readonly_paths: list[str] = field(default_factory=list)
    network: str = "new"
    netlink: list[str] = field(default_factory=list)
    init: bool = False
    files: list[tuple[str, str]] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ExecSpec:
    """A further process for a running container (``docker exec``).

    Attributes:
        container_id: whose namespaces to enter; its pidfd goes along with the request.
        process: what to run there.
        network: ``machine`` when the container lives in the real host's network namespace.
        examines: write a report on how it is confined, instead of executing a program.
    """

    container_id: str
    process: ProcessSpec
    network: str = ""
    examines: bool = False


def to_wire(spec: "ContainerSpec | ExecSpec") -> dict[str, Any]:
    """Return ``spec`` as JSON-ready dictionaries and lists, sharing its lists.

    Written out flat: ``dataclasses.asdict`` copies everything deeply, which takes ten times as
    long on the path of every start.

    See: sync.
    """
    wire = _fields(spec)
    wire["process"] = _fields(spec.process)
    if isinstance(spec, ContainerSpec):
        wire["mounts"] = [_fields(mount) for mount in spec.mounts]
    return wire


def _fields(item: "Mount | ProcessSpec | ContainerSpec | ExecSpec") -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}
