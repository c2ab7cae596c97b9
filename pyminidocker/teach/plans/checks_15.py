"""Lesson 15: the looks at both hosts behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.client.wire_start import label
from pyminidocker.errors import Conflict, NotFound
from pyminidocker.teach import faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.facts import answers
from pyminidocker.teach.surroundings import lesson_wires, need_wires, running_host

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.teach.lesson import Lesson

OTHER = "mars"
MEADOW = "10.15.3.0/24"
BIG_BYTES = 2_000_000


def place(engine: Engine, container: str, network: str) -> str:
    """Return the address of a running container on a network.

    Raises:
        NotFound: no such container.
        Conflict: it does not run, or is not on that network.
    """
    for one in engine.container(container).networks:
        if one.network == network and one.ip:
            return one.ip
    raise Conflict(f"{container} is not on the network {network}, or does not run")


def way_back(lesson: Lesson) -> Outcome:
    """Guest, whose address is hidden by nobody, gets an answer from web on mars."""
    options = lesson.calls.network_inspect("meadow")["Options"]
    with running_host(lesson, OTHER) as mars:
        web = place(mars, "web", "crater")
        here = need_wires(lesson)[0].addresses[label(lesson.calls)]
        ways = {route["Destination"]: route["Gateway"] for route in mars.routes()}
        reached = answers(lesson.engine, "guest", web)
    if options.get("com.docker.network.bridge.enable_ip_masquerade") != "false":
        return not_yet(
            "The network meadow now hides its containers behind the host's address.",
            "That is another way to get answers; this exercise is about the one without it.",
            "Run the cell that makes meadow again; names are fixed, so that is safe.",
            "What does mars have to know about the addresses of meadow?",
        )
    if reached:
        return met("guest gets an answer from web, and each sees the other's own address.")
    if MEADOW not in ways:
        return not_yet(
            f"mars knows no way to {MEADOW}, so it cannot send an answer there.",
            "`mars.routes()` shows the static routes of mars.",
            "The worked example gives your host the way to the network of web.",
            "The way back leads from mars to meadow: whose method is it, and via whose address?",
        )
    if ways[MEADOW] != here:
        return not_yet(
            f"mars sends what is for meadow to {ways[MEADOW]}, and that is not your host.",
            "`wire.addresses` has the address of each host on the wire.",
            f"Your host has {here}.",
            "The gateway of a route is the host that knows the rest of the way.",
        )
    return not_yet(
        "mars knows the way back, but guest gets no answer.",
        "`engine.routes()` shows whether your host still knows the way to web.",
        "The network crater has to let neighbours in: its gateway mode decides that.",
        "Run this section's cells again from its beginning; then only the way back is missing.",
    )


def unpack(lesson: Lesson, unpack: Callable[..., Any]) -> Outcome:
    """The learner's function reads real packets, one in each direction."""
    with running_host(lesson, OTHER) as mars:
        shop = place(mars, "shop", "span")
        with mars.capture("eth1", words=["vxlan"]) as packets:
            answers(lesson.engine, "phone", shop)
        caught = [packet for packet in packets if "Icmp" in packet["Inner"]]
    if not caught:
        return not_yet(
            "A ping from phone to shop put no packet on the wire.",
            "`topology(engine, mars)` shows whether both halves of span are there.",
            "Has the network been broken on purpose meanwhile?",
            "Run the cells that make span, phone and shop again.",
        )
    for packet in (caught[0], caught[-1]):
        expected = (
            packet["Ip"]["Destination"],
            packet["Vxlan"]["Vni"],
            packet["Inner"]["Ip"]["Destination"],
        )
        answer = call(unpack, packet)
        if not isinstance(answer, tuple | list) or tuple(answer) != expected:
            return not_yet(
                f"For `{packet['Summary']}` the function returned {answer!r}.",
                "Three things in this order: outer destination, VNI, inner destination.",
                "The cell above prints the same packet, part by part.",
                "`packet['Inner']` is built as the packet itself: it has an `Ip`, too.",
            )
    return met("The function reads both layers of a packet, in both directions.")


