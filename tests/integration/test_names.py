"""Names on user-defined networks, asked by real programs: nslookup, ping, Python's resolver."""

import os
import re
from contextlib import ExitStack

import pytest

from pyminidocker.errors import NotFound

SLEEP = ["sleep", "600"]


@pytest.fixture
def cleanup(engine):
    """What a test made is removed after it, in the opposite order."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def net(engine, cleanup):
    return cleanup.enter_context(engine.create_network("names"))


@pytest.fixture
def start(engine, cleanup):
    """Start a container that sleeps, and remove it after the test."""

    def start(name, network="names", image="busybox", **options):
        box = engine.run(
            image, SLEEP, name=name, network=network, detach=True, init=True, **options
        )
        return cleanup.enter_context(box)

    return start


def lookup(box, name, kind="A", server=""):
    """Return the sorted answers nslookup shows, or the reason it gives."""
    how = [] if kind == "PTR" else [f"-type={kind}"]  # nslookup turns an address round itself
    shown = box.exec(["nslookup", *how, name, *([server] if server else [])])
    if "NXDOMAIN" in shown:
        return "NXDOMAIN"
    if "SERVFAIL" in shown:
        return "SERVFAIL"
    if kind == "PTR":
        return re.findall(r"name = (\S+)", shown)
    rest = shown.partition("\n\n")[2]
    return sorted(re.findall(r"^Address: (\S+)", rest, re.MULTILINE))


def test_by_name_short_id_alias_and_network(start, net):
    web, db = start("web"), start("db", network_aliases=["store"], hostname="box7")
    for name in ("db", "DB", "store", "box7", db.short_id, "db.names", "store.names"):
        assert lookup(web, name) == [db.ip], name
    assert lookup(web, "web") == [web.ip]
    assert lookup(web, db.ip, "PTR") == ["db.names"]
    assert lookup(web, "db", "AAAA") == []
    assert web.exec(["ping", "-c1", "-W2", "store"]).ok
    assert web.exec("cat /etc/resolv.conf") == "nameserver 127.0.0.11\noptions ndots:0\n"


def test_pythons_resolver(engine, start, net):
    db = start("db")
    code = f"from socket import *; print(gethostbyname('db'), gethostbyaddr('{db.ip}')[0])"
    assert engine.run("python", ["python3", "-c", code], network="names") == f"{db.ip} db.names\n"


def test_an_alias_means_everybody_who_has_it(start, net):
    one, two = start("one", network_aliases=["api"]), start("two", network_aliases=["api"])
    assert lookup(one, "api") == sorted([one.ip, two.ip])
    two.stop(timeout_s=1)
    assert lookup(one, "api") == [one.ip]


def test_names_follow_rename_stop_start_and_removal(engine, start, net):
    web, db = start("web"), start("db")
    db.rename("database")
    assert lookup(web, "database") == [db.ip]
    assert lookup(web, "db") == "NXDOMAIN"
    db.stop(timeout_s=1)
    assert lookup(web, "database") == "NXDOMAIN"
    db.start()
    assert lookup(web, "database") == [db.ip]
    assert lookup(db, "web") == [web.ip]
    db.remove(force=True)
    assert lookup(web, "database") == "NXDOMAIN"


def test_names_follow_connect_and_disconnect(engine, start, net, cleanup):
    other = cleanup.enter_context(engine.create_network("other"))
    web, db = start("web"), start("db", network="other")
    assert lookup(web, "db") == "NXDOMAIN"
    other.connect(web, aliases=["www"])
    assert lookup(web, "db") == [db.ip]
    here = next(place.ip for place in web.networks if place.network == "other")
    assert lookup(db, "www") == lookup(db, "web") == [here]
    assert lookup(web, "www.other") == [here]
    assert lookup(web, "www.names") == "NXDOMAIN"
    other.disconnect(web)
    assert lookup(web, "db") == "NXDOMAIN"
    assert lookup(db, "www") == "NXDOMAIN"


def test_no_names_on_the_default_bridge_until_another_network_is_joined(engine, start, net):
    plain, db = start("plain", network="bridge"), start("db")
    before = plain.exec("cat /etc/resolv.conf")
    assert "127.0.0.11" not in before
    assert not plain.exec(["nslookup", "plain"]).ok
    net.connect(plain)
    assert plain.exec("cat /etc/resolv.conf") == "nameserver 127.0.0.11\noptions ndots:0\n"
    assert lookup(plain, "db") == [db.ip]
    assert lookup(db, "plain") == [place.ip for place in plain.networks if place.network == "names"]
    net.disconnect(plain)
    assert lookup(plain, "db") != [db.ip]


def test_a_changed_resolv_conf_stays_as_it_is(start, net):
    plain = start("plain", network="bridge")
    plain.exec(["sh", "-c", "echo nameserver 192.0.2.1 > /etc/resolv.conf"])
    net.connect(plain)
    assert plain.exec("cat /etc/resolv.conf") == "nameserver 192.0.2.1\n"


def test_links_are_the_linkers_own(start, net):
    db = start("db")
    web, other = start("web", links=["db:database"]), start("other")
    assert lookup(web, "database") == [db.ip]
    assert lookup(other, "database") == "NXDOMAIN"


def test_a_shared_namespace_shares_its_names(engine, start, net):
    web, db = start("web"), start("db")
    assert web.ip
    beside = start("beside", network="container:web")
    assert lookup(beside, "db") == [db.ip]


DNS_SERVER = """
import socket
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.bind(("0.0.0.0", 53))
print("ready", flush=True)
while True:
    query, asker = sock.recvfrom(512)
    record = bytes.fromhex("c00c 0001 0001 0000003c 0004 c0000207")  # A, 60 s, 192.0.2.7
    sock.sendto(query[:2] + bytes.fromhex("8180 0001 0001 00000000") + query[12:] + record, asker)
