"""Captures through the API: lines, files, filters, limits, and what ends them."""

import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, Unavailable
from tests.support.command_line import minidocker


def engine_fds(engine) -> int:
    return len(os.listdir(f"/proc/{engine.api.engine_facts()['Pid']}/fd"))


def wait_for_fds(engine, expected: int) -> int:
    """Return how many descriptors the engine has, once they are few enough or time is up.

    They may become fewer than ``expected``: containers that ended before still have some.
    """
    deadline = time.monotonic() + 5
    while (found := engine_fds(engine)) > expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def box(engine):
    container = engine.run("busybox", "httpd -f -p 80 -h /etc", detach=True)
    yield container
    container.remove(force=True)


def ip_of(container) -> str:
    return container.reload().attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]


def lines(response) -> list[dict]:
    with response:
        return list(response.json_lines())


def test_a_ping_is_seen_on_every_link_of_its_way(engine, box):
    capture = engine.api.capture_stream(words=["icmp"], limit=4)
    assert box.exec("ping -c 1 172.17.0.1").exit_code == 0
    packets = lines(capture)
    document = engine.api.topology()
    (inner,) = [one for one in document["Namespaces"] if one["ContainerId"] == box.id]
    lab = document["Namespaces"][0]
    (eth0,) = [link for link in inner["Links"] if link["Name"] == "eth0"]
    (port,) = [link for link in lab["Links"] if link["PeerInode"] == inner["Inode"]]
    assert eth0["PeerInode"] == lab["Inode"]
    assert eth0["PeerIndex"] == port["Index"]
    seen = [(one["Link"], one["Direction"], one["Icmp"]["Name"]) for one in packets]
    assert seen == [
        (port["Name"], "in", "echo request"),
        ("docker0", "in", "echo request"),
        ("docker0", "out", "echo reply"),
        (port["Name"], "out", "echo reply"),
    ]
    assert {one["Namespace"] for one in packets} == {lab["Inode"]}
    assert packets[0]["LinkIndex"] == port["Index"]
    assert packets[0]["Source"] == eth0["Mac"]
    assert packets[0]["Ip"]["Source"] == ip_of(box)
    assert abs(packets[0]["Time"] - time.time()) < 60


def test_inside_a_container_loopback_is_seen_too(engine, box):
    capture = engine.api.capture_stream(container=box.id, link="lo", words=["tcp", "port=80"],
                                        limit=4)  # fmt: skip
    assert box.exec("wget -qO- http://127.0.0.1/hostname").exit_code == 0
    packets = lines(capture)
    assert [one["Tcp"]["Flags"] for one in packets[:3]] == [["SYN"], ["SYN", "ACK"], ["ACK"]]
    assert packets[3]["Tcp"]["Text"] == "GET /hostname HTTP/1.1"
    assert {one["Link"] for one in packets} == {"lo"}


def test_questions_for_names(engine, box):
    capture = engine.api.capture_stream(words=["dns"], link="docker0", limit=2)
    box.exec("nslookup -type=a nobody.invalid")
    question, answer = lines(capture)
    assert question["Dns"]["Question"] == answer["Dns"]["Question"] == "nobody.invalid"
    assert (question["Dns"]["IsResponse"], answer["Dns"]["IsResponse"]) == (False, True)


def test_time_ends_a_capture(engine):
    began = time.monotonic()
    assert lines(engine.api.capture_stream(words=["vxlan"], seconds=0.3)) == []
    assert 0.2 < time.monotonic() - began < 5


def test_the_containers_end_ends_its_capture(engine, box):
    """Or the socket would keep the dead container's namespace, and its cable, alive."""
    before = engine_fds(engine)
    capture = engine.api.capture_stream(container=box.id)
    box.kill()
    lines(capture)
    assert wait_for_fds(engine, before) <= before


def test_clients_that_go_leave_nothing(engine):
    engine.api.topology()
    before = engine_fds(engine)
    for form in ("events", "pcap") * 10:
        with EngineClient() as client:
            client.capture_stream(form=form).close()
        with EngineClient() as client:
            client.open("GET", "/minidocker/topology/changes").close()
    assert wait_for_fds(engine, before) <= before


def test_too_many_captures(engine):
    before = engine_fds(engine)
    clients = [EngineClient() for _ in range(32)]
    streams = [client.capture_stream(words=["vxlan"]) for client in clients]
    with pytest.raises(Unavailable, match="32 captures are open already"):
        engine.api.capture_stream()
    for stream in streams:
        stream.close()
    for client in clients:
        client.close()
    assert wait_for_fds(engine, before) <= before


