"""Beliefs about containers that do not hold, each with the lesson that lets a learner test it.

Every wrong option of every question names one of these, so that answers add up to a picture:
which beliefs were shaken, and which are still waiting for their experiment.  No published
inventory of container misconceptions was found; this list was gathered from trainers' reports,
bug trackers and Docker's own documentation (docs/glossary.md, "Where the beliefs come from").
"""

from __future__ import annotations

from pyminidocker.teach import (
    beliefs_images,
    beliefs_life,
    beliefs_limits,
    beliefs_machines,
    beliefs_networks,
    beliefs_security,
    beliefs_snapshots,
)
from pyminidocker.teach.belief import Belief as Belief  # noqa: PLC0414 - its name for readers

BELIEFS = {
    "small-vm": Belief(
        "A container is a small virtual machine.",
        "A container is a group of ordinary processes that see a limited view of one shared "
        "kernel.",
        "02",
    ),
    "own-kernel": Belief(
        "A container boots a kernel of its own.",
        "Nothing boots: the host's kernel runs the container's program directly.",
        "02",
    ),
    "hidden-from-host": Belief(
        "The host cannot see the processes inside a container.",
        "The host sees every process of every container, under its own number for it.",
        "02",
    ),
    "same-pid": Belief(
        "A process has one pid, the same inside and outside.",
        "A process has one pid in each pid namespace it is visible from.",
        "02",
    ),
    "only-a-directory": Belief(
        "A container is only another root directory.",
        "Besides its files, its processes, network, names and users are seen apart.",
        "02",
    ),
    "supervised": Belief(
        "The engine restarts whatever ends.",
        "It does so only when the container has a restart policy that says so.",
        "06",
    ),
    "pid1-ordinary": Belief(
        "Pid 1 of a container is a process like any other.",
        "When pid 1 ends, the kernel kills everything else in its pid namespace.",
        "02",
    ),
    "namespaces-limit": Belief(
        "Namespaces limit how much memory and CPU a container may use.",
        "Namespaces limit what a process sees; control groups limit what it uses.",
        "11",
    ),
    "clock-private": Belief(
        "Everything in a container is its own, also the clock and the kernel's modules.",
        "The wall clock, kernel modules and most kernel settings are shared.",
        "02",
    ),
    "data-in-container": Belief(
        "My data is safe in the container.",
        "Stop keeps a container's files, rm deletes them; data that must stay goes to a volume.",
        "06",
    ),
    "stopped-is-removed": Belief(
        "A container whose program ended is gone.",
        "An ended container keeps its files, logs and exit code until it is removed.",
        "06",
    ),
    "container-waits": Belief(
        "A container goes on until somebody stops it.",
        "A container lives exactly as long as its main process.",
        "06",
    ),
    "exit-is-crash": Belief(
        "A container that ends at once has crashed.",
        "A container lives as long as its main process; when that is done, it ends.",
        "06",
    ),
    "stop-is-slow": Belief(
        "docker stop takes ten seconds because containers are slow to stop.",
        "Stop waits for a program that does not react to SIGTERM, and then kills it.",
        "06",
    ),
    "free-shows-limit": Belief(
        "free and nproc inside a container show its limits.",
        "They show the machine; the limits are in the control group's files.",
        "11",
    ),
    "root-harmless": Belief(
        "root in a container can do no harm.",
        "It has fewer rights than the host's root, yet what is mounted into the container is "
        "within its reach.",
        "12",
    ),
    "root-is-host-root": Belief(
        "root in a container can do everything that root on the host can.",
        "Capabilities, the seccomp filter and a user namespace take most of it away.",
        "12",
    ),
    "secure-or-not": Belief(
        "Containers are secure, or they are not.",
        "Isolation is a set of settings; each one stops some attacks and not others.",
        "12",
    ),
    "commit-is-build": Belief(
        "commit is the way images are meant to be made.",
        "commit keeps a result without its recipe; a Dockerfile keeps the recipe.",
        "13",
    ),
    "needs-boot": Belief(
        "Starting a container takes seconds, as a small boot does.",
        "Starting one is creating a process; it takes milliseconds.",
        "03",
    ),
    "error-is-vague": Belief(
        "An error message of an engine says little; trying again is the way.",
        "Exit code and message name the step that failed; reading them is faster.",
        "00",
    ),
    "output-is-check": Belief(
        "An exercise is done when the cell printed something without an error.",
        "A check looks at the state of the engine and the kernel, whichever way it came about.",
        "00",
    ),
    "start-is-engine": Belief(
        "When a container takes seconds to start, the engine is slow.",
        "Starting takes milliseconds; what comes after is the program's own time.",
        "03",
    ),
    "container-slows-cpu": Belief(
        "A program computes more slowly in a container.",
        "It is a process of this machine and computes like one; disk and network may cost more.",
        "03",
    ),
    "vm-is-slow": Belief(
        "A virtual machine computes many times more slowly.",
        "It does when the processor is emulated; with hardware support it is nearly as fast.",
        "03",
    ),
    "image-limits": Belief(
        "An image says how much memory its containers may use.",
        "Limits are given to a container; without one, there is none.",
        "03",
    ),
    "mean-is-typical": Belief(
        "One number, the mean or the best, says how long something takes.",
        "Single values lie apart; median, spread and n say how far and how surely.",
        "03",
    ),
    **beliefs_images.BELIEFS,
    **beliefs_life.BELIEFS,
    **beliefs_limits.BELIEFS,
    **beliefs_machines.BELIEFS,
    **beliefs_networks.BELIEFS,
    **beliefs_security.BELIEFS,
    **beliefs_snapshots.BELIEFS,
}
