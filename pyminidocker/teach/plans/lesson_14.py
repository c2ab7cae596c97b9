"""Lesson 14: a registry, what goes over the wire to it, and what its names are worth."""

from __future__ import annotations

from pyminidocker.teach import registry_faults as registry_faults  # noqa: PLC0414 - registers both
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_14 as checks
from pyminidocker.teach.plans.questions_14 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="14",
    title="Registry",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("find the digest that a tag stands for, as a client does", "digest"),
        Objective("tell from a manifest how many bytes a pull will move", "to-pull"),
        Objective("run the image that was tested, whatever its tag means now", "pinned"),
        Objective("diagnose a pull that is refused, and make the image whole again", "whole"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("digest", checks.digest, exercise="digest"),
        Check("to-pull", checks.to_pull, exercise="to_pull"),
        Check("pinned", checks.pinned, exercise="pin"),
        Check("whole", checks.whole, exercise="mend"),
    ),
    claims=(
        Claim(
            "published",
            "You might create your own images or you might only use those created by others and "
            "published in a registry.",
            "true",
            "What is published under a tag may be exchanged for something else at any time. Only a "
            "digest says what you get.",
            "OCI distribution-spec, “Pulling manifests”; OCI image-spec, “Digests”",
        ),
    ),
    images=("atlas:1", "atlas:2", "atlas:3", "atlas", "team/atlas"),
    folders=("atlas",),
    hosts=("moon",),
    registry="lesson14",
    faults=("moved_tag", "flipped_byte"),
    diagnoses=DIAGNOSES,
    terms=("registry", "repository", "manifest", "blob", "push", "pull"),
)
