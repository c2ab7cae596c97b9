"""Lesson 07: the bridge network."""

from __future__ import annotations

from typing import Any

from pyminidocker import connect


def plug_in(name: str, address: str) -> None:
    """Wire container ``name`` to the bridge plank, and give it ``address``."""
    from pyminidocker.teach.by_hand import ByHand

    engine = connect()
    lab = ByHand(engine.api.netlink(), "the lab host")
    inside = ByHand(engine.api.netlink(name), name)
    peer = {"ifname": "eth0", "net_ns_pid": engine.container(name).pid}
    lab.link("add", ifname=f"to-{name}", kind="veth", peer=peer)
    bridge = lab.link_lookup(ifname="plank")[0]
    lab.link("set", index=lab.link_lookup(ifname=f"to-{name}")[0], master=bridge, state="up")
    eth0 = inside.link_lookup(ifname="eth0")[0]
    inside.addr("add", index=eth0, address=address, prefixlen=24)
    inside.link("set", index=eth0, state="up")
    lab.close()
    inside.close()


def port_of(mac: str) -> str | None:
    """Return the name of the port behind which a bridge has learned ``mac``."""
    spaces = connect().api.topology()["Namespaces"]
    lab = next(space for space in spaces if space["Kind"] == "lab")
    names = {link["Index"]: link["Name"] for link in lab["Links"]}
    for entry in lab["Learned"]:
        if entry["Mac"] == mac:
            return str(names[entry["LinkIndex"]])
    return None


def make_team(engine: Any) -> None:
    """A network of one's own brings a name server."""
    team = engine.create_network("team", fresh=True)
    team.connect("anna")
    team.connect("ben")


def open_the_way(engine: Any) -> None:
    """Let the host pass packets on again."""
    engine.switch("ip_forward", True)
