"""Published ports from the machine: TCP and UDP, both families, much data, many clients."""

import concurrent.futures
import hashlib
import os
import socket
import time
import urllib.request

import pytest

from pyminidocker.network.stock import BATCH
from tests.support.talker import P, call, echoes, host_port, is_free, run_talker, summed, until

pytestmark = [pytest.mark.requires("busybox"), pytest.mark.timeout(120)]


@pytest.fixture
def talker(engine):
    with run_talker(engine, ports=["80", "53/udp"]) as box:
        yield box


def agent_fds(engine) -> int:
    """Return how many descriptors the engine's host agent has open."""
    pid = engine.api.engine_facts()["AgentPid"]
    return len(os.listdir(f"/proc/{pid}/fd"))


def settled(engine) -> int:
    """Return the same when all that is under way has come to its end."""
    readings = [agent_fds(engine)]
    while len(readings) < 5 or len(set(readings[-5:])) > 1:
        time.sleep(0.01)
        readings.append(agent_fds(engine))
    return readings[-1]


def test_both_families_reach_the_container(talker):
    port = host_port(talker)
    assert echoes(port)
    assert echoes(port, "::1")
    assert [list(row) for row in talker.ports] == [
        ["53/udp", f"0.0.0.0:{host_port(talker, '53/udp')}"],
        ["53/udp", f"[::]:{host_port(talker, '53/udp')}"],
        ["80/tcp", f"0.0.0.0:{port}"],
        ["80/tcp", f"[::]:{port}"],
    ]


def test_a_web_server_answers_urllib(engine):
    with engine.run("busybox", "httpd -f -p 80 -h /etc", detach=True, ports=["80"]) as box:
        url = f"http://127.0.0.1:{host_port(box)}/hostname"
        until(lambda: echo_of(url) == box.short_id)


