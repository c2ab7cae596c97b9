"""Published ports by Docker's own clients.

Expected lines are what the same docker command showed on a dockerd (20.10).
"""

import json
import re
import socket
import subprocess
import urllib.request

import pytest

from tests.support.command_line import minidocker
from tests.support.talker import P, echoes, host_port, run_talker, until

pytestmark = [
    pytest.mark.requires("busybox"),
    # docker-py forgets to close the sockets of its streams
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def run(docker):
    """Return ``docker run -d --name NAME ... busybox sleep 600``; removes all at the end."""
    names = []

    def start(name: str, *options: str):
        names.append(name)
        return docker("run", "-d", "--name", name, *options, "busybox", "sleep", "600")

    yield start
    docker("rm", "-f", *names)


def said(result) -> str:
    """Return the error as the user reads it, the endpoint's id left out."""
    return re.sub(r"\([0-9a-f]{64}\)", "(ID)", result.stderr.splitlines()[0])


@pytest.mark.requires("docker-cli")
def test_port_ps_and_inspect(docker, run):
    same = f"{P + 313}-{P + 315}"
    ports = (
        f"{P + 310}:80",
        f"127.0.0.1:{P + 311}:81/udp",
        f"[::1]:{P + 312}:82",
        f"{same}:{same}",
    )
    options = [word for port in ports for word in ("-p", port)]
    assert run("web", *options, "--expose", "90-91").returncode == 0
    assert docker("port", "web").stdout.splitlines() == [
        f"80/tcp -> 0.0.0.0:{P + 310}", f"80/tcp -> [::]:{P + 310}",
        f"81/udp -> 127.0.0.1:{P + 311}",
        f"82/tcp -> [::1]:{P + 312}",
        f"{P + 313}/tcp -> 0.0.0.0:{P + 313}", f"{P + 313}/tcp -> [::]:{P + 313}",
        f"{P + 314}/tcp -> 0.0.0.0:{P + 314}", f"{P + 314}/tcp -> [::]:{P + 314}",
        f"{P + 315}/tcp -> 0.0.0.0:{P + 315}", f"{P + 315}/tcp -> [::]:{P + 315}",
    ]  # fmt: skip
    assert docker("port", "web", "80").stdout == f"0.0.0.0:{P + 310}\n[::]:{P + 310}\n"
    assert docker("port", "web", "81/udp").stdout == f"127.0.0.1:{P + 311}\n"
    absent = docker("port", "web", "81")
    assert (absent.returncode, absent.stderr) == (
        1,
        "Error: No public port '81' published for web\n",
    )
    assert docker("ps", "--format", "{{.Ports}}").stdout == (
        f"90-91/tcp, 0.0.0.0:{same}->{same}/tcp, [::]:{same}->{same}/tcp,"
        f" 0.0.0.0:{P + 310}->80/tcp, [::]:{P + 310}->80/tcp, 127.0.0.1:{P + 311}->81/udp,"
        f" [::1]:{P + 312}->82/tcp\n"
    )
    shown = docker("inspect", "-f", '{{json (index .NetworkSettings.Ports "80/tcp")}}', "web")
    assert json.loads(shown.stdout) == [
        {"HostIp": "0.0.0.0", "HostPort": f"{P + 310}"},
        {"HostIp": "::", "HostPort": f"{P + 310}"},
    ]
    asked = docker("inspect", "-f", '{{json (index .HostConfig.PortBindings "82/tcp")}}', "web")
    assert asked.stdout == f'[{{"HostIp":"::1","HostPort":"{P + 312}"}}]\n'
    docker("stop", "-t", "0", "web")
    assert docker("port", "web").stdout == ""
    assert docker("inspect", "-f", "{{json .NetworkSettings.Ports}}", "web").stdout == "{}\n"


@pytest.mark.requires("docker-cli")
def test_clashes(docker, run):
    assert run("one", "-p", f"{P + 320}:80").returncode == 0
    in_use = f"Error starting userland proxy: listen tcp4 0.0.0.0:{P + 321}: bind"
    with socket.create_server(("127.0.0.1", P + 321)):
        for name, port, why in (
            (
                "two",
                f"{P + 320}:80",
                f"Bind for 0.0.0.0:{P + 320} failed: port is already allocated",
            ),
            ("three", f"{P + 321}:80", f"{in_use}: address already in use"),
        ):
            refused = run(name, "-p", port)
            assert refused.returncode == 125
            assert said(refused) == (
                "docker: Error response from daemon: driver failed programming external"
                f" connectivity on endpoint {name} (ID): {why}"
            )
            state = docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name)
            assert state.stdout == "created 128\n"
    # The next start finds the port free.
    assert docker("start", "three").returncode == 0
    assert docker("rm", "-f", "one").returncode == 0
    assert docker("start", "two").returncode == 0


