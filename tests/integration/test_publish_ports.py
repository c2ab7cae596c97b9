"""Which ports are published: choices, clashes, refusals; and what becomes of them.

Texts are dockerd's, taken down from one (20.10); for privileged ports they are rootlesskit's.
"""

import re
import socket
import tempfile
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.errors import InvalidArgument, MiniDockerError, NotImplementedHere, SystemFailure
from tests.conftest import remove_state
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.processes import kill
from tests.support.talker import P, call, echoes, host_port, is_free, run_talker, until

pytestmark = [pytest.mark.requires("busybox"), pytest.mark.timeout(120)]

SLEEP = ("busybox", "sleep 60")
FAILED = r"driver failed programming external connectivity on endpoint web \([0-9a-f]{64}\): "


def refusal(engine, *ports: str) -> str:
    """Start a container that cannot be published; returns why, without what is always said."""
    box = engine.create(*SLEEP, name="web", ports=list(ports))
    try:
        with pytest.raises(SystemFailure) as refused:
            box.start()
        assert box.status == "created"
        message = str(refused.value)
        assert re.match(FAILED, message), message
        assert box.reload().attrs["State"]["Error"] == message
        assert box.attrs["State"]["ExitCode"] == 128
        return re.sub(FAILED, "", message)
    finally:
        box.remove()


# --------------------------------------------------------------------------------------- clashes


def test_ports_of_our_own_containers(engine):
    with engine.run(*SLEEP, detach=True, ports=[f"{P + 80}:80"]):
        text = f"Bind for 0.0.0.0:{P + 80} failed: port is already allocated"
        assert refusal(engine, f"{P + 80}:81") == text
        # All or nothing: what it would have had besides is free again.
        assert refusal(engine, f"{P + 79}:79", f"{P + 80}:81") == text
        assert is_free(P + 79)
        userland = (
            f"Error starting userland proxy: listen tcp4 127.0.0.1:{P + 80}: bind: address already"
        )
        assert refusal(engine, f"127.0.0.1:{P + 80}:80").startswith(userland)
        with engine.run(*SLEEP, detach=True, ports=[f"{P + 80}:80/udp"]):
            pass  # the other protocol is another port


def test_a_port_of_another_program(engine):
    with socket.create_server(("127.0.0.1", P + 83)):
        assert refusal(engine, f"{P + 83}:80") == (
            f"Error starting userland proxy: listen tcp4 0.0.0.0:{P + 83}: bind: address already in"
            " use"
        )
        # A choice steps over it.
        with engine.run(*SLEEP, detach=True, ports=[f"{P + 83}-{P + 85}:80"]) as box:
            assert host_port(box) == P + 84
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind(("::", P + 83))
        assert refusal(engine, f"{P + 83}:53/udp") == (
            f"Error starting userland proxy: listen udp6 [::]:{P + 83}: bind: address already in"
            " use"
        )
    assert is_free(P + 83, kind=socket.SOCK_DGRAM), "the IPv4 half was given back"


def test_an_address_the_machine_does_not_have(engine):
    assert refusal(engine, f"192.0.2.77:{P + 84}:80") == (
        f"Error starting userland proxy: listen tcp4 192.0.2.77:{P + 84}: bind: cannot assign"
        " requested address"
    )


@pytest.mark.requires("user")
def test_privileged_port(engine):
    start = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip()
    if int(start) <= 80:
        pytest.skip("this machine lets everybody have port 80")
    assert refusal(engine, "80:80") == (
        "Error starting userland proxy: cannot expose privileged port 80, you can add"
        f" 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf (currently {start})"
        f", or choose a larger port number (>= {start}): listen tcp4 0.0.0.0:80: bind: permission"
        " denied"
    )


@pytest.mark.requires("root")
def test_root_may_have_a_privileged_port(engine):
    with run_talker(engine, ports=["127.0.0.1:911:80"]):
        assert echoes(911)


def test_a_range_that_is_used_up(engine):
    ports = [f"{P + 86}-{P + 87}:80"]
    with (
        engine.run(*SLEEP, detach=True, ports=ports) as one,
        engine.run(*SLEEP, detach=True, ports=ports) as other,
    ):
        assert {host_port(one), host_port(other)} == {P + 86, P + 87}
        assert refusal(engine, *ports) == "all ports are allocated"


