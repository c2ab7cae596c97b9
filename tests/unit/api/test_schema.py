"""Docker's JSON in and out, compared with what dockerd 20.10 sends."""

import errno
import stat

import msgspec
import pytest

from pyminidocker import errors
from pyminidocker.api.schema import containers, create, files, networks, system, times
from pyminidocker.api.status import answer_for, status_of
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerRecord,
    ContainerState,
    EndpointRecord,
    Event,
    HostOptions,
    MountPoint,
)
from pyminidocker.engine.results import PathStat

# As `docker run -e A=1 -v vv:/data -p 80:80 --tmpfs /t:size=1m --restart on-failure:2` sends.
CLI_BODY = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": True,
    "AttachStderr": True, "ExposedPorts": {"80/tcp": {}}, "Tty": False, "OpenStdin": False,
    "StdinOnce": False, "Env": ["A=1"], "Cmd": ["sh", "-c", "echo hi"], "Image": "busybox",
    "Volumes": {}, "WorkingDir": "", "Entrypoint": None, "Labels": {"x": "y"},
    "HostConfig": {
        "Binds": ["vv:/data"], "ContainerIDFile": "",
        "LogConfig": {"Type": "", "Config": {}}, "NetworkMode": "default",
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]},
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}, "AutoRemove": False,
        "VolumeDriver": "", "VolumesFrom": None, "ConsoleSize": [40, 120], "CapAdd": None,
        "CapDrop": None, "CgroupnsMode": "", "Dns": [], "DnsOptions": [], "DnsSearch": [],
        "ExtraHosts": None, "GroupAdd": None, "IpcMode": "", "Cgroup": "", "Links": None,
        "OomScoreAdj": 0, "PidMode": "", "Privileged": False, "PublishAllPorts": False,
        "ReadonlyRootfs": False, "SecurityOpt": None, "Tmpfs": {"/t": "size=1m"}, "UTSMode": "",
        "UsernsMode": "", "ShmSize": 0, "Isolation": "", "CpuShares": 0, "Memory": 67108864,
        "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0, "Devices": [],
        "MemorySwappiness": -1, "OomKillDisable": False, "PidsLimit": 0, "Ulimits": [],
        "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v", "ReadOnly": True}],
        "MaskedPaths": None, "ReadonlyPaths": None,
    },
    "NetworkingConfig": {"EndpointsConfig": {"bridge": None}},
}  # fmt: skip


def test_the_cli_s_create_body():
    body = msgspec.json.decode(msgspec.json.encode(CLI_BODY), type=create.CreateBody)
    config = create.container_config(body)
    assert config.cmd == ["sh", "-c", "echo hi"]
    assert config.entrypoint is None
    assert config.exposed_ports == ["80/tcp"]
    host = create.host_options(body.host_config)
    assert host.binds == ["vv:/data"]
    assert host.port_bindings == {"80/tcp": [("", "80")]}
    assert (host.restart.name, host.restart.maximum_retry_count) == ("on-failure", 2)
    assert host.shm_size_bytes == 64 << 20
    assert host.mounts[0].read_only
    assert host.resources.memory_bytes == 67108864
    assert "VolumeDriver" not in host.other
    assert list(networks.endpoints(body.networking_config)) == ["bridge"]


def test_what_was_sent_comes_back():
    body = msgspec.json.decode(msgspec.json.encode(CLI_BODY), type=create.CreateBody)
    shown = containers.host_config(create.host_options(body.host_config))
    for key in ("Binds", "PortBindings", "RestartPolicy", "Tmpfs", "Memory", "ConsoleSize"):
        assert shown[key] == CLI_BODY["HostConfig"][key]
    assert shown["Mounts"] == CLI_BODY["HostConfig"]["Mounts"]


@pytest.mark.parametrize(
    "given",
    [
        {"Memory": 1 << 63},
        {"PidsLimit": -(1 << 64)},
        {"ShmSize": 1 << 64},
        {"Ulimits": [{"Name": "nofile", "Soft": 1 << 64, "Hard": 1 << 64}]},
        {"BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": 1 << 64}]},
    ],
)
def test_numbers_are_as_long_as_go_s(given):
    with pytest.raises(errors.InvalidArgument, match="invalid HostConfig"):
        create.host_options(given)


def test_host_config_of_the_wrong_kind():
    with pytest.raises(errors.InvalidArgument, match="Binds"):
        create.host_options({"Binds": "a:b"})


