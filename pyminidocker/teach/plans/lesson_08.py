"""Lesson 08: published ports, and networks that are shared or missing."""

from __future__ import annotations

from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_08 as checks
from pyminidocker.teach.plans.questions_08 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="08",
    title="Publish, host and none",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("make a service that other hosts reach", "front"),
        Objective("make a service that nobody but its own host reaches", "back"),
        Objective("put a container into the network of another one", "probe"),
        Objective("diagnose what keeps containers from getting out, and repair it", "way-out"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("front", checks.front, exercise="open_front"),
        Check("back", checks.back, exercise="open_back"),
        Check("probe", checks.probe, exercise="start_probe"),
        Check("way-out", checks.way_out, exercise="let_out"),
    ),
    claims=(
        Claim(
            "map-ports",
            "Access to resources like networking interfaces and disk drives is virtualized inside "
            "this environment, which is isolated from the rest of your system, so you need to map "
            "ports to the outside world.",
            "half true",
            "Interfaces are not virtualised but put into a namespace. Ports are mapped for the "
            "outside world only; neighbours on the same network reach every port without it. And "
            "it is done when a container is run, not in the Dockerfile.",
            "docs.docker.com, “Port publishing and mapping”; network_namespaces(7)",
        ),
        Claim(
            "host-network",
            "Using host network, that container's network stack will not be isolated from the "
            "Docker host. For example, if a service container binds to port 80, only one service "
            "container can run on a given swarm node (also in the host machine).",
            "half true",
            "The first sentence holds. What there can be only one of is a listener on one port of "
            "one address, with or without containers, with or without a swarm; services on other "
            "ports run beside it.",
            "docs.docker.com, “Host network driver”; bind(2), EADDRINUSE",
        ),
        Claim(
            "not-isolated",
            "So in case you connect your container with a host network, it will not be isolated "
            "like in the image.",
            "half true",
            "One of its namespaces is the host's: the network. Files, processes, names and "
            "limits stay its own.",
            "docs.docker.com, “Host network driver”; namespaces(7)",
        ),
    ),
    containers=(
        "neither",
        "exposed",
        "published",
        "both",
        "app",
        "guest",
        "shop",
        "till",
        "front",
        "back",
        "spare",
        "first",
        "second",
        "alone",
        "probe",
    ),
    images=("page",),
    networks=("street",),
    hosts=("venus",),
    faults=("default_deny",),
    diagnoses=DIAGNOSES,
    terms=("port", "expose", "publish", "loopback", "dnat", "host network"),
)
