"""pyroute2 in a notebook cell, on the lab's network: bridges and cables made with bare hands."""

import asyncio
import os

import pytest

from pyminidocker.errors import Conflict, NotFound
from pyminidocker.teach.by_hand import ByHand


@pytest.fixture
def by_hand(shared_engine):
    made = []

    def make(container=""):
        made.append(ByHand(shared_engine.api.netlink(container), container or "the lab host"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_two_containers_are_wired_by_hand(shared_engine, by_hand):
    """As in lesson 07, under an event loop that runs already, as a notebook's does."""
    with (
        shared_engine.run("busybox", "sleep 60", detach=True, network="none") as red,
        shared_engine.run("busybox", "sleep 60", detach=True, network="none") as blue,
    ):

        async def cell():
            lab = by_hand()
            lab.link("add", ifname="hand0", kind="bridge", state="up")
            bridge = lab.link_lookup(ifname="hand0")[0]
            for number, box in ((2, red), (3, blue)):
                lab.link(
                    "add", ifname=f"hand{number}", kind="veth", state="up", master=bridge,
                    peer={"ifname": "eth0", "net_ns_pid": box.pid},
                )  # fmt: skip
                inside = by_hand(box.id)
                eth0 = inside.link_lookup(ifname="eth0")[0]
                inside.addr("add", index=eth0, address=f"10.66.0.{number}", prefixlen=24)
                inside.link("set", index=eth0, state="up")
            return [link.get("ifname") for link in lab.get_links()]

        names = asyncio.run(cell())
        try:
            assert {"hand0", "hand2", "hand3"} <= set(names)
            answer = red.exec("ping -c 1 -w 3 10.66.0.3")
            assert answer.exit_code == 0, answer
        finally:
            lab = by_hand()
            lab.link("del", index=lab.link_lookup(ifname="hand0")[0])


def test_the_machine_is_not_touched(shared_engine, by_hand):
    lab = by_hand()
    lab.link("add", ifname="hand9", kind="bridge")
    try:
        assert "hand9" not in os.listdir("/sys/class/net")
    finally:
        lab.link("del", index=lab.link_lookup(ifname="hand9")[0])
    assert "lab host" in repr(lab)


def test_errors_are_pyroute2s_own(by_hand):
    lab = by_hand()
    with pytest.raises(Exception, match="File exists"):
        lab.link("add", ifname="docker0", kind="bridge")


def test_a_container_that_does_not_run_has_no_network(shared_engine):
    with pytest.raises(NotFound):
        shared_engine.api.netlink("nobody")
    with shared_engine.create("busybox", "true") as box, pytest.raises(Conflict):
        shared_engine.api.netlink(box.id)