def record(**state):
    return ContainerRecord(
        id="ab" * 32,
        name="web",
        created=1795489565.859403472,
        image_id="sha256:" + "0" * 64,
        image="busybox",
        path="echo",
        args=["it's a", "a;b", "x"],
        config=ContainerConfig(exposed_ports=["80/tcp"], volumes=["/v"]),
        host=HostOptions(),
        state=ContainerState(**state),
        mounts=[MountPoint("volume", "/s", "/v", name="n")],
        endpoints={"bridge": EndpointRecord("net", "bridge", "ep", "172.17.0.2", 16, "172.17.0.1")},
    )


def test_command_is_quoted_as_dockerd_does():
    assert containers.command_text(record()) == "echo 'it's a' a;b x"


def test_network_settings():
    found = containers.network_settings(record(status="running", pid=7))
    assert found["IPAddress"] == "172.17.0.2"
    assert found["Networks"]["bridge"]["IPPrefixLen"] == 16
    assert found["Ports"] == {"80/tcp": None}
    assert found["SandboxKey"] == "/proc/7/ns/net"
    assert containers.network_settings(record())["Ports"] == {}


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"status": "created"}, "Created"),
        ({"status": "running", "started_at": 997.0}, "Up 3 seconds"),
        ({"status": "paused", "started_at": 940.0}, "Up About a minute (Paused)"),
        ({"status": "exited", "exit_code": 137, "finished_at": 880.0},
         "Exited (137) 2 minutes ago"),
        ({"status": "restarting", "exit_code": 1, "finished_at": 999.5},
         "Restarting (1) Less than a second ago"),
        ({"status": "removing"}, "Removal In Progress"),
        ({"status": "dead"}, "Dead"),
    ],
)  # fmt: skip
def test_status(state, text):
    assert times.status_text(ContainerState(**state), 1000.0) == text


def test_times():
    assert times.rfc3339(0.0) == "0001-01-01T00:00:00Z"
    assert times.rfc3339(1795489565.0) == "2026-11-24T03:06:05Z"
    assert times.rfc3339(1795489565.5) == "2026-11-24T03:06:05.5Z"
    assert times.rfc3339_padded(1795489565_000000120) == "2026-11-24T03:06:05.000000120Z"
    assert times.parse_timestamp("1.5", "since") == 1.5
    with pytest.raises(errors.InvalidArgument, match="since"):
        times.parse_timestamp("yesterday", "since")


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (stat.S_IFREG | 0o644, 0o644),
        (stat.S_IFDIR | stat.S_ISVTX | 0o777, 1 << 31 | 1 << 20 | 0o777),
        (stat.S_IFLNK | 0o777, 1 << 27 | 0o777),
        (stat.S_IFCHR | 0o600, 1 << 26 | 1 << 21 | 0o600),
        (stat.S_IFREG | stat.S_ISUID | 0o755, 1 << 23 | 0o755),
    ],
)
def test_go_file_mode(mode, go):
    assert files.path_stat(PathStat("f", 1, mode, 0.0))["mode"] == go


def test_events():
    given = Event("container", "die", "abc", {"image": "busybox", "exitCode": "0"}, 5_000_000_007)
    found = system.event(given)
    assert (found["status"], found["id"], found["from"]) == ("die", "abc", "busybox")
    assert (found["time"], found["timeNano"]) == (5, 5_000_000_007)
    assert "status" not in system.event(Event("volume", "create", "v", {}, 0))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("x"), 404),
        (errors.Conflict("x"), 409),
        (errors.InvalidArgument("x"), 400),
        (errors.PermissionDenied("x"), 403),
        (errors.NotImplementedHere("x"), 501),
        (errors.Unavailable("x"), 503),
        (errors.SystemFailure("x"), 500),
        (errors.InitError("x"), 500),
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (RuntimeError("x"), 500),
    ],
)
def test_status_table(error, status):
    assert status_of(error) == status


def test_error_bodies():
    assert answer_for(errors.NotFound("m")).body == b'{"message":"m"}\n'
    body = msgspec.json.decode(answer_for(errors.IntegrityError("m", hint="h")).body)
    assert body == {"message": "m", "hint": "h", "kind": "IntegrityError"}
    assert answer_for(errors.NotModified("m")).body == b""
    refused = errors.InvalidArgument("exec: nosuch: not found")
    refused.__cause__ = errors.InitError("nosuch: not found")
    assert msgspec.json.decode(answer_for(refused).body)["kind"] == "InitError"
    full = msgspec.json.decode(answer_for(OSError(errno.ENOSPC, "No space left on device")).body)
    assert "no space left" in full["message"]
    assert "prune" in full["hint"]