def test_a_flood_is_thinned_and_what_is_rare_stays(engine, box):
    """A download does not hide its own beginning; what is not shown is counted."""
    make = "dd if=/dev/zero of=/big bs=1M count=40 2>/dev/null; httpd -f -p 81 -h /"
    server = engine.run("busybox", ["sh", "-c", make], detach=True)
    try:
        address = ip_of(server)
        ready = f"until wget -qO /dev/null http://{address}:81/etc/hosts 2>/dev/null; do :; done"
        assert box.exec(["sh", "-c", ready]).exit_code == 0
        capture = engine.api.capture_stream(words=["tcp", "port=81"], rate=50, seconds=1.5)
        assert box.exec(f"wget -qO /dev/null http://{address}:81/big").exit_code == 0
        found = lines(capture)
    finally:
        server.remove(force=True)
    shown = [one for one in found if "Dropped" not in one]
    lost = sum(one["Dropped"] for one in found if "Dropped" in one)
    assert len(shown) <= 50 * 2.5 + 1
    assert lost > len(shown)
    flags = [one["Tcp"]["Flags"] for one in shown]
    assert flags[0] == ["SYN"]
    assert flags.count(["SYN", "ACK"]) >= 2
    assert [one["Time"] for one in shown] == sorted(one["Time"] for one in shown)


def test_bad_input(engine, box):
    with pytest.raises(NotFound, match="no such link: nope"):
        engine.api.capture_stream(link="nope")
    with pytest.raises(NotFound, match="No such container: nope"):
        engine.api.capture_stream(container="nope")
    for what in (
        {"words": ["bogus"]},
        {"words": ["port=0"]},
        {"words": ["host=nowhere"]},
        {"direction": "sideways"},
        {"form": "gif"},
        {"limit": -1},
        {"seconds": -1.0},
        {"seconds": "soon"},
        {"seconds": "nan"},
        {"rate": -1},
    ):
        with pytest.raises(InvalidArgument) as caught:
            engine.api.capture_stream(**what)
        assert str(caught.value)
    box.stop(timeout_s=0)
    with pytest.raises(Conflict, match="is not running"):
        engine.api.capture_stream(container=box.id)


@pytest.mark.requires("tcpdump")
def test_tcpdump_opens_the_file(engine, box):
    capture = engine.api.capture_stream(form="pcap", words=["icmp"], limit=4)
    box.exec("ping -c 1 172.17.0.1")
    with capture:
        data = capture.read()
    tcpdump = shutil.which("tcpdump", path=f"{os.environ['PATH']}:/usr/sbin") or "tcpdump"
    command = [tcpdump, "-n", "-r", "-"]
    read = subprocess.run(command, input=data, capture_output=True, timeout=20)
    assert read.returncode == 0, read.stderr
    assert read.stdout.count(b"ICMP echo request") == 2
    assert read.stdout.count(b"ICMP echo reply") == 2


def test_command_line(engine, box, tmp_path):
    """A capture that is asked for by words of tcpdump, as lines, as JSON and as a file."""
    finished = threading.Event()

    def keep_pinging() -> None:
        while not finished.is_set():
            box.exec("ping -c 1 172.17.0.1")

    pinging = threading.Thread(target=keep_pinging)
    pinging.start()
    try:
        run = minidocker("network", "capture", "-c", "3", "icmp", "and", "host", "172.17.0.1")
        assert run.returncode == 0, run.stderr
        assert len(run.stdout.splitlines()) == 3
        assert "ICMP echo re" in run.stdout
        assert run.stderr == "3 packets\n"
        run = minidocker("network", "capture", "-c", "1", "--format", "json", "icmp")
        assert json.loads(run.stdout)["Type"] == "IPv4"
        run = minidocker("network", "capture", "-c", "1", "-e", "-i", "docker0", "icmp")
        assert "02:42:ac:11:00:01" in run.stdout
        path = tmp_path / "out.pcap"
        run = minidocker("network", "capture", "-c", "1", "-w", str(path), "icmp")
        assert run.returncode == 0, run.stderr
        assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    finally:
        finished.set()
        pinging.join()
    run = minidocker("network", "capture", "colour")
    assert run.returncode != 0
    assert "unknown filter word 'colour'" in run.stderr