def echo_of(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode().strip()
    except OSError:
        return ""


def test_a_hundred_megabytes_both_ways(talker):
    port = host_port(talker)
    assert summed(port, os.urandom(1 << 20), 100)
    with call(port) as sock:
        sock.sendall(b"send 104857600\n")
        digest, size = hashlib.sha256(), 0
        while data := sock.recv(1 << 20):
            digest.update(data)
            size += len(data)
    assert size == 104857600
    assert digest.hexdigest() == hashlib.sha256(bytes(range(256)) * (size // 256)).hexdigest()


def test_five_hundred_at_once_and_no_descriptor_stays(engine, talker):
    port = host_port(talker)
    assert echoes(port)  # the stock of lab sockets is there
    before = agent_fds(engine)
    clients = [call(port) for _ in range(500)]
    try:
        for number, client in enumerate(clients):
            client.sendall(f"echo\n{number}".encode())
        for number, client in enumerate(clients):
            assert client.recv(16) == str(number).encode()
        assert agent_fds(engine) >= 1000
    finally:
        for client in clients:
            client.close()
    # A batch of unused sockets more or less may be in stock, but no more than two of each kind.
    until(lambda: agent_fds(engine) <= before + BATCH)
    assert before < 4 * BATCH


def test_used_sockets_are_closed_to_the_last(engine, talker):
    """Stock goes down one by one and up by batches: after four batches all is as it was.

    One batch more or less may be under way when it is counted.
    """
    port = host_port(talker)
    assert echoes(port)
    same = (0, BATCH, -BATCH)
    before = settled(engine)
    for _ in range(4 * BATCH):
        assert echoes(port)
    until(lambda: agent_fds(engine) - before in same)
    for _ in range(10):  # containers that come and go take nothing
        engine.run("busybox", "true", ports=[f"{P + 183}:80", f"{P + 183}:53/udp"])
    until(lambda: agent_fds(engine) - before in same)


def test_what_a_container_says_last_arrives(engine):
    """It answers and ends in the same moment; the port goes, the answer does not."""
    size = 3_000_000
    code = (
        "import socket; s = socket.create_server(('', 80)); print('ready', flush=True);"
        f"c, _ = s.accept(); c.recv(1); c.sendall(bytes({size})); c.close()"
    )
    with engine.run("python", ["python3", "-c", code], detach=True, ports=["80"]) as box:
        until(lambda: "ready" in box.logs())
        with call(host_port(box)) as sock:
            sock.sendall(b"x")
            got = 0
            while data := sock.recv(65536):
                got += len(data)
        assert box.wait(20) == 0
    assert got == size


def test_a_refusing_container_means_a_reset(engine):
    with (
        engine.run("busybox", "sleep 60", detach=True, ports=["80"]) as box,
        pytest.raises(ConnectionResetError),  # as early as in connect, or in recv
    ):
        first_byte(host_port(box))


def first_byte(port: int) -> bytes:
    with call(port) as sock:
        return sock.recv(1)


def test_udp_keeps_clients_apart(talker):
    port = host_port(talker, "53/udp")
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with (
            socket.socket(family, socket.SOCK_DGRAM) as one,
            socket.socket(family, socket.SOCK_DGRAM) as other,
        ):
            ways = set()
            for turn, sock in enumerate((one, other, one, other)):
                sock.settimeout(10)
                sock.connect((host, port))  # an answer from elsewhere would be refused
                sock.send(f"question {turn}".encode())
                text, _, way = sock.recv(100).decode().rpartition(" ")
                assert text == f"QUESTION {turn}"
                ways.add((sock.fileno(), way))
        assert len(ways) == 2, "each client has a way of its own, and keeps it"
        assert len({way for _, way in ways}) == 2


def test_udp_answers_come_from_the_address_that_was_asked(talker):
    port = host_port(talker, "53/udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(b"x" * 30_000, ("127.0.0.5", port))
        answer, source = sock.recvfrom(65535)
        assert source == ("127.0.0.5", port)
        assert answer.startswith(b"X" * 30_000)


def test_many_udp_clients(talker):
    """More than the stock of lab sockets: they wait for the next batch, and none is lost."""
    port = host_port(talker, "53/udp")
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(200)]
    try:
        for number, sock in enumerate(clients):
            sock.settimeout(10)
            sock.sendto(b"%d" % number, ("127.0.0.1", port))
        for number, sock in enumerate(clients):
            assert sock.recv(100).startswith(b"%d " % number)
    finally:
        for sock in clients:
            sock.close()


def test_loopback_only_is_not_on_the_other_addresses(engine):
    with run_talker(engine, ports=["127.0.0.1::80"]) as box:
        port = host_port(box)
        assert echoes(port)
        for host in ("127.0.0.2", "::1"):
            with pytest.raises(ConnectionRefusedError):
                call(port, host)


def test_ipv6_container_gets_ipv6(engine):
    """Where the network has IPv6, a client's IPv6 stays IPv6 up to the container."""
    code = (
        "import socket; s = socket.create_server(('::', 80), family=socket.AF_INET6);"
        "print('ready', flush=True);"
        "[(lambda c: (c.sendall(c.getpeername()[0].encode()), c.close()))(s.accept()[0])"
        " for _ in range(9)]"
    )
    network = engine.create_network("six", ipv6=True)
    try:
        options = {"network": "six", "ports": ["80"], "detach": True}
        with engine.run("python", ["python3", "-c", code], **options) as box:
            until(lambda: "ready" in box.logs())
            with call(host_port(box), "::1") as sock:
                assert sock.recv(100).startswith(b"fd")
    finally:
        network.remove()


def test_neighbours_reach_it_by_the_labs_address(engine, talker):
    """The other half: in the lab, the packet filter rewrites the destination."""
    port = host_port(talker)
    asked = f"printf 'echo\\nhello' | nc -w 5 172.17.0.1 {port}"
    assert engine.run("busybox", ["sh", "-c", asked]).stdout == "hello"
    lab_itself = f"printf 'echo\\nhello' | nc -w 5 127.0.0.1 {port}"
    assert engine.run("busybox", ["sh", "-c", lab_itself], network="host").stdout == "hello"


def test_restart_frees_and_takes_the_port_again(engine):
    with run_talker(engine, ports=[f"127.0.0.1:{P + 181}:80", f"{P + 181}:53/udp"]) as box:
        with call(P + 181) as open_one:
            open_one.sendall(b"echo\nx")
            assert open_one.recv(1) == b"x"
            for life in (2, 3):
                box.restart(timeout_s=0)
                until(lambda life=life: box.logs().count("ready") == life)
                assert echoes(P + 181)
            assert open_one.recv(1) == b"", "the former life's connections end with it"
        box.stop(timeout_s=0)
        assert is_free(P + 181, "127.0.0.1")
        assert is_free(P + 181, kind=socket.SOCK_DGRAM)
        assert list(box.ports) == []


def test_a_port_is_free_as_soon_as_the_container_is_gone(engine):
    for _ in range(20):
        box = engine.run("busybox", "sleep 60", detach=True, ports=[f"{P + 182}:80"])
        assert not is_free(P + 182)
        box.remove(force=True)
        assert is_free(P + 182)


def test_many_ports_of_one_container(engine):
    with engine.run(
        "busybox", "sleep 60", detach=True, ports=[f"{P + 200}-{P + 299}:7000-7099"]
    ) as box:
        assert len(box.reload().attrs["NetworkSettings"]["Ports"]) == 100
        assert not is_free(P + 200)
        assert not is_free(P + 299)
    assert is_free(P + 200)
    assert is_free(P + 299)


def test_clients_of_all_kinds_at_once(talker):
    port = host_port(talker)
    payload = os.urandom(1 << 18)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        bulk = [pool.submit(summed, port, payload, 20) for _ in range(8)]
        small = [pool.submit(echoes, port) for _ in range(100)]
        assert all(done.result() for done in (*bulk, *small))
