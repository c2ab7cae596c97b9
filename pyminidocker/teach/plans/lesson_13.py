"""Lesson 13: what each kind of snapshot keeps, and which one brings back what was lost."""

from __future__ import annotations

from pyminidocker.teach import snapshot_faults as snapshot_faults  # noqa: PLC0414 - registers it
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_13 as checks
from pyminidocker.teach.plans.questions_13 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="13",
    title="Snapshots: commit, export, checkpoint",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("make an image of a container that was changed by hand", "ready"),
        Objective("make the same image by a recipe, without what was left lying about", "recipe"),
        Objective("put a container back that was lost, from the right files", "back"),
        Objective("tell which kind of snapshot keeps what is needed", "choose"),
        Objective("diagnose a backup that contradicts itself, and make one that does not", "whole"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("ready", checks.ready, exercise="make_ready"),
        Check("recipe", checks.recipe, exercise="write_recipe"),
        Check("back", checks.back, exercise="bring_back"),
        Check("choose", checks.choose, exercise="choose"),
        Check("whole", checks.whole, exercise="copy_again"),
    ),
    claims=(
        Claim(
            "smaller",
            "Benefits of containers: reduced size of snapshots.",
            "half true",
            "A commit is small because it leaves out what a machine's snapshot is made of: the "
            "memory. It also leaves out the volumes. The two are not the same thing in two sizes.",
            "docs.docker.com, “docker container commit”; qemu.org, “Migration framework”",
        ),
    ),
    containers=("till", "counter", "ledger", "snapshot-subject", "snapshot-restored"),
    images=(
        "till:by-hand", "till:ready", "till:recipe", "till:flat", "till:kept", "snapshot-base:1",
        "snapshot-made:1",
    ),
    networks=("snapshot-net",),
    folders=("recipe", "safe"),
    volumes=("receipts", "ledger", "copy", "snapshot-data"),
    faults=("torn_copy",),
    diagnoses=DIAGNOSES,
    terms=("snapshot", "export", "backup", "pause", "checkpoint", "restore"),
)  # fmt: skip
