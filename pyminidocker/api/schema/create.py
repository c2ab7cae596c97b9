"""What clients send: container configurations, execs, volumes.

Go's decoder takes ``null`` for anything and ignores what it does not know; so do these.
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from pyminidocker.api.schema import resources
from pyminidocker.api.schema.networks import NetworkingBody
from pyminidocker.api.schema.resources import DeviceBody, Int64, ResourcesBody
from pyminidocker.engine.records import (
    ContainerConfig,
    ExecRecord,
    Healthcheck,
    HostOptions,
    MountRequest,
    RestartPolicy,
)
from pyminidocker.errors import InvalidArgument

Strings = list[str] | None
Texts = dict[str, str] | None


class HealthBody(Struct, rename="pascal"):
    """``Healthcheck``."""

    test: Strings = None
    interval: Int64 | None = None
    timeout: Int64 | None = None
    start_period: Int64 | None = None
    start_interval: Int64 | None = None
    retries: Int64 | None = None


class ConfigBody(Struct, rename="pascal"):
    """The part of a create request that says what to run; also the body of a commit."""

    image: str | None = None
    hostname: str | None = None
    domainname: str | None = None
    user: str | None = None
    env: Strings = None
    entrypoint: str | list[str] | None = None
    cmd: str | list[str] | None = None
    working_dir: str | None = None
    labels: Texts = None
    volumes: dict[str, Any] | None = None
    exposed_ports: dict[str, Any] | None = None
    tty: bool | None = None
    open_stdin: bool | None = None
    stdin_once: bool | None = None
    attach_stdin: bool | None = None
    attach_stdout: bool | None = None
    attach_stderr: bool | None = None
    stop_signal: str | None = None
    stop_timeout: Int64 | None = None
    healthcheck: HealthBody | None = None
    network_disabled: bool | None = None
    mac_address: str | None = None


class CreateBody(ConfigBody, rename="pascal"):
    """The body of POST /containers/create."""

    host_config: dict[str, Any] | None = None
    networking_config: NetworkingBody | None = None


class PortBody(Struct, rename="pascal"):
    """Where a port is to be published."""

    host_ip: str | None = field(default=None, name="HostIp")
    host_port: str | None = None


class RestartBody(Struct, rename="pascal"):
    """``RestartPolicy``."""

    name: str | None = None
    maximum_retry_count: Int64 | None = None


class VolumeOptionsBody(Struct, rename="pascal"):
    """``VolumeOptions`` of a mount."""

    no_copy: bool | None = None
    labels: Texts = None
    driver_config: dict[str, Any] | None = None


class MountBody(Struct, rename="pascal"):
    """One of ``HostConfig.Mounts``."""

    type: str | None = None
    source: str | None = None
    target: str | None = None
    read_only: bool | None = None
    bind_options: dict[str, Any] | None = None
    volume_options: VolumeOptionsBody | None = None
    tmpfs_options: dict[str, Any] | None = None


class UlimitBody(Struct, rename="pascal"):
    """One of ``HostConfig.Ulimits``."""

    name: str
    soft: Int64 = 0
    hard: Int64 = 0


class HostBody(ResourcesBody, rename="pascal"):
    """The part of ``HostConfig`` that the engine has fields for."""

    binds: Strings = None
    mounts: list[MountBody] | None = None
    tmpfs: Texts = None
    network_mode: str | None = None
    port_bindings: dict[str, list[PortBody] | None] | None = None
    publish_all_ports: bool | None = None
    restart_policy: RestartBody | None = None
    auto_remove: bool | None = None
    readonly_rootfs: bool | None = None
    init: bool | None = None
    shm_size: Int64 | None = None
    cap_add: Strings = None
    cap_drop: Strings = None
    privileged: bool | None = None
    security_opt: Strings = None
    masked_paths: Strings = None
    readonly_paths: Strings = None
    extra_hosts: Strings = None
    dns: Strings = None
    dns_search: Strings = None
    dns_options: Strings = None
    links: Strings = None
    group_add: Strings = None
    ulimits: list[UlimitBody] | None = None
    volumes_from: Strings = None
    container_id_file: str | None = field(default=None, name="ContainerIDFile")
    oom_score_adj: Int64 | None = None
    sysctls: Texts = None
    devices: list[DeviceBody] | None = None


_HOST_KEYS = frozenset(info.encode_name for info in msgspec.structs.fields(HostBody))
_EMPTY: tuple[object, ...] = (None, "", 0, False, [], {}, [0, 0])


class ExecBody(Struct, rename="pascal"):
    """The body of POST /containers/{name}/exec."""

    cmd: str | list[str] | None = None
    tty: bool | None = None
    attach_stdin: bool | None = None
    attach_stdout: bool | None = None
    attach_stderr: bool | None = None
    user: str | None = None
    env: Strings = None
    working_dir: str | None = None
    privileged: bool | None = None
    detach_keys: str | None = None


class ExecStartBody(Struct, rename="pascal"):
    """The body of POST /exec/{id}/start."""

    detach: bool | None = None
    tty: bool | None = None
    console_size: list[int] | None = None


class UpdateBody(ResourcesBody, rename="pascal"):
    """The body of POST /containers/{name}/update."""

    restart_policy: RestartBody | None = None


class VolumeBody(Struct, rename="pascal"):
    """The body of POST /volumes/create."""

    name: str | None = None
    driver: str | None = None
    driver_opts: Texts = None
    labels: Texts = None


class BootstrapBody(Struct, rename="pascal"):
    """The body of POST /minidocker/images/bootstrap."""

    names: Strings = None


def words(value: str | list[str] | None) -> list[str] | None:
    """Return a command; clients may send one string for a list of one."""
    return [value] if isinstance(value, str) else value


def container_config(body: ConfigBody) -> ContainerConfig:
    """Return what to run."""
    health = None
    if body.healthcheck is not None:
        given = body.healthcheck
        health = Healthcheck(
            test=given.test or [],
            interval_ns=given.interval or 0,
            timeout_ns=given.timeout or 0,
            start_period_ns=given.start_period or 0,
            start_interval_ns=given.start_interval or 0,
            retries=given.retries or 0,
        )
    return ContainerConfig(
        image=body.image or "",
        hostname=body.hostname or "",
        domainname=body.domainname or "",
        user=body.user or "",
        env=body.env or [],
        entrypoint=words(body.entrypoint),
        cmd=words(body.cmd),
        working_dir=body.working_dir or "",
        labels=body.labels or {},
        volumes=sorted(body.volumes or ()),
        exposed_ports=sorted(body.exposed_ports or ()),
        tty=bool(body.tty),
        open_stdin=bool(body.open_stdin),
        stdin_once=bool(body.stdin_once),
        attach_stdin=bool(body.attach_stdin),
        attach_stdout=bool(body.attach_stdout),
        attach_stderr=bool(body.attach_stderr),
        stop_signal=body.stop_signal or "",
        stop_timeout_s=body.stop_timeout,
        healthcheck=health,
        network_disabled=bool(body.network_disabled),
        mac_address=body.mac_address or "",
    )


def host_options(given: dict[str, Any] | None) -> HostOptions:
    """Return what depends on the host; what has no field here is kept in ``other``.

    Raises:
        InvalidArgument: a value of the wrong kind.
    """
    if not given:
        return HostOptions()
    try:
        body = msgspec.convert(given, HostBody)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"invalid HostConfig: {error}") from error
    restart = body.restart_policy or RestartBody()
    return HostOptions(
        binds=body.binds or [],
        mounts=[_mount(mount) for mount in body.mounts or ()],
        tmpfs=body.tmpfs or {},
        network_mode=body.network_mode or "default",
        port_bindings={
            port: [(place.host_ip or "", place.host_port or "") for place in places or ()]
            for port, places in (body.port_bindings or {}).items()
        },
        publish_all_ports=bool(body.publish_all_ports),
        restart=RestartPolicy(restart.name or "no", restart.maximum_retry_count or 0),
        auto_remove=bool(body.auto_remove),
        read_only=bool(body.readonly_rootfs),
        init=body.init,
        shm_size_bytes=body.shm_size or HostOptions().shm_size_bytes,
        cap_add=body.cap_add or [],
        cap_drop=body.cap_drop or [],
        privileged=bool(body.privileged),
        security_opt=body.security_opt or [],
        masked_paths=body.masked_paths,
        readonly_paths=body.readonly_paths,
        extra_hosts=body.extra_hosts or [],
        dns=body.dns or [],
        dns_search=body.dns_search or [],
        dns_options=body.dns_options or [],
        links=body.links or [],
        group_add=body.group_add or [],
        ulimits=[(limit.name, limit.soft, limit.hard) for limit in body.ulimits or ()],
        volumes_from=body.volumes_from or [],
        container_id_file=body.container_id_file or "",
        resources=resources.resources(body),
        oom_score_adj=body.oom_score_adj or 0,
        sysctls=body.sysctls or {},
        devices=resources.devices(body.devices),
        other={
            key: value
            for key, value in given.items()
            if key not in _HOST_KEYS and value not in _EMPTY
        },
    )


def _mount(body: MountBody) -> MountRequest:
    volume = body.volume_options or VolumeOptionsBody()
    tmpfs = body.tmpfs_options or {}
    return MountRequest(
        type=body.type or "bind",
        source=body.source or "",
        target=body.target or "",
        read_only=bool(body.read_only),
        tmpfs_size_bytes=int(tmpfs.get("SizeBytes") or 0),
        tmpfs_mode=int(tmpfs.get("Mode") or 0),
        propagation=str((body.bind_options or {}).get("Propagation") or ""),
        no_copy=bool(volume.no_copy),
        driver=str((volume.driver_config or {}).get("Name") or ""),
        labels=volume.labels or {},
    )


def exec_record(body: ExecBody) -> ExecRecord:
    """Return what to execute; the engine fills in the ids."""
    return ExecRecord(
        id="",
        container_id="",
        args=words(body.cmd) or [],
        tty=bool(body.tty),
        open_stdin=bool(body.attach_stdin),
        open_stdout=bool(body.attach_stdout),
        open_stderr=bool(body.attach_stderr),
        user=body.user or "",
        env=body.env or [],
        working_dir=body.working_dir or "",
        privileged=bool(body.privileged),
        detach_keys=body.detach_keys or "",
    )
