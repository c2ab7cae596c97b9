"""Bad lines and dying registries: transfers go on where they were, and nothing wrong stays."""

import os
import random
import threading
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker import errors
from tests.support.command_line import Terminal, minidocker
from tests.support.debian_registry import BadLine, debian_registry
from tests.support.registries import clean, daemon_json
from tests.support.registry import Caller, digest_of, layer
from tests.support.talker import P, until

pytestmark = [pytest.mark.requires("docker-registry"), pytest.mark.usefixtures("impatient")]

SIZE = 3_000_000


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with debian_registry(tmp_path_factory.mktemp("registry"), P + 63) as found:
        yield found


@pytest.fixture(scope="module")
def content(registry):
    """A layer that takes a moment, in the repository ``big``."""
    noise = random.Random(1).randbytes(SIZE)
    data = layer(noise=noise)
    caller = Caller(registry.address)
    caller.push_image("big", "1", data, layer(small="small"), Cmd=["true"])
    caller.close()
    return data


@pytest.fixture
def impatient(engine, engine_home):
    """Few attempts; what a test brings into the store leaves with it."""
    few = {"max-download-attempts": 2, "proxies": {"https-proxy": "http://127.0.0.1:9"}}
    with daemon_json(engine_home / "config", few), clean(engine):
        yield


def downloads(engine_name: str = "default") -> dict[str, int]:
    """Return what lies in the directory of blobs on their way, with sizes."""
    place = Path(os.environ["MINIDOCKER_ROOT"], engine_name, "downloads")
    return {file.name: file.stat().st_size for file in place.glob("*")} if place.exists() else {}


def whole_layer(engine, name: str) -> bool:
    data = engine.api.layer_file(name, 0, "/noise")
    return data == random.Random(1).randbytes(SIZE)


def test_a_line_that_breaks_twice(engine, registry, content):
    """Each connection goes on where the last one ended."""
    with BadLine(registry.address) as line:
        line.breaks = [1_000_000, 1_000_000]
        name = f"{line.address}/big:1"
        engine.pull(name)
        assert line.cut == 2
        ranges = [int(text.partition(b"-")[0]) for text in line.ranges()]
        assert len(ranges) >= 2
        assert ranges == sorted(ranges)
        assert ranges[0] > 500_000
    assert whole_layer(engine, name)
    assert digest_of(content)[7:] not in downloads()


def test_a_registry_killed_in_mid_transfer(engine, registry, content):
    """The pull fails and leaves no image; the next one uses what had arrived."""
    with BadLine(registry.address) as line:
        line.breaks = [1_500_000] + [0] * 10
        line.when_cut = registry.kill
        name = f"{line.address}/big:1"
        with pytest.raises(errors.MiniDockerError) as caught:
            engine.pull(name)
        assert "connection" in str(caught.value) or "EOF" in str(caught.value)
        line.when_cut = None
        line.breaks = []
        with pytest.raises(errors.NotFound):
            engine.image(name)
        left = downloads()
        assert 1_000_000 < left[digest_of(content)[7:]] < len(content)
        assert all(image["RepoTags"] for image in engine.api.image_list())
        registry.start()
        line.sent.clear()
        engine.pull(name)
        [resumed] = line.ranges()
        assert int(resumed.partition(b"-")[0]) == left[digest_of(content)[7:]]
    assert whole_layer(engine, name)
    assert digest_of(content)[7:] not in downloads()


def test_a_damaged_part_is_not_built_upon(engine, registry, content):
    """What an earlier try left is checked like everything else."""
    place = Path(os.environ["MINIDOCKER_ROOT"], "default", "downloads")
    place.mkdir(exist_ok=True)
    (place / digest_of(content)[7:]).write_bytes(b"\0" * 100_000)
    name = f"{registry.address}/big:1"
    engine.pull(name)
    assert whole_layer(engine, name)
    assert digest_of(content)[7:] not in downloads()


