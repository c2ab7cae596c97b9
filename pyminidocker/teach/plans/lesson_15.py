"""Lesson 15: two hosts, a wire, routes, and one network across both."""

from __future__ import annotations

from pyminidocker.teach import wire_faults as wire_faults  # noqa: PLC0414 - registers standstill
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_15 as checks
from pyminidocker.teach.plans.questions_15 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="15",
    title="Two hosts",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("make the half of a way that is missing between two hosts", "way-back"),
        Objective("read what a packet of an overlay network carries, outside and inside", "unpack"),
        Objective("start a container that one on another host finds by name", "across"),
        Objective("diagnose why a download stands still while ping answers", "download"),
        Objective("diagnose why two halves of a network do not meet, and repair it", "meet"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("way-back", checks.way_back, exercise="make_way_back"),
        Check("unpack", checks.unpack, exercise="unpack"),
        Check("across", checks.across, exercise="open_cafe"),
        Check("download", checks.download, exercise="let_it_pass"),
        Check("meet", checks.meet, exercise="join_halves"),
    ),
    claims=(
        Claim(
            "an-address",
            "This includes assigning an IP address to the container.",
            "true",
            "The address is handed out by one host and means something on that host only: another "
            "one hands out the same.",
            "docs.docker.com, “Bridge network driver”; RFC 1918",
        ),
    ),
    containers=("ada", "eve", "guest", "phone"),
    networks=("meadow", "span"),
    hosts=("mars",),
    faults=("standstill", "wrong_vni"),
    diagnoses=DIAGNOSES,
    terms=("wire", "latency", "static route", "overlay network", "vxlan", "vni", "mtu"),
)
