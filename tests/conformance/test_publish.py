"""Published ports by Docker's own clients.

Expected lines are what the same docker command showed on a dockerd (20.10).
"""

import re
import socket
import subprocess
import urllib.request

import pytest

from tests.support.command_line import minidocker
from tests.support.talker import echoes, host_port, run_talker, until

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
    assert run("web", "-p", "18310:80", "-p", "127.0.0.1:18311:81/udp", "-p", "[::1]:18312:82",
               "-p", "18313-18315:18313-18315", "--expose", "90-91").returncode == 0  # fmt: skip
    assert docker("port", "web").stdout.splitlines() == [
        "80/tcp -> 0.0.0.0:18310", "80/tcp -> [::]:18310",
        "81/udp -> 127.0.0.1:18311",
        "82/tcp -> [::1]:18312",
        "18313/tcp -> 0.0.0.0:18313", "18313/tcp -> [::]:18313",
        "18314/tcp -> 0.0.0.0:18314", "18314/tcp -> [::]:18314",
        "18315/tcp -> 0.0.0.0:18315", "18315/tcp -> [::]:18315",
    ]  # fmt: skip
    assert docker("port", "web", "80").stdout == "0.0.0.0:18310\n[::]:18310\n"
    assert docker("port", "web", "81/udp").stdout == "127.0.0.1:18311\n"
    absent = docker("port", "web", "81")
    assert (absent.returncode, absent.stderr) == (
        1,
        "Error: No public port '81' published for web\n",
    )
    assert docker("ps", "--format", "{{.Ports}}").stdout == (
        "90-91/tcp, 0.0.0.0:18313-18315->18313-18315/tcp, [::]:18313-18315->18313-18315/tcp,"
        " 0.0.0.0:18310->80/tcp, [::]:18310->80/tcp, 127.0.0.1:18311->81/udp,"
        " [::1]:18312->82/tcp\n"
    )
    shown = docker("inspect", "-f", '{{json (index .NetworkSettings.Ports "80/tcp")}}', "web")
    assert shown.stdout == (
        '[{"HostIp":"0.0.0.0","HostPort":"18310"},{"HostIp":"::","HostPort":"18310"}]\n'
    )
    asked = docker("inspect", "-f", '{{json (index .HostConfig.PortBindings "82/tcp")}}', "web")
    assert asked.stdout == '[{"HostIp":"::1","HostPort":"18312"}]\n'
    docker("stop", "-t", "0", "web")
    assert docker("port", "web").stdout == ""
    assert docker("inspect", "-f", "{{json .NetworkSettings.Ports}}", "web").stdout == "{}\n"


@pytest.mark.requires("docker-cli")
def test_clashes(docker, run):
    assert run("one", "-p", "18320:80").returncode == 0
    in_use = "Error starting userland proxy: listen tcp4 0.0.0.0:18321: bind"
    with socket.create_server(("127.0.0.1", 18321)):
        for name, port, why in (
            ("two", "18320:80", "Bind for 0.0.0.0:18320 failed: port is already allocated"),
            ("three", "18321:80", f"{in_use}: address already in use"),
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
    result = run("hostly", "--network", "host", "-p", "18330:80")
    assert result.returncode == 0
    assert result.stderr == (
        "WARNING: Published ports are discarded when using host network mode\n"
    )
    assert docker("port", "hostly").stdout == ""


@pytest.mark.requires("docker-cli")
def test_filters(docker, run):
    assert run("published", "-p", "18340:80").returncode == 0
    assert run("exposing", "--expose", "81").returncode == 0
    assert docker("ps", "--filter", "publish=80", "--format", "{{.Names}}").stdout == "published\n"
    assert docker("ps", "--filter", "expose=81", "--format", "{{.Names}}").stdout == "exposing\n"


def test_docker_py_ports(sdk):
    import docker

    web = sdk.containers.run(
        "busybox", "httpd -f -p 80 -h /etc", detach=True,
        ports={"80/tcp": ("127.0.0.1", 18350), "53/udp": None, "90/tcp": [18351, 18352]},
    )  # fmt: skip
    try:
        web.reload()
        assert web.ports["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "18350"}]
        assert len(web.ports["53/udp"]) == 2
        assert [place["HostPort"] for place in web.ports["90/tcp"]] == ["18351", "18352"] * 2
        until(lambda: answers("http://127.0.0.1:18350/hostname", web.short_id))
        with pytest.raises(docker.errors.APIError) as refused:
            sdk.containers.run("busybox", "true", ports={"80/tcp": 18351}, remove=True)
        assert refused.value.status_code == 500
        assert "Bind for 0.0.0.0:18351 failed: port is already allocated" in str(refused.value)
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
    with run_talker(engine, ports=["18360:80"], name="shared") as box:
        assert host_port(box) == 18360
        assert echoes(18360)
        ours, theirs = minidocker("port", "shared"), docker("port", "shared")
        assert ours.stdout == theirs.stdout == "80/tcp -> 0.0.0.0:18360\n80/tcp -> [::]:18360\n"
        form = ("ps", "--format", "{{.Ports}}")
        assert minidocker(*form).stdout == docker(*form).stdout
        wrong = minidocker("port", "shared", "81")
        assert wrong.stderr == docker("port", "shared", "81").stderr
        assert wrong.returncode == 1


@pytest.mark.requires("docker-cli", "curl")
def test_curl(docker):
    web = ("-p", "18361:80", "busybox", "httpd", "-f", "-p", "80", "-h", "/etc")
    try:
        assert docker("run", "-d", "--name", "web", "--hostname", "site", *web).returncode == 0
        for host in ("127.0.0.1", "[::1]"):
            command = ["curl", "-sS", "--max-time", "10", "--retry", "5", "--retry-all-errors"]
            asked = subprocess.run(
                [*command, f"http://{host}:18361/hostname"],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert asked.stdout == "site\n"
    finally:
        docker("rm", "-f", "web")
