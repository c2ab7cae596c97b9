"""Containers and execs as Docker's clients read them: ``inspect``, ``ps``, ``top``."""

import time
from collections.abc import Sequence
from typing import Any

from pyminidocker.api.schema import resources
from pyminidocker.api.schema.health import health_state, healthcheck
from pyminidocker.api.schema.networks import endpoint_view
from pyminidocker.api.schema.ports import port_map, port_rows
from pyminidocker.api.schema.times import rfc3339, status_text
from pyminidocker.engine.container import Container
from pyminidocker.engine.image_defaults import health_config
from pyminidocker.engine.ports import PublishedPort
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerRecord,
    EndpointRecord,
    ExecRecord,
    HostOptions,
    MountPoint,
    MountRequest,
)
from pyminidocker.engine.results import ContainerSize
from pyminidocker.runtime.defaults import DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS

Json = dict[str, Any]

DRIVER = "overlay2"  # Docker's name for what we do: overlayfs with one directory per layer

# Keys of HostConfig that this engine has nothing to say about, with dockerd's zero values.
HOST_ZEROES: Json = {
    "LogConfig": {"Type": "json-file", "Config": {}},
    "VolumeDriver": "",
    "CgroupnsMode": "private",
    "IpcMode": "private",
    "Cgroup": "",
    "PidMode": "",
    "UTSMode": "",
    "UsernsMode": "",
    "Runtime": "minidocker",
    "ConsoleSize": [0, 0],
    "Isolation": "",
    "CgroupParent": "",
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "KernelMemoryTCP": 0,
    "CpuCount": 0,
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
}


def inspect(container: Container, lower_dirs: tuple[str, ...], size: ContainerSize | None) -> Json:
    """Return what GET /containers/{name}/json says.

    Args:
        container: which.
        lower_dirs: its image's layer directories, topmost first.
        size: only when the client asked for it.
    """
    record, directory = container.record, container.directory
    state = record.state
    found: Json = {
        "Id": record.id,
        "Created": rfc3339(record.created),
        "Path": record.path,
        "Args": record.args,
        "State": {
            "Status": state.status,
            "Running": state.status in ("running", "paused", "restarting"),
            "Paused": state.status == "paused",
            "Restarting": state.status == "restarting",
            "OOMKilled": state.oom_killed,
            "Dead": state.status == "dead",
            "Pid": state.pid,
            "ExitCode": state.exit_code,
            "Error": state.error,
            "StartedAt": rfc3339(state.started_at),
            "FinishedAt": rfc3339(state.finished_at),
        },
        "Image": record.image_id,
        "ResolvConfPath": f"{directory}/resolv.conf",
        "HostnamePath": f"{directory}/hostname",
        "HostsPath": f"{directory}/hosts",
        "LogPath": container.log_path,
        "Name": f"/{record.name}",
        "RestartCount": record.restart_count,
        "Driver": DRIVER,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": container.exec_ids or None,
        "HostConfig": {**host_config(record.host), "Links": _links(record)},
        "GraphDriver": {
            "Data": {
                "LowerDir": ":".join(lower_dirs),
                "MergedDir": f"/proc/{state.pid}/root" if state.pid else "",
                "UpperDir": f"{directory}/diff",
                "WorkDir": f"{directory}/work",
            },
            "Name": DRIVER,
        },
        "Mounts": [mount_point(mount) for mount in record.mounts],
        "Config": config(record.config),
        "NetworkSettings": network_settings(record, container.published),
    }
    if state.health is not None:
        found["State"]["Health"] = health_state(state.health)
    if size is not None:
        found["SizeRw"], found["SizeRootFs"] = size.rw_bytes, size.root_fs_bytes
    return found


def _links(record: ContainerRecord) -> list[str] | None:
    """Return links as dockerd writes them: ``/web:/this-container/alias``."""
    pairs = [link.partition(":") for link in record.host.links]
    return [f"/{name}:/{record.name}/{alias}" for name, _, alias in pairs] or None


def config(given: ContainerConfig) -> Json:
    """Return ``Config``."""
    found: Json = {
        "Hostname": given.hostname,
        "Domainname": given.domainname,
        "User": given.user,
        "AttachStdin": given.attach_stdin,
        "AttachStdout": given.attach_stdout,
        "AttachStderr": given.attach_stderr,
        "Tty": given.tty,
        "OpenStdin": given.open_stdin,
        "StdinOnce": given.stdin_once,
        "Env": given.env,
        "Cmd": given.cmd,
        "Image": given.image,
        "Volumes": {path: {} for path in given.volumes} or None,
        "WorkingDir": given.working_dir,
        "Entrypoint": given.entrypoint,
        "OnBuild": None,
        "Labels": given.labels,
    }
    if given.exposed_ports:
        found["ExposedPorts"] = {port: {} for port in given.exposed_ports}
    if given.stop_signal:
        found["StopSignal"] = given.stop_signal
    if given.stop_timeout_s is not None:
        found["StopTimeout"] = given.stop_timeout_s
    if given.mac_address:
        found["MacAddress"] = given.mac_address
    if given.network_disabled:
        found["NetworkDisabled"] = True
    if given.healthcheck is not None:
        found["Healthcheck"] = healthcheck(health_config(given.healthcheck))
    return found


def _paths(asked: list[str] | None, usual: tuple[str, ...]) -> list[str]:
    return list(usual) if asked is None else asked