@pytest.mark.parametrize(
    ("bindings", "kind", "text"),
    [
        ({"80/tcp": [{"HostPort": "abc"}]}, InvalidArgument, 'invalid port specification: "abc"'),
        ({"80/tcp": [{"HostPort": "99999"}]}, InvalidArgument, 'specification: "99999"'),
        ({"80/tcp": [{"HostPort": "81-80"}]}, InvalidArgument, 'specification: "81-80"'),
        ({"abc/tcp": [{"HostPort": "80"}]}, InvalidArgument, 'invalid port specification: "abc"'),
        ({"80/foo": [{"HostPort": "80"}]}, InvalidArgument, "invalid proto: foo"),
        ({"80/tcp": [{"HostIp": "999.1.1.1"}]}, InvalidArgument, "invalid IP address: 999.1.1.1"),
        ({"80/sctp": [{"HostPort": "80"}]}, NotImplementedHere, "protocol not supported"),
    ],
)
def test_nonsense_is_refused_at_create(engine, bindings, kind, text):
    body = {"Image": "busybox", "HostConfig": {"PortBindings": bindings}}
    with pytest.raises(kind, match=re.escape(text)):
        engine.api.container_create(body)


# --------------------------------------------------------------------------------------- choices


def test_random_ports_are_the_machines_ephemeral_ones(engine):
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    options = {"ports": ["80"], "expose": [90, "91/udp"], "publish_all": True, "detach": True}
    with engine.run(*SLEEP, **options) as one, engine.run(*SLEEP, **options) as other:
        for box in (one, other):
            published = box.reload().attrs["NetworkSettings"]["Ports"]
            assert set(published) == {"80/tcp", "90/tcp", "91/udp"}
            for places in published.values():
                four, six = places
                assert (four["HostIp"], six["HostIp"]) == ("0.0.0.0", "::")
                assert four["HostPort"] == six["HostPort"]
                assert first <= int(four["HostPort"]) <= last
        assert host_port(one) != host_port(other)


def test_exposed_is_not_published(engine):
    with engine.run(*SLEEP, detach=True, expose=["80", "100-101"]) as box:
        wanted = {"80/tcp": None, "100/tcp": None, "101/tcp": None}
        assert box.reload().attrs["NetworkSettings"]["Ports"] == wanted
        assert "80/tcp, 100-101/tcp" in str(engine.containers())


def test_network_may_name_the_default_address(engine):
    options = {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}
    network = engine.create_network("quiet", options=options)
    try:
        with engine.run(*SLEEP, detach=True, network="quiet", ports=["80"]) as box:
            ports = box.reload().attrs["NetworkSettings"]["Ports"]["80/tcp"]
            assert [place["HostIp"] for place in ports] == ["127.0.0.1"]
    finally:
        network.remove()


@pytest.mark.parametrize("mode", ["host", "none"])
def test_without_a_network_of_its_own_nothing_is_published(engine, mode):
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "60"],
        "HostConfig": {
            "NetworkMode": mode,
            "PortBindings": {"80/tcp": [{"HostPort": f"{P + 90}"}]},
        },
    }
    made = engine.api.container_create(body)
    warning = "Published ports are discarded when using host network mode"
    assert (made["Warnings"] or []) == ([warning] if mode == "host" else [])
    with engine.container(made["Id"]) as box:
        box.start()
        assert box.reload().attrs["NetworkSettings"]["Ports"] == {}
        assert is_free(P + 90)


# ---------------------------------------------------------------------------- networks that change


def test_ports_follow_the_networks(engine):
    """The first network goes: the same port, another address.  All go: none.  One back: again."""
    networks = [engine.create_network(name) for name in ("north", "south")]
    try:
        with run_talker(engine, network="north", ports=[f"{P + 91}:80"]) as box:
            box.connect("south")
            assert echoes(P + 91)
            box.disconnect("north")
            assert echoes(P + 91)
            assert in_lab_answers(engine, "south", P + 91)
            box.disconnect("south")
            assert box.reload().attrs["NetworkSettings"]["Ports"] == {}
            assert is_free(P + 91)
            box.connect("north")
            # Not `is_free`: that takes the port for a moment, perhaps the one it is published in.
            until(lambda: bool(box.reload().attrs["NetworkSettings"]["Ports"].get("80/tcp")))
            assert host_port(box) == P + 91
            assert echoes(P + 91)
    finally:
        for network in networks:
            network.remove()


