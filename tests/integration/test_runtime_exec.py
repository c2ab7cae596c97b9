"""The bare runtime: further processes in a running container."""

import os

import pytest

from pyminidocker.kernel import procfs, terminal
from pyminidocker.kernel.pidfd import pidfd_send_signal
from pyminidocker.runtime.zygote import Failed
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")


def test_exec_sees_what_the_container_sees(scenario):
    def play(bench):
        started = bench.start(bench.spec("echo marked > /mark; exec sleep 100", hostname="box"))
        while True:  # until the shell has written the file
            result = bench.run_in(started, "cat /mark && hostname && id -u; ps | grep -c sleep")
            if result.out.startswith("marked"):
                break
        inner = bench.exec(started, bench.process(["sleep", "100"]))
        same = procfs.namespace_inodes(inner.host_pid) == procfs.namespace_inodes(started.host_pid)
        status = procfs.status(inner.host_pid)
        return result, same, status["CapEff"], status["Seccomp"], status["NSpid"].split()[-1]

    result, same, caps, seccomp, inner_pid = scenario(play)
    assert result.out.split()[:3] == ["marked", "box", "0"]
    assert same
    assert (caps, seccomp) == ("00000000a80425fb", "2")
    assert int(inner_pid) > 1


def test_exec_exit_codes_and_streams(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        return (
            bench.run_in(started, "cat; echo err >&2; exit 3", stdin=b"in"),
            bench.run_in(started, "kill -9 $$"),
            bench.run_in(started, ["nonesuch"]).error["message"],
            bench.run_in(started, "pwd", cwd="/tmp").out,
        )

    first, second, message, cwd = scenario(play)
    assert (first.exit_code, first.out, first.err) == (3, "in", "err\n")
    assert second.exit_code == 137
    assert message == 'exec: "nonesuch": executable file not found in $PATH'
    assert cwd == "/tmp\n"


def test_exec_with_a_terminal(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        process = bench.process("tty; stty size; read x", terminal=True, rows=20, cols=70)
        inner = bench.exec(started, process)
        data = b""
        while not data.endswith(b"20 70\r\n"):
            data += os.read(inner.console_fd, 1000)
        terminal.set_size(inner.console_fd, 21, 71)
        size = terminal.get_size(inner.console_fd)
        os.write(inner.console_fd, b"\n")
        code = bench.wait(inner)
        os.close(inner.console_fd)
        return data, size, code

    assert scenario(play) == (b"/dev/pts/0\r\n20 70\r\n", (21, 71), 0)


def test_the_console_stays_the_first_terminals(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"], terminal=True))
        count = "grep -c /dev/console /proc/self/mountinfo"
        before = bench.run_in(started, count).out
        inner = bench.exec(started, bench.process(["true"], terminal=True))
        bench.wait(inner)
        for fd in (inner.console_fd, started.console_fd):
            os.close(fd)
        return before, bench.run_in(started, count).out

    assert scenario(play) == ("1\n", "1\n")


def test_exec_dies_with_its_container(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        inner = bench.exec(started, bench.process(["sleep", "100"]))
        pidfd_send_signal(started.pidfd, 9)
        return bench.wait(inner), bench.wait(started)

    assert scenario(play) == (137, 137)


def test_exec_into_a_dead_container_fails(scenario):
    def play(bench):
        started = bench.start(bench.spec(["true"]))
        bench.wait_for(lambda event: getattr(event, "exit_code", None) == 0)
        failed = bench.exec(started, bench.process(["true"]))
        return isinstance(failed, Failed), failed.error.errno

    failed, number = scenario(play)
    assert failed
    assert number in (3, 22)  # ESRCH; EINVAL once its namespaces are gone


def test_starts_still_work_after_execs(scenario):
    """The zygote leaves no trace of having looked into a container."""

    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        for _ in range(3):
            bench.run_in(started, ["true"])
        return [bench.run("echo $$").out for _ in range(4)]

    assert scenario(play) == ["1\n"] * 4
