"""What COPY and ADD are asked in ``tests/unit/build/test_copy_as_docker.py``, and Docker's answers.

``docker_20_10.json`` there is what dockerd's classic builder made of each case: the paths that
changed, with type, mode, owner, link target and size.  To record it again, with a dockerd at hand:

    python -m tests.support.copy_cases unix:///var/run/docker.sock
"""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ANSWERS = Path(__file__).parents[1] / "unit/build/docker_20_10.json"
MTIME = 1_000_000_000


def tar(*entries):
    """Return an archive of (name, type, data, mode, uid, gid); type as in ``ls -l``."""
    kinds = {"-": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, data, mode, uid, gid in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid, info.mtime = (
                kinds[kind],
                mode,
                uid,
                gid,
                MTIME,
            )
            if kind == "-":
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            else:
                info.linkname = data
                archive.addfile(info)
    return buffer.getvalue()


BASE = tar(
    ("etc", "d", "", 0o755, 0, 0),
    ("etc/passwd", "-", b"root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n", 0o644, 0, 0),
    ("etc/group", "-", b"root:x:0:\nstaff:x:50:\napp:x:1002:\n", 0o644, 0, 0),
    ("existing", "d", "", 0o700, 7, 8),
    ("existing/old", "-", b"old", 0o600, 7, 8),
    ("existing/sub", "d", "", 0o711, 7, 7),
    ("usr", "d", "", 0o755, 0, 0),
    ("usr/lib", "d", "", 0o755, 0, 0),
    ("lib", "l", "usr/lib", 0o777, 0, 0),
    ("file", "-", b"file", 0o640, 3, 3),
    ("flink", "l", "/file", 0o777, 0, 0),
    ("dlink", "l", "/existing", 0o777, 0, 0),
    ("dangle", "l", "/made/here", 0o777, 0, 0),
    ("up", "l", "../../../usr", 0o777, 0, 0),
    ("loop", "l", "loop", 0o777, 0, 0),
    ("tmp", "d", "", 0o1777, 0, 0),
)
_INNER = tar(
    ("t", "d", "", 0o750, 11, 12),
    ("t/a", "-", b"tar a", 0o640, 11, 12),
    ("t/l", "l", "a", 0o777, 11, 12),
    ("existing", "d", "", 0o755, 1, 1),
    ("existing/new", "-", b"n", 0o4755, 0, 0),
    ("./t/second", "h", "t/a", 0o640, 11, 12),
)
CONTEXT = (
    ("app.py", "-", b"print(1)\n", 0o644),
    ("run.sh", "-", b"#!/bin/sh\n", 0o755),
    ("secret", "-", b"s", 0o600),
    ("suid", "-", b"x", 0o4755),
    ("dir", "d", "", 0o700),
    ("dir/x", "-", b"x", 0o640),
    ("dir/sub", "d", "", 0o710),
    ("dir/sub/y", "-", b"y", 0o644),
    ("dir/l", "l", "x", 0o777),
    ("dir/empty", "d", "", 0o755),
    ("dir/out", "l", "/etc/shadow", 0o777),
    ("link", "l", "app.py", 0o777),
    ("dlink", "l", "dir", 0o777),
    ("abs", "l", "/app.py", 0o777),
    ("esc", "l", "../../etc/passwd", 0o777),
    ("arr[0].txt", "-", b"arr", 0o644),
    ("home.txt", "-", b"home", 0o644),
    ("homes.txt", "-", b"homes", 0o644),
    ("with space", "-", b"sp", 0o644),
    ("x", "d", "", 0o750),
    ("x/y", "d", "", 0o700),
    ("x/y/a.txt", "-", b"a", 0o644),
    ("x/y/b.md", "-", b"b", 0o644),
    ("clash", "d", "", 0o755),
    ("clash/old", "d", "", 0o755),
    ("clash/old/z", "-", b"z", 0o644),
    ("clash2", "d", "", 0o755),
    ("clash2/sub", "-", b"file now", 0o644),
    ("root", "d", "", 0o755),
    ("root/lib", "d", "", 0o755),
    ("root/lib/so", "-", b"so", 0o644),
    ("over", "d", "", 0o755),
    ("over/flink", "-", b"replaces the link", 0o644),
    ("a.tar", "-", _INNER, 0o644),
    ("a.tar.gz", "-", gzip.compress(_INNER, mtime=0), 0o644),
    ("a.tar.bz2", "-", bz2.compress(_INNER), 0o644),
    ("a.tar.xz", "-", lzma.compress(_INNER), 0o644),
    ("notes.gz", "-", gzip.compress(b"just text", mtime=0), 0o644),
    ("fake.tar", "-", b"no tar at all", 0o644),
)

CASES = {
    "file to new file": "COPY app.py /new",
    "file to new directory": "COPY app.py /new/",
    "file to directory": "COPY app.py /existing",
    "file to directory with slash": "COPY app.py /existing/",
    "file over file": "COPY app.py /file",
    "file to file with slash": "COPY app.py /file/",
    "file below file": "COPY app.py /file/x",
    "file deep down": "COPY app.py /a/b/c/d",
    "modes stay": "COPY run.sh secret /m/",
    "setuid": "COPY suid /m/",
    "relative": "WORKDIR /w/v\nCOPY app.py .\nCOPY app.py sub/\nCOPY run.sh ../up.sh",
    "several without slash": "COPY app.py run.sh /existing",
    "several to dot": "WORKDIR /w\nCOPY app.py run.sh .",
    "directory to new": "COPY dir /new",
    "directory to new with slash": "COPY dir/ /new/",
    "directory to directory": "COPY dir /existing/",
    "directory to file": "COPY dir /file",
    "directory into link": "COPY dir /dlink",
    "directory over link": "COPY root/ /",
    "dot in directory": "COPY ./dir/. /new",
    "link": "COPY link /new",
    "link to directory": "COPY link /new/",
    "link that is a directory": "COPY dlink /new/",
    "absolute link": "COPY abs /new",
    "link out of the context": "COPY esc /new",
    "outside": "COPY ../app.py /new",
    "dots that stay inside": "COPY dir/../app.py /new",
    "absolute source": "COPY /app.py /new",
    "source with slash": "COPY app.py/ /new",
    "missing": "COPY ap.py /new",
    "destination is a link": "COPY app.py /flink",
    "destination is a dangling link": "COPY app.py /dangle",
    "destination is a dangling directory": "COPY app.py /dangle/",
    "destination climbs": "COPY app.py /up/x",
    "destination loops": "COPY app.py /loop/x",
    "wildcard": "COPY hom*.txt /w/",
    "question mark": "COPY home?.txt /w/",
    "class": "COPY hom[a-f].txt /w/",
    "no match": "COPY nothing* /w/",
    "one pattern of two matches": "COPY app.py nothing* /w/",
    "wildcard without slash": "COPY hom*.txt /w",
    "bracket": "COPY arr[[]0].txt /w/",
    "wildcard directories": "COPY di* /w/",
    "wildcard in the middle": "COPY x/*/a.txt /w/",
    "space": 'COPY ["with space", "/w/with space"]',
    "directory in a file's way": "COPY clash /existing",
    "file in a directory's way": "COPY clash2 /existing",
    "file over nested link": "COPY over/ /",
    "owner by numbers": "COPY --chown=5:6 dir /new/",
    "owner by one number": "COPY --chown=5 app.py /new/",
    "owner by user name": "COPY --chown=app app.py /new/",
    "owner by names": "COPY --chown=app:staff app.py /n/new",
    "owner mixed": "COPY --chown=9:staff app.py /n/new",
    "unknown user": "COPY --chown=nobody app.py /n",
    "unknown group": "COPY --chown=app:nogroup app.py /n",
    "archive": "ADD a.tar /",
    "archive to new": "ADD a.tar /new",
    "archive gzip": "ADD a.tar.gz /new/",
    "archive bzip2": "ADD a.tar.bz2 /new/",
    "archive xz": "ADD a.tar.xz /new/",
    "archive to file": "ADD a.tar /file",
    "archive with owner": "ADD --chown=5:6 a.tar /new/",
    "gzip that is no archive": "ADD notes.gz /new/",
    "archive by name only": "ADD fake.tar /new/",
    "archive copied": "COPY a.tar /new/",
    "plain file added": "ADD app.py /new/",
    "directory added": "ADD dir /new/",
    "again": "COPY app.py /d/\nCOPY run.sh /d/app.py",
}


def context_tar():
    """Return the context as an archive."""
    return tar(*((name, kind, data, mode, 0, 0) for name, kind, data, mode in CONTEXT))


def listing(archive):
    """Return what an archive of a root file system holds: path -> [type, mode, uid, gid, what]."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            path = member.name.strip("/").removeprefix("./")
            if member.issym():
                row = ["l", 0, member.uid, member.gid, member.linkname]
            elif member.isdir():
                row = ["d", member.mode & 0o7777, member.uid, member.gid, ""]
            else:
                content = opened.extractfile(member)
                text = content.read().decode("latin-1") if content else ""
                row = ["-", member.mode & 0o7777, member.uid, member.gid, text[:40]]
            found[path] = row
    return found


def changes(archive, base):
    """Return the rows of ``listing`` that are not in ``base``, and None for paths that are gone."""
    now = listing(archive)
    # What every container gets while it is made.
    own = {".dockerenv", "dev", "etc", "proc", "sys", "etc/hosts", "etc/hostname", "etc/mtab"}
    own |= {"etc/resolv.conf", ""}
    gone = {path: None for path in base if path not in now and path not in own}
    new = {path: row for path, row in now.items() if base.get(path) != row}
    return gone | {
        path: row
        for path, row in sorted(new.items())
        if path not in own and not path.startswith(("dev/", "proc/", "sys/"))
    }


def _write_context(directory):
    for name, kind, data, mode in CONTEXT:
        path = Path(directory, name)
        if kind == "d":
            path.mkdir()
        elif kind == "l":
            path.symlink_to(data)
        else:
            path.write_bytes(data)
            path.chmod(mode)
            os.utime(path, (MTIME, MTIME))
    for name, kind, _, mode in CONTEXT:
        if kind == "d":
            Path(directory, name).chmod(mode)


def _record(host):
    def docker(*words, data=None):
        environment = {**os.environ, "DOCKER_BUILDKIT": "0", "DOCKER_HOST": host}
        return subprocess.run(
            ["docker", *words], input=data, capture_output=True, env=environment, timeout=60
        )

    docker("import", "-", "copy-base", data=BASE).check_returncode()
    base = listing(BASE)
    answers = {}
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as beside:
        _write_context(directory)
        for name, lines in CASES.items():
            Path(beside, "Dockerfile").write_text(f"FROM copy-base\n{lines}\n")
            built = docker("build", "-q", "--no-cache", "-f", f"{beside}/Dockerfile", directory)
            if built.returncode:
                said = built.stderr.decode().strip().splitlines()[-1]
                answers[name] = re.sub(r"/\S*/merged", "", said)
                continue
            image = built.stdout.decode().split()[-1]
            container = docker("create", image, "x").stdout.decode().strip()
            answers[name] = changes(docker("export", container).stdout, base)
            docker("rm", container)
            docker("rmi", image)
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(row)}" for name, row in answers.items())
    ANSWERS.write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    _record(sys.argv[1])
