"""What ``--network host`` is: the lab host, or the real machine for an engine that was told so."""

import os
import socket
from pathlib import Path

import pytest

from pyminidocker.client import connect
from tests.support.talker import P


@pytest.fixture
def machine_engine(engine_home, monkeypatch):
    """An engine of its own whose host network is this machine's."""
    monkeypatch.setenv("MINIDOCKER_HOST_NETWORK", "machine")
    engine = connect("machine")
    for _ in engine.api.image_bootstrap(["busybox"]):
        pass
    yield engine
    for container in engine.containers(all=True):
        container.remove(force=True)
    engine.api.shutdown()
    engine.close()


def _network(pid: int | str) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def test_host_is_the_lab_host_by_default(engine):
    with engine.run("busybox", "sleep 60", network="host", detach=True) as box:
        lab = engine.api.engine_facts()["Lab"]["ns"]["net"]
        assert _network(box.pid) == f"net:[{lab}]" != _network("self")


def test_inspect_says_which_host_it_is(engine, machine_engine):
    told = engine.api.network_inspect("host")["Options"]["com.pyminidocker.host"]
    lab = engine.api.engine_facts()["Lab"]["ns"]["net"]
    assert told == f"the lab host of engine default, net:[{lab}]; not this machine"
    told = machine_engine.api.network_inspect("host")["Options"]["com.pyminidocker.host"]
    assert told == f"this machine, {os.uname().nodename}"


def test_host_can_be_the_real_machine(machine_engine):
    """A container binds a port of the machine itself; nothing is published for it."""
    port = P + 97
    command = ["sh", "-c", f"nc -l -p {port} -e echo from the machine"]
    with machine_engine.run("busybox", command, network="host", detach=True) as box:
        assert _network(box.pid) == _network("self")
        answer = b""
        while not answer:
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as client:
                    answer = client.recv(100)
            except ConnectionRefusedError:
                assert box.reload().status == "running"
        assert answer == b"from the machine\n"


def test_its_files_and_execs_are_the_machines_too(machine_engine):
    with machine_engine.run("busybox", "sleep 60", network="host", detach=True) as box:
        resolv = Path("/etc/resolv.conf")
        assert box.exec("cat /etc/resolv.conf").stdout == (
            resolv.read_text() if resolv.exists() else ""
        )
        assert box.exec("hostname").strip() == os.uname().nodename
        assert box.exec("readlink /proc/self/ns/net").strip() == _network("self")
        assert box.exec("ls /sys/class/net").split() == sorted(os.listdir("/sys/class/net"))
        with machine_engine.run(
            "busybox", "sleep 60", network=f"container:{box.name}", detach=True
        ) as second:
            assert _network(second.pid) == _network("self")


def test_other_networks_of_such_an_engine_are_the_labs(machine_engine):
    with (
        machine_engine.run("busybox", "sleep 60", detach=True) as first,
        machine_engine.run("busybox", "sleep 60", detach=True) as second,
    ):
        assert first.exec(["ping", "-c", "1", "-w", "3", second.ip]).exit_code == 0
        assert _network(first.pid) != _network("self")


def test_a_wrong_choice_is_refused(engine_home, monkeypatch):
    monkeypatch.setenv("MINIDOCKER_HOST_NETWORK", "moon")
    with pytest.raises(Exception, match="invalid host network 'moon'"):
        connect("moon")
