"""Lesson 07: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "no-wires",
        "`red` and `blue` were started with `--network none`. `red` pings the address 10.7.0.3. "
        "What happens?",
        (
            Option(
                "It waits a second for an answer that does not come",
                "That would be so if the packet left. `red` has no interface and no route for "
                "that address, so its kernel refuses to send at all.",
                "network-is-there",
                when="waits",
            ),
            Option(
                "Its kernel says at once that there is no way to that address",
                "No interface, no route: the kernel refuses before anything is sent.",
                when="refused at once",
            ),
            Option(
                "It works, through localhost",
                "That would be so if all containers shared one loopback interface. Each network "
                "namespace has its own, and it leads nowhere else.",
                "loopback-is-host",
                when="answered",
            ),
        ),
    ),
    Question(
        "who-hears",
        "`red` has never talked to `blue` and knows only its address. It asks: “who has "
        "10.7.0.3?” Which ports of the bridge does this question leave by?",
        (
            Option(
                "By the port of blue only",
                "That would be so if the bridge knew where that address is. A bridge knows no "
                "addresses of this kind, and a question to everybody goes to everybody.",
                "bridge-knows-addresses",
                when=("to-blue",),
            ),
            Option(
                "By none: the host answers it",
                "That would be so if the host kept the list. It does not; whoever has the address "
                "answers for itself.",
                "host-is-router-of-all",
                when=(),
            ),
            Option(
                "By all other ports, so green hears it, too",
                "It is addressed to everybody (ff:ff:ff:ff:ff:ff), so the bridge floods it. The "
                "answer, in turn, goes to red alone.",
                when=("to-blue", "to-green"),
            ),
        ),
    ),
    Question(
        "names",
        "`anna` and `ben` run on the default bridge. `anna` pings `ben`, once by his address and "
        "once by his name. What works?",
        (
            Option(
                "The address only",
                "The default bridge has no name server. That is how Docker does it as well, for "
                "reasons of history.",
                when=("address",),
            ),
            Option(
                "Both",
                "That would be so on a network of your own. On the default bridge nobody tells "
                "names.",
                "names-everywhere",
                when=("address", "name"),
            ),
            Option(
                "The name only",
                "That would be so if addresses were hidden from containers. A name has to be "
                "turned into an address first, so it can only work where the address works.",
                "names-everywhere",
                when=("name",),
            ),
        ),
    ),
    Question(
        "masquerade",
        "`anna` pings `pluto`, another host on a wire. You switch off masquerade, the rule that "
        "puts the host's address on what leaves. What becomes of the next ping?",
        (
            Option(
                "It does not leave the host",
                "That would be so without ip_forward. Passing packets on and putting another "
                "address on them are two different jobs.",
                "nat-is-forwarding",
                when=(False, False),
            ),
            Option(
                "It arrives at pluto, but no answer finds its way back",
                "pluto sees 172.17.0.x as the sender, an address it knows no way to.",
                when=(True, False),
            ),
            Option(
                "It is answered as before",
                "That would be so if pluto had a route to 172.17.0.0/16. It has none: that subnet "
                "exists on many hosts, and means another one on each.",
                "addresses-are-global",
                when=(True, True),
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "ip_forward",
        "Containers reach each other, but no other host, and nothing of what they send arrives "
        "there. What is the cause?",
        (
            Option(
                "The name server does not answer",
                "That would be so if names failed and addresses worked. The ping above went to an "
                "address.",
                "names-everywhere",
            ),
            Option(
                "The rule that puts the host's address on packets is gone",
                "That would leave packets that arrive, from a sender nobody can answer. Look at "
                "the capture: nothing arrives at all.",
                "nat-is-forwarding",
            ),
            Option(
                "The host does not pass packets on from one interface to another",
                "`switches` shows ip_forward off: the kernel of the host drops what is not "
                "addressed to the host itself.",
            ),
            Option(
                "The cable of anna is pulled out",
                "That would be so if anna could not reach ben, either.",
                "network-is-there",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-veth",
        "You delete the end `to-red` of a veth pair. What happens to `eth0` inside the container?",
        (
            Option(
                "It is gone, too: both ends are one thing",
                "A veth pair is one cable with two ends. They come and go together.",
            ),
            Option(
                "It stays, without a connection",
                "That would be so with a real cable, which can be pulled out. Here the two ends "
                "are one object of the kernel.",
                "network-is-there",
            ),
            Option(
                "It is moved to the host",
                "That would be so if the container ended and the interface was a real card. A "
                "virtual one goes with its pair.",
                "network-is-there",
            ),
        ),
    ),
    Question(
        "q-arp",
        "What does a container learn by ARP?",
        (
            Option(
                "Which name belongs to an address",
                "That would be DNS: names to addresses. ARP goes one step further down.",
                "names-everywhere",
            ),
            Option(
                "Which MAC belongs to an IP address on the same network",
                "“Who has 10.7.0.3?” is answered with a MAC, the address that bridges go by.",
            ),
            Option(
                "Which way leads to another network",
                "That would be the routing table, which ARP does not touch.",
                "bridge-knows-addresses",
            ),
        ),
    ),
    Question(
        "q-gateway",
        "A container's default route points to 172.17.0.1. Whose address is that?",
        (
            Option(
                "The first container's",
                "That would be so if addresses were given out from .1 on. The bridge takes it "
                "first.",
                "addresses-are-global",
            ),
            Option(
                "A router's, somewhere in the building",
                "That would be so for your laptop. For a container the host itself is the router.",
                "host-is-router-of-all",
            ),
            Option(
                "The host's own, on the bridge docker0",
                "The bridge is also an interface of the host, and has an address.",
            ),
        ),
    ),
    Question(
        "q-two-networks",
        "`web` is on network `front`, `db` is on network `back`, and `app` is on both. Whom can "
        "`web` reach by name?",
        (
            Option(
                "app only",
                "Names and packets stay within a network. app is on both, but passes nothing on.",
            ),
            Option(
                "app and db, because app joins the networks",
                "That would be so if app were a router. It is a container with two interfaces.",
                "names-everywhere",
            ),
            Option(
                "All three, because they are on one host",
                "That would be so if the host let bridges talk to each other. It keeps them apart.",
                "names-everywhere",
            ),
        ),
    ),
)
