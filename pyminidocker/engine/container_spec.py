"""From a container's record to what the runtime is told: everything is decided here.

See: OCI runtime-spec config.md; moby daemon/oci_linux.go.
"""

from typing import TYPE_CHECKING

from pyminidocker.engine import image_defaults, mounts
from pyminidocker.engine.create_checks import capability
from pyminidocker.engine.etc_files import FILES, path_of
from pyminidocker.engine.records import ContainerRecord, ExecRecord, HostOptions
from pyminidocker.kernel import caps
from pyminidocker.runtime.defaults import (
    DEFAULT_CAPABILITIES,
    DEFAULT_MASKED_PATHS,
    DEFAULT_PATH,
    DEFAULT_READONLY_PATHS,
    default_mounts,
)
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, Mount, ProcessSpec

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

# What most containers get is made once; the runtime only reads it.
_DEFAULT_CAPABILITIES = list(DEFAULT_CAPABILITIES)
_DEFAULT_MOUNTS = default_mounts()
_MASKED = list(DEFAULT_MASKED_PATHS)
_READONLY = list(DEFAULT_READONLY_PATHS)
_DEFAULT_SHM_BYTES = HostOptions().shm_size_bytes


def capabilities(host: HostOptions) -> list[str]:
    """Return the capability names of a container's processes (moby oci/caps/utils.go)."""
    if host.privileged:
        return list(caps.NAMES)
    if not host.cap_add and not host.cap_drop:
        return _DEFAULT_CAPABILITIES
    added = {capability(name) for name in host.cap_add}
    dropped = {capability(name) for name in host.cap_drop}
    if "CAP_ALL" in added:
        base = set(caps.NAMES)
    elif "CAP_ALL" in dropped:
        base = set()
    else:
        base = set(DEFAULT_CAPABILITIES)
    drops_all = "CAP_ALL" in dropped and "CAP_ALL" not in added
    chosen = added if drops_all else (base | added) - dropped
    return [name for name in caps.NAMES if name in chosen]


def _security(host: HostOptions) -> tuple[bool, str, bool]:
    """Return (no_new_privileges, seccomp, whether system paths are hidden)."""
    no_new_privileges, seccomp, hides = False, "default", True
    for item in host.security_opt:
        key, _, value = item.replace(":", "=", 1).partition("=")
        if key == "no-new-privileges":
            no_new_privileges = value != "false"
        elif key == "seccomp":
            seccomp = value
        elif key == "systempaths":
            hides = False
    if host.privileged:
        return no_new_privileges, "unconfined", False
    return no_new_privileges, seccomp, hides


def build(
    engine: "Engine", container: "Container", *, network: str, etc_of: str = ""
) -> ContainerSpec:
    """Compose the specification of a container that is about to start.

    Args:
        engine: whose images and files.
        container: whose.
        network: as in ``ContainerSpec``; how it is configured is left to the caller.
        etc_of: the container whose /etc/hosts and its like are shared; default its own.

    Raises:
        NotFound: the image is gone, or the source of a bind cannot be made.
    """
    record = container.record
    host = record.host
    no_new_privileges, seccomp, hides = _security(host)
    if host.privileged or host.shm_size_bytes != _DEFAULT_SHM_BYTES or network == "machine":
        base = default_mounts(host.shm_size_bytes, privileged=host.privileged, network=network)
    else:
        base = _DEFAULT_MOUNTS
    own: list[Mount] = []
    if record.mounts or host.tmpfs:
        own = mounts.runtime_mounts(record)
    taken = {mount.destination for mount in own}
    if taken:
        base = [mount for mount in base if mount.destination not in taken]
    rows, cols = container.hub.size
    return ContainerSpec(
        id=record.id,
        process=ProcessSpec(
            args=[record.path, *record.args],
            env=image_defaults.environment(record.config, DEFAULT_PATH, container.secret_env),
            cwd=record.config.working_dir or "/",
            user=record.config.user,
            additional_groups=host.group_add,
            terminal=record.config.tty,
            rows=rows,
            cols=cols,
            capabilities=capabilities(host),
            no_new_privileges=no_new_privileges,
            seccomp=seccomp,
            rlimits=_rlimits(host),
            oom_score_adj=host.oom_score_adj or None,
        ),
        hostname=record.config.hostname,
        lower_dirs=engine.images.lower_dirs(record.image_id),
        upper_dir=container.upper_dir,
        work_dir=container.work_dir,
        read_only=host.read_only,
        mounts=[*base, *own] if own else base,
        masked_paths=_MASKED if hides else [],
        readonly_paths=_READONLY if hides else [],
        network=network,
        init=bool(host.init),
        files=[
            (path_of(engine, etc_of or record.id, name), f"/etc/{name}")
            for name in FILES
            if f"/etc/{name}" not in taken
        ],
        sysctls=host.sysctls,
    )


def _rlimits(host: HostOptions) -> list[tuple[str, int, int]]:
    return [(f"RLIMIT_{name.upper()}", soft, hard) for name, soft, hard in host.ulimits]


def build_exec(record: ContainerRecord, options: ExecRecord, size: tuple[int, int]) -> ExecSpec:
    """Compose the specification of a further process.

    Args:
        record: the running container's.
        options: the exec's.
        size: rows and columns of its terminal; (0, 0) = leave.
    """
    host = record.host
    no_new_privileges, seccomp, _ = _security(host)
    env = image_defaults.environment(record.config, DEFAULT_PATH)
    if options.tty and not record.config.tty:
        env.append("TERM=xterm")
    if options.env:
        given = {item.partition("=")[0] for item in options.env}
        env = [item for item in env if item.partition("=")[0] not in given] + options.env
    return ExecSpec(
        container_id=record.id,
        process=ProcessSpec(
            args=options.args,
            env=env,
            cwd=options.working_dir or record.config.working_dir or "/",
            user=options.user or record.config.user,
            additional_groups=host.group_add,
            terminal=options.tty,
            rows=size[0],
            cols=size[1],
            capabilities=list(caps.NAMES) if options.privileged else capabilities(host),
            no_new_privileges=no_new_privileges,
            seccomp="unconfined" if options.privileged else seccomp,
            rlimits=_rlimits(host),
            oom_score_adj=host.oom_score_adj or None,
        ),
    )
