import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.kernel import procfs
from pyminidocker.kernel.libc import SyscallError


def test_a_line_of_mountinfo():
    line = (
        r"36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 propagate_from:2 - ext3 /dev/root "
        "rw,errors=continue"
    )
    assert procfs.parse_mountinfo(line) == procfs.MountInfo(
        36, 35, "98:0", "/mnt1", "/mnt 2", ("rw", "noatime"), ("master:1", "propagate_from:2"),
        "ext3", "/dev/root", ("rw", "errors=continue"),
    )  # fmt: skip


def test_a_private_mount_without_source():
    info = procfs.parse_mountinfo("1 2 0:3 / /x rw - tmpfs  rw,size=64k")
    assert (info.propagation, info.source) == ((), "")


@pytest.mark.parametrize("line", ["", "36 35 98:0 / / rw", "36 35 98:0 / / rw - ext3"])
def test_not_a_line_of_mountinfo(line):
    with pytest.raises(ValueError, match="not a mountinfo line"):
        procfs.parse_mountinfo(line)


@given(st.text(alphabet="ab \t\n\\/0é", min_size=1))
def test_escapes_come_back(path):
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in path)
    assert procfs.parse_mountinfo(f"1 2 0:3 / {escaped} rw - t s rw").mount_point == path


def test_own_namespaces():
    inodes = procfs.namespace_inodes("self")
    assert inodes["mount"] == os.stat("/proc/self/ns/mnt").st_ino
    assert {"user", "mount", "pid", "network", "uts", "ipc", "cgroup"} <= set(inodes)


def test_own_status_and_times():
    assert procfs.status("self")["Pid"] == str(os.getpid())
    assert procfs.pids_in_namespaces("self")[0] == os.getpid()
    me = procfs.stat("self")
    assert (me.pid, me.parent_pid, me.state) == (os.getpid(), os.getppid(), "R")
    assert me.start_ticks > 0


def test_a_name_with_parentheses_does_not_confuse_stat():
    pid = os.fork()
    if pid == 0:
        with open("/proc/self/comm", "w") as comm:
            comm.write(") S 1 (")
        try:
            assert procfs.stat(os.getpid()).comm == ") S 1 ("
            assert procfs.stat(os.getpid()).pid == os.getpid()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_own_memory_and_command_line():
    memory = procfs.memory_bytes("self")
    assert 0 < memory["private"] <= memory["rss"]
    assert memory["pss"] <= memory["rss"]
    assert procfs.command_line("self")


def test_own_mounts_have_a_root():
    assert any(mount.mount_point == "/" for mount in procfs.mounts())


def test_no_such_process():
    with pytest.raises(SyscallError, match="No such file") as caught:
        procfs.status(2**22 + 1)
    assert caught.value.path == f"/proc/{2**22 + 1}/status"
    with pytest.raises(SyscallError):
        procfs.namespace_inodes(2**22 + 1)


def test_processes_of_a_pid_namespace():
    own = os.readlink("/proc/self/ns/pid")
    assert os.getpid() in procfs.processes_in(own)
    assert procfs.processes_in(own) == sorted(procfs.processes_in(own))
    assert procfs.processes_in("pid:[1]") == []
