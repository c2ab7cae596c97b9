"""The build cache: what is found again, why something is not, what it keeps and who empties it."""

import os
import signal
import socket
import tempfile
from pathlib import Path

import pytest

import pyminidocker
from tests.conftest import remove_state
from tests.support import builds
from tests.support.builds import build, context
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.processes import wait_for_end

pytestmark = pytest.mark.requires("busybox")

APP = """FROM busybox
WORKDIR /app
COPY app.py lib ./
ARG WHO=world
RUN echo "made for $WHO" > /made
CMD ["cat", "/made"]
"""
FILES = {"app.py": "print(1)\n", "lib/": "", "lib/a": "a", "lib/b": "b", "other": "not copied"}
ALL_HIT = ["base", "hit", "hit", "hit", "hit", "hit"]


@pytest.fixture
def images(engine):
    """The engine; nothing that a build made stays when its images and the cache are removed."""
    with builds.tidy(engine):
        yield engine


def test_a_second_build_does_nothing_and_gives_the_same_image(images):
    first = build(images, APP, FILES, tags=("app",))
    assert first.codes() == ["base", *["first"] * 5]
    again = build(images, APP, {**FILES, "other": "changed"}, tags=("app",), mtime=1)
    assert again.codes() == ALL_HIT
    assert again.image == first.image
    copied = again.cache["COPY app.py lib ./"]
    assert "3 files and directories, all unchanged" in copied["Reasons"][0]
    assert all(record["Hit"] for record in again.of("Cache"))


def test_a_miss_says_what_changed(images):
    build(images, APP, FILES, tags=("app:1",))
    changed = {**FILES, "app.py": "print(2)\n", "lib/c": "new"}
    del changed["lib/b"]
    told = build(images, APP, changed, tags=("app:2",))
    assert told.codes() == ["base", "hit", "content", "parent", "parent", "parent"]
    assert told.cache["COPY app.py lib ./"]["Reasons"] == [
        "content of app.py changed",
        "lib/c was added",
        "lib/b was removed",
    ]
    assert told.cache['CMD ["cat", "/made"]']["Reasons"] == [
        "an earlier step was done anew: COPY app.py lib ./"
    ]

    told = build(images, APP, changed, tags=("app",), buildargs={"WHO": "me"})
    assert told.codes() == ["base", "hit", "hit", "hit", "argument", "parent"]
    assert told.of("Cache")[4]["Reasons"] == ["build argument WHO changed from 'world' to 'me'"]

    text = APP.replace("made for", "baked for")
    told = build(images, text, changed, tags=("app",))
    assert told.codes()[4] == "instruction"
    assert told.of("Cache")[4]["Reasons"][0].startswith('the instruction was: RUN echo "made for')

    text = APP.replace("FROM busybox", "FROM hello-world")
    told = build(images, text, changed, tags=("app",))
    assert told.codes()[:2] == ["base", "base"]
    assert told.of("Cache")[1]["Reasons"][0].startswith("the base changed from ")

    told = build(images, APP, changed, tags=("app",), nocache=1)
    assert told.codes() == ["base", *["forced"] * 5]


def test_what_a_stage_makes_counts_and_not_how(images):
    text = """
        FROM busybox AS builder
        COPY source /source
        RUN wc -c < /source > /result
        FROM busybox
        COPY --from=builder /result /result
        """
    first = build(images, text, {"source": "abc"})
    second = build(images, text, {"source": "xyz"})
    assert second.codes() == ["base", "content", "parent", "base", "hit"]
    assert second.image == first.image


def test_the_cache_keeps_layers_until_it_is_pruned(images):
    api = images.api
    told = build(images, APP, FILES, tags=("app",))
    mounted = build(
        images,
        "FROM busybox\nRUN --mount=type=cache,target=/c dd if=/dev/zero "
        "of=/c/x bs=1000 count=5 2>/dev/null; dd if=/dev/zero of=/y bs=1000 count=9",
    )
    rows = api.build_cache()
    assert sorted(row["Kind"] for row in rows) == ["mount", *["step"] * 6]
    mount = next(row for row in rows if row["Kind"] == "mount")
    assert mount["Size"] == 5000
    run = next(row for row in rows if row["Instruction"].startswith("RUN echo"))
    assert run["Image"] != told.image
    assert run["Size"] > 0
    assert [row["Id"] for row in rows if row["Image"] == told.image] == [rows[4]["Id"]]

    used = {row["ID"]: row for row in api.disk_usage()["BuildCache"]}
    assert used.keys() == {row["Id"] for row in rows}
    assert (used[mount["Id"]]["Type"], used[mount["Id"]]["Shared"]) == ("exec.cachemount", False)
    assert used[run["Id"]]["Shared"]

    # An image has these layers: without --all only the mount goes.
    assert api.build_prune()["CachesDeleted"] == [mount["Id"]]
    for image in (told.image, mounted.image):
        api.image_remove(image, force=True)
    assert build(images, APP, FILES, tags=("app",)).codes() == ALL_HIT
    api.image_remove("app", force=True)
    pruned = api.build_prune()
    assert pruned["SpaceReclaimed"] > 9000
    assert build(images, APP, FILES).codes()[1:] == ["first"] * 5


def test_lost_layers_are_made_again(images):
    """Somebody deleted a file of the state directory; the record alone is worth nothing."""
    build(images, APP, FILES)
    state = Path(images.api.engine_facts()["StateDir"])
    row = next(x for x in images.api.build_cache() if x["Instruction"].startswith("RUN echo"))
    journal = (state / "build/steps.jsonl").read_text().splitlines()
    record = [line for line in journal if row["Id"] in line and '"blob"' in line][-1]
    (state / "blobs/sha256" / record.partition('"blob":"sha256:')[2][:64]).unlink()
    told = build(images, APP, FILES)
    assert told.codes() == ["base", "hit", "hit", "hit", "first", "parent"]
    assert told.of("Cache")[4]["Reasons"] == ["what it made the last time is gone"]


def test_a_killed_engine_leaves_the_cache_and_nothing_else(engine_home, monkeypatch):
    """kill -9 in the middle of a RUN: the next engine has the steps before it, and no rubbish."""
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{home}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{home}/run")
    before = read_traces(str(home))
    engine = pyminidocker.connect(name="killed")
    engine.bootstrap("busybox")
    facts = engine.api.engine_facts()
    text = APP + "RUN --mount=type=bind,target=/c echo ready; sleep 600\n"
    data = context({"Dockerfile": text, **FILES})
    head = f"POST /build?records=1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(engine.api.socket_path)
        client.sendall(head.encode() + data)
        answer = b""
        while b'"ready' not in answer:
            answer += client.recv(65536)
        assert os.listdir(f"{facts['StateDir']}/build/scratch")
        os.kill(facts["Pid"], signal.SIGKILL)
    wait_for_end(facts["Pid"])
    engine.close()
    engine = pyminidocker.connect(name="killed")
    try:
        assert engine.api.container_list(all=True) == []
        scratch = Path(f"{facts['StateDir']}/build/scratch")
        assert not scratch.exists() or not os.listdir(scratch)
        with (Path(facts["StateDir"]) / "build/steps.jsonl").open("a") as journal:
            journal.write('{"step":{"key":"half')
        assert build(engine, APP, FILES).codes() == ALL_HIT
    finally:
        engine.shutdown()
        engine = pyminidocker.connect(name="killed")
        assert build(engine, APP, FILES).codes() == ALL_HIT
        engine.shutdown()
        left = wait_until_clean(before, str(home), apart_from=("fds",))
        remove_state(home)
    assert not left, left
