"""Networking as a container of the engine sees it: the default bridge, host and none."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine


def serve(engine: Engine, word: str) -> Container:
    """A container that says ``word`` to whoever connects to port 80; ready when it says so."""
    container = engine.run(
        "busybox", ["nc", "-ll", "-p", "80", "-e", "echo", word], detach=True, remove=True
    )
    # The listener is there when the kernel lists it: port 80 is 0050.
    ready = "until grep -q ':0050 .* 0A ' /proc/net/tcp*; do usleep 10000; done"
    assert container.exec(["timeout", "10", "sh", "-c", ready]).exit_code == 0
    return container


def ask(engine: Engine, address: str) -> str:
    result = engine.run("busybox", ["timeout", "10", "nc", address, "80"])
    return str(result.stdout).strip()


def test_containers_reach_each_other_by_address(engine: Engine) -> None:
    first = serve(engine, "first")
    second = serve(engine, "second")
    try:
        assert first.ip_address != second.ip_address
        assert ask(engine, first.ip_address) == "first"
        assert ask(engine, second.ip_address) == "second"
    finally:
        first.remove(force=True)
        second.remove(force=True)


def test_address_of_a_dead_container_answers_as_the_new_one(engine: Engine) -> None:
    old = serve(engine, "old")
    address = old.ip_address
    assert ask(engine, address) == "old"
    old.remove(force=True)
    new = serve(engine, "new")
    try:
        assert new.ip_address == address  # the lowest free one, as dockerd does
        assert ask(engine, address) == "new"
    finally:
        new.remove(force=True)


def test_what_a_container_finds(engine: Engine) -> None:
    look = "ip -o addr show eth0; ip route; cat /etc/resolv.conf; cat /proc/net/if_inet6"
    out = str(engine.run("busybox", ["sh", "-c", look]).stdout)
    assert "inet 172.17.0." in out
    assert "/16 brd 172.17.255.255" in out
    assert "default via 172.17.0.1 dev eth0" in out
    assert "nameserver 172.17.0.1" in out
    assert "inet6" not in out
    ping = ["ping", "-c", "1", "-W", "5", "172.17.0.1"]
    assert engine.run("busybox", ping).exit_code == 0


@pytest.mark.parametrize(("network", "links"), [("none", ["lo"]), ("bridge", ["eth0", "lo"])])
def test_links_by_network(engine: Engine, network: str, links: list[str]) -> None:
    out = str(engine.run("busybox", ["ls", "/sys/class/net"], network=network).stdout)
    assert sorted(out.split()) == links


def test_host_mode_is_the_labs_network(engine: Engine) -> None:
    out = str(engine.run("busybox", ["ip", "-o", "link"], network="host").stdout)
    assert "docker0" in out
    assert "uplink" in out


def test_a_burst_of_starts_never_leaves_one_without_its_network(engine: Engine) -> None:
    """More starts at once than children are parked: the last ones wait, and get a link like all."""
    names = [f"burst{number}" for number in range(12)]
    boxes = [engine.create("busybox", "sleep 60", name=name) for name in names]
    try:
        with ThreadPoolExecutor(len(boxes)) as pool:
            list(pool.map(lambda box: box.start(), boxes))
        shown = [box.exec("ip -o -4 addr show dev eth0").stdout for box in boxes]
        assert len({text.split()[3] for text in shown}) == len(boxes), shown
        bare = [engine.run("busybox", "ls /sys/class/net", network="none") for _ in range(6)]
        assert {str(text).strip() for text in bare} == {"lo"}
    finally:
        for box in boxes:
            box.remove(force=True)
