"""From the command line of ``run`` to the body of the request."""

import os

import pytest

from pyminidocker.cli.command import parse
from pyminidocker.cli.commands.run import RUN
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.mounts import fields, parse_mount, parse_volume
from pyminidocker.cli.run_config import create_body
from pyminidocker.client.ports import parse_expose, parse_publish


def body(line, *more):
    call = parse(RUN, "run", [*line.split(), *more])
    return create_body(call.options, call.given, call.arguments)


def refusal(line, *more):
    with pytest.raises(Failure) as caught:
        body(line, *more)
    return caught.value


def test_plain_run():
    request = body("--rm busybox echo -n --x")
    assert request["Image"] == "busybox"
    assert request["Cmd"] == ["echo", "-n", "--x"]
    assert request["HostConfig"]["AutoRemove"] is True
    assert request["HostConfig"]["NetworkMode"] == "default"
    assert (request["AttachStdin"], request["AttachStdout"]) == (False, True)
    assert "Entrypoint" not in request


def test_interactive_run():
    request = body("-it busybox")
    assert request["Tty"]
    assert request["OpenStdin"]
    assert request["StdinOnce"]
    assert request["AttachStdin"]


def test_detached_run_attaches_nothing():
    request = body("-itd busybox")
    assert not request["AttachStdout"]
    assert not request["StdinOnce"]
    assert request["OpenStdin"]


def test_everything_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("FROM_US", "7")
    monkeypatch.delenv("NOT_THERE", raising=False)
    env_file = tmp_path / "env"
    env_file.write_text("# comment\n\nX=1\n  Y=2 3\nFROM_US\nNOT_THERE\n", encoding="utf-8")
    request = body(
        f"--name n -h host -u 1:2 -w /w -e A=1 -e FROM_US -e NOT_THERE --env-file {env_file}"
        " -l a=b -l c --tmpfs /t:size=1m --tmpfs /u --read-only --init --restart on-failure:3"
        " -v /a:/b:ro -v /anon --mount type=volume,src=v,dst=/v --network none -p 8080:80 --expose"
        " 90 --cpus 1.5 -m 64m --ulimit nofile=5:6 --add-host x:1.2.3.4 --stop-timeout 0 img"
    )
    host = request["HostConfig"]
    assert request["Env"] == ["X=1", "Y=2 3", "FROM_US=7", "A=1", "FROM_US=7"]
    assert request["Labels"] == {"a": "b", "c": ""}
    assert (request["Hostname"], request["User"], request["WorkingDir"]) == ("host", "1:2", "/w")
    assert host["Tmpfs"] == {"/t": "size=1m", "/u": ""}
    assert host["ReadonlyRootfs"]
    assert host["Init"]
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert host["Binds"] == ["/a:/b:ro"]
    assert request["Volumes"] == {"/anon": {}}
    assert host["Mounts"] == [{"Type": "volume", "Source": "v", "Target": "/v"}]
    assert host["NetworkMode"] == "none"
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert set(request["ExposedPorts"]) == {"80/tcp", "90/tcp"}
    assert host["NanoCpus"] == 1_500_000_000
    assert host["Memory"] == 64 * 1024 * 1024
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 5, "Hard": 6}]
    assert request["StopTimeout"] == 0


