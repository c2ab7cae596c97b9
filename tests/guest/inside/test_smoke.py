"""Inside the guest: pure cgroup v2, and an engine that does what it does elsewhere."""

import os
from pathlib import Path


def test_there_is_version_2_and_nothing_else():
    kinds = {line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()}
    assert "cgroup2" in kinds
    assert "cgroup" not in kinds
    controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(controllers)


def test_a_container_runs_and_talks(engine):
    network = engine.create_network("plant")
    try:
        with engine.run("busybox", "httpd -f -p 80 -h /etc", detach=True, name="web",
                        network="plant"):  # fmt: skip
            said = engine.run("busybox", "wget -q -O - http://web/hostname", network="plant")
            assert len(said.strip()) == 12
    finally:
        network.remove()


def test_an_image_is_built(engine):
    engine.build(text="FROM busybox\nRUN echo built >/mark\n", tag="built:1")
    try:
        assert engine.run("built:1", "cat /mark") == "built\n"
    finally:
        engine.image("built:1").remove()


def test_ids_are_ours(engine):
    assert engine.run("busybox", "id -u") == "0\n"
    outside = engine.run("busybox", "cat /proc/self/uid_map").split()[1]
    assert int(outside) == os.getuid()