def host_config(host: HostOptions) -> Json:
    """Return ``HostConfig``, but for ``Links``, which name the container too."""
    unconfined = host.privileged or "systempaths=unconfined" in host.security_opt
    found: Json = {
        **HOST_ZEROES,
        **resources.view(host),
        "Binds": host.binds or None,
        "ContainerIDFile": host.container_id_file,
        "NetworkMode": host.network_mode,
        "PortBindings": {
            port: [{"HostIp": ip, "HostPort": number} for ip, number in places]
            for port, places in host.port_bindings.items()
        },
        "RestartPolicy": {
            "Name": host.restart.name,
            "MaximumRetryCount": host.restart.maximum_retry_count,
        },
        "AutoRemove": host.auto_remove,
        "VolumesFrom": host.volumes_from or None,
        "CapAdd": host.cap_add or None,
        "CapDrop": host.cap_drop or None,
        "Dns": host.dns,
        "DnsOptions": host.dns_options,
        "DnsSearch": host.dns_search,
        "ExtraHosts": host.extra_hosts or None,
        "GroupAdd": host.group_add or None,
        "Privileged": host.privileged,
        "PublishAllPorts": host.publish_all_ports,
        "ReadonlyRootfs": host.read_only,
        "SecurityOpt": host.security_opt or None,
        "ShmSize": host.shm_size_bytes,
        "Ulimits": [
            {"Name": name, "Hard": hard, "Soft": soft} for name, soft, hard in host.ulimits
        ],
        "MaskedPaths": None if unconfined else _paths(host.masked_paths, DEFAULT_MASKED_PATHS),
        "ReadonlyPaths": None
        if unconfined
        else _paths(host.readonly_paths, DEFAULT_READONLY_PATHS),
    }
    if host.tmpfs:
        found["Tmpfs"] = host.tmpfs
    if host.mounts:
        found["Mounts"] = [mount_request(mount) for mount in host.mounts]
    if host.init is not None:
        found["Init"] = host.init
    found.update(host.other)
    return found


def mount_request(mount: MountRequest) -> Json:
    """Return one of ``HostConfig.Mounts``."""
    found: Json = {"Type": mount.type, "Target": mount.target}
    if mount.source:
        found["Source"] = mount.source
    if mount.read_only:
        found["ReadOnly"] = True
    if mount.propagation:
        found["BindOptions"] = {"Propagation": mount.propagation}
    if mount.tmpfs_size_bytes or mount.tmpfs_mode:
        found["TmpfsOptions"] = {"SizeBytes": mount.tmpfs_size_bytes, "Mode": mount.tmpfs_mode}
    if mount.no_copy or mount.labels or mount.driver:
        found["VolumeOptions"] = {"NoCopy": mount.no_copy, "Labels": mount.labels}
        if mount.driver:
            found["VolumeOptions"]["DriverConfig"] = {"Name": mount.driver}
    return found


def mount_point(mount: MountPoint) -> Json:
    """Return one of ``Mounts``."""
    found: Json = {
        "Type": mount.type,
        "Source": mount.source,
        "Destination": mount.destination,
        "Mode": mount.mode,
        "RW": mount.rw,
        "Propagation": mount.propagation,
    }
    if mount.type == "volume":
        found["Name"] = mount.name
        found["Driver"] = mount.driver or "local"
    return found


def network_settings(record: ContainerRecord, published: Sequence[PublishedPort] = ()) -> Json:
    """Return ``NetworkSettings``; the top-level address is that on the default bridge."""
    pid = record.state.pid
    bridge = record.endpoints.get("bridge") or EndpointRecord()
    return {
        "Bridge": "",
        "SandboxID": record.id if pid else "",
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "Ports": port_map(record, published),
        "SandboxKey": f"/proc/{pid}/ns/net" if pid else "",
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": bridge.endpoint_id,
        "Gateway": bridge.gateway,
        "GlobalIPv6Address": bridge.ip6_address,
        "GlobalIPv6PrefixLen": bridge.prefix6_len,
        "IPAddress": bridge.ip_address,
        "IPPrefixLen": bridge.prefix_len,
        "IPv6Gateway": bridge.gateway6,
        "MacAddress": bridge.mac_address,
        "Networks": {
            name: endpoint_view(record.id, given) for name, given in record.endpoints.items()
        },
    }


def list_row(container: Container, size: ContainerSize | None = None) -> Json:
    """Return one element of what GET /containers/json says."""
    record = container.record
    row: Json = {
        "Id": record.id,
        "Names": [f"/{record.name}"],
        "Image": record.image,
        "ImageID": record.image_id,
        "Command": command_text(record),
        "Created": int(record.created),
        "Ports": port_rows(record, container.published),
        "Labels": record.config.labels,
        "State": record.state.status,
        "Status": status_text(record.state, time.time()),
        "HostConfig": {"NetworkMode": record.host.network_mode},
        "NetworkSettings": {
            "Networks": {
                name: endpoint_view(record.id, given) for name, given in record.endpoints.items()
            }
        },
        "Mounts": [mount_point(mount) for mount in record.mounts],
    }
    if size is not None:
        row["SizeRw"], row["SizeRootFs"] = size.rw_bytes, size.root_fs_bytes
    return row


def command_text(record: ContainerRecord) -> str:
    """Return the COMMAND column: words with a blank in quotes, as dockerd has it."""
    return " ".join([record.path, *(_quoted(word) for word in record.args)]).rstrip()


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def exec_inspect(record: ExecRecord) -> Json:
    """Return what GET /exec/{id}/json says."""
    return {
        "ID": record.id,
        "Running": record.running,
        "ExitCode": record.exit_code,
        "ProcessConfig": {
            "tty": record.tty,
            "entrypoint": record.args[0] if record.args else "",
            "arguments": record.args[1:],
            "privileged": record.privileged,
            "user": record.user,
        },
        "OpenStdin": record.open_stdin,
        "OpenStderr": record.open_stderr,
        "OpenStdout": record.open_stdout,
        "CanRemove": False,
        "ContainerID": record.container_id,
        "DetachKeys": record.detach_keys,
        "Pid": record.pid,
    }
