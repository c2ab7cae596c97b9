"""What a container must not see, reach or change, tried from inside.

As root and as an ordinary user the same holds: a container has its own root, processes, devices and
network, no way to the engine, the host's files or another container, and Docker's default powers.
"""

import json
import os
import re
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.kernel.syscalls import syscall_numbers
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES
from tests.support.command_line import minidocker, succeeds

# What Docker's default profile leaves to nobody without more capabilities, one call per danger.
FORBIDDEN_CALLS = (
    "mount umount2 pivot_root fsopen open_tree move_mount unshare setns keyctl add_key request_key "
    "reboot clock_settime settimeofday init_module finit_module delete_module kexec_load swapon "
    "swapoff acct bpf perf_event_open userfaultfd open_by_handle_at quotactl iopl ioperm syslog "
    "sethostname process_vm_writev kcmp lookup_dcookie"
).split()
# May a container without CAP_SYS_PTRACE use these on itself?  Since Linux 4.8 Docker says yes.
ALLOWED_ANYWAY = {"process_vm_writev"}
DEVICES = {"null", "zero", "full", "random", "urandom", "tty"}


@pytest.fixture
def shell(engine):
    """Run a line of shell in a new container; return what it wrote, both streams."""

    def run(script: str, **options) -> str:
        result = engine.run("busybox", ["sh", "-c", script], **options)
        return result.stdout + result.stderr

    return run


@pytest.fixture
def box(engine):
    """A container named "box" that sleeps."""
    container = engine.run("busybox", ["sleep", "1000"], name="box", detach=True)
    yield container
    container.remove(force=True)


# --------------------------------------------------------------------- what it sees


def test_it_sees_its_own_processes_only(shell, box):
    names = shell("ls /proc | grep '^[0-9]' | wc -l; cat /proc/1/comm; cat /proc/self/environ")
    count, first, *environment = re.split(r"[\n\0]", names)
    assert int(count) <= 4
    assert first == "sh"
    assert {entry.partition("=")[0] for entry in environment if entry} == {
        "PATH", "HOME", "HOSTNAME", "PWD", "SHLVL",
    }  # fmt: skip


def test_no_file_of_the_host_is_in_its_tree(engine, shell):
    """Neither by name nor by way of /proc/1/root, its working directory or open descriptors."""
    state, run = os.environ["MINIDOCKER_ROOT"], os.environ["MINIDOCKER_RUN"]
    seen = shell(
        f"ls -d {state} {run} {engine.api.socket_path} /proc/1/root{state} /proc/1/cwd{state};"
        " ls /; ls /proc/1/root/"
    )
    errors = [line for line in seen.splitlines() if "No such file" in line]
    assert len(errors) == 5
    listed = set(seen.splitlines()) - set(errors)
    assert listed == set("bin dev etc home proc root sbin sys tmp usr var".split())


def test_no_descriptor_leaks_into_it(engine, shell, box):
    for script in ("ls -l /proc/self/fd", "ls -l /proc/1/fd"):
        links = re.findall(r"(\d+) -> (.*)", shell(script))
        assert [number for number, _ in links if int(number) > 2] == []
        assert links[0][1] == "/dev/null"
    links = re.findall(r"(\d+) -> (.*)", box.exec(["ls", "-l", "/proc/self/fd"]).stdout)
    assert [number for number, _ in links] == ["0", "1", "2"]


@pytest.mark.parametrize("verb", ["run", "exec"])
def test_no_way_out_by_the_descriptors_of_its_making(engine, box, verb):
    """CVE-2024-21626: the working directory is a descriptor that init still has open."""
    for number in range(3, 16):
        path = f"/proc/self/fd/{number}"
        words = ["exec", "-w", path, "box"] if verb == "exec" else ["run", "--rm", "-w", path]
        words += [] if verb == "exec" else ["busybox"]
        done = minidocker(*words, "ls", "/proc/self/cwd/")
        assert done.returncode in (125, 126, 127), f"{path}: {done.stdout}"


def test_mounts_are_its_own_and_masked(shell):
    mounts = {
        line.split()[1]: (line.split()[2], line.split()[3].split(","))
        for line in shell("cat /proc/mounts").splitlines()
    }
    assert mounts["/"][0] == "overlay"
    for path in ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/sys", "/sys/fs/cgroup"):
        if path in mounts:
            assert "ro" in mounts[path][1], path
    for path in ("/proc", "/sys", "/dev/mqueue", "/dev/shm"):
        assert {"nosuid", "nodev", "noexec"} <= set(mounts[path][1]), path
    hidden = "/proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug"
    assert shell(f"cat {hidden} 2>/dev/null; ls /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | "
                 "grep -v -e :$ -e ^$") == ""  # fmt: skip


# ---------------------------------------------------------------------- what it may do


