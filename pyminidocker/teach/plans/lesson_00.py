"""Lesson 00: start here."""

from __future__ import annotations

from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_00 as checks
from pyminidocker.teach.plans.questions_00 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="00",
    title="Start here",
    minutes=(20, 30),
    needs=("busybox", "hello-world"),
    objectives=(
        Objective("run a program of your choice in a container", "own-words"),
        Objective("say what this machine allows, and the remedy where it does not", "preflight"),
        Objective("find out from exit code and message why a container did nothing", "greeting"),
        Objective("remove what has ended and leave what runs", "tidy"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("preflight", checks.preflight),
        Check("own-words", checks.own_words, exercise="say_something"),
        Check("greeting", checks.greeting, exercise="greet"),
        Check("tidy", checks.tidy, exercise="remove_ended"),
    ),
    claims=(
        Claim(
            "seconds",
            "Containers are thus exceptionally light — they are only megabytes in size and take "
            "just seconds to start.",
            "dated",
            "A start takes milliseconds; most of it is the engine's work around one new process. "
            "The size depends on the image: from some hundred bytes to many gigabytes.",
            "lesson 03, where the time is taken apart",
        ),
    ),
    containers=("first", "mine", "greeter", "still-busy"),
    images_watched=("hello-world",),
    faults=("wrong_command",),
    diagnoses=DIAGNOSES,
    terms=("container", "image", "engine", "host", "exit code", "notebook kernel"),
)
