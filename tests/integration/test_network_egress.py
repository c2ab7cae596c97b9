"""The way out: TCP through the proxy, DNS through the relay, everything else refused honestly."""

import os
import socket
import struct
import threading

import pytest

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network.egress import PROXY_PORT
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.outside import OUTSIDE_ADDRESS
from pyminidocker.network.plans import AddressPlan, BridgePlan
from tests.support.netlab import HOST_ADDRESS, SECOND_ADDRESS, World, in_world

IP_RECVERR, ICMP_UNREACHABLE, ICMP_PKT_FILTERED = 11, 3, 13
QUERY = bytes.fromhex("beef01000001000000000000076578616d706c6503636f6d0000010001")
ANSWER = b"\xbe\xef\x81\x80" + QUERY[4:] + b"an answer"


def make_lab(world: World) -> tuple[LabNetwork, int]:
    """Return a lab with its way out open, and a container in it."""
    lab = LabNetwork()
    lab.setup_lab()
    lab.setup_bridge(BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1"))
    lab.start_egress(world.agent)
    return lab, add_container(world, lab, "172.17.0.2")


def add_container(world: World, lab: LabNetwork, ip: str) -> int:
    netns = world.new_netns()
    plan = lab.plan_endpoint(lab.prepare_endpoint(netns), AddressPlan(ip, 16, "172.17.0.1"))
    assert world.play(netns, plan) == [0, 0, 0]
    return netns


def expect_reset(world: World, netns: int, address: tuple[str, int]) -> None:
    """The proxy accepts before it knows whether it can connect: a failure is a reset."""
    with pytest.raises(ConnectionResetError):
        world.connect(netns, address).recv(1)


def resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        return next(int(row.split()[1]) for row in file if row.startswith("VmRSS"))


def write_resolv_conf(world: World, *servers: str) -> None:
    with open(world.resolv_conf, "w") as file:
        file.writelines(f"nameserver {server}\n" for server in servers)


@in_world
def test_tcp_reaches_the_hosts_side_and_comes_back(world: World) -> None:
    _, container = make_lab(world)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        client = world.connect(container, (HOST_ADDRESS, 80))
        server, peer = listener.accept()
        assert peer[0] == HOST_ADDRESS  # made by the agent, on the real host
        client.sendall(b"GET")
        assert server.recv(16) == b"GET"
        server.sendall(b"200")
        assert client.recv(16) == b"200"
        client.close()
        assert server.recv(16) == b""
        server.close()


@in_world
def test_half_close_leaves_the_other_direction_open(world: World) -> None:
    _, container = make_lab(world)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        client = world.connect(container, (HOST_ADDRESS, 80))
        server, _ = listener.accept()
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert server.makefile("rb").read() == b"question"
        server.sendall(b"answer")
        server.close()
        assert client.makefile("rb").read() == b"answer"


@in_world
def test_refused_outside_is_a_reset_inside(world: World) -> None:
    _, container = make_lab(world)
    expect_reset(world, container, (HOST_ADDRESS, 81))


@in_world
def test_reset_outside_is_a_reset_inside(world: World) -> None:
    _, container = make_lab(world)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        client = world.connect(container, (HOST_ADDRESS, 80))
        server, _ = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


@in_world
def test_slow_reader_holds_the_sender_back_and_loses_nothing(world: World) -> None:
    _, container = make_lab(world)
    total = 64 << 20
    before_kb = resident_kb(world.agent_pid)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        client = world.connect(container, (HOST_ADDRESS, 80))
        server, _ = listener.accept()
        client.setblocking(False)
        block = os.urandom(1 << 20)
        sent = 0
        try:
            while sent < total:
                sent += client.send(block[sent % len(block) :])
        except BlockingIOError:
            pass
        assert sent < total  # nobody reads: the sender is stopped
        assert resident_kb(world.agent_pid) < before_kb + 4096, "the agent hoards"
        client.settimeout(10)
        received = bytearray()

        def read() -> None:
            while data := server.recv(1 << 20):
                received.extend(data)

        reader = threading.Thread(target=read)
        reader.start()
        while sent < total:
            sent += client.send(block[sent % len(block) :])
        client.shutdown(socket.SHUT_WR)
        reader.join(20)
        assert len(received) == total
        assert bytes(received[: len(block)]) == block
        assert bytes(received[-len(block) :]) == block
        server.close()


@in_world
def test_many_connections_at_once(world: World) -> None:
    _, container = make_lab(world)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        clients = [world.connect(container, (HOST_ADDRESS, 80)) for _ in range(200)]
        servers = [listener.accept()[0] for _ in clients]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
        assert {int(server.recv(8)) for server in servers} == set(range(200))
        for sock in clients + servers:
            sock.close()


@in_world
def test_proxys_own_port_leads_nowhere(world: World) -> None:
    """It listens beyond the uplink; connecting to it there must neither loop nor reach the host."""
    _, container = make_lab(world)
    with pytest.raises(ConnectionRefusedError):
        world.connect(container, ("172.17.0.1", PROXY_PORT))
    expect_reset(world, container, (OUTSIDE_ADDRESS, PROXY_PORT))


@in_world
def test_traffic_inside_the_lab_is_left_alone(world: World) -> None:
    lab, container = make_lab(world)
    other = add_container(world, lab, "172.17.0.3")
    with world.listen(other, ("172.17.0.3", 80)) as listener:
        world.connect(container, ("172.17.0.3", 80)).close()
        assert listener.accept()[1][0] == "172.17.0.2"
    with pytest.raises(ConnectionRefusedError):
        world.connect(container, ("172.17.0.1", 4000))


@in_world
def test_host_mode_has_the_same_way_out(world: World) -> None:
    make_lab(world)
    write_resolv_conf(world)
    with world.listen(world.host, (HOST_ADDRESS, 80)) as listener:
        client = world.connect(world.lab, (HOST_ADDRESS, 80))
        listener.accept()[0].close()
        assert client.recv(1) == b""
    with world.udp(world.lab) as sock:
        sock.sendto(QUERY, (HOST_ADDRESS, 53))
        assert sock.recvfrom(512)[1] == (HOST_ADDRESS, 53)


@in_world
def test_udp_and_icmp_to_the_outside_are_answered(world: World) -> None:
    _, container = make_lab(world)
    for netns in (container, world.lab):
        with world.udp(netns) as sock:
            sock.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
            try:
                sock.connect((HOST_ADDRESS, 123))
                sock.send(b"time?")
                with pytest.raises(OSError, match="No route to host"):
                    sock.recv(16)
            except PermissionError:  # a rejected packet of the lab's own may fail at once
                assert netns == world.lab
                continue
            _, control, _, _ = sock.recvmsg(64, 512, socket.MSG_ERRQUEUE)
            _, origin, kind, code = struct.unpack("@I3B", control[0][2][:7])
            assert (kind, code) == (ICMP_UNREACHABLE, ICMP_PKT_FILTERED), origin


@in_world
def test_dns_is_relayed_over_udp_and_tcp(world: World) -> None:
    _, container = make_lab(world)
    write_resolv_conf(world, SECOND_ADDRESS)
    with world.udp(world.host, (SECOND_ADDRESS, 53)) as server:
        for server_address in ("172.17.0.1", "203.0.113.8"):  # the relay; somebody else's: the same
            client = world.udp(container)
            client.sendto(QUERY, (server_address, 53))
            query, asker = server.recvfrom(512)
            assert query == QUERY
            server.sendto(ANSWER, asker)
            assert client.recvfrom(512) == (ANSWER, (server_address, 53))
            client.close()
    with world.listen(world.host, (SECOND_ADDRESS, 53)) as listener:
        client = world.connect(container, ("172.17.0.1", 53))
        client.sendall(b"\0\x1d" + QUERY)
        upstream, _ = listener.accept()
        assert upstream.recv(64) == b"\0\x1d" + QUERY
        upstream.sendall(ANSWER)
        assert client.recv(64) == ANSWER
        upstream.close()


@in_world
def test_dns_goes_on_to_the_next_server(world: World) -> None:
    _, container = make_lab(world)
    write_resolv_conf(world, HOST_ADDRESS, SECOND_ADDRESS)
    client = world.udp(container)
    with world.udp(world.host, (SECOND_ADDRESS, 53)) as server:
        client.sendto(QUERY, ("172.17.0.1", 53))  # nobody listens at the first
        _, asker = server.recvfrom(512)
        server.sendto(ANSWER, asker)
        assert client.recv(512) == ANSWER


@in_world
def test_dns_without_a_server_is_servfail(world: World) -> None:
    _, container = make_lab(world)
    client = world.udp(container)
    for servers in ((), (HOST_ADDRESS,)):  # none at all; one that does not listen
        write_resolv_conf(world, *servers)
        client.sendto(QUERY, ("172.17.0.1", 53))
        answer = client.recv(512)
        assert answer[:2] == QUERY[:2]
        assert answer[3] & 15 == 2
        assert answer[12:] == QUERY[12:]


@in_world
def test_agents_end_closes_the_way_out_only(world: World) -> None:
    lab, container = make_lab(world)
    world.agent.shutdown(socket.SHUT_WR)
    os.waitpid(world.agent_pid, 0)
    world.agent_pid = 0
    with pytest.raises(ConnectionRefusedError):
        world.connect(container, (HOST_ADDRESS, 80))
    with pytest.raises(SystemFailure, match="cannot open a way out"):
        lab.start_egress(world.agent)


@in_world
def test_agent_serves_from_the_hosts_namespace_only(world: World) -> None:
    """What is reachable is decided on the host's side: an address of the lab is not."""
    make_lab(world)
    setns(world.host, CLONE_NEWNET)
    with pytest.raises(OSError, match="Network is unreachable"):
        socket.create_connection(("172.17.0.1", 53), timeout=5)
    setns(world.lab, CLONE_NEWNET)
