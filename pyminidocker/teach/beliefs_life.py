"""Beliefs about the life of containers and the places where their data is."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "sigterm-ends": Belief(
        "SIGTERM ends every program.",
        "As process 1 of a container, a program without a handler for it does not get it.",
        "06",
    ),
    "signal-reaches-all": Belief(
        "stop tells every process of a container to end.",
        "It tells process 1; whether the others hear of it is up to process 1.",
        "06",
    ),
    "ended-is-gone": Belief(
        "A process that has ended is gone.",
        "It stays in the list, without memory, until its parent asks for its exit code.",
        "06",
    ),
    "engine-reaps": Belief(
        "The engine tidies up after the processes in a container.",
        "Process 1 of the container has to; --init puts one there that does.",
        "06",
    ),
    "137-is-memory": Belief(
        "Exit code 137 means that memory ran out.",
        "It means SIGKILL, whoever sent it; the kernel for lack of memory is one of several.",
        "06",
    ),
    "stop-is-failure": Belief(
        "A restart policy brings back whatever ends, also what somebody stopped.",
        "What was stopped on purpose stays down; a policy is for what ends by itself.",
        "06",
    ),
    "restart-is-new": Belief(
        "To restart a container is to get a fresh one.",
        "It is the same container: its layer, its log and its settings stay.",
        "06",
    ),
    "tmpfs-is-disk": Belief(
        "What a container writes is on the disk.",
        "A tmpfs is memory: its files end with the container's run.",
        "06",
    ),
    "bind-is-copy": Belief(
        "A bind mount puts a copy of a directory into the container.",
        "It is the directory itself, seen from two sides.",
        "06",
    ),
    "commit-takes-all": Belief(
        "commit keeps everything that is in a container.",
        "It keeps the writable layer and the settings; volumes, mounts and memory stay outside.",
        "06",
    ),
    "init-forwards-to-all": Belief(
        "An init process hands a signal on to every process in the container.",
        "It hands it to its one child; what the child does with it is the child's affair.",
        "06",
    ),
}
