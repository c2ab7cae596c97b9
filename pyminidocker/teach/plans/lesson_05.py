"""Lesson 05: images and layers."""

from __future__ import annotations

from pyminidocker.teach.plan import Check, Claim, Objective, Plan, Puzzle
from pyminidocker.teach.plans import checks_05 as checks
from pyminidocker.teach.plans.questions_05 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="05",
    title="Images and layers",
    minutes=(30, 40),
    needs=("busybox", "hello-world", "python"),
    objectives=(
        Objective("read a deleted file out of the layer that still holds it", "recover"),
        Objective("make an image that never held a secret", "clean-image"),
        Objective("measure what a one-byte change of a big file costs", "copied-up"),
        Objective("put three layers in order so that a wanted tree appears", "three-layers"),
        Objective("find out why an updated image does not start, and repair it", "greeter"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("recover", checks.recover, exercise="recover"),
        Check("clean-image", checks.clean_image, exercise="make_clean"),
        Check("copied-up", checks.copied, exercise="copied_up"),
        Check("three-layers", checks.three_layers, exercise="stack_layers"),
        Check("greeter", checks.repaired, exercise="repair_greeter"),
    ),
    puzzles=(
        Puzzle(
            "three-layers",
            "Each of these three steps makes one layer. Put them in an order, from the bottom to "
            "the top, so that a container sees exactly one file in /house: a door that says red.",
            (
                "paint: writes red into /house/door, and makes /house if it is missing",
                "strip: deletes the directory /house, if there is one",
                "build: makes /house with a plain door and a roof of tiles",
            ),
        ),
    ),
    claims=(
        Claim(
            "template",
            "An image is a read-only template with instructions for creating a Docker container.",
            "half true",
            "Read-only, yes. But it holds results and no instructions: layers of files, and a "
            "configuration that says what to run. The instructions are in the Dockerfile.",
            "OCI image specification, config.md; docs/glossary.md “image”",
        ),
        Claim(
            "megabytes",
            "Containers are thus exceptionally light — they are only megabytes in size …",
            "misleading",
            "A container that writes nothing needs next to nothing beside its image. Images range "
            "from some hundred bytes to many gigabytes, and shared layers count once.",
            "docs.docker.com, “Storage drivers: container size on disk”",
        ),
    ),
    containers=("anna", "ben", "cleo", "writer", "cleaner", "editor", "idle"),
    images=(
        "secret:added",
        "secret:removed",
        "secret:clean",
        "big",
        "greeter",
        "greeter:good",
        "stack:1",
        "stack:2",
        "stack:3",
    ),
    faults=("exec_format",),
    diagnoses=DIAGNOSES,
    terms=("image", "layer", "digest", "whiteout", "copy-up", "tag", "commit", "overlay"),
)
