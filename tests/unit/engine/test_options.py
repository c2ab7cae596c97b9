"""What create makes of images, options and mounts, and what it refuses."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from pyminidocker.engine import create_checks, etc_files, image_defaults, mounts, restart
from pyminidocker.engine.config_changes import apply_lines
from pyminidocker.engine.container import Container
from pyminidocker.engine.container_paths import split
from pyminidocker.engine.containers_top import columns_of, top
from pyminidocker.engine.detach_keys import DEFAULT_KEYS, DetachScanner, parse_keys
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerRecord,
    HostOptions,
    MountRequest,
    RestartPolicy,
)
from pyminidocker.engine.security import capabilities
from pyminidocker.errors import Conflict, InvalidArgument, NotImplementedHere
from pyminidocker.oci.image_spec import RunConfig
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES

IMAGE = RunConfig(
    user="app",
    env=["PATH=/bin", "A=image"],
    entrypoint=["/entry"],
    cmd=["default"],
    volumes={"/data": {}},
    working_dir="/srv",
    labels={"l": "image", "m": "image"},
    stop_signal="SIGINT",
    exposed_ports={"80/tcp": {}},
)


def _merged(config: ContainerConfig, image: RunConfig = IMAGE) -> ContainerConfig:
    image_defaults.merge(config, image)
    return config


def test_the_image_fills_in_what_the_user_left_open() -> None:
    merged = _merged(ContainerConfig())
    assert image_defaults.command(merged) == ["/entry", "default"]
    assert (merged.user, merged.working_dir, merged.stop_signal) == ("app", "/srv", "SIGINT")
    assert merged.env == ["PATH=/bin", "A=image"]
    assert merged.volumes == ["/data"]
    assert merged.exposed_ports == ["80/tcp"]


def test_the_user_wins() -> None:
    merged = _merged(ContainerConfig(cmd=["mine"], env=["A=mine"], labels={"l": "mine"}))
    assert image_defaults.command(merged) == ["/entry", "mine"]
    assert merged.env == ["A=mine", "PATH=/bin"]
    assert merged.labels == {"l": "mine", "m": "image"}


def test_an_entrypoint_of_ones_own_drops_the_images_command() -> None:
    assert image_defaults.command(_merged(ContainerConfig(entrypoint=["/mine"]))) == ["/mine"]
    reset = _merged(ContainerConfig(entrypoint=[""], cmd=["x"]))
    assert image_defaults.command(reset) == ["x"]
    with pytest.raises(InvalidArgument, match="No command specified"):
        _merged(ContainerConfig(entrypoint=[""]))


def test_environment() -> None:
    config = ContainerConfig(hostname="h", tty=True, env=["A=1", "TERM=dumb", "A=2", "GONE"])
    env = image_defaults.environment(config, "/usr/bin")
    assert env == ["PATH=/usr/bin", "HOSTNAME=h", "TERM=dumb", "A=2"]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (ContainerConfig(working_dir="x"), "the working directory 'x' is invalid, it needs to be"),
        (ContainerConfig(hostname="a b"), "invalid hostname"),
        (ContainerConfig(env=["=x"]), "invalid environment variable: =x"),
        (ContainerConfig(stop_signal="SIGNO"), "Invalid signal: SIGNO"),
    ],
)
def test_bad_configs(config: ContainerConfig, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        create_checks.check_config(config)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (HostOptions(restart=RestartPolicy("sometimes")), "invalid restart policy 'sometimes'"),
        (HostOptions(restart=RestartPolicy("always", 3)), "maximum retry count cannot be used"),
        (
            HostOptions(auto_remove=True, restart=RestartPolicy("always")),
            "can't create 'AutoRemove' container with restart policy",
        ),
        (HostOptions(cap_add=["NOPE"]), 'invalid CapAdd: unknown capability: "CAP_NOPE"'),
        (HostOptions(ulimits=[("nope", 1, 1)]), "invalid ulimit type: nope"),
        (HostOptions(tmpfs={"t": ""}), "invalid mount path: 't' mount path must be absolute"),
        (HostOptions(tmpfs={"/": ""}), "destination can't be '/'"),
        (HostOptions(tmpfs={"/t": "size=1m,huh"}), r'invalid tmpfs option \["huh"\]'),
        (HostOptions(extra_hosts=["db"]), 'bad format for add-host: "db"'),
        (HostOptions(security_opt=["nope"]), "invalid --security-opt"),
        (HostOptions(other={"Runtime": "runsc"}), "Unknown runtime specified runsc"),
        (
            HostOptions(other={"Isolation": "hyperv"}),
            "Invalid isolation: \"hyperv\" - linux only supports 'default'",
        ),
    ],
)
def test_bad_host_options(host: HostOptions, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        create_checks.check_host(host)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (HostOptions(other={"CpuRealtimePeriod": 1000}), r"real-time limits"),
        (HostOptions(other={"DeviceRequests": [{}]}), "device requests"),
        (HostOptions(other={"PidMode": "host"}), "--pid host"),
        (HostOptions(other={"CgroupnsMode": "host"}), "--cgroupns host"),
        (HostOptions(other={"CgroupParent": "/x"}), "cgroup parents .* are not supported"),
        (HostOptions(other={"LogConfig": {"Type": "syslog"}}), "log driver 'syslog'"),
        (
            HostOptions(other={"LogConfig": {"Type": "", "Config": {"max-size": "1k"}}}),
            r"log options \(max-size\)",
        ),
        (HostOptions(security_opt=["label=type:svirt"]), "SELinux labels no containers"),
        (HostOptions(security_opt=["apparmor=docker-default"]), "AppArmor profiles are loaded"),
    ],
)
def test_what_is_not_there_is_refused_by_name(host: HostOptions, text: str) -> None:
    with pytest.raises(NotImplementedHere, match=text):
        create_checks.check_host(host)


def test_what_the_docker_cli_sends_by_default_is_fine() -> None:
    other = {
        "LogConfig": {"Type": "", "Config": {}},
        "IpcMode": "",
        "PidMode": "",
        "Memory": 0,
        "MemorySwappiness": -1,
        "PidsLimit": None,
        "Devices": [],
        "BlkioWeightDevice": [],
        "OomKillDisable": False,
        "ConsoleSize": [24, 80],
        "MaskedPaths": None,
        "Runtime": "minidocker",  # as inspect shows it
        "Isolation": "default",
    }
    create_checks.check_host(HostOptions(other=other))


def test_binds() -> None:
    bind = mounts.parse_bind("/a:/b:ro,z,rslave")
    assert (bind.type, bind.source, bind.target) == ("bind", "/a", "/b")
    assert bind.read_only
    assert bind.propagation == "rslave"
    volume = mounts.parse_bind("data:/b:nocopy")
    assert (volume.type, volume.no_copy) == ("volume", True)
    nameless = mounts.parse_bind("/b")  # as dockerd: a volume without a name
    assert (nameless.type, nameless.source, nameless.target) == ("volume", "", "/b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid volume specification: ''"),
        ("a", "invalid volume specification: 'a': .* mount path must be absolute"),
        ("/", "destination can't be '/'"),
        (":/b", "invalid volume specification"),
        ("/a:b", "mount path must be absolute"),
        ("v:/", "destination can't be '/'"),
        ("/a:/b:no", "invalid mode: no"),
        ("/a:/b:ro:x", "invalid volume specification"),
    ],
)
def test_bad_binds(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        mounts.parse_bind(text)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (MountRequest("bind", "/nosuch-dir", "/x"), "bind source path does not exist: /nosuch-dir"),
        (MountRequest("bind", "rel", "/x"), "mount path must be absolute"),
        (MountRequest("bind", "", "/x"), "field Source must not be empty"),
        (MountRequest("volume", "v", ""), "field Target must not be empty"),
        (MountRequest("nfs", "v", "/x"), "mount type unknown"),
        (MountRequest("tmpfs", "v", "/x"), "field Source must not be specified"),
    ],
)
def test_bad_mounts(request_: MountRequest, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        mounts.check_mount(request_)


def test_capabilities() -> None:
    default = set(DEFAULT_CAPABILITIES)
    assert set(capabilities(HostOptions())) == default
    assert set(capabilities(HostOptions(cap_drop=["ALL"]))) == set()
    assert capabilities(HostOptions(cap_drop=["ALL"], cap_add=["chown"])) == ["CAP_CHOWN"]
    assert set(capabilities(HostOptions(cap_add=["CAP_NET_ADMIN"]))) == {*default, "CAP_NET_ADMIN"}
    assert "CAP_CHOWN" not in capabilities(HostOptions(cap_add=["ALL"], cap_drop=["CHOWN"]))
    assert "CAP_SYS_ADMIN" in capabilities(HostOptions(privileged=True))


def test_detach_keys() -> None:
    assert parse_keys("") == DEFAULT_KEYS
    assert parse_keys("ctrl-a,b,ctrl-\\") == b"\x01b\x1c"
    for text in ("ctrl-", "ctrl-1", "ab", "a,,b"):
        with pytest.raises(InvalidArgument, match="Invalid detach keys"):
            parse_keys(text)


def test_detach_keys_split_over_chunks() -> None:
    scanner = DetachScanner(b"\x10\x11")
    assert scanner.scan(b"ab\x10") == (b"ab", False)
    assert scanner.scan(b"\x10c") == (b"\x10\x10c", False)
    assert DetachScanner(b"\x10\x11").scan(b"x\x10\x10\x11y") == (b"x\x10", True)


def test_etc_hosts() -> None:
    text = etc_files.hosts(
        ip="172.17.0.2",
        hostname="web",
        domainname="example.org",
        extra_hosts=["db:10.0.0.9", "me:host-gateway"],
        gateway="172.17.0.1",
    )
    assert text.splitlines()[0] == "127.0.0.1\tlocalhost"
    assert text.splitlines()[-3:] == [
        "10.0.0.9\tdb",
        "172.17.0.1\tme",
        "172.17.0.2\tweb.example.org web",
    ]


def test_resolv_conf() -> None:
    assert (
        etc_files.resolv_conf(servers=[], search=["a", "."], options=["ndots:1"], default="1.2.3.4")
        == "search a\nnameserver 1.2.3.4\noptions ndots:1\n"
    )
    own = etc_files.resolv_conf(servers=["9.9.9.9"], search=[], options=[], default="1.2.3.4")
    assert own == "nameserver 9.9.9.9\n"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("CMD echo hi", "cmd", ["/bin/sh", "-c", "echo hi"]),
        ('cmd ["echo", "hi"]', "cmd", ["echo", "hi"]),
        ('ENTRYPOINT ["/x"]', "entrypoint", ["/x"]),
        ('ENTRYPOINT ["/x"]', "cmd", None),
        ("ENV A=1 B='x y'", "env", ["PATH=/bin", "A=1", "B=x y"]),
        ("ENV PATH /usr$PATH", "env", ["PATH=/usr/bin", "A=image"]),
        ("WORKDIR sub", "working_dir", "/srv/sub"),
        ("USER 5", "user", "5"),
        ("LABEL l=mine", "labels", {"l": "mine", "m": "image"}),
        ("EXPOSE 53/udp", "exposed_ports", {"80/tcp": {}, "53/udp": {}}),
        ('VOLUME ["/v"]', "volumes", {"/data": {}, "/v": {}}),
        ("STOPSIGNAL SIGQUIT", "stop_signal", "SIGQUIT"),
        ("ONBUILD RUN x", "on_build", ["RUN x"]),
    ],
)
def test_changes_of_commit(line: str, field: str, value: object) -> None:
    run = RunConfig(**{name: getattr(IMAGE, name) for name in IMAGE.__struct_fields__})
    run.env, run.exposed_ports = list(IMAGE.env), dict(IMAGE.exposed_ports)
    apply_lines(run, [line])
    wanted = value
    if line.startswith("ENV A"):
        wanted = ["PATH=/bin", "A=1", "B=x y"]
    assert getattr(run, field) == wanted


@pytest.mark.parametrize("line", ["RUN x", "FROM y", "ENV", "LABEL a", "EXPOSE x", "SHELL x"])
def test_bad_changes(line: str) -> None:
    with pytest.raises(InvalidArgument):
        apply_lines(RunConfig(), [line])


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/a/b", ("/a", "b")),
        ("a", ("/", "a")),
        ("/", ("/", ".")),
        ("", ("/", ".")),
        ("/a/", ("/a", ".")),
        ("/a/.", ("/a", ".")),
        ("/../../etc", ("/", "etc")),
        ("//a//b", ("/a", "b")),
    ],
)
def test_paths_in_containers(path: str, parts: tuple[str, str]) -> None:
    assert split(path) == parts


def test_columns_of_top() -> None:
    assert columns_of("")[:3] == ["uid", "pid", "ppid"]
    assert columns_of("aux")[0] == "user"
    assert columns_of("-o pid,comm") == ["pid", "comm"]
    assert columns_of("-eo pid -o args") == ["pid", "args"]
    for text in ("-o comm", "-o pid,nope", "-Z"):
        with pytest.raises(InvalidArgument):
            columns_of(text)


def _ended(policy: RestartPolicy, *, code: int = 1, life_s: float = 0.1) -> Container:
    record = ContainerRecord(
        id="ab" * 32,
        name="c",
        created=0.0,
        image_id="",
        image="",
        path="",
        args=[],
        config=ContainerConfig(),
        host=HostOptions(restart=policy),
    )
    record.state.exit_code = code
    record.state.started_at = time.time() - life_s
    record.state.finished_at = time.time()
    return Container(record, "/nowhere")


@pytest.mark.parametrize("pid", [0, 1 << 30])
def test_top_of_one_that_starts_or_ends_at_this_moment(pid: int) -> None:
    state = SimpleNamespace(pid=pid)
    box: Any = SimpleNamespace(
        id="c0ffee", name="box", status="running", record=SimpleNamespace(state=state)
    )
    engine: Any = None
    with pytest.raises(Conflict, match="Container c0ffee is not running"):
        asyncio.run(top(engine, box, "-ef"))


def test_back_off_doubles_up_to_a_minute_and_starts_over_after_a_long_life() -> None:
    container = _ended(RestartPolicy("always"))
    delays = [restart.delay_after_exit(container) for _ in range(12)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == 60.0
    container.record.state.started_at = time.time() - 11
    assert restart.delay_after_exit(container) == 0.1


def test_policies() -> None:
    assert restart.delay_after_exit(_ended(RestartPolicy("no"))) is None
    assert restart.delay_after_exit(_ended(RestartPolicy("on-failure"), code=0)) is None
    limited = _ended(RestartPolicy("on-failure", 2))
    tries = [restart.delay_after_exit(limited) for _ in range(3)]
    assert tries == [0.1, 0.2, None]
    assert limited.record.restart_count == 2
    stopped = _ended(RestartPolicy("always"))
    stopped.stop_is_wanted = True
    assert restart.delay_after_exit(stopped) is None


@pytest.mark.parametrize(
    ("policy", "by_user", "starts"),
    [
        ("no", False, False),
        ("always", False, True),
        ("always", True, True),
        ("unless-stopped", False, True),
        ("unless-stopped", True, False),
    ],
)
def test_what_starts_with_the_engine(policy: str, by_user: bool, starts: bool) -> None:
    container = _ended(RestartPolicy(policy))
    container.record.stopped_by_user = by_user
    assert restart.starts_with_engine(container) is starts
