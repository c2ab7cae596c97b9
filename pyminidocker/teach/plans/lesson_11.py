"""Lesson 11: memory, processor time and processes: what limits do, and where they stand."""

from __future__ import annotations

from pyminidocker.teach import limit_faults as limit_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_11 as checks
from pyminidocker.teach.plans.questions_11 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="11",
    title="Memory and CPU",
    minutes=(30, 40),
    needs=("busybox", "python"),
    objectives=(
        Objective("read from the kernel how much memory a container may still take", "room"),
        Objective("make a limit that lets a program live and stops a hungry one", "fits"),
        Objective("tell from cpu.stat how often a container had to wait", "waited"),
        Objective("make a container in which a fork bomb does no harm", "bomb"),
        Objective("diagnose a container that its limit has killed, and mend it", "shop"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("room", checks.room, exercise="room"),
        Check("fits", checks.fits, exercise="choose_memory"),
        Check("waited", checks.waited, exercise="waited"),
        Check("bomb", checks.bomb, exercise="safe_options"),
        Check("shop", checks.shop, exercise="reopen_shop"),
    ),
    claims=(
        Claim(
            "isolated",
            "Access to resources … is virtualized inside this environment, which is isolated from "
            "the rest of your system.",
            "half true",
            "Interfaces, files and processes are seen apart. Memory and processors are not: "
            "`free` and `nproc` show the whole machine, whatever the container may use of it.",
            "moby issues 20688 and 12394; cgroups(7)",
        ),
        Claim(
            "less-memory",
            "Allocates required memory (VM). Requires less memory space (container).",
            "imprecise",
            "A virtual machine is promised an amount, and takes it page by page. A container is "
            "promised nothing and, as long as nobody sets a limit, may take all there is.",
            "docs.docker.com, “Resource constraints”: “By default, a container has no resource "
            "constraints”",
        ),
    ),
    containers=(
        "small", "hungry", "reader", "tenth", "light", "heavy", "swarm", "roomy", "shop", "trial",
        "tightrope",
    ),
    faults=("too_tight",),
    diagnoses=DIAGNOSES,
    terms=(
        "oom killer", "page cache", "cpu quota", "throttling", "cpu share", "fork bomb",
        "memory reservation",
    ),
)  # fmt: skip
