"""The lab as a whole: it appears at once, it vanishes at once, it touches nothing outside."""

import os
import select
import signal
import socket
import time

import pytest

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.pidfd import pidfd_open
from pyminidocker.runtime.host import create_lab
from pyminidocker.runtime.zygote import Closed, Failed
from tests.support.leaks import mount_table
from tests.support.runtime_lab import Bench, remove_tree
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")


def test_the_hosts_mounts_are_unchanged(scenario):
    before = mount_table()
    scenario(lambda bench: bench.run("true"))
    assert mount_table() == before


def test_the_engine_may_have_threads(scenario):
    def play(bench):
        import threading

        done = []
        thread = threading.Thread(target=lambda: done.append(bench.lab.name))
        thread.start()
        thread.join()
        return done

    assert scenario(play) == ["bench"]


def test_the_agent_stays_outside_and_goes_with_the_engine():
    def agent_main(sock: socket.socket) -> None:
        sock.sendall(os.readlink("/proc/self/ns/net").encode())
        sock.recv(1)

    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        lab = create_lab("t", agent_main, {})
        agent_net = lab.agent.recv(100).decode()
        os.write(
            write_fd, f"{lab.agent_pid} {agent_net} {os.readlink('/proc/self/ns/net')}".encode()
        )
        signal.pause()
    os.close(write_fd)
    with open(read_fd, "rb") as pipe:
        data = os.read(read_fd, 1000).decode().split()
        agent_pidfd = pidfd_open(int(data[0]))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert select.select([agent_pidfd], [], [], 5)[0], "the agent outlived its engine"
        os.close(agent_pidfd)
        assert pipe
    assert data[1] == os.readlink("/proc/self/ns/net")
    assert data[2] != data[1]


def test_kill_9_of_the_engine_ends_everything_at_once(tmp_path):
    """Five containers, an exec, parked children: all gone within a second of the engine."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        bench = Bench(tmp_path)
        started = [bench.start(bench.spec("sleep 100 & sleep 100")) for _ in range(5)]
        inner = bench.exec(started[0], bench.process(["sleep", "100"]))
        bench.wait_parked()
        pids = [one.host_pid for one in (*started, inner, *bench.zygote.parked())]
        os.write(write_fd, " ".join(map(str, [bench.lab.zygote_pid, *pids])).encode())
        signal.pause()
    os.close(write_fd)
    with open(read_fd, "rb"):
        pids = [int(word) for word in os.read(read_fd, 1000).split()]
    pidfds = [pidfd_open(one) for one in pids]
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for fd in pidfds:
        assert select.select([fd], [], [], 5)[0]
        os.close(fd)
    assert len(pids) >= 8
    assert time.monotonic() - begun < 1.0
    for entry in tmp_path.iterdir():
        remove_tree(entry)


def test_death_of_the_zygote_is_reported(scenario):
    def play(bench):
        bench.start(bench.spec(["sleep", "100"]))
        os.kill(bench.lab.zygote_pid, signal.SIGKILL)
        bench.wait_for(lambda event: isinstance(event, Closed))
        try:
            bench.zygote.start("x", bench.spec("true"), None)
        except SystemFailure as error:
            return str(error)
        return "started"

    assert "zygote died" in scenario(play)


def test_death_of_a_parked_child_is_repaired(scenario):
    def play(bench):
        bench.wait_parked()
        victim = bench.zygote.parked()[0]
        os.kill(victim.host_pid, signal.SIGKILL)
        bench.wait_for(lambda event: type(event).__name__ == "Lost")
        return bench.run("echo still").out

    assert scenario(play) == "still\n"


def test_a_failed_start_leaves_nothing(scenario):
    def play(bench):
        bench.wait_parked()
        before = set(os.listdir("/proc/self/fd"))
        for _ in range(12):
            failed = bench.start(bench.spec(["nonesuch"], terminal=True))
            assert isinstance(failed, Failed)
        while len(bench.zygote.parked()) < 3:
            bench.events += bench.zygote.receive()
        return len(set(os.listdir("/proc/self/fd")) - before)

    # Up to three more children are there than when counting began, with three descriptors each.
    assert scenario(play) <= 9
