"""Lesson 07: the looks at kernel and engine behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.facts import answers

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

ADDRESS = "10.7.0.4"
Json = dict[str, Any]


def spaces(lesson: Lesson) -> dict[str, Json]:
    """Return the network namespaces as the kernel has them, by name; the lab's is ``lab``."""
    found = lesson.calls.topology()["Namespaces"]
    return {"lab" if one["Kind"] == "lab" else one["Name"]: one for one in found}


def _link(space: Json, name: str) -> Json | None:
    return next((link for link in space["Links"] if link["Name"] == name), None)


def plug_in(lesson: Lesson, plug_in: Callable[..., Any]) -> Outcome:
    """The learner's function wires a third container to the bridge."""
    lesson.remove_link("to-green")
    call(plug_in, "green", ADDRESS)
    there = spaces(lesson)
    port = _link(there["lab"], "to-green")
    if port is None:
        return not_yet(
            "The lab has no link `to-green` after the call.",
            "The worked example above makes `to-red`: which of its lines names the link?",
            "`lab.link('add', ...)` makes both ends of the cable at once.",
            "The name of the host's end is `to-` and the container's name.",
        )
    bridge = _link(there["lab"], "plank")
    if bridge is None or port["Bridge"] != bridge["Index"]:
        return not_yet(
            "`to-green` is there, but it is no port of the bridge `plank`.",
            "`topology(engine)` shows whether the cable ends at the bridge.",
            "In the worked example, one argument of `lab.link('set', ...)` names the bridge.",
            "The port's `master` is the bridge, by its index.",
        )
    eth0 = _link(there["green"], "eth0")
    if eth0 is None:
        return not_yet(
            "The other end of `to-green` is not in the container green as `eth0`.",
            "`engine.container('green').exec('ip -o link')` lists the interfaces inside.",
            "The worked example says in `peer` what the other end is called and where it goes.",
            "Whose pid does `net_ns_pid` need?",
        )
    inside = [a["Ip"] for a in there["green"]["Addresses"] if a["LinkIndex"] == eth0["Index"]]
    if ADDRESS not in inside:
        return not_yet(
            f"`eth0` of green has {', '.join(inside) or 'no address'}; asked for was {ADDRESS}.",
            "An address is given inside: by `lesson.iproute('green')`.",
            "The address is the second argument of your function.",
            "Which line of the worked example gives `10.7.0.2` to red?",
        )
    down = [end["Name"] for end in (port, eth0) if not end["Up"]]
    if down:
        return not_yet(
            f"Everything is in place, but `{down[0]}` is down.",
            "A new link is down until somebody switches it on.",
            "Both ends of the cable have to be up.",
            "`link('set', index=..., state=...)`, on the side where that end is.",
        )
    if not answers(lesson.engine, "red", ADDRESS):
        return not_yet(
            f"Cable, port and address are there, and yet red gets no answer from {ADDRESS}.",
            "`topology(engine)` shows every piece between the two.",
            "Do the addresses of red and green begin alike, with the same prefix length?",
            "Red's half of the way has to be up as well: bridge, port, cable.",
        )
    return met(f"green answers at {ADDRESS}: you have wired it by hand.")


def port_of(lesson: Lesson, port_of: Callable[..., Any]) -> Outcome:
    """The learner's function reads the bridge's forwarding table."""
    there = spaces(lesson)
    for name, address in (("blue", "10.7.0.3"), ("green", ADDRESS)):
        answers(lesson.engine, "red", address)  # so that the bridge hears from it
        eth0 = _link(there.get(name, {"Links": ()}), "eth0")
        if eth0 is None:
            return not_yet(
                f"The container {name} has no `eth0`, so there is nothing to be found.",
                "This exercise uses the cables of the two before it.",
                "`topology(engine)` shows who is wired.",
                "Has the check `plug-in` been met?",
            )
        answer = call(port_of, eth0["Mac"])
        if answer != f"to-{name}":
            return not_yet(
                f"For the MAC of {name} the function returned {answer!r}.",
                "The lab's namespace in `engine.api.topology()` has a list `Learned`.",
                "An entry has a MAC and the index of a port; `Links` has the names for indexes.",
                "Compare the entry's `Mac`, then look its `LinkIndex` up among the links.",
            )
    if (answer := call(port_of, "02:00:00:00:00:99")) is not None:
        return not_yet(
            f"Nobody has the MAC 02:00:00:00:00:99, but the function returned {answer!r}.",
            "A bridge knows a MAC only after it has seen a packet from there.",
            "What does your function return when the loop finds nothing?",
            "For an unknown MAC it should return None.",
        )
    return met("The function finds the port behind which the bridge has learned each container.")


def team(lesson: Lesson) -> Outcome:
    """Anna and ben reach each other by name on network team."""
    try:
        network = lesson.calls.network_inspect("team")
    except NotFound:
        return not_yet(
            "There is no network `team` yet.",
            "`engine.create_network(name)` or `minidocker network create NAME` makes one.",
            "The name is looked at exactly: `team`.",
            "After that, the containers have to be connected to it.",
        )
    members = {one["Name"] for one in network["Containers"].values()}
    if missing := sorted({"anna", "ben"} - members):
        return not_yet(
            f"{missing[0]} is not on the network `team`.",
            "`engine.network('team')` shows who is on it.",
            "A network object has a method `connect`.",
            "Running containers can be connected; nobody has to be started again.",
        )
    for source, target in (("anna", "ben"), ("ben", "anna")):
        if not answers(lesson.engine, source, target):
            return not_yet(
                f"{source} gets no answer from `{target}`.",
                f"`engine.container('{source}').exec('nslookup {target}')` shows what the name "
                "server says.",
                "Do both containers run, and are both on `team`?",
                "What is in /etc/resolv.conf of the container that asks?",
            )
    return met("anna and ben find each other by name, without having been started again.")


def way_out(lesson: Lesson) -> Outcome:
    """After the fault: anna reaches pluto again."""
    if faults.find("ip_forward").broken(lesson, "anna"):
        return not_yet(
            "The kernel of the lab host still drops what is not addressed to itself.",
            "`engine.switches` shows the two switches as the kernel has them.",
            "One of them is off that was on in the section before.",
            "`engine.switch(name, True)` switches one on.",
        )
    pluto = [plug["Address"] for plug in lesson.calls.plug_list()]
    with suppress(MiniDockerError):
        if pluto and answers(lesson.engine, "anna", "192.168.77.2"):
            return met("anna reaches pluto again: the host passes packets on.")
    return not_yet(
        "The host passes packets on again, but anna gets no answer from pluto.",
        "`engine.switches` shows masquerade, too; `topology(engine)` shows the wire.",
        "Was the wire to pluto made in the section before, and has it been cut since?",
        "Run the cell that makes the wire again; names are fixed, so that is safe.",
    )