def test_capabilities_are_dockers_fourteen(shell, box):
    assert len(DEFAULT_CAPABILITIES) == 14
    for status in (shell("cat /proc/self/status"), box.exec(["cat", "/proc/self/status"]).stdout):
        facts = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.MULTILINE))
        assert facts["CapPrm"] == facts["CapEff"] == facts["CapBnd"] == "00000000a80425fb"
        assert facts["CapAmb"] == "0000000000000000"
        assert facts["Seccomp"] == "2"


def test_another_user_has_none(shell):
    status = shell("cat /proc/self/status", user="1:1" if os.getuid() == 0 else "0")
    facts = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.MULTILINE))
    if os.getuid() == 0:
        assert facts["CapEff"] == "0000000000000000"
        assert facts["Groups"].split() == ["1"]
    assert facts["CapBnd"] == "00000000a80425fb"


def test_dangerous_system_calls_are_refused(engine):
    """By the filter, whatever their arguments: EPERM, not EFAULT or EINVAL."""
    numbers = syscall_numbers()
    wanted = {name: numbers[name] for name in FORBIDDEN_CALLS if name in numbers}
    code = (
        "import ctypes, errno, json, sys\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "found = {}\n"
        f"for name, number in {wanted!r}.items():\n"
        "    libc.syscall(number, -1, -1, -1, -1, -1, -1)\n"
        "    found[name] = errno.errorcode.get(ctypes.get_errno(), '?')\n"
        "print(json.dumps(found))\n"
    )
    found = json.loads(engine.run("python", ["python3", "-c", code]).stdout)
    refused = {name for name, why in found.items() if why in ("EPERM", "ENOSYS")}
    assert set(wanted) - refused <= ALLOWED_ANYWAY, found


def test_what_a_shell_can_try(shell):
    told = shell(
        "mount -t tmpfs none /mnt; unshare -m true; unshare -U true; hostname x; reboot -f;"
        " mknod /z b 8 0; dmesg; echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger;"
        " date -s 2020-01-01 >/dev/null; hostname"
    ).splitlines()
    refusals = [line for line in told if re.search(r"denied|not permitted|Read-only|create", line)]
    assert len(refusals) >= 9, told


def test_its_devices_are_harmless_and_the_hosts_stay_as_they_are(shell):
    before = {name: _attributes(f"/dev/{name}") for name in DEVICES}
    told = shell(
        "ls /dev; for d in null zero full random urandom tty; do chmod 600 /dev/$d; chown 7:7"
        " /dev/$d; done; chmod 600 /proc/self/fd/0 /proc/keys; echo x > /dev/null && echo writes",
    )
    listed = {line for line in told.splitlines() if " " not in line}
    assert listed - {"writes"} == DEVICES | {
        "core", "fd", "mqueue", "ptmx", "pts", "shm", "stderr", "stdin", "stdout",
    }  # fmt: skip
    assert "writes" in told
    shell("true", user="1000" if os.getuid() == 0 else "0")  # its standard input is /dev/null
    assert {name: _attributes(f"/dev/{name}") for name in DEVICES} == before


def _attributes(path: str) -> tuple[int, int, int]:
    info = os.stat(path)
    return info.st_mode, info.st_uid, info.st_gid


# --------------------------------------------------------------- other containers, the engine


def test_containers_do_not_share_files_or_memory(shell, engine):
    secret = "only-in-the-first"
    engine.run("busybox", ["sh", "-c", f"echo {secret} > /dev/shm/x; echo {secret} > /tmp/x"])
    assert secret not in shell("cat /dev/shm/x /tmp/x; cat /etc/hosts")


def test_names_of_neighbours_are_not_told(shell, box):
    """No list of what else runs: not in mounts, interfaces, sockets or processes."""
    mine = shell("cat /proc/mounts /proc/net/unix /proc/net/dev; ps")
    assert box.id not in mine
    assert "minidocker" not in re.sub(r"(lowerdir|upperdir|workdir)[^ ]*", "", mine)


def test_the_engines_processes_cannot_be_signalled(engine, shell):
    facts = engine.api.engine_facts()
    pids = " ".join(str(facts[key]) for key in ("Pid", "ZygotePid", "AgentPid"))
    shell(f"kill -9 {pids} -1 2>&1; kill -9 -1")
    assert engine.api.engine_facts()["Pid"] == facts["Pid"]
    assert engine.api.engine_facts()["ZygotePid"] == facts["ZygotePid"]


def test_the_host_network_of_the_lab_is_not_the_machines(shell):
    """``--network host`` is the lab's: the machine's own interfaces are not in it."""
    seen = set(re.findall(r"^\d+: ([^:@]+)", shell("ip -o link", network="host"), re.MULTILINE))
    assert {"lo", "docker0"} <= seen
    machine = set(os.listdir("/sys/class/net")) - {"lo", "docker0", "bonding_masters"}
    assert not seen & machine
    assert "not permitted" in shell("ip link set lo down", network="host")


