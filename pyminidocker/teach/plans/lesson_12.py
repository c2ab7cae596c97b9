"""Lesson 12: which wall stops what, and how few rights a program can do with."""

from __future__ import annotations

from pyminidocker.teach import hardening_faults as hardening_faults  # noqa: PLC0414 - registers it
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_12 as checks
from pyminidocker.teach.plans.questions_12 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="12",
    title="Security: walls and rights",
    minutes=(30, 40),
    needs=("busybox", "python"),
    objectives=(
        Objective("say who root in a container is, as the machine sees it", "whose"),
        Objective("tell which wall stopped an attack", "walls"),
        Objective("make a filter that refuses one thing and nothing else", "filter"),
        Objective("run the friendly app with no right that it does not need", "least"),
        Objective("diagnose a program that hardening broke, and give back one right", "gate"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("whose", checks.whose, exercise="whose_root"),
        Check("walls", checks.walls, exercise="first_walls"),
        Check("filter", checks.filter_, exercise="no_modes"),
        Check("least", checks.least, exercise="run_with_least"),
        Check("gate", checks.gate, exercise="repair_gate"),
    ),
    claims=(
        Claim(
            "well-isolated",
            "By default, a container is relatively well isolated from other containers and its "
            "host machine.",
            "true",
            "“Relatively” is the word that counts: the walls are settings, each stops some "
            "attacks, and all of them stand on one kernel.",
            "docs.docker.com, “Docker security”; nvd.nist.gov, CVE-2022-0492",
        ),
    ),
    containers=("box", "tool", "guest", "shop", "gate", "attack-scene", "attack-scene-2"),
    images=("friendly_docker", "attack-scene:trap"),
    folders=("desk",),
    volumes=("shop", "attack-scene", "attack-scene-2"),
    faults=("too_strict",),
    diagnoses=DIAGNOSES,
    terms=(
        "rootless", "capability", "seccomp", "privileged", "attack surface", "least privilege",
        "no-new-privileges",
    ),
)  # fmt: skip