def in_lab_answers(engine, network: str, port: int) -> bool:
    """Tell whether the port leads to the talker for somebody in the lab, too."""
    gateway = "$(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p')"
    script = f"printf 'echo\\nhi' | nc -w 5 {gateway} {port}"
    return engine.run("busybox", ["sh", "-c", script], network=network).stdout == "hi"


def test_an_internal_network_publishes_nothing(engine):
    network = engine.create_network("inside", internal=True)
    try:
        with engine.run(*SLEEP, detach=True, network="inside", ports=[f"{P + 92}:80"]) as box:
            assert box.reload().attrs["NetworkSettings"]["Ports"] == {}
            assert is_free(P + 92)
    finally:
        network.remove()


# ------------------------------------------------------------------------------------- life and end


def test_restart_policy_takes_the_ports_again(engine):
    with run_talker(engine, ports=[f"{P + 94}:80"], restart="always") as box:
        for life in (2, 3):
            with call(P + 94) as client:
                client.sendall(b"exit\n")
                assert ended(client)
            until(lambda life=life: box.logs().count("ready") >= life)
            assert echoes(P + 94)
        box.stop(timeout_s=0)
        assert is_free(P + 94)


def ended(client: socket.socket) -> bool:
    """Tell whether the connection ends without another word, the soft or the hard way."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def own_home(monkeypatch):
    """Directories for engines that are to die; in the end nothing of them may be left."""
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{home}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{home}/run")
    before = read_traces(str(home))
    yield home
    left = wait_until_clean(before, str(home), apart_from=("fds",))
    remove_state(home)
    assert not left


def test_ports_are_free_after_the_engine_was_killed(engine_home, own_home):
    """kill -9: the agent dies with its engine, and with it every port and connection."""
    with pyminidocker.connect(name="dies") as engine:
        engine.bootstrap("python")
        run_talker(engine, ports=[f"{P + 95}:80", f"{P + 95}:53/udp"], name="gone")
        assert echoes(P + 95)
        with call(P + 95) as client:
            client.sendall(b"echo\nx")
            assert client.recv(1) == b"x"
            kill(engine.api.engine_facts()["Pid"])
            assert ended(client)
        until(lambda: is_free(P + 95))
        until(lambda: is_free(P + 95, kind=socket.SOCK_DGRAM))
    with pyminidocker.connect(name="dies") as engine:
        with engine.container("gone") as box:
            box.start()
            until(lambda: echoes_soon(P + 95))
        engine.shutdown()


def warnings(engine):
    return engine.api.info().get("Warnings") or []


def test_an_agent_that_died_is_named(engine_home, own_home):
    with pyminidocker.connect(name="halved") as engine:
        engine.bootstrap("busybox")
        box = engine.run(*SLEEP, detach=True, ports=[f"{P + 97}:80"])
        kill(engine.api.engine_facts()["AgentPid"])
        assert is_free(P + 97)
        until(lambda: any("host agent has ended" in line for line in warnings(engine)))
        with pytest.raises(SystemFailure, match=r"the host agent.* has gone") as failed:
            engine.run(*SLEEP, detach=True, ports=[f"{P + 98}:80"])
        assert "minidocker system stop" in failed.value.hint
        box.remove(force=True)
        assert engine.run("busybox", "echo unpublished").stdout == "unpublished\n"
        engine.shutdown()


def echoes_soon(port: int) -> bool:
    try:
        return echoes(port)
    except ConnectionError:
        return False


def test_a_start_that_fails_gives_its_ports_back(engine):
    box = engine.create("busybox", "/no/such/program", ports=[f"{P + 96}:80"])
    try:
        with pytest.raises(MiniDockerError, match="no such file"):
            box.start()
        assert is_free(P + 96)
    finally:
        box.remove()
