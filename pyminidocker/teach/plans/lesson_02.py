"""Lesson 02: containers are processes."""

from __future__ import annotations

from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_02 as checks
from pyminidocker.teach.plans.questions_02 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="02",
    title="Containers are processes",
    minutes=(25, 35),
    needs=("busybox",),
    objectives=(
        Objective("find a container's process on the host and name its number inside", "two-pids"),
        Objective("tell from /proc which namespaces two processes share", "shared-namespaces"),
        Objective("start two containers that share their network and nothing else", "joined"),
        Objective("diagnose a container whose first process was killed, and revive it", "revived"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("two-pids", checks.two_pids, exercise="inside_number"),
        Check("shared-namespaces", checks.shared, exercise="shared"),
        Check("joined", checks.joined, exercise="join_networks"),
        Check("revived", checks.repaired, exercise="revive"),
    ),
    claims=(
        Claim(
            "shared-binaries",
            "Each container shares the host OS kernel and, usually, the binaries and libraries, "
            "too.",
            "half true",
            "The kernel is shared, always. Binaries and libraries are not: each image brings its "
            "own.",
            "docs.docker.com, “What is a container?”; namespaces(7)",
        ),
        Claim(
            "os-virtualized",
            "With containers, instead of virtualizing the underlying computer like a virtual "
            "machine (VM), just the OS is virtualized.",
            "misleading",
            "Nothing is emulated and no second operating system runs. The kernel keeps separate "
            "lists (of processes, mounts, links ...) and shows each group of processes its own.",
            "namespaces(7), pid_namespaces(7)",
        ),
    ),
    containers=("nap", "family", "left", "right"),
    faults=("pid1_killed",),
    diagnoses=DIAGNOSES,
    terms=("container", "host", "kernel", "namespace", "pid", "pid 1", "signal", "boot id"),
)
