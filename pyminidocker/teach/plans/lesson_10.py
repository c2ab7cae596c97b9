"""Lesson 10: from source to a running page, and back to a version that works."""

from __future__ import annotations

from pyminidocker.teach import app_faults as app_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_10 as checks
from pyminidocker.teach.plans.questions_10 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="10",
    title="Ship the friendly app",
    minutes=(30, 40),
    needs=("busybox", "python"),
    objectives=(
        Objective("run several containers of one image, each with settings of its own", "cafe"),
        Objective("make an app keep its data when its container is replaced", "keep"),
        Objective("put an earlier image back into service by its digest", "rolled-back"),
        Objective("find a bug in the log, and run a version without it", "fixed"),
        Objective("diagnose an app that may not write its own data, and repair it", "well"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("cafe", checks.cafe, exercise="open_cafe"),
        Check("keep", checks.keep, exercise="keep_visits"),
        Check("rolled-back", checks.rolled_back, exercise="roll_back"),
        Check("fixed", checks.fixed, exercise="fix_app"),
        Check("well", checks.well, exercise="repair_data"),
    ),
    claims=(
        Claim(
            "disappear",
            "When a container is removed, any changes to its state that are not stored in "
            "persistent storage disappear.",
            "true",
            "A volume is such a storage. One that has no name stays as well, unless it is removed "
            "with the container, but nobody finds it again.",
            "docs.docker.com, “Volumes”",
        ),
    ),
    containers=("friendly", "cafe", "kiosk"),
    images=("friendly_docker",),
    folders=("friendly",),
    volumes=("visits", "kiosk"),
    faults=("foreign_files",),
    diagnoses=DIAGNOSES,
    terms=("volume", "health check", "log", "deploy", "roll back"),
)
