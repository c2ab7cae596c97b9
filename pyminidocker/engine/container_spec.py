"""From a container's record to what the runtime is told: everything is decided here.

See: OCI runtime-spec config.md; moby daemon/oci_linux.go.
"""

from typing import TYPE_CHECKING

from pyminidocker.engine import devices, image_defaults, mounts, security
from pyminidocker.engine.etc_files import FILES, path_of
from pyminidocker.engine.records import ContainerRecord, ExecRecord, HostOptions
from pyminidocker.runtime.defaults import (
    DEFAULT_PATH,
    default_mounts,
)
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, Mount, ProcessSpec

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.runtime.host import Lab

# What most containers get is made once; the runtime only reads it.
_DEFAULT_MOUNTS = default_mounts()
_DEFAULT_SHM_BYTES = HostOptions().shm_size_bytes


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
    confined = security.confinement(host, engine.lab)
    if confined.is_wide or host.shm_size_bytes != _DEFAULT_SHM_BYTES or network == "machine":
        base = default_mounts(host.shm_size_bytes, privileged=confined.is_wide, network=network)
    else:
        base = _DEFAULT_MOUNTS
    own: list[Mount] = []
    if record.mounts or host.tmpfs:
        own = mounts.runtime_mounts(record)
    if host.devices:
        own += devices.mounts(host)
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
            capabilities=confined.capabilities,
            no_new_privileges=confined.no_new_privileges,
            seccomp=confined.seccomp,
            seccomp_filter=confined.seccomp_filter,
            rlimits=_rlimits(host),
            oom_score_adj=host.oom_score_adj or None,
        ),
        hostname=record.config.hostname,
        lower_dirs=engine.images.lower_dirs(record.image_id),
        upper_dir=container.upper_dir,
        work_dir=container.work_dir,
        read_only=host.read_only,
        mounts=[*base, *own] if own else base,
        masked_paths=confined.masked_paths,
        readonly_paths=confined.readonly_paths,
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


def build_exec(
    lab: "Lab", record: ContainerRecord, options: ExecRecord, size: tuple[int, int]
) -> ExecSpec:
    """Compose the specification of a further process.

    Args:
        lab: where it runs.
        record: the running container's.
        options: the exec's.
        size: rows and columns of its terminal; (0, 0) = leave.
    """
    host = record.host
    confined = security.confinement(host, lab, is_exec_privileged=options.privileged)
    env = image_defaults.environment(record.config, DEFAULT_PATH)
    if options.tty and not record.config.tty:
        env.append("TERM=xterm")
    if options.env:
        given = {item.partition("=")[0] for item in options.env}
        env = [item for item in env if item.partition("=")[0] not in given] + options.env
    return ExecSpec(
        container_id=record.id,
        examines=options.examines,
        process=ProcessSpec(
            args=options.args,
            env=env,
            cwd=options.working_dir or record.config.working_dir or "/",
            user=options.user or record.config.user,
            additional_groups=host.group_add,
            terminal=options.tty,
            rows=size[0],
            cols=size[1],
            capabilities=confined.capabilities,
            no_new_privileges=confined.no_new_privileges,
            seccomp=confined.seccomp,
            seccomp_filter=confined.seccomp_filter,
            rlimits=_rlimits(host),
            oom_score_adj=host.oom_score_adj or None,
        ),
    )
