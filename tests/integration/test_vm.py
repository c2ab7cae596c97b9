"""A real guest, booted by qemu: what it answers, and that nothing of it stays."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pyminidocker import vm
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, NotImplementedHere, Unavailable
from pyminidocker.vm.kinds import kvm_obstacle

pytestmark = pytest.mark.requires("qemu", "vm-kernel")


@pytest.fixture(scope="module")
def machine():
    with vm.boot("128m", kind="tcg") as booted:
        yield booted


def test_it_is_another_kernel(machine):
    assert machine.kind == "tcg"
    assert machine.run("uname -r") == f"{machine.kernel}\n"
    assert machine.kernel != os.uname().release
    assert machine.run("cat /proc/1/comm") == "init\n"
    assert machine.hypervisor.startswith("qemu ")
    assert "Linux version" in machine.console


def test_phases_are_in_order_and_complete(machine):
    names = [phase.name for phase in machine.phases]
    assert names == ["hypervisor", "firmware", "kernel", "init", "shell"]
    assert all(phase.seconds > 0 for phase in machine.phases)
    longest = max(machine.phases, key=lambda phase: phase.seconds)
    assert longest.name == "kernel"


def test_streams_and_exit_codes_stay_apart(machine):
    result = machine.run("echo out; echo err >&2; exit 7")
    assert (result.stdout, result.stderr, result.exit_code) == ("out\n", "err\n", 7)
    noise = machine.run("head -c 70000 /dev/urandom | tee /tmp/x; md5sum </tmp/x >&2")
    assert len(noise.stdout_bytes) == 70000
    import hashlib

    assert hashlib.md5(noise.stdout_bytes).hexdigest() in noise.stderr


def test_state_lasts_between_commands(machine):
    machine.run("echo kept >/tmp/kept; cd /tmp; (while true; do sleep 1; done) &")
    assert machine.run("cat /tmp/kept; pwd") == "kept\n/root\n"
    assert machine.run("kill %1 2>/dev/null; pkill sleep; true").ok


def test_a_command_that_hangs_is_ended(machine):
    began = time.monotonic()
    assert machine.run("sleep 100", timeout=1).exit_code == 137
    assert time.monotonic() - began < 20
    assert machine.run("echo still there") == "still there\n"


def test_memory_is_seen_from_both_sides(machine):
    kilobytes = int(machine.run("grep MemTotal /proc/meminfo").split()[1])
    assert 64 << 10 < kilobytes < 128 << 10
    assert machine.memory_bytes == 128 << 20
    used = int(machine.run("free -k | grep Mem").split()[2]) << 10
    assert used < machine.pss_bytes < machine.memory_bytes + (400 << 20)


def test_paused_means_no_progress(machine):
    machine.run("while true; do cat /proc/uptime >/tmp/clock; done &")
    machine.pause()
    assert machine.paused
    with pytest.raises(Unavailable, match="paused") as caught:
        machine.run("true")
    assert "resume" in caught.value.hint
    ticks = cpu_ticks(machine.pid)
    assert cpu_ticks(machine.pid) - ticks <= 1
    machine.resume()
    assert not machine.paused
    assert machine.run("pkill -f clock; cat /tmp/clock").ok


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_saved_memory_comes_back(machine, tmp_path):
    """A process's memory, not only files: a shell goes on counting where it was."""
    path = str(tmp_path / "saved.vm")
    machine.run(
        "mkfifo /tmp/in; (n=41; while read x; do n=$((n+1)); echo $n >/tmp/n; done) </tmp/in &"
    )
    machine.run(
        "exec 9>/tmp/in; echo >&9; sleep 1 <&9 & sleep 0.2; cat /tmp/n; sleep 99 9>/tmp/in &"
    )
    size = machine.save(path)
    assert os.path.getsize(path) == size > 10 << 20
    assert os.stat(path).st_mode & 0o777 == 0o600
    with pytest.raises(Conflict):
        machine.save(path)
    assert not machine.paused
    machine.run("echo later >/tmp/later; echo 0 >/tmp/n")
    machine.stop()
    with pytest.raises(Unavailable, match="stopped"):
        machine.run("true")
    assert machine.restore(path) < 20
    assert machine.run("cat /tmp/n; cat /tmp/later").splitlines() == ["42"]
    assert machine.pid > 0


def test_only_a_machine_like_it_can_be_restored(machine, tmp_path):
    path = str(tmp_path / "saved.vm")
    with pytest.raises(NotFound):
        machine.restore(path)
    (tmp_path / "letter").write_text("Dear Sir")
    with pytest.raises(InvalidArgument, match="holds no saved machine"):
        machine.restore(str(tmp_path / "letter"))
    machine.save(path)
    with open(path, "r+b") as file:
        head = file.read(4096).replace(b'"cpus": 1', b'"cpus": 2')
        file.seek(0)
        file.write(head)
    with pytest.raises(InvalidArgument, match="another cpus: 2, not 1"):
        machine.restore(path)
    assert machine.run("echo untouched") == "untouched\n"


def test_kvm_works_or_says_why(tmp_path, monkeypatch):
    """Where a boot by KVM hangs, it is waited for once."""
    monkeypatch.setenv("MINIDOCKER_RUN", str(tmp_path))
    with vm.boot("128m") as first:
        assert first.kind in ("kvm", "tcg")
        assert first.run("echo up") == "up\n"
        if first.kind == "kvm":
            return
    assert first.why
    began = time.monotonic()
    with vm.boot("128m") as second:
        assert second.why == first.why
        assert time.monotonic() - began < second.phases.seconds + 2
    if kvm_obstacle():
        with pytest.raises(NotImplementedHere, match="kvm") as caught:
            vm.boot(kind="kvm")
        assert "tcg" in caught.value.hint


BOOT = """
import os, signal, sys, threading
from pyminidocker import vm

def boot():
    machine = vm.boot("128m", kind="tcg")
    print(machine.pid, flush=True)
    machines.append(machine)

machines = []
thread = threading.Thread(target=boot)  # its end must not be the machine's
thread.start()
thread.join()
print(machines[0].run("echo alive"), end="", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("death", ["kill -9", "end"])
def test_it_dies_with_its_parent(death):
    child = subprocess.Popen(
        [sys.executable, "-c", BOOT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        pid = int(child.stdout.readline())
        assert child.stdout.readline() == "alive\n"
        handle = os.pidfd_open(pid)
        if death == "end":
            child.stdin.close()
        else:
            child.send_signal(signal.SIGKILL)
        child.wait(20)
    import select

    try:
        assert select.select([handle], [], [], 5)[0], "qemu outlives its parent"
    finally:
        os.close(handle)


def test_a_stopped_machine_leaves_nothing(machine):
    del machine
    fds = len(os.listdir("/proc/self/fd"))
    with vm.boot("128m", kind="tcg") as short:
        pid = short.pid
    assert not os.path.exists(f"/proc/{pid}")
    assert len(os.listdir("/proc/self/fd")) == fds
    short.stop()
    assert short.pid == 0


def test_a_guest_that_does_not_boot_is_quoted(tmp_path, monkeypatch):
    """Its last words are in the hint."""
    from pyminidocker.vm import guest

    monkeypatch.setattr(guest, "_BEGIN", "#!/bin/sh\nexit 3\n")
    with pytest.raises(Unavailable, match="has ended: its init did not come up") as caught:
        vm.boot("128m", kind="tcg")
    assert "Attempted to kill init" in caught.value.hint
