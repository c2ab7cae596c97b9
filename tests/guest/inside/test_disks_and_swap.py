"""Limits that need a disk or swap of the machine's own: the guest has what we give it."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.requires("root", "cgroup-io", "cgroup-memory")
MB = 1 << 20
DISK, SWAP = "/dev/loop0", "/dev/zram1"


def sh(line):
    subprocess.run(["sh", "-ec", line], check=True)


@pytest.fixture
def disk(engine_home):
    """A disk with the bfq scheduler."""
    image = engine_home / "disk.img"
    scheduler = Path("/sys/block/loop0/queue/scheduler")
    sh(f"dd if=/dev/zero of={image} bs=1M count=4 2>/dev/null; losetup {DISK} {image}")
    scheduler.write_text("bfq")
    yield DISK
    scheduler.write_text("none")
    sh(f"losetup -d {DISK}; rm {image}")


def test_rates_and_weights_are_where_the_kernel_reads_them(engine, disk):
    options = {"device_read_iops": {disk: 70}, "device_write_bps": {disk: "1m"}}
    number = os.stat(disk).st_rdev
    with engine.run("busybox", "sleep 1000", detach=True, blkio_weight=500, **options) as box:
        group = box.cgroup
        name = f"{os.major(number)}:{os.minor(number)}"
        assert f"{name} rbps=max wbps={MB} riops=70 wiops=max" in group.read("io.max")
        assert group.read("io.bfq.weight").splitlines()[0] == "default 500"


@pytest.fixture
def swap():
    """A device to swap to whose own memory is nobody's: a file's would be the container's."""
    sh(f"echo 128M >/sys/block/zram1/disksize; mkswap {SWAP} >/dev/null; swapon {SWAP}")
    yield
    sh(f"swapoff {SWAP}; echo 1 >/sys/block/zram1/reset")


def test_swap_is_used_up_to_its_limit(engine, swap):
    # 10 MiB of shell variable: more than memory, less than memory and swap together.
    script = "x=$(dd if=/dev/zero bs=1M count=10 2>/dev/null | tr '\\0' x); echo ${#x}"
    with engine.create("busybox", ["sh", "-c", script], memory="8m", memory_swap="64m") as box:
        assert box.start().wait(30) == 0
        assert box.logs().stdout == f"{10 * MB}\n"
    with engine.create("busybox", ["sh", "-c", script], memory="8m", memory_swap="8m") as box:
        assert box.start().wait(30) == 137
        assert box.oom_killed
