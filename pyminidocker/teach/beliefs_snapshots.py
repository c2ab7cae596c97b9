"""Beliefs about snapshots of containers and of machines (lesson 13)."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "snapshot-keeps-all": Belief(
        "A snapshot keeps everything.",
        "Each kind keeps some things: files, or a volume, or memory; none of them keeps all.",
        "13",
    ),
    "commit-keeps-volumes": Belief(
        "An image made by commit has the data of the container's volumes.",
        "commit packs the writable layer; volumes are mounted over it and stay outside.",
        "13",
    ),
    "export-keeps-settings": Belief(
        "export and import give back the same image.",
        "They carry one tree of files; command, environment, layers and history stay behind.",
        "13",
    ),
    "pause-ends": Belief(
        "A paused container has ended, and begins anew afterwards.",
        "Its processes stand still, with all their memory, and go on where they were.",
        "13",
    ),
    "pause-is-noticed": Belief(
        "A paused program makes up for the time it has missed.",
        "It does not run and does not know; only the clock it asks has gone on.",
        "13",
    ),
    "copy-is-moment": Belief(
        "A copy of files is a picture of one moment.",
        "It is read one file after the other; whoever writes meanwhile is in it in part.",
        "13",
    ),
}
