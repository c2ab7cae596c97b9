"""Trials: the overlay file system where the engine keeps its state, disk space, the socket."""

from __future__ import annotations

import os
import socket

from pyminidocker import paths
from pyminidocker.doctor.findings import CONTAINER_LESSONS, LIMITED, MISSING, OK, Finding
from pyminidocker.doctor.trial import finding, untried
from pyminidocker.kernel import probe
from pyminidocker.units import human_size

_ENOUGH_BYTES = 2_000_000_000
_LEAST_BYTES = 200_000_000
_SOCKET_PATH_BYTES = 107


class Scratch:
    """A directory below ``parent`` that is gone afterwards, with all parents it needed."""

    def __init__(self, parent: str) -> None:
        self._made: list[str] = []
        missing = parent
        while not os.path.isdir(missing):
            self._made.append(missing)
            missing = os.path.dirname(missing)
        os.makedirs(parent, mode=0o700, exist_ok=True)
        self.path = f"{parent}/doctor-{os.getpid()}"

    def __enter__(self) -> str:
        os.mkdir(self.path, 0o700)
        return self.path

    def __exit__(self, *_: object) -> None:
        for name in os.listdir(self.path):  # the socket
            os.unlink(f"{self.path}/{name}")
        for path in (self.path, *self._made):
            try:
                os.rmdir(path)
            except OSError:
                break


def overlay(engine: str, *, userns: bool) -> Finding:
    """Mount an overlay in the state directory and write through it."""
    title, state = "Overlay storage", paths.state_root(engine)
    try:
        with Scratch(state) as scratch:
            if not userns:
                return untried("overlay", title, lessons=CONTAINER_LESSONS, essential=True)
            tried = probe.can_overlay(scratch)
    except OSError as error:
        return Finding(
            "overlay", title, MISSING, f"{state} cannot be used: {error.strerror}",
            meaning="the engine has no place for its images", lessons=CONTAINER_LESSONS,
            remedy="export MINIDOCKER_ROOT=/path/to/a/directory/of/yours", essential=True,
        )  # fmt: skip
    words = (
        "image layers can be stacked and changed" if tried.ok else f"{tried.detail} (in {state})"
    )
    return finding(
        tried._replace(detail=words), "overlay", title,
        meaning="layers cannot be stacked there: network disks and overlays refuse it",
        lessons=CONTAINER_LESSONS,
        remedy="export MINIDOCKER_ROOT=/path/on/a/local/disk    (ext4, xfs, btrfs or tmpfs)",
        essential=True,
    )  # fmt: skip


def disk_space(engine: str) -> Finding:
    """How much room images and containers have."""
    state = paths.state_root(engine)
    there = state
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    facts = os.statvfs(there)
    free = facts.f_bavail * facts.f_frsize
    detail = f"{human_size(free)} free in {there}"
    if free >= _ENOUGH_BYTES:
        return Finding("disk", "Disk space", OK, detail)
    verdict = LIMITED if free >= _LEAST_BYTES else MISSING
    return Finding(
        "disk", "Disk space", verdict, detail,
        meaning="the base images and what the lessons build need about 500 MB",
        lessons=["05", "09", "10", "14"],
        remedy="free some space, or: export MINIDOCKER_ROOT=/path/on/another/disk",
        essential=verdict == MISSING,
    )  # fmt: skip


def engine_socket(engine: str) -> Finding:
    """Bind a unix socket where the engine will, and connect to it."""
    title, directory = "Engine socket", paths.run_root(engine)
    path = paths.socket_path(engine)
    remedy = f"export MINIDOCKER_RUN=/tmp/minidocker-{os.getuid()}"
    if len(path.encode()) > _SOCKET_PATH_BYTES:
        problem = f"{path} is longer than {_SOCKET_PATH_BYTES} bytes"
    else:
        try:
            with Scratch(directory) as scratch:
                paths.ensure_private(directory)
                name = f"{scratch}/s"
                with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as one:
                    server.bind(name)
                    server.listen()
                    one.connect(name)
            return Finding("socket", title, OK, path, essential=True)
        except OSError as error:
            problem = f"{directory} cannot be used: {error.strerror or error}"
    return Finding(
        "socket", title, MISSING, problem,
        meaning="clients cannot reach the engine", lessons=CONTAINER_LESSONS, remedy=remedy,
        essential=True,
    )  # fmt: skip
