"""`kill -9` of the engine at random moments: nothing stays, nothing is lost.

200 runs are attempted by a client while the engine is killed again and again; after each death the
machine is read from /proc, and the next engine must find every image and record.
"""

import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.errors import MiniDockerError
from tests.conftest import remove_state
from tests.support.leaks import read_traces, wait_until_clean

RUNS = 200
LONGEST_LIFE_S = 0.25
NAME = "chaos"


def run_until_dead(socket: str, done: list[int], stop: threading.Event) -> None:
    """Run one container after another until the engine is gone; start no new one."""
    try:
        with pyminidocker.connect(socket) as engine:
            while not stop.is_set():
                done[0] += 1
                engine.run("busybox", "true")
    except (MiniDockerError, OSError):
        pass  # killed under a question, as intended


@pytest.mark.timeout(170)
def test_killed_engine_leaves_nothing_and_forgets_nothing(engine_home, monkeypatch):
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{home}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{home}/run")
    before = read_traces(str(home))
    dice = random.Random(20261124)
    done, deaths = [0], 0
    engine = pyminidocker.connect(name=NAME)
    engine.bootstrap("busybox", "hello-world")
    images = {image["Id"] for image in engine.images()}
    assert len(images) == 2
    kept = engine.create("busybox", ["echo", "still here"], name="kept")
    volume = engine.volume("precious").name

    while done[0] < RUNS:
        stop = threading.Event()
        client = threading.Thread(
            target=run_until_dead, args=(f"unix://{home}/run/{NAME}/minidocker.sock", done, stop)
        )
        client.start()
        victim = engine_pid(home)
        pidfd = os.pidfd_open(victim)
        time.sleep(dice.uniform(0.0, LONGEST_LIFE_S))
        os.kill(victim, signal.SIGKILL)
        stop.set()
        client.join(timeout=20)
        assert not client.is_alive(), "the client hangs after the engine's death"
        os.close(pidfd)
        deaths += 1
        left = wait_until_clean(before, str(home), apart_from=("fds",))
        assert not left, f"after death {deaths}: {left}"

        # The same client goes on: it starts a new engine.
        assert {image["Id"] for image in engine.images()} == images
        assert engine.container("kept").id == kept.id
        assert volume in {volume.name for volume in engine.volumes()}

    assert engine.container("kept").start().wait() == 0
    assert engine.container("kept").logs() == "still here\n"
    for container in engine.containers(all=True):
        container.remove(force=True)
    engine.shutdown()
    # .spare-N are directories made ahead of time for containers to come.
    names = os.listdir(f"{home}/state/{NAME}/containers")
    stayed = [name for name in names if not name.startswith(".spare-")]
    assert stayed == [], "directories of removed or half-made containers stayed"
    assert not wait_until_clean(before, str(home), apart_from=("fds",))
    remove_state(home)
    assert deaths >= 5


def engine_pid(home: Path) -> int:
    """Return the engine's pid from its pid file."""
    return int(Path(f"{home}/run/{NAME}/pid").read_text())