def across(lesson: Lesson) -> Outcome:
    """A container cafe on mars is found by name from phone."""
    with running_host(lesson, OTHER) as mars:
        try:
            mars.container("cafe")
        except NotFound:
            return _no_cafe(lesson)
        try:
            place(mars, "cafe", "span")
        except Conflict:
            return not_yet(
                "cafe is on mars, but it does not run, or is not on the network span.",
                "`mars.containers(all=True)` shows whether it runs.",
                "A container ends as soon as its command ends.",
                "`network=` names the network a container is started on.",
            )
    if answers(lesson.engine, "phone", "cafe"):
        return met("phone finds cafe by name, and cafe runs on another host.")
    return not_yet(
        "cafe is on span, but phone gets no answer by that name.",
        "`phone.exec('nslookup cafe')` shows what the name server says.",
        "Does phone reach shop by name?",
        "Run the cells that make span, phone and shop again, and then yours.",
    )


def _no_cafe(lesson: Lesson) -> Outcome:
    names = [one["Names"][0].lstrip("/") for one in lesson.calls.container_list(all=True)]
    if "cafe" in names:
        return not_yet(
            "cafe is on your own host, and it should be on mars.",
            "`engine` is your host; `mars` is the other one.",
            "Both have the same methods.",
            "Remove this one, and start one there.",
        )
    return not_yet(
        "There is no container `cafe` on mars yet.",
        "`mars.run(...)` starts one there, as `engine.run(...)` does here.",
        "It needs a name, a network, and a command that lasts.",
        "shop was started the same way by `serve`.",
    )


def download(lesson: Lesson) -> Outcome:
    """A big file of shop arrives at phone, whatever was changed to get there."""
    with running_host(lesson, OTHER) as mars:
        shop = place(mars, "shop", "span")
    fetch = ["sh", "-c", f"timeout 4 wget -qO- http://{shop}/data | wc -c"]
    arrived = int(lesson.engine.container("phone").exec(fetch).stdout or 0)
    if arrived >= BIG_BYTES:
        return met("The download arrives whole: nothing on the way is too narrow for it.")
    if faults.find("standstill").broken(lesson, "shop"):
        narrow = lesson_wires(lesson)[0]
        return not_yet(
            "The download still stands still: long packets do not get across.",
            "Show `wire`, and compare it with what `engine.plugs()` says.",
            f"The hosts believe in another MTU than the wire {narrow.name} has.",
            "Either the wire carries what the hosts send, or they send what it carries.",
        )
    return not_yet(
        f"The wire is wide enough, but of the download {arrived} bytes arrived.",
        "`phone.exec(['ping', '-c', '1', shop.ip])` tells whether they reach each other.",
        "Is the other fault of this lesson there already?",
        "Run the cells that make span, phone and shop again.",
    )


def meet(lesson: Lesson) -> Outcome:
    """Phone reaches shop again, whichever way the two numbers were made one."""
    with running_host(lesson, OTHER) as mars:
        shop = place(mars, "shop", "span")
    if answers(lesson.engine, "phone", shop):
        return met("phone and shop reach each other: both halves have the same number.")
    if not lesson_wires(lesson):
        return not_yet(
            "There is no wire between the two hosts, so span has two halves and no way across.",
            "`pyminidocker.wires()` shows the wires there are.",
            "An overlay network needs a wire, also when it was made before it.",
            "`wire = pyminidocker.wire(...)` with the same name and subnet, as at the beginning.",
        )
    if faults.find("wrong_vni").broken(lesson, "span"):
        return not_yet(
            "What your host sends still carries another number than span has on mars.",
            "`topology(engine, mars)` shows the number of each tunnel.",
            "The engine makes the vxlan device when a wire is plugged in, and takes it away when "
            "the wire goes.",
            "What happens to the device when the wire is laid anew?",
        )
    return not_yet(
        "The number is right on your host, but phone gets no answer from shop.",
        "`topology(engine, mars)` shows both halves, and the tunnel between them.",
        "Do both tunnels have the same number, and is shop running?",
        "Run the cells that make span, phone and shop again.",
    )
