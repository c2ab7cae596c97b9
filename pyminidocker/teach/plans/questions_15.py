"""Lesson 15: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "round-trip",
        "The wire to `mars` holds every packet back for 20 milliseconds, in each direction. What "
        "does a ping to `mars` measure?",
        (
            Option(
                "20 ms",
                "That would be so if a ping measured the way there. It waits for the answer, which "
                "takes the same wire.",
                "ping-is-one-way",
                when=20,
            ),
            Option(
                "40 ms",
                "There and back: every packet is held back, also the answer.",
                when=40,
            ),
            Option(
                "Less than 1 ms, since both hosts are on this machine",
                "That would be so if the wire were a plain cable between two namespaces. Something "
                "stands in it that holds packets back.",
                "network-is-there",
                when=0,
            ),
        ),
    ),
    Question(
        "twins",
        "`eve` on your host and `marvin` on `mars` have the same address. `ada`, who is on your "
        "host as well, asks the web server at that address for its name. Who answers?",
        (
            Option(
                "eve",
                "For ada that subnet is the network she is on herself, so her question never "
                "leaves the host.",
                when=("eve",),
            ),
            Option(
                "marvin",
                "That would be so if an address belonged to one container in the world. This one "
                "belongs to a subnet that every host has.",
                "addresses-are-global",
                when=("marvin",),
            ),
            Option(
                "Sometimes eve, sometimes marvin",
                "That would be so if both were on one network, where both would answer to ARP. A "
                "wire joins the hosts, not their bridges.",
                "overlay-is-a-cable",
                when=("eve", "marvin"),
            ),
        ),
    ),
    Question(
        "unpublished",
        "Your host now has a route to the network of `web`. `web` serves pages on port 80, and its "
        "port is published as port 8080 of `mars`. How can `ada` get a page?",
        (
            Option(
                "From web's own address only",
                "That would be so if routes replaced publishing. A published port is reached as "
                "before.",
                "route-is-permission",
                when=("web",),
            ),
            Option(
                "Both from web's own address and from port 8080 of mars",
                "That would be so before Docker 28, or with other settings of the network: see "
                "below. A route says where to send, and not what is let in.",
                "route-is-permission",
                when=("web", "mars"),
            ),
            Option(
                "From port 8080 of mars only",
                "mars drops what neighbours send to containers, unless the port is published.",
                when=("mars",),
            ),
        ),
    ),
    Question(
        "on-the-wire",
        "`phone` on your host pings `shop` on `mars`, inside the network `span`. Which addresses "
        "does a packet on the wire have?",
        (
            Option(
                "phone's and shop's",
                "That would be so if the wire were part of the network span. It joins two hosts, "
                "and passes packets between those.",
                "overlay-is-a-cable",
                when="containers",
            ),
            Option(
                "The hosts', and inside there is another packet with phone's and shop's",
                "The whole frame of phone travels as the content of a packet from host to host.",
                when="hosts, containers inside",
            ),
            Option(
                "The hosts' only, as with masquerade",
                "That would be so if the host rewrote the packet. It wraps it, and the other host "
                "unwraps it unchanged.",
                "nat-is-forwarding",
                when="hosts",
            ),
        ),
    ),
    Question(
        "mtu",
        "The wire carries packets of up to 1500 bytes. How long may a packet of `phone` be?",
        (
            Option(
                "1450 bytes",
                "50 bytes of each packet on the wire are wrapping.",
                when=1450,
            ),
            Option(
                "1500 bytes",
                "That would be so if wrapping took no room. Whatever wraps a packet has to fit "
                "into the same 1500 bytes.",
                "overlay-is-a-cable",
                when=1500,
            ),
            Option(
                "1550 bytes",
                "That would be so if the wrapping were added to what may be sent. It is taken off.",
                "overlay-is-a-cable",
                when=1550,
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "standstill",
        "A ping is answered, a short page arrives, a big download stands still. What is the cause?",
        (
            Option(
                "The web server is overloaded",
                "That would be so if it were slow with short pages as well. Nothing but the length "
                "matters here, also with ping.",
                "ping-proves-all",
            ),
            Option(
                "The packet filter of mars does not let the download in",
                "That would be so if it looked at lengths. It knows addresses and ports, and those "
                "are the same for the short page.",
                "route-is-permission",
            ),
            Option(
                "Something on the way carries shorter packets than the hosts believe",
                "Above a certain length everything vanishes, and nobody tells the sender, who "
                "sends the same packet again and again.",
            ),
            Option(
                "The wire loses packets by chance",
                "That would be so if short packets got lost as well. Try it: all of them arrive.",
                "ping-proves-all",
            ),
        ),
    ),
    Question(
        "wrong_vni",
        "The hosts reach each other, `phone` and `shop` do not. What `phone` sends arrives at "
        "`mars`. What is the cause?",
        (
            Option(
                "What arrives carries another number than the network has there",
                "mars has no network of that number, so it throws the packet away unopened.",
            ),
            Option(
                "The route from mars to your host is missing",
                "That would be so if the hosts did not reach each other, either. Their wire leads "
                "there without a route.",
                "one-way-is-enough",
            ),
            Option(
                "The name server does not know shop",
                "That would be so if only names failed. The ping above went to an address.",
                "names-everywhere",
            ),
            Option(
                "masquerade is off",
                "That would be so for packets that leave a network. Those of an overlay network "
                "stay in it, wrapped.",
                "nat-is-forwarding",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-secret",
        "Somebody captures packets on the cable between two hosts. What do they see of an overlay "
        "network's traffic?",
        (
            Option(
                "The hosts' addresses, and nothing inside",
                "That would be so with encryption, which Docker offers as an option. You have read "
                "the inner addresses yourself.",
                "packed-is-encrypted",
            ),
            Option(
                "Everything: outer addresses, inner addresses and content",
                "VXLAN wraps and hides nothing. Encryption is a matter of its own.",
            ),
            Option(
                "Nothing: it does not use that cable",
                "That would be so if an overlay network had cables of its own. It uses those that "
                "are there.",
                "overlay-is-a-cable",
            ),
        ),
    ),
    Question(
        "q-same-subnet",
        "Two overlay networks on the same two hosts both use 10.99.0.0/24. What tells their "
        "packets apart on the wire?",
        (
            Option(
                "The MACs of the containers",
                "That would be so if MACs were handed out by one place. Two networks may use the "
                "same.",
                "bridge-knows-addresses",
            ),
            Option(
                "Nothing, so it cannot work",
                "That would be so without wrapping. With it, every packet carries the number of "
                "its network.",
                "addresses-are-global",
            ),
            Option(
                "The VNI",
                "Each network has a number of its own, and each packet carries it.",
            ),
        ),
    ),
    Question(
        "q-jumbo",
        "The wire between two hosts carries packets of 9000 bytes. What MTU is best for an overlay "
        "network on it?",
        (
            Option(
                "8950",
                "What the wire carries, less the 50 bytes of wrapping.",
            ),
            Option(
                "9000",
                "That would be so if the wrapping took no room; a full packet would not fit.",
                "overlay-is-a-cable",
            ),
            Option(
                "1450, as always",
                "That would be safe, and so it works; but it makes six packets out of one.",
                "ping-proves-all",
            ),
        ),
    ),
    Question(
        "q-answer",
        "A packet from a container here arrives at a container there; no answer comes. Both hosts "
        "pass packets on. What do you look at first?",
        (
            Option(
                "The route here",
                "That would be so if nothing arrived. The way there is all right.",
                "one-way-is-enough",
            ),
            Option(
                "The sender's address in what arrives, and whether the other host has a way to it",
                "An answer goes to that address, and needs a way of its own.",
            ),
            Option(
                "The name server",
                "That would be so if the packet had not found its target.",
                "names-everywhere",
            ),
        ),
    ),
)