# ------------------------------------------------------------------------- links and binds


@pytest.fixture
def trap(engine, tmp_path):
    """An image full of links that lead out, and the directory on the host they aim at."""
    tmp_path.chmod(0o755)
    target = tmp_path / "host"
    target.mkdir()
    (target / "secret").write_text("secret")
    up = "/../../../../../../.."
    script = (
        f"ln -s {target} /absolute; ln -s {up[1:]}{target} /relative;"
        " ln -s /proc/1/root /proc-root;"
        f" ln -s {target}/secret /file; mkdir /d; ln -s {target} /d/nested; ln -s /d/nested /twice"
    )
    succeeds("run", "--name", "trap-maker", "busybox", "sh", "-c", script)
    succeeds("commit", "trap-maker", "trap")
    succeeds("rm", "trap-maker")
    yield target
    succeeds("rmi", "trap")
    assert sorted(os.listdir(target)) == ["secret"], "something was written to the host"
    assert (target / "secret").read_text() == "secret"


@pytest.mark.parametrize("running", [False, True])
def test_cp_does_not_follow_links_out(engine, trap, tmp_path, running):
    (tmp_path / "new").write_text("new")
    verb = ["run", "-d"] if running else ["create"]
    succeeds(*verb, "--name", "caught", "trap", "sleep", "1000")
    try:
        for link in ("absolute", "relative", "d/nested", "twice"):
            done = minidocker("cp", f"{tmp_path}/new", f"caught:/{link}/planted")
            assert "new" not in os.listdir(trap)
            assert "planted" not in os.listdir(trap), link
            done = minidocker("cp", f"caught:/{link}/secret", f"{tmp_path}/stolen")
            assert done.returncode == 1, f"{link}: {done.stdout}"
        minidocker("cp", f"{tmp_path}/new", "caught:/file")
        minidocker("cp", "-L", "caught:/file", f"{tmp_path}/mine")
        assert "secret" not in [path.read_text() for path in tmp_path.glob("mine")]
        minidocker("cp", f"{tmp_path}/new", "caught:/proc-root/tmp/new")
    finally:
        succeeds("rm", "-f", "caught")


@pytest.mark.parametrize("link", ["absolute", "relative", "twice", "d/nested"])
def test_mounts_over_links_stay_inside(engine, trap, tmp_path, link):
    """The target of a bind, a volume or a tmpfs is looked up in the container, not on the host."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine").write_text("")
    for options in (
        ["-v", f"{tmp_path}/data:/{link}/made"],
        ["-v", f"vol:/{link}"],
        ["--tmpfs", f"/{link}/t"],
        ["--mount", f"type=bind,src={tmp_path}/data,dst=/{link}"],
    ):
        done = minidocker("run", "--rm", *options, "trap", "ls", f"/{link}/")
        assert "secret" not in done.stdout, (options, done.stdout)
        assert done.returncode == 0 or "No such file" in done.stderr, (options, done.stderr)
    # A new volume takes over what the image has there, never what the host has.
    assert not succeeds("run", "--rm", "-v", "vol:/v", "busybox", "ls", "/v")
    succeeds("volume", "rm", "vol")


def test_a_link_in_the_working_directory_stays_inside(engine, trap):
    done = minidocker("run", "--rm", "-w", "/absolute/made", "trap", "sh", "-c", "ls ..; pwd")
    assert "secret" not in done.stdout


def test_a_read_only_bind_cannot_be_made_writable(engine, tmp_path):
    (tmp_path / "kept").write_text("kept")
    done = minidocker(
        "run", "--rm", "-v", f"{tmp_path}:/x:ro", "busybox", "sh", "-c",
        "mount -o remount,rw /x; echo x > /x/kept; rm /x/kept; chmod 000 /x/kept",
    )  # fmt: skip
    assert done.returncode
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_hostile_passwd_is_only_text(engine):
    """/etc/passwd as a link to a device or to itself must not hang a start."""
    succeeds(
        "run",
        "--name",
        "maker",
        "busybox",
        "sh",
        "-c",
        "rm /etc/passwd /etc/group; ln -s /dev/zero /etc/passwd; ln -s group /etc/group",
    )
    succeeds("commit", "maker", "hostile")
    succeeds("rm", "maker")
    try:
        assert succeeds("run", "--rm", "-u", "1" if os.getuid() == 0 else "0", "hostile",
                        "echo", "fine") == "fine"  # fmt: skip
    finally:
        succeeds("rmi", "hostile")


def test_the_socket_is_the_owners_alone(engine):
    path = Path(engine.api.socket_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    state = Path(pyminidocker.paths.state_root())
    assert state.stat().st_mode & 0o777 == 0o700
