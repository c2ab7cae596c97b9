"""Lesson 07: the bridge network, wire by wire, then by the engine."""

from __future__ import annotations

from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_07 as checks
from pyminidocker.teach.plans.questions_07 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="07",
    title="Bridge network",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("make a cable between a bridge and a container, so that it answers", "plug-in"),
        Objective("find the port behind which a bridge has learned a container", "port-of"),
        Objective("make a network on which containers find each other by name", "team"),
        Objective("diagnose why no packet gets out of the host, and repair it", "way-out"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("plug-in", checks.plug_in, exercise="plug_in"),
        Check("port-of", checks.port_of, exercise="port_of"),
        Check("team", checks.team, exercise="make_team"),
        Check("way-out", checks.way_out, exercise="open_the_way"),
    ),
    claims=(
        Claim(
            "endpoint",
            "Endpoint: An endpoint is a remote computing device that communicates back and forth "
            "with a network to which is it connected.",
            "wrong",
            "That is the word's meaning in office security. In Docker an endpoint is a container's "
            "place on one network: a cable's end, an address and a MAC.",
            "docs.docker.com, Engine API, “EndpointSettings”; docs/glossary.md “endpoint”",
        ),
        Claim(
            "struck",
            "By default, containers can connect to external networks using the host machine's "
            "network connection.",
            "true",
            "The notes strike this sentence out, but it holds: the host passes packets on "
            "(ip_forward) and puts its own address on them (masquerade). Without either one, "
            "nobody answers.",
            "docs.docker.com, “Packet filtering and firewalls” and “Bridge network driver”",
        ),
    ),
    containers=("red", "blue", "green", "anna", "ben"),
    networks=("team",),
    links=("plank", "to-red", "to-blue", "to-green"),
    hosts=("pluto",),
    faults=("ip_forward",),
    diagnoses=DIAGNOSES,
    terms=("bridge", "veth", "arp", "endpoint", "default route", "masquerade", "name server"),
)