def test_a_registry_that_has_half_a_blob(engine, registry, content):
    """Its answers are whole, only too short: a few attempts, then an end that names the blob."""
    digest = digest_of(content)
    [blob] = registry.blobs.glob(f"**/{digest[7:]}/data")
    blob.write_bytes(content[: SIZE // 2])
    name = f"{registry.address}/big:1"
    try:
        with pytest.raises(errors.MiniDockerError, match="the registry has 1500000 of the") as told:
            engine.pull(name)
        assert digest in str(told.value)
        blob.unlink()
        with pytest.raises(errors.MiniDockerError, match=f"blob unknown.*{digest}") as told:
            engine.pull(name)
        assert "push the image again" in told.value.hint
    finally:
        blob.write_bytes(content)
    engine.pull(name)
    assert whole_layer(engine, name)


def test_a_client_that_leaves(engine, registry, content):
    """As with dockerd, the pull ends with it; what had arrived is used by the next."""
    with BadLine(registry.address) as line:
        line.stalls = 1_000_000
        name = f"{line.address}/big:1"
        with Terminal("pull", name) as terminal:
            terminal.read_until("Downloading")
            line.stalled.wait(10)
            until(lambda: downloads().get(digest_of(content)[7:], 0) > 500_000)
        until(lambda: line.open_connections == 0)
        line.stalls = 0
        assert downloads()[digest_of(content)[7:]] > 500_000
        engine.pull(name)
    assert whole_layer(engine, name)


def test_prune_takes_what_nobody_came_back_for(engine, registry, content):
    place = Path(os.environ["MINIDOCKER_ROOT"], "default", "downloads")
    place.mkdir(exist_ok=True)
    (place / ("0" * 64)).write_bytes(b"\0" * 100_000)
    assert engine.api.image_prune()["SpaceReclaimed"] >= 100_000
    assert downloads() == {}


def test_two_pulls_of_the_same(engine, registry, content):
    """They wait for each other's blobs."""
    name = f"{registry.address}/big:1"
    registry.log.write_text("")
    ends: list[int] = []
    threads = [
        threading.Thread(target=lambda: ends.append(minidocker("pull", name).returncode))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [0, 0]
    assert len(registry.requests("GET", digest_of(content))) == 1
    assert whole_layer(engine, name)


def test_an_engine_that_stops_in_mid_pull(engine, registry, content, monkeypatch):
    """It does not wait for the network, and its successor takes up what had arrived."""
    with BadLine(registry.address) as line:
        line.stalls = 1_000_000
        name = f"{line.address}/big:1"
        other = pyminidocker.connect(name="puller")
        try:
            with Terminal("--host", "puller", "pull", name) as terminal:
                line.stalled.wait(10)
                until(lambda: downloads("puller").get(digest_of(content)[7:], 0) > 0)
                other.shutdown()
                assert terminal.wait() != 0
            line.stalls = 0
            other = pyminidocker.connect(name="puller")
            line.sent.clear()
            other.pull(name)
            assert len(line.ranges()) == 1
        finally:
            other.shutdown()


@pytest.mark.parametrize("breaks", [[1_200_000], [1_200_000, 900_000]])
def test_an_upload_that_breaks(engine, registry, content, breaks):
    """docker-registry takes no broken upload up again: it is sent once more."""
    engine.pull(f"{registry.address}/big:1").tag(f"{registry.address}/x")
    with BadLine(registry.address) as line:
        line.breaks = list(breaks)
        name = f"{line.address}/up{len(breaks)}:1"
        engine.image(f"{registry.address}/big:1").tag(name)
        digest = engine.push(name)
        assert line.cut >= 1
    caller = Caller(registry.address)
    found = caller("GET", f"/v2/up{len(breaks)}/blobs/{digest_of(content)}")
    caller.close()
    assert digest_of(found.body) == digest_of(content)
    assert digest.startswith("sha256:")


def test_an_upload_that_goes_on(engine, registry, content):
    """A registry by the specification says what it has, and gets the rest."""
    engine.pull(f"{registry.address}/big:1")
    with pyminidocker.serve_registry() as ours, BadLine(ours.address) as line:
        line.breaks = [1_200_000]
        engine.image(f"{registry.address}/big:1").tag(f"{line.address}/up:1")
        engine.push(f"{line.address}/up:1")
        assert line.cut == 1
        starts = [int(text.partition(b"-")[0]) for text in line.values(b"content-range: ")]
        assert starts[0] == 0
        assert 0 < starts[1] < 1_200_000
        caller = Caller(ours.address)
        assert caller("GET", f"/v2/up/blobs/{digest_of(content)}").body == content
        caller.close()


def test_progress_in_a_terminal_and_a_notebook(engine, registry, content):
    name = f"{registry.address}/big:1"
    with Terminal("pull", name, columns=120) as terminal:
        assert terminal.wait() == 0
    shown = terminal.text
    short = digest_of(content)[7:19]
    assert f"{short}: Pull complete" in shown
    assert "\x1b[" in shown
    engine.image(name).remove()
    with BadLine(registry.address) as line:
        line.pause_s = 0.02
        name = f"{line.address}/big:1"
        with Terminal("pull", name, JPY_PARENT_PID="1") as terminal:
            assert terminal.wait() == 0
    shown = terminal.text
    assert "Pulling 0/2 [" in shown
    assert "\x1b[" not in shown
    kept = [text.rpartition("\r")[2] for text in shown.rstrip().split("\n")]
    assert kept[:2] == ["1: Pulling from big", f"{short}: Pull complete"]
    assert kept[-1] == name
    assert len(kept) == 6
