"""127.0.0.11 in real namespaces: sockets inside, served outside; what is not ours, forwarded."""

import asyncio
import errno
import os
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from pyminidocker.engine.dns_peers import PEER_PORT, PeerServer
from pyminidocker.engine.dns_server import MAX_CONNECTIONS, DnsServer
from pyminidocker.network import dns_sockets, messages
from pyminidocker.network.dns_sockets import open_sockets
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import BridgePlan
from tests.support.names import FakeEngine
from tests.support.netlab import HOST_ADDRESS, World, in_world

RESOLVER = ("127.0.0.11", 53)


class Served:
    """A fake engine whose loop runs in a thread of its own, and one container it serves."""

    def __init__(self, world, lab=None, *, address="10.0.0.2", **host):
        self.world = world
        self.engine = FakeEngine(lab or LabNetwork())
        self.net = self.engine.networks.make("net")
        self.me = self.engine.container("me", (self.net, address), **host)
        self.netns = world.new_netns()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.sockets = open_sockets(self.engine.lab_network.inside, self.netns)
        self.server = self.call(lambda: DnsServer(self.engine, self.me, self.sockets))

    def call(self, function):
        """Run a function on the loop and return what it returns."""

        async def run():
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call(self.server.close)
        asyncio.run_coroutine_threadsafe(self._rest(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _rest(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def ask(self, name, kind="A", *, tcp=False, **options):
        """Ask 127.0.0.11 from inside."""
        query = dns.message.make_query(name, kind, **options)
        data = self.ask_raw(query.to_wire(), tcp=tcp)
        answer = dns.message.from_wire(data)
        assert query.is_response(answer)
        return answer

    def ask_raw(self, data, *, tcp=False):
        if tcp:
            with self.world.connect(self.netns, RESOLVER) as sock:
                return ask_by_tcp(sock, data)
        with self.world.udp(self.netns) as sock:
            sock.connect(RESOLVER)  # so that only an answer from there gets through
            sock.send(data)
            return sock.recv(65535)


def ask_by_tcp(sock, data):
    sock.sendall(struct.pack("!H", len(data)) + data)
    with sock.makefile("rb") as file:
        (length,) = struct.unpack("!H", file.read(2))
        return file.read(length)


def texts(answer):
    return sorted(record.to_text() for rrset in answer.answer for record in rrset)


@in_world
def test_names_by_udp_and_tcp(world: World) -> None:
    with Served(world) as served:
        served.engine.container("web", (served.net, "10.0.0.3", {"aliases": ["www"]}))
        for tcp in (False, True):
            assert texts(served.ask("web.", tcp=tcp)) == ["10.0.0.3"]
            assert texts(served.ask("WwW.", tcp=tcp)) == ["10.0.0.3"]
            answer = served.ask("web.", "AAAA", tcp=tcp)
            assert (answer.rcode(), texts(answer)) == (dns.rcode.NOERROR, [])
            assert answer.flags & dns.flags.RA
            assert texts(served.ask("3.0.0.10.in-addr.arpa.", "PTR", tcp=tcp)) == ["web.net."]


@in_world
def test_port_53_stays_free_for_the_container(world: World) -> None:
    with Served(world) as served, world.udp(served.netns, ("0.0.0.0", 53)) as own:
        assert served.sockets.is_redirected
        with world.listen(served.netns, ("0.0.0.0", 53)) as own_tcp:
            assert texts(served.ask("me.")) == ["10.0.0.2"]
            assert texts(served.ask("me.", tcp=True)) == ["10.0.0.2"]
            with world.udp(served.netns) as client:
                client.sendto(b"hello", ("127.0.0.1", 53))
                data, asker = own.recvfrom(99)
                own.sendto(data.upper(), asker)
                assert client.recvfrom(99) == (b"HELLO", ("127.0.0.1", 53))
            with world.connect(served.netns, ("127.0.0.1", 53)) as client:
                accepted, _ = own_tcp.accept()
                with accepted:
                    client.sendall(b"hello")
                    assert accepted.recv(99) == b"hello"


@in_world
def test_without_nftables_port_53_itself_is_taken(world: World) -> None:
    def refuse(*_):
        raise NetlinkError(errno.EOPNOTSUPP)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dns_sockets.nft, "commit", refuse)
        served = Served(world)
    with served:
        assert not served.sockets.is_redirected
        assert served.sockets.udp.getsockname() == RESOLVER
        assert texts(served.ask("me.")) == ["10.0.0.2"]
        assert texts(served.ask("me.", tcp=True)) == ["10.0.0.2"]


@in_world
def test_another_refusal_of_the_kernel_is_an_error_and_leaves_nothing_open(world: World) -> None:
    def refuse(*_):
        raise NetlinkError(errno.EPERM)

    lab, netns = LabNetwork(), world.new_netns()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dns_sockets.nft, "commit", refuse)
        before = set(os.listdir("/proc/self/fd"))
        with pytest.raises(NetlinkError):
            open_sockets(lab.inside, netns)
    assert set(os.listdir("/proc/self/fd")) == before
    open_sockets(lab.inside, netns).close()


@in_world
def test_no_connection_tracking_inside(world: World) -> None:
    with Served(world) as served:
        assert texts(served.ask("me.")) == ["10.0.0.2"]
        with world.inside(served.netns):
            try:
                with open("/proc/self/net/stat/nf_conntrack") as file:
                    entries = [int(row.split()[0], 16) for row in file.readlines()[1:]]
            except FileNotFoundError:
                entries = [0]
        assert max(entries) == 0


@in_world
def test_a_long_answer_is_cut_by_udp_and_whole_by_tcp(world: World) -> None:
    with Served(world) as served:
        for number in range(200):
            fields = {"aliases": ["all"]}
            served.engine.container(f"c{number}", (served.net, f"10.0.1.{number}", fields))
        cut = served.ask("all.")
        assert cut.flags & dns.flags.TC
        assert texts(cut) == []
        assert len(texts(served.ask("all.", tcp=True))) == 200
        assert len(texts(served.ask("all.", use_edns=0, payload=8000))) == 200
        with world.connect(served.netns, RESOLVER) as sock:  # several questions, one connection
            for name in ("c1.", "c2.", "c1."):
                query = dns.message.make_query(name, "A")
                answer = dns.message.from_wire(ask_by_tcp(sock, query.to_wire()))
                assert texts(answer) == [f"10.0.1.{name[1]}"]


class Outside:
    """A DNS server on the pretended real host's side, for what is asked out there."""

    def __init__(self, world, netns, address=HOST_ADDRESS, *, rcode=0, silent=False):
        self.udp = world.udp(netns, (address, 53))
        self.tcp = world.listen(netns, (address, 53))
        self.seen = []
        self.rcode, self.silent = rcode, silent
        for target in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    def _answer(self, data, how):
        query = dns.message.from_wire(data)
        self.seen.append((query.question[0].name.to_text(), how))
        response = dns.message.make_response(query)
        response.set_rcode(self.rcode)
        if query.question[0].name.to_text() == "long.example.":
            if how == "udp":
                response.flags |= dns.flags.TC
            else:
                response.answer.append(
                    dns.rrset.from_text_list(
                        "long.example.", 60, "IN", "A", [f"192.0.2.{n}" for n in range(200)]
                    )
                )
        elif not self.rcode:
            response.answer.append(
                dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.1")
            )
        return response.to_wire()

    def _serve_udp(self):
        self.udp.settimeout(None)
        while True:
            data, asker = self.udp.recvfrom(65535)
            answer = self._answer(data, "udp")
            if not self.silent:
                self.udp.sendto(answer, asker)

    def _serve_tcp(self):
        self.tcp.settimeout(None)
        while True:
            connection, _ = self.tcp.accept()
            with connection, connection.makefile("rb") as file:
                (length,) = struct.unpack("!H", file.read(2))
                answer = self._answer(file.read(length), "tcp")
                connection.sendall(struct.pack("!H", len(answer)) + answer)


def make_lab(world):
    with open(world.resolv_conf, "w") as file:
        file.write(f"nameserver {HOST_ADDRESS}\n")
    lab = LabNetwork()
    lab.setup_lab()
    lab.setup_bridge(BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1"))
    lab.start_egress(world.agent)
    return lab


@in_world
def test_other_names_are_asked_of_the_real_hosts_resolvers(world: World) -> None:
    lab = make_lab(world)
    outside = Outside(world, world.host)
    with Served(world, lab) as served:
        assert texts(served.ask("example.com.")) == ["192.0.2.1"]
        assert served.ask("long.example.").flags & dns.flags.TC
        assert len(texts(served.ask("long.example.", tcp=True))) == 200
        assert texts(served.ask("nobody.")) == ["192.0.2.1"]  # bare names too
        assert outside.seen == [
            ("example.com.", "udp"),
            ("long.example.", "udp"),
            ("long.example.", "tcp"),
            ("nobody.", "udp"),
        ]


@in_world
def test_no_such_name_outside_is_no_such_name_inside(world: World) -> None:
    lab = make_lab(world)
    Outside(world, world.host, rcode=dns.rcode.NXDOMAIN)
    with Served(world, lab) as served:
        assert served.ask("nobody.").rcode() == dns.rcode.NXDOMAIN


@in_world
def test_without_a_way_out_the_answer_is_servfail(world: World) -> None:
    with Served(world) as served:  # nobody listens at 127.0.0.1:53 of this lab
        assert served.ask("example.com.").rcode() == dns.rcode.SERVFAIL
        assert served.ask("example.com.", tcp=True).rcode() == dns.rcode.SERVFAIL


@in_world
def test_servers_of_the_container_are_asked_from_inside_it(world: World) -> None:
    with Served(world, dns=["127.0.0.53", "not-an-address", "127.0.0.54"]) as served:
        first = Outside(world, served.netns, "127.0.0.53", rcode=dns.rcode.SERVFAIL)
        second = Outside(world, served.netns, "127.0.0.54")
        assert texts(served.ask("example.com.")) == ["192.0.2.1"]
        assert len(texts(served.ask("long.example.", tcp=True))) == 200
        asked = [("example.com.", "udp"), ("long.example.", "tcp")]
        assert (first.seen, second.seen) == (asked, asked)


@in_world
def test_internal_networks_have_names_and_nothing_else(world: World) -> None:
    lab = make_lab(world)
    outside = Outside(world, world.host)
    with Served(world, lab) as served:
        served.net.internal = True
        served.engine.container("web", (served.net, "10.0.0.3"))
        assert texts(served.ask("web.")) == ["10.0.0.3"]
        assert served.ask("example.com.").rcode() == dns.rcode.SERVFAIL
        assert outside.seen == []
        open_net = served.engine.networks.make("open")
        served.engine.connect(served.me, open_net, "10.3.0.2")
        assert texts(served.ask("example.com.")) == ["192.0.2.1"]


@in_world
def test_with_ndots_a_bare_name_stays_here(world: World) -> None:
    lab = make_lab(world)
    outside = Outside(world, world.host)
    with Served(world, lab, dns_options=["ndots:2"]) as served:
        answer = served.ask("nobody.")
        assert (answer.rcode(), texts(answer)) == (dns.rcode.NOERROR, [])
        assert texts(served.ask("a.b.")) == ["192.0.2.1"]
        assert outside.seen == [("a.b.", "udp")]


@in_world
def test_rubbish_does_no_harm(world: World) -> None:
    query = dns.message.make_query("me.", "A").to_wire()
    with Served(world) as served, world.udp(served.netns) as sock:
        sock.connect(RESOLVER)
        for rubbish in (b"", b"x", query[:13], query[:5], bytes(300), b"\xff" * 600, query[:-1]):
            sock.send(rubbish)
        for rubbish in (b"", b"\0", b"\0\x05ab", b"\xff\xff" + bytes(70)):
            with world.connect(served.netns, RESOLVER) as connection:
                connection.sendall(rubbish)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(999)
        sock.send(query[:2] + b"\x80" + query[3:])  # an answer to nothing
        assert texts(served.ask("me.")) == ["10.0.0.2"]
        assert texts(served.ask("me.", tcp=True)) == ["10.0.0.2"]


@in_world
def test_silent_connections_are_limited(world: World) -> None:
    with Served(world) as served:
        silent = [world.connect(served.netns, RESOLVER) for _ in range(MAX_CONNECTIONS)]
        with world.connect(served.netns, RESOLVER) as one_more:
            assert one_more.recv(1) == b""
        silent.pop().close()
        deadline = time.monotonic() + 5
        while True:
            try:
                assert texts(served.ask("me.", tcp=True)) == ["10.0.0.2"]
                break
            except (OSError, struct.error):
                assert time.monotonic() < deadline
        for sock in silent:
            sock.close()


@in_world
def test_nothing_is_left_open(world: World) -> None:
    def served_once():
        with Served(world, dns=["127.0.0.53"]) as served:
            Outside(world, served.netns, "127.0.0.53", silent=True)
            assert texts(served.ask("me.")) == ["10.0.0.2"]
            with world.udp(served.netns) as sock:  # a question that is never answered
                sock.sendto(dns.message.make_query("example.com.", "A").to_wire(), RESOLVER)
                served.ask("me.")
            served.engine.lab_network.close()
            os.close(served.netns)

    served_once()
    before = set(os.listdir("/proc/self/fd"))
    served_once()
    left = set(os.listdir("/proc/self/fd")) - before
    # What Outside's threads wait on; nothing of the server's.
    assert len(left) <= 3, left


@in_world
def test_hosts_of_an_overlay_ask_each_other(world: World) -> None:
    with Served(world) as here:
        for fake in (here.engine,):
            fake.wide = fake.networks.make("wide", "overlay", subnet="10.9.0.0/16")
            fake.wide.gateway = "10.9.0.1"
        here.engine.connect(here.me, here.engine.wide, "10.9.0.10")
        there = FakeEngine()
        far_net = there.networks.make("wide", "overlay", subnet="10.9.0.0/16", gateway="10.9.1.1")
        there.container("far", (far_net, "10.9.1.10"))
        with Netlink() as netlink:
            netlink.execute([messages.change_link(1, up=True)])
            for address in ("10.9.0.1", "10.9.1.1"):
                netlink.execute([messages.add_address(1, address, 32, address)])
        peers = here.call(lambda: PeerServer(there))
        try:
            assert here.ask("far.").rcode() == dns.rcode.SERVFAIL  # no peers known yet
            here.engine.overlays.name_servers = lambda record: ["10.9.1.1"]
            # Both hosts are one namespace here: the question must come from our own gateway.
            assert texts(here.ask("me.wide.")) == ["10.9.0.10"]
            with world.udp(world.lab, ("10.9.0.1", 0)) as sock:

                def peer_says(name, kind="A"):
                    query = dns.message.make_query(name, kind)
                    sock.sendto(query.to_wire(), ("10.9.1.1", PEER_PORT))
                    return dns.message.from_wire(sock.recv(999))

                assert texts(peer_says("far.")) == ["10.9.1.10"]
                assert peer_says("me.").rcode() == dns.rcode.NXDOMAIN
                assert peer_says("far.", "AAAA").rcode() == dns.rcode.NOERROR
                assert texts(peer_says("10.1.9.10.in-addr.arpa.", "PTR")) == ["far.wide."]
        finally:
            here.call(peers.close)
