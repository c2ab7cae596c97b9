"""Lesson 09: a Dockerfile's steps, what they leave in the image, and when they run again."""

from __future__ import annotations

from pyminidocker.teach import build_faults as build_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_09 as checks
from pyminidocker.teach.plans.questions_09 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="09",
    title="Dockerfile and the build cache",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("make a Dockerfile whose slow step survives an edit", "quick"),
        Objective("make an image without the files that do not belong into it", "tidy"),
        Objective("tell what a container executes, from ENTRYPOINT, CMD and arguments", "argv"),
        Objective("make an image small with a second stage, and run it without rights", "lean"),
        Objective("diagnose an image that does something else than its CMD says", "menu"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("quick", checks.quick, exercise="order_steps"),
        Check("tidy", checks.tidy, exercise="keep_out"),
        Check("argv", checks.argv, exercise="argv"),
        Check("lean", checks.lean, exercise="make_lean"),
        Check("menu", checks.menu, exercise="repair_shop"),
    ),
    claims=(
        Claim(
            "each-instruction",
            "Each instruction in a Dockerfile creates a layer in the image.",
            "wrong",
            "Instructions that change files make a layer. The others change the image's "
            "configuration, and leave an entry without a layer in its history.",
            "docs.docker.com, “Storage drivers”; OCI image-spec config.md, “empty_layer”",
        ),
        Claim(
            "only-changed",
            "When you change the Dockerfile and rebuild the image, only those layers which have "
            "changed are rebuilt.",
            "half true",
            "The first changed step is done again, and with it every step below, changed or not: "
            "each one stands on what the steps above have left.",
            "docs.docker.com, “Build cache invalidation”",
        ),
        Claim(
            "exactly-the-same",
            "You can expect that the build of your app defined in this Dockerfile behaves exactly "
            "the same wherever it runs.",
            "half true",
            "An image that was built once is the same everywhere. A Dockerfile that is built again "
            "asks the world again: the clock, the package index, the newest base image.",
            "docs.docker.com, “Building best practices”; reproducible-builds.org",
        ),
    ),
    containers=("cook", "waiter"),
    images=("kitchen", "tidy", "fat", "lean", "base", "shop", "words"),
    folders=("kitchen", "factory", "shop"),
    faults=("inherited",),
    diagnoses=DIAGNOSES,
    terms=("dockerfile", "build context", "build cache", "stage", "entrypoint", "cmd"),
)
