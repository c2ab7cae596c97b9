"""Lesson 08: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "expose",
        "Four containers run the same web server on port 80. `neither` was started from "
        "`busybox`, `exposed` from an image with EXPOSE 80; `published` and `both` are started "
        'the same way, and with ports=["80"], which is `-p 80`. Which of them can this notebook '
        "reach?",
        (
            Option(
                "exposed, published and both",
                "That would be so if EXPOSE opened something. It is a note in the image's "
                "configuration; nobody listens because of it.",
                "expose-opens",
                when=("exposed", "published", "both"),
            ),
            Option(
                "both only",
                "That would be so if a port had to be exposed before it can be published. "
                "Publishing asks nobody.",
                "expose-opens",
                when=("both",),
            ),
            Option(
                "published and both",
                "What makes the port reachable is `-p`. EXPOSE changes nothing about it.",
                when=("published", "both"),
            ),
        ),
    ),
    Question(
        "localhost",
        "`app` listens on port 80 of all its addresses. You ask for 127.0.0.1:80 in three places: "
        "in `app` itself, in `guest`, which is on the same network, and on the lab host. Where "
        "does `app` answer?",
        (
            Option(
                "In app only",
                "127.0.0.1 never leaves the network namespace in which it is asked for.",
                when=("app",),
            ),
            Option(
                "In app and on the lab host",
                "That would be so if a container used the host's loopback. It has one of its own, "
                "and the host's leads to the host.",
                "loopback-is-host",
                when=("app", "lab host"),
            ),
            Option(
                "In all three places",
                "That would be so if a network had one loopback for all its containers. Each "
                "network namespace has its own.",
                "loopback-is-host",
                when=("app", "guest", "lab host"),
            ),
        ),
    ),
    Question(
        "loopback-bind",
        "`app` is started again, published as before. Its program now listens on 127.0.0.1:80 "
        "only, as many programs do when they are developed. From where does the published port "
        "lead to it?",
        (
            Option(
                "From the lab host, which is also where the port was published",
                "That would be so if the host's 127.0.0.1 were the container's. What comes in by "
                "the published port arrives at eth0, where nobody listens.",
                "published-is-heard",
                when=("lab host",),
            ),
            Option(
                "From everywhere, since it is published",
                "That would be so if publishing reached into the program. It brings a connection "
                "to the container's address; the program has to listen there.",
                "published-is-heard",
                when=("app", "guest", "lab host"),
            ),
            Option(
                "From nowhere",
                "The connection arrives at the container's eth0, and the program listens on its "
                "loopback. The kernel in the container refuses.",
                when=(),
            ),
        ),
    ),
    Question(
        "world",
        "`shop` is published with `-p 80`, and `till` with `-p 127.0.0.1::80`; both get a port of "
        "the host. `visitor`, on the other host, asks our host for both ports. Who answers?",
        (
            Option(
                "Nobody: a published port is for the machine where it was published",
                "That would be so if publishing meant localhost. Without an address, `-p` "
                "publishes on all addresses of the host.",
                "published-to-me",
                when=(),
            ),
            Option(
                "shop only",
                "Without an address, a port is published on all of them, for everybody who can "
                "reach the host. With 127.0.0.1, only for the host itself.",
                when=("shop",),
            ),
            Option(
                "Both: an open port is an open port",
                "That would be so if the address in `-p` were a remark. It says at which address "
                "of the host the port is to be had.",
                "published-to-me",
                when=("shop", "till"),
            ),
        ),
    ),
    Question(
        "second-bind",
        "`first` and `second` are started with `--network host`. In each, a web server wants port "
        "80. What happens in `second`?",
        (
            Option(
                "It works: each container has its own port 80",
                "That would be so with a network namespace each. Here both have the host's, and "
                "its port 80 is one port.",
                "own-ports-always",
                when="works",
            ),
            Option(
                "Its server cannot start: the address is in use",
                "Same network namespace, same port, same address: the kernel refuses the second, "
                "as it would with two programs without containers.",
                when="refused",
            ),
            Option(
                "It gets another port instead",
                "That would be so if the engine chose, as with `-P`. In host mode the engine "
                "is not asked; the program asks the kernel.",
                "engine-finds-a-port",
                when="moved",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "default_deny",
        "Containers get no answer from other hosts, and nothing of what they send arrives there. "
        "Published ports work as before. What is the cause?",
        (
            Option(
                "The packet filter lets through what a rule names, and drops the rest",
                "The policy of the chain `forward` is drop. Published ports have a rule that "
                "accepts them; what containers send out has none.",
            ),
            Option(
                "Masquerade is off",
                "That would leave packets that arrive at the other host, with a sender nobody "
                "there can answer. Look at the capture: nothing arrives.",
                "nat-is-forwarding",
            ),
            Option(
                "The host does not pass packets on (ip_forward)",
                "That would be so if `switches` showed it off. And then the page of `app` could "
                "not be had from `visitor`, either.",
                "nat-is-forwarding",
            ),
            Option(
                "The container needs a published port to get out",
                "That would be so if publishing were for both directions. It is for what comes "
                "in, and `app` has a published port.",
                "publish-to-get-out",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-order",
        "`docker run -p 8080:80 shop` was started. Which address do you type on the host?",
        (
            Option(
                "127.0.0.1:80",
                "That would be so if the container's number came first. It is host:container, as "
                "if a hand came in from the left.",
                "loopback-is-host",
            ),
            Option(
                "127.0.0.1:8080",
                "The left number is the host's, the right one the container's.",
            ),
            Option(
                "172.17.0.2:8080",
                "That would be so if the port changed inside the container. There it stays 80.",
                "published-is-heard",
            ),
        ),
    ),
    Question(
        "q-database",
        "A web application and its database run on one network of their own. The database "
        "listens on port 5432. What has to be published for the application to reach it?",
        (
            Option(
                "5432, since it is another container",
                "That would be so if they were on two networks. On one network containers reach "
                "each other on all ports.",
                "publish-to-get-out",
            ),
            Option(
                "Nothing has to be published, but EXPOSE 5432 is needed in the image",
                "That would be so if EXPOSE opened anything. Neighbours need neither.",
                "expose-opens",
            ),
            Option(
                "Nothing",
                "They are neighbours. Leave it unpublished, and nobody else gets there.",
            ),
        ),
    ),
    Question(
        "q-connection-reset",
        "`curl localhost:8080` connects and is cut off at once. The container runs, and `ps` "
        "shows `0.0.0.0:8080->80/tcp`. What do you look at first?",
        (
            Option(
                "The address on which the program in the container listens",
                "The way is there, up to the container. A program that listens on 127.0.0.1 or on "
                "another port does not hear it.",
            ),
            Option(
                "Whether the image has EXPOSE 80",
                "That would be enough if EXPOSE opened the port; that would be so nowhere.",
                "expose-opens",
            ),
            Option(
                "The firewall of the machine",
                "That would be so if no connection came about at all. This one does.",
                "published-to-me",
            ),
        ),
    ),
    Question(
        "q-host-mode",
        "A container runs with `--network host`. What of the host does it share?",
        (
            Option(
                "Everything: it is an ordinary program of the host",
                "That would be so without any namespace. Its files, its processes and its name "
                "are still its own.",
                "host-mode-is-naked",
            ),
            Option(
                "Addresses, ports, routes and the loopback",
                "The network namespace, and with it all of these.",
            ),
            Option(
                "The addresses, but it has ports of its own",
                "That would be so if ports were kept apart from addresses. Both are of the network "
                "namespace.",
                "own-ports-always",
            ),
        ),
    ),
)
