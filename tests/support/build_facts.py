"""What a build made, in a form that compares between engines: config, history, files.

``python -m tests.support.build_facts unix:///run/docker.sock`` prints what a dockerd makes of the
cases (tests/conformance/dockerd_builds.json), with the same base image (save and load it first) and
Docker's classic builder.
"""

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
CASES = Path(__file__).with_name("build_cases")
# COPY's hash is Docker's own; sizes count links differently; a base image's times are its own.
_HASH = re.compile(r"(file|dir|multi):[0-9a-f]{64}")
# What the engine makes in every container, or keeps apart for it.
_OF_CONTAINERS = re.compile(
    r"(\.dockerenv|dev|proc|sys|etc/(hostname|hosts|resolv\.conf|mtab))(/.*)?|etc"
)
_KEYS = ("Author", "Os", "Comment")


def dockerfiles() -> list[str]:
    """Return the names of the cases: ``<name>.Dockerfile`` beside one common context."""
    return sorted(path.name.removesuffix(".Dockerfile") for path in CASES.glob("*.Dockerfile"))


def context(name: str) -> bytes:
    """Return a case's context: modes, links and an archive that git would not keep."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        file = f"{name}.Dockerfile"
        _add(tar, file, 0o644, (CASES / file).read_bytes())
        for path, mode, text in (
            ("app.py", 0o644, "print('hello')\n"),
            ("run.sh", 0o755, "#!/bin/sh\necho run\n"),
            ("private", 0o600, "secret\n"),
            ("lib/one", 0o644, "1\n"),
            ("lib/deep/two", 0o640, "22\n"),
            ("big", 0o750, "x" * 70_000),
            ("ignored.log", 0o644, "not copied"),
            (".dockerignore", 0o644, "*.log\n"),
        ):
            _add(tar, path, mode, text.encode())
        link = tarfile.TarInfo("lib/link")
        link.type, link.linkname = tarfile.SYMTYPE, "one"
        tar.addfile(link)
        _add(tar, "archive.tar.gz", 0o644, _archive())
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, path: str, mode: int, data: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size, member.mode, member.mtime = len(data), mode, 1_600_000_000
    tar.addfile(member, io.BytesIO(data))


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        directory = tarfile.TarInfo("inside")
        directory.type, directory.mode, directory.uid, directory.gid = tarfile.DIRTYPE, 0o750, 5, 6
        tar.addfile(directory)
        member = tarfile.TarInfo("inside/file")
        member.size, member.mode, member.uid, member.gid = 4, 0o604, 5, 6
        tar.addfile(member, io.BytesIO(b"data"))
    return gzip.compress(buffer.getvalue(), mtime=0)


def facts(run: Run, name: str) -> dict[str, Any]:
    """Build one case with ``docker build`` and return what came out."""
    tag = f"case-{name}"
    run("build", "-q", "-t", tag, "-f", f"{name}.Dockerfile", "--build-arg", "GIVEN=1", "-",
        stdin=context(name))  # fmt: skip
    image = json.loads(run("image", "inspect", tag).stdout)[0]
    base = json.loads(run("image", "inspect", "busybox").stdout)[0]
    history = run("history", "--no-trunc", "--format", "{{json .CreatedBy}}", tag).stdout
    lines = [_HASH.sub(r"\1:HASH", json.loads(line)) for line in history.splitlines()]
    config = {key: value for key, value in image["Config"].items() if value not in (None, "", [])}
    config.pop("Image", None)
    layers = len(image["RootFS"]["Layers"]) - len(base["RootFS"]["Layers"])
    return {
        "config": config | {key: image[key] for key in _KEYS if image[key]},
        "history": lines[: -len(_base_history(run))],
        "layers": layers,
        "files": _difference(_files(run, "busybox"), _files(run, tag)),
    }


def _base_history(run: Run) -> list[bytes]:
    return run("history", "-q", "--no-trunc", "busybox").stdout.splitlines()


def _files(run: Run, image: str) -> dict[str, str]:
    container = run("create", image, "x").stdout.decode().strip()
    try:
        exported = run("export", container).stdout
    finally:
        run("rm", container)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        for member in tar:
            path = member.name.strip("/").removeprefix("./")
            if not path or _OF_CONTAINERS.fullmatch(path):
                continue
            kind = {tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.LNKTYPE: "h"}.get(
                member.type, "f"
            )
            # Several names of one file: which one comes first is the archive's affair.
            if kind == "h":
                continue
            what = member.linkname
            if kind == "f":
                file = tar.extractfile(member)
                what = hashlib.sha256(file.read() if file else b"").hexdigest()[:16]
            mode = "" if kind == "l" else f" {member.mode & 0o7777:04o}"
            found[path] = f"{kind}{mode} {member.uid}:{member.gid} {what}".rstrip()
    return found


def _difference(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    changed = {path: line for path, line in after.items() if before.get(path) != line}
    return {**changed, **{path: "gone" for path in before if path not in after}}


def runner(host: str) -> Run:
    """Return a function that runs ``docker`` on one engine."""

    def run(*words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            ["docker", "-H", host, *words],
            input=stdin,
            capture_output=True,
            timeout=60,
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )
        assert done.returncode == 0, (words, done.stderr.decode())
        return done

    return run


if __name__ == "__main__":
    docker = runner(sys.argv[1])
    json.dump(
        {name: facts(docker, name) for name in dockerfiles()}, sys.stdout, indent=1, sort_keys=True
    )
