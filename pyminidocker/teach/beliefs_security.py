"""Beliefs about what holds a container and what does not (lesson 12)."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "capabilities-are-all": Belief(
        "Whoever has no capability can do no harm.",
        "Most system calls ask for no capability; what closes them is a filter, or no door at all.",
        "12",
    ),
    "servers-need-root": Belief(
        "A server needs root, or some of root's capabilities.",
        "Most programs need none; what they write to is a directory of theirs.",
        "12",
    ),
    "read-only-is-all": Belief(
        "In a read-only container nothing can be written.",
        "The root file system is read-only; volumes, tmpfs and sockets are not.",
        "12",
    ),
    "privileged-fixes": Belief(
        "--privileged is how a permission problem is solved.",
        "It takes away every wall but the namespaces; one capability is nearly always enough.",
        "12",
    ),
    "socket-is-file": Belief(
        "The engine's socket is a file like any other.",
        "Whoever may connect to it can start containers, and mount what the engine's user may.",
        "12",
    ),
}
