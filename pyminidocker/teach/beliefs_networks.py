"""Beliefs about networks, ports, names and hosts (lessons 07, 08, 15)."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "loopback-is-host": Belief(
        "localhost inside a container is my machine.",
        "Each network namespace has a loopback interface of its own.",
        "08",
    ),
    "expose-opens": Belief(
        "EXPOSE opens a port.",
        "EXPOSE is a note in the image; only publishing makes a port reachable from outside.",
        "08",
    ),
    "names-everywhere": Belief(
        "Containers on one host always reach each other by name.",
        "On a user-defined network they do; on the default bridge only by address.",
        "07",
    ),
    "network-is-there": Belief(
        "A container has a network by itself, and its interfaces are like real cards.",
        "A new network namespace has a loopback and nothing else; somebody puts a cable into it.",
        "07",
    ),
    "bridge-knows-addresses": Belief(
        "A bridge knows the IP addresses of what is plugged in.",
        "A bridge learns MACs from the packets it sees, and floods the rest.",
        "07",
    ),
    "host-is-router-of-all": Belief(
        "The host handles every packet between containers.",
        "On one bridge containers talk directly; the host routes only what leaves the network.",
        "07",
    ),
    "nat-is-forwarding": Belief(
        "Masquerade is what lets packets leave the host.",
        "ip_forward lets them leave; masquerade gives them a sender that can be answered.",
        "07",
    ),
    "addresses-are-global": Belief(
        "A container's address means the same everywhere.",
        "It is known on its own host only; every host may use the same subnet for others.",
        "07",
    ),
    "published-to-me": Belief(
        "A published port can be reached from my machine only.",
        "By default it is published on all addresses of the host.",
        "08",
    ),
    "published-is-heard": Belief(
        "A published port is answered, whatever the program listens on.",
        "Publishing brings a connection to the container's address and port; the program has to "
        "listen there.",
        "08",
    ),
    "own-ports-always": Belief(
        "Each container has ports of its own.",
        "Ports belong to a network namespace; containers that share one share its ports.",
        "08",
    ),
    "engine-finds-a-port": Belief(
        "When a port is taken, the engine takes another one.",
        "It does so only when you leave the choice to it; a port you name is had, or refused.",
        "08",
    ),
    "publish-to-get-out": Belief(
        "A container needs published ports to reach others.",
        "Publishing is for connections that come in from outside its networks.",
        "08",
    ),
    "host-mode-is-naked": Belief(
        "A container with the host's network is not isolated any more.",
        "It shares one namespace; files, processes and limits stay its own.",
        "08",
    ),
    "ping-is-one-way": Belief(
        "A ping's time is the time to the other side.",
        "It is the time there and back; a delay on the way counts twice.",
        "15",
    ),
    "route-is-permission": Belief(
        "Whoever knows the way to a container can reach all its ports.",
        "A route says where to send; the other host's packet filter decides what is let in.",
        "15",
    ),
    "one-way-is-enough": Belief(
        "A route to the other side is enough to talk.",
        "Answers need a way back, over another route or to an address that is known already.",
        "15",
    ),
    "overlay-is-a-cable": Belief(
        "An overlay network is a connection of its own, beside the one between the hosts.",
        "Its frames travel as the content of packets between the hosts, and pay for the wrapping.",
        "15",
    ),
    "ping-proves-all": Belief(
        "When ping answers, the network works.",
        "A ping is short; where a piece of the way carries less, only long packets vanish.",
        "15",
    ),
    "packed-is-encrypted": Belief(
        "What travels in an overlay network cannot be read on the way.",
        "VXLAN wraps frames and encrypts nothing.",
        "15",
    ),
}