"""


def test_the_port_is_free_for_a_dns_server_of_ones_own(engine, start, net, cleanup):
    """A server on port 53 of one container, asked directly and as another's ``--dns``."""
    server = cleanup.enter_context(
        engine.run("python", ["python3", "-c", DNS_SERVER], network="names", detach=True)
    )
    assert next(server.follow()) == "ready"
    asker = start("asker", dns=[server.ip])
    assert lookup(asker, "example.test", server=server.ip) == ["192.0.2.7"]
    assert lookup(asker, "asker") == [asker.ip]
    assert lookup(asker, "example.test") == ["192.0.2.7"]  # forwarded from inside the container


def test_search_and_options_of_the_user(start, net):
    box = start("box", dns_search=["names"], dns_options=["ndots:1", "timeout:2"])
    assert box.exec("cat /etc/resolv.conf") == (
        "search names\nnameserver 127.0.0.11\noptions ndots:1 timeout:2\n"
    )
    plain = start("plain", dns_options=["timeout:2"])
    assert "options timeout:2 ndots:0" in plain.exec("cat /etc/resolv.conf")


def test_internal_networks_have_names_but_ask_nobody(engine, start, cleanup):
    cleanup.enter_context(engine.create_network("inner", internal=True))
    one, two = start("one", "inner"), start("two", "inner")
    assert lookup(one, "two") == [two.ip]
    assert lookup(one, "example.test") == "SERVFAIL"


ASK_BY_TCP = "echo | timeout 2 nc -w 1 {} 53; echo $?"


def test_the_labs_relay_is_no_way_out_of_an_internal_network(engine, start, net, cleanup):
    """Asked directly, at whatever address of the lab (CVE-2024-29018)."""
    inner = cleanup.enter_context(engine.create_network("inner", internal=True))
    shut, free = start("shut", "inner", cap_add=["NET_ADMIN"]), start("free")
    shut.exec(["ip", "route", "add", "default", "via", inner.gateway])
    for gateway in (inner.gateway, net.gateway):
        asked = shut.exec(["timeout", "2", "nslookup", "example.test", gateway])
        assert not re.search("NXDOMAIN|SERVFAIL|answer", asked)
        assert shut.exec(["sh", "-c", ASK_BY_TCP.format(gateway)]).split()[-1] != "0"
    assert lookup(free, "example.test", server=net.gateway) in ("NXDOMAIN", "SERVFAIL")
    assert free.exec(["sh", "-c", ASK_BY_TCP.format(net.gateway)]).split()[-1] == "0"


def test_ipv6_addresses_have_names(engine, start, cleanup):
    cleanup.enter_context(
        engine.create_network("six", ipv6=True, subnet=["10.77.0.0/24", "fd77::/64"])
    )
    one, two = start("one", "six"), start("two", "six")
    (place,) = two.networks
    assert place.ip6.startswith("fd77::")
    assert lookup(one, "two", "AAAA") == [place.ip6]
    assert lookup(one, place.ip6, "PTR") == ["two.six"]


def engine_fds(engine):
    pid = engine.api.engine_facts()["Pid"]
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:  # not dumpable for others; the numbers inside are the same
        pytest.skip("the engine's descriptors cannot be read")


def test_a_hundred_containers_find_each_other(engine, start, net):
    """Every name resolves, also when everybody asks at once, and nothing stays open."""
    warm = start("warm")
    assert lookup(warm, "warm") == [warm.ip]
    before = engine_fds(engine)
    boxes = [start(f"c{number}") for number in range(100)]
    addresses = {place.container: place.ip for place in net.containers}
    ask_all = (
        "for n in $(seq 0 99); do nslookup -type=A c$n 2>/dev/null"
        " | awk '/^Name/ {n=$2} /^Address: / {print n, $2}'; done"
    )
    found = dict(line.split() for line in boxes[0].exec(["sh", "-c", ask_all]).splitlines())
    assert found == {name: ip for name, ip in addresses.items() if name != "warm"}
    asks = [
        engine.api.exec_create(box.id, {"Cmd": ["sh", "-c", ask_all], "AttachStdout": True})
        for box in boxes[1:5]
    ]
    with ExitStack() as streams:
        running = [streams.enter_context(engine.api.exec_start(ask["Id"])) for ask in asks]
        for stream in running:
            out = b"".join(data for _, data in stream.frames()).decode()
            assert dict(line.split() for line in out.splitlines()) == found
    for box in boxes:
        box.remove(force=True)
    assert engine_fds(engine) < before + 20  # those of parked children vary; a leak would be 200
    with pytest.raises(NotFound):
        engine.container("c1")
