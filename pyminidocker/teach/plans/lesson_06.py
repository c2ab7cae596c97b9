"""Lesson 06: how containers begin and end, and what of them stays."""

from __future__ import annotations

from pyminidocker.teach import life_faults as life_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_06 as checks
from pyminidocker.teach.plans.questions_06 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="06",
    title="Life cycle and data",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("tell from an exit code how a program ended", "ended"),
        Objective("make a container end at once, with everything written", "polite"),
        Objective("start a container in which nothing stays as a zombie", "reaped"),
        Objective("make the engine bring back what fails, a limited number of times", "bell"),
        Objective("put data where it outlives its container", "kept"),
        Objective("diagnose a container that does not hear that it should end", "till"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("ended", checks.ended, exercise="how_it_ended"),
        Check("polite", checks.polite, exercise="open_shop"),
        Check("reaped", checks.reaped, exercise="open_clinic"),
        Check("bell", checks.bell, exercise="hang_bell"),
        Check("kept", checks.kept, exercise="open_diary"),
        Check("till", checks.till, exercise="repair_till"),
    ),
    claims=(
        Claim(
            "move",
            "You can create, start, stop, move, or delete a container using the Docker API or CLI.",
            "half true",
            "Four of the five are verbs of the API. There is none that moves a container: what can "
            "be sent to another machine is an image, or an archive of its files.",
            "docs.docker.com, “Docker Engine API”: Container",
        ),
        Claim(
            "current-state",
            "You can connect a container to one or more networks, attach storage to it, or even "
            "create a new image based on its current state.",
            "half true",
            "The image gets the container's own layer and its settings. What is in volumes, bind "
            "mounts and tmpfs stays outside, and so does everything in memory.",
            "docs.docker.com, “docker container commit”",
        ),
    ),
    containers=(
        "walker", "brief", "sleeper", "shop", "deaf", "plain", "tended", "parent", "clinic",
        "failing", "bell", "places", "diary", "keeper",
    ),
    images=("shop", "till", "desk"),
    folders=("desk",),
    volumes=("shelf", "diary"),
    faults=("deaf_entry",),
    diagnoses=DIAGNOSES,
    terms=(
        "state", "exec", "init process", "zombie", "restart policy", "writable layer",
        "bind mount", "tmpfs",
    ),
)  # fmt: skip
