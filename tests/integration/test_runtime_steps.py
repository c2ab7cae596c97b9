"""The plan's steps one at a time and without a zygote, as a notebook takes them."""

import os

import pytest

from pyminidocker.kernel import mount
from pyminidocker.kernel.clone import clone3
from pyminidocker.kernel.constants import CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS
from pyminidocker.runtime.plan import plan_container
from pyminidocker.runtime.site import Site
from pyminidocker.runtime.spec import Mount
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")


def test_every_step_by_hand(scenario):
    def play(bench):
        shared = bench.base / "shared"
        shared.mkdir()
        (shared / "file").write_text("bound")
        spec = bench.spec("true", read_only=True, hostname="by-hand")
        spec.mounts = [*spec.mounts, Mount("/shared", "bind", str(shared), [])]
        read_fd, write_fd = os.pipe()
        pid, pidfd = clone3(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
        if pid == 0:
            try:
                mount.make_private("/")
                site = Site(os.open("/dev", os.O_PATH | os.O_DIRECTORY))
                for step in plan_container(spec):
                    assert step.describe()
                    step.execute(site)
                seen = [os.uname().nodename, *sorted(os.listdir("/")), str(os.getpid())]
                with open("/shared/file") as file:
                    seen.append(file.read())
                os.write(write_fd, " ".join(seen).encode())
            except BaseException as error:  # noqa: BLE001 - told to the test
                os.write(write_fd, repr(error).encode())
            finally:
                os._exit(0)
        os.close(pidfd)
        os.close(write_fd)
        with open(read_fd) as pipe:
            return pipe.read()

    words = scenario(play).split()
    assert words[0] == "by-hand"
    assert words[-2:] == ["1", "bound"]
    assert {"bin", "dev", "etc", "proc", "shared", "sys"} <= set(words)