def test_entrypoint_can_be_cleared():
    assert body("--entrypoint", "", "busybox")["Entrypoint"] == [""]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--rm --restart always x",
         "minidocker: conflicting options: cannot specify both --restart and --rm"),
        ("-d -a stdout x", "conflicting options: cannot specify both --attach and --detach"),
        ("-a foo x", ('invalid argument "foo" for "-a, --attach" flag: valid streams are STDIN,'
                     " STDOUT and STDERR")),
        ("-e =x y", 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x'),
        ("-p x y", "minidocker: invalid containerPort: x"),
        ("-p 1.2.3:4:5 y", "minidocker: invalid IP address: 1.2.3"),
        ("--ulimit foo x", ('invalid argument "foo" for "--ulimit" flag: invalid ulimit argument:'
                           " foo")),
        ("--add-host foo x", ('invalid argument "foo" for "--add-host" flag: bad format for'
                             ' add-host: "foo"')),
        ("--env-file /nonex x", "minidocker: open /nonex: no such file or directory"),
        ("--mount foo x", ('invalid argument "foo" for "--mount" flag: invalid field \'foo\' must'
                          " be a key=value pair")),
    ],
)  # fmt: skip
def test_contradictions_are_refused_in_dockers_words(line, message):
    assert refusal(line).message == message


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("type=bind,source=/a,target=/b", {"Type": "bind", "Source": "/a", "Target": "/b"}),
        ("dst=/b", {"Type": "volume", "Target": "/b"}),
        ("type=bind,src=/a,dst=/b,ro", {"Type": "bind", "Source": "/a", "Target": "/b",
                                        "ReadOnly": True}),
        ("type=bind,src=/a,dst=/b,readonly=false", {"Type": "bind", "Source": "/a",
                                                    "Target": "/b", "ReadOnly": False}),
        ("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1770",
         {"Type": "tmpfs", "Target": "/b",
          "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o1770}}),
        ("src=v,dst=/b,volume-nocopy,volume-label=a=b,volume-opt=c=d",
         {"Type": "volume", "Source": "v", "Target": "/b", "VolumeOptions": {
             "NoCopy": True, "Labels": {"a": "b"}, "DriverConfig": {"Options": {"c": "d"}}}}),
        ('type=bind,"src=/a,b",dst=/c', {"Type": "bind", "Source": "/a,b", "Target": "/c"}),
        ("type=bind,src=/a,dst=/b,bind-propagation=rslave",
         {"Type": "bind", "Source": "/a", "Target": "/b",
          "BindOptions": {"Propagation": "rslave"}}),
    ],
)  # fmt: skip
def test_mount(text, mount):
    assert parse_mount(text) == mount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typ=bind,dst=/x", "unexpected key 'typ' in 'typ=bind'"),
        ("type=bind,src=/tmp", "target is required"),
        ("foo", "invalid field 'foo' must be a key=value pair"),
        ("dst=/x,readonly=maybe", "invalid value for readonly: maybe"),
        ("dst=/x,tmpfs-size=1m", "cannot mix 'tmpfs-\\*' options with mount type 'volume'"),
        ("type=tmpfs,dst=/x,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
        ('dst="/x', "in quoted-field"),
    ],
)
def test_mounts_that_make_no_sense(text, message):
    with pytest.raises(ValueError, match=message):
        parse_mount(text)


def test_relative_sources_are_ours():
    here = os.getcwd()
    assert parse_volume("./d:/x") == (f"{here}/d:/x", "")
    assert parse_mount("type=bind,src=.,dst=/x")["Source"] == here
    assert parse_volume("named:/x:ro") == ("named:/x:ro", "")
    assert parse_volume("/x") == ("", "/x")
    assert fields('a,"b""c"') == ["a", 'b"c']


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [("80/tcp", "", "")]),
        ("8080:80", [("80/tcp", "", "8080")]),
        ("0:80", [("80/tcp", "", "")]),
        ("127.0.0.1:8080:80/udp", [("80/udp", "127.0.0.1", "8080")]),
        ("127.0.0.1::80", [("80/tcp", "127.0.0.1", "")]),
        ("[::1]:8080:80", [("80/tcp", "::1", "8080")]),
        ("8000-8001:80-81", [("80/tcp", "", "8000"), ("81/tcp", "", "8001")]),
        ("8000-8010:80", [("80/tcp", "", "8000-8010")]),
        ("target=80,published=8080,protocol=udp", [("80/udp", "", "8080")]),
    ],
)
def test_publish(text, ports):
    assert parse_publish(text) == ports


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "invalid containerPort: x"),
        ("x:80", "invalid hostPort: x"),
        ("99999:1", "invalid hostPort: 99999"),
        ("80/foo", "invalid proto: foo"),
        ("1-2:3-5", "invalid ranges specified"),
        ("localhost:1:2", "invalid IP address: localhost"),
        ("published=1", "missing mandatory field"),
    ],
)
def test_publish_that_makes_no_sense(text, message):
    with pytest.raises(ValueError, match=message):
        parse_publish(text)


def test_expose():
    assert parse_expose("80-81/udp") == ["80/udp", "81/udp"]
    with pytest.raises(ValueError, match="invalid range format for --expose: x"):
        parse_expose("x")


def test_health_check():
    line = "--health-cmd x --health-interval 1m30s --health-timeout=500ms --health-retries 2"
    more = "--health-start-period 5s --health-start-interval 1s"
    assert body(f"{line} {more} img")["Healthcheck"] == {
        "Test": ["CMD-SHELL", "x"],
        "Interval": 90 * 10**9,
        "Timeout": 500 * 10**6,
        "StartPeriod": 5 * 10**9,
        "StartInterval": 10**9,
        "Retries": 2,
    }
    assert body("--health-interval 1s img")["Healthcheck"] == {"Interval": 10**9}
    assert body("--no-healthcheck img")["Healthcheck"] == {"Test": ["NONE"]}
    assert "Healthcheck" not in body("img")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"),
        ("--health-interval -1s", "--health-interval cannot be negative"),
        ("--health-retries -1", "--health-retries cannot be negative"),
        ("--health-timeout 5", 'missing unit in duration "5"'),
    ],
)
def test_wrong_health_checks(line, message):
    failed = refusal(f"{line} img")
    assert message in str(failed)
    assert failed.exit_code == 125