@pytest.mark.requires("docker-cli")
def test_publish_all(docker, run):
    assert run("all", "-P", "--expose", "80", "--expose", "81/udp").returncode == 0
    lines = docker("port", "all").stdout.splitlines()
    shape = [re.sub(r":\d+$", ":N", line) for line in lines]
    assert shape == ["80/tcp -> 0.0.0.0:N", "80/tcp -> [::]:N",
                     "81/udp -> 0.0.0.0:N", "81/udp -> [::]:N"]  # fmt: skip


@pytest.mark.requires("docker-cli")
def test_host_mode_warns(docker, run):
    result = run("hostly", "--network", "host", "-p", f"{P + 330}:80")
    assert result.returncode == 0
    assert result.stderr == (
        "WARNING: Published ports are discarded when using host network mode\n"
    )
    assert docker("port", "hostly").stdout == ""


@pytest.mark.requires("docker-cli")
def test_filters(docker, run):
    assert run("published", "-p", f"{P + 340}:80").returncode == 0
    assert run("exposing", "--expose", "81").returncode == 0
    assert docker("ps", "--filter", "publish=80", "--format", "{{.Names}}").stdout == "published\n"
    assert docker("ps", "--filter", "expose=81", "--format", "{{.Names}}").stdout == "exposing\n"


def test_docker_py_ports(sdk):
    import docker

    web = sdk.containers.run(
        "busybox", "httpd -f -p 80 -h /etc", detach=True,
        ports={"80/tcp": ("127.0.0.1", P + 350), "53/udp": None, "90/tcp": [P + 351, P + 352]},
    )  # fmt: skip
    try:
        web.reload()
        assert web.ports["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": f"{P + 350}"}]
        assert len(web.ports["53/udp"]) == 2
        assert [place["HostPort"] for place in web.ports["90/tcp"]] == [
            f"{P + 351}",
            f"{P + 352}",
        ] * 2
        until(lambda: answers(f"http://127.0.0.1:{P + 350}/hostname", web.short_id))
        with pytest.raises(docker.errors.APIError) as refused:
            sdk.containers.run("busybox", "true", ports={"80/tcp": P + 351}, remove=True)
        assert refused.value.status_code == 500
        assert f"Bind for 0.0.0.0:{P + 351} failed: port is already allocated" in str(refused.value)
    finally:
        web.remove(force=True)
        for left in sdk.containers.list(all=True):
            left.remove(force=True)


def answers(url: str, text: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode().strip() == text
    except OSError:
        return False


@pytest.mark.requires("docker-cli")
def test_minidockers_own_command_says_the_same(engine, docker):
    """One engine, three clients: the ports are the same."""
    with run_talker(engine, ports=[f"{P + 360}:80"], name="shared") as box:
        assert host_port(box) == P + 360
        assert echoes(P + 360)
        ours, theirs = minidocker("port", "shared"), docker("port", "shared")
        assert (
            ours.stdout
            == theirs.stdout
            == f"80/tcp -> 0.0.0.0:{P + 360}\n80/tcp -> [::]:{P + 360}\n"
        )
        form = ("ps", "--format", "{{.Ports}}")
        assert minidocker(*form).stdout == docker(*form).stdout
        wrong = minidocker("port", "shared", "81")
        assert wrong.stderr == docker("port", "shared", "81").stderr
        assert wrong.returncode == 1


@pytest.mark.requires("docker-cli", "curl")
def test_curl(docker):
    web = ("-p", f"{P + 361}:80", "busybox", "httpd", "-f", "-p", "80", "-h", "/etc")
    try:
        assert docker("run", "-d", "--name", "web", "--hostname", "site", *web).returncode == 0
        for host in ("127.0.0.1", "[::1]"):
            command = ["curl", "-sS", "--max-time", "10", "--retry", "5", "--retry-all-errors"]
            asked = subprocess.run(
                [*command, f"http://{host}:{P + 361}/hostname"],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert asked.stdout == "site\n"
    finally:
        docker("rm", "-f", "web")
