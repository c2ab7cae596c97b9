"""Options that decide what a container may do, and what holds whatever they say."""

import json
import os
from pathlib import Path

import pytest

from pyminidocker import errors
from pyminidocker.kernel import caps
from tests.support.command_line import minidocker, succeeds

MACHINE_ROOT = os.getuid() == 0


def status(text: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


@pytest.fixture
def profile(tmp_path):
    """Write a profile and return its path."""

    def write(**profile) -> str:
        path = tmp_path / "profile.json"
        path.write_text(json.dumps(profile, indent=2))
        return str(path)

    return write


NO_MKDIR = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
    ],
}


# ----------------------------------------------------------------------------- seccomp profiles


def test_a_profile_decides_for_run_and_exec(engine, profile):
    option = f"seccomp={profile(**NO_MKDIR)}"
    done = minidocker("run", "--rm", "--security-opt", option, "busybox", "mkdir", "/x")
    assert "No space left on device" in done.stderr
    box = engine.run("busybox", ["sleep", "100"], detach=True, security_opt=[option])
    try:
        assert "No space left" in box.exec(["mkdir", "/x"]).stderr
        assert box.exec(["mkdir", "/x"], privileged=True).exit_code == 0
        kept = box.reload().attrs["HostConfig"]["SecurityOpt"]
        assert json.loads(kept[0].removeprefix("seccomp=")) == NO_MKDIR
    finally:
        box.remove(force=True)


def test_a_profile_may_end_the_process(engine, profile):
    kill = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}
    path = profile(defaultAction="SCMP_ACT_ALLOW", syscalls=[kill])
    done = minidocker(
        "run",
        "--rm",
        "--security-opt",
        f"seccomp={path}",
        "busybox",
        "sh",
        "-c",
        "mkdir /x; echo $?",
    )
    assert done.stdout.strip() == "159"  # 128 + SIGSYS


def test_a_profile_holds_with_privileged_too(engine, profile):
    done = minidocker(
        "run", "--rm", "--privileged", "--security-opt", f"seccomp={profile(**NO_MKDIR)}",
        "busybox", "mkdir", "/x",
    )  # fmt: skip
    assert "No space left on device" in done.stderr


def test_a_profile_that_forbids_what_init_does(engine, profile):
    """With no-new-privileges it is loaded last, and may forbid to change the user at all."""
    rule = {
        "names": ["setresuid", "setresgid", "setgroups", "capset"],
        "action": "SCMP_ACT_KILL_PROCESS",
    }
    path = profile(defaultAction="SCMP_ACT_ALLOW", syscalls=[rule])
    said = engine.run(
        "busybox", ["id", "-u"], security_opt=[f"seccomp={path}", "no-new-privileges"]
    )
    assert said.stdout.strip() == "0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "opening seccomp profile (PATH) failed: open PATH: no such file or directory"),
        ("{", "compacting json for seccomp profile (PATH) failed"),
        ('{"defaultAction": "NO"}', "Decoding seccomp profile failed: defaultAction: unknown"),
    ],
)
def test_a_profile_that_is_none(engine, tmp_path, text, told):
    path = tmp_path / "profile.json"
    if text is not None:
        path.write_text(text)
    done = minidocker("run", "--rm", "--security-opt", f"seccomp={path}", "busybox", "true")
    assert done.returncode == 125
    assert told.replace("PATH", str(path)) in done.stderr


# ------------------------------------------------------------------------------ other options


def test_no_new_privileges(engine):
    for option in ("no-new-privileges", "no-new-privileges=true", "no-new-privileges:true"):
        said = engine.run("busybox", ["cat", "/proc/self/status"], security_opt=[option]).stdout
        assert status(said)["NoNewPrivs"].strip() == "1"
    said = engine.run("busybox", ["cat", "/proc/self/status"], security_opt=["no-new-privileges=0"])
    assert status(said.stdout)["NoNewPrivs"].strip() == "0"


@pytest.mark.parametrize(
    ("option", "told", "status_code"),
    [
        ("label=type:svirt_apache", "SELinux labels no containers", 501),
        ("apparmor=docker-default", "AppArmor profiles are loaded by the machine's root", 501),
        ("apparmor=unconfined", "", 0),
        ("label=disable", "", 0),
        ("seccomp=builtin", "", 0),
        ("nonsense", 'invalid --security-opt 1: "nonsense"', 400),
        ("nonsense=1", 'invalid --security-opt 2: "nonsense=1"', 400),
        ("no-new-privileges=maybe", 'invalid --security-opt 2: "no-new-privileges=maybe"', 400),
    ],
)
def test_security_options(engine, option, told, status_code):
    host = {"SecurityOpt": [option]}
    if not told:
        made = engine.api.container_create({"Image": "busybox", "HostConfig": host})
        engine.api.container_remove(made["Id"])
        return
    kind = errors.NotImplementedHere if status_code == 501 else errors.InvalidArgument
    with pytest.raises(kind) as caught:
        engine.api.container_create({"Image": "busybox", "HostConfig": host})
    assert told in str(caught.value)


def test_capabilities_by_name(engine):
    def effective(**options) -> list[str]:
        said = engine.run("busybox", ["cat", "/proc/self/status"], **options).stdout
        return caps.names_of(int(status(said)["CapEff"], 16))

    assert effective(cap_drop=["ALL"]) == []
    assert effective(cap_drop=["all"], cap_add=["net_bind_service"]) == ["CAP_NET_BIND_SERVICE"]
    assert "CAP_CHOWN" not in effective(cap_drop=["CAP_CHOWN"])
    done = minidocker("run", "--rm", "--cap-add", "nope", "busybox", "true")
    assert 'invalid CapAdd: unknown capability: "CAP_NOPE"' in done.stderr
    done = minidocker("run", "--rm", "--cap-drop", "cap_nope", "busybox", "true")
    assert 'invalid CapDrop: unknown capability: "CAP_NOPE"' in done.stderr


def test_userns(engine):
    assert succeeds("run", "--rm", "--userns", "host", "busybox", "echo", "hi") == "hi"
    done = minidocker("run", "--rm", "--userns", "keep-id", "busybox", "true")
    assert done.returncode == 125
    assert "--userns: invalid USER mode" in done.stderr
    with pytest.raises(errors.InvalidArgument, match="invalid user namespace mode: keep-id"):
        engine.api.container_create({"Image": "busybox", "HostConfig": {"UsernsMode": "keep-id"}})


# -------------------------------------------------------------------------- privileged, and root


@pytest.mark.requires("root")
def test_roots_lab_gives_nobody_the_machine(engine):
    """There, /proc/sys and /sys are protected by being read-only alone, and stay so."""
    script = (
        "cat /proc/sys/kernel/core_pattern > /tmp/x; cat /tmp/x > /proc/sys/kernel/core_pattern;"
        " mount -o remount,rw /proc/sys; umount /proc/sys; mount -t proc proc /mnt;"
        " (exec 3>/sys/power/state); cat /proc/keys; ls /sys/firmware"
    )
    said = engine.run("busybox", ["sh", "-c", script], privileged=True)
    assert "can't create /proc/sys/kernel/core_pattern: Read-only file system" in said.stderr
    assert said.stdout == ""
    done = minidocker("run", "--rm", "--privileged", "busybox", "cat", "/proc/self/status")
    assert "--privileged is without CAP_SYS_ADMIN here" in done.stderr
    assert "an ordinary user" in done.stderr
    names = caps.names_of(int(status(done.stdout)["CapEff"], 16))
    assert sorted(set(caps.NAMES) - set(names)) == ["CAP_SYS_ADMIN"]
    for options, told in (
        (["--cap-add", "SYS_ADMIN"], "--cap-add SYS_ADMIN is refused"),
        (["--security-opt", "systempaths=unconfined"], "systempaths=unconfined is refused"),
    ):
        done = minidocker("run", "--rm", *options, "busybox", "true")
        assert done.returncode == 125
        assert told in done.stderr
        assert "start the engine as an ordinary user" in done.stderr
    host = {"MaskedPaths": [], "ReadonlyPaths": []}
    with pytest.raises(errors.NotImplementedHere, match="systempaths=unconfined is refused"):
        engine.api.container_create({"Image": "busybox", "HostConfig": host})


@pytest.mark.requires("user")
def test_a_users_lab_gives_all_of_itself(engine):
    said = engine.run("busybox", ["sh", "-c", "mount -t tmpfs x /tmp && cat /proc/self/status"],
                      privileged=True).stdout  # fmt: skip
    assert caps.names_of(int(status(said)["CapEff"], 16)) == list(caps.NAMES)
    script = "cd /proc/sys/kernel; cat core_pattern > core_pattern"
    said = engine.run("busybox", ["sh", "-c", script], privileged=True)
    assert "Permission denied" in said.stderr


@pytest.mark.requires("user")
def test_paths_may_be_uncovered_where_that_is_harmless(engine):
    host = {"MaskedPaths": [], "ReadonlyPaths": ["/proc/sys"]}
    made = engine.api.container_create({"Image": "busybox", "Cmd": ["cat", "/proc/mounts"],
                                        "HostConfig": host})  # fmt: skip
    try:
        engine.api.container_start(made["Id"])
        engine.api.container_exit_code(made["Id"])
        said = engine.container(made["Id"]).logs().stdout
        assert "/proc/sys proc ro" in said
        assert "/proc/keys" not in said
        config = engine.api.container_inspect(made["Id"])["HostConfig"]
        assert (config["MaskedPaths"], config["ReadonlyPaths"]) == ([], ["/proc/sys"])
    finally:
        engine.api.container_remove(made["Id"])


# ------------------------------------------------------------------------------------- devices


def test_devices(engine):
    script = (
        "ls -l /dev/ours; dd if=/dev/ours bs=4 count=1 2>&1; chmod 600 /dev/ours; chown 1 /dev/ours"
    )
    said = engine.run("busybox", ["sh", "-c", script], devices=["/dev/zero:/dev/ours"])
    assert said.stdout.startswith("crw")
    assert "1+0 records in" in said.stdout
    # Where there is one user only, chown says that it worked and does nothing.
    assert said.stderr.count("Read-only file system") >= 1


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("/dev/no-such", 'custom device "/dev/no-such": no such file or directory'),
        ("/etc/passwd", 'custom device "/etc/passwd": not a device node'),
        ("/dev/zero:/dev/x:r", "with 'r' only is refused"),
    ],
)
def test_devices_that_are_none(engine, device, told):
    done = minidocker("run", "--rm", "--device", device, "busybox", "true")
    # 127 is the docker CLI's own reading of "no such file or directory".
    assert done.returncode == (127 if "no such file" in told else 125)
    assert told in done.stderr


@pytest.mark.requires("root")
def test_no_disk_of_the_machine(engine):
    disks = [f"/dev/{line.split()[3]}" for line in
             Path("/proc/partitions").read_text().splitlines()[2:]]  # fmt: skip
    disk = next((path for path in disks if os.path.exists(path)), None)
    if disk is None:
        pytest.skip("this machine shows no disk")
    done = minidocker("run", "--rm", "--device", disk, "busybox", "true")
    assert "whoever may write to this device has the whole machine" in done.stderr


# ---------------------------------------------------------------------- what always holds


def test_nothing_is_mounted_over_proc(engine):
    for place, told in (
        ("/proc", "it is not of type proc"),
        ("/proc/self", "cannot be mounted because it is inside /proc"),
        ("/proc/sys/kernel", "cannot be mounted because it is inside /proc"),
    ):
        done = minidocker("run", "--rm", "--tmpfs", place, "busybox", "true")
        assert done.returncode, place
        assert told in done.stderr
    said = succeeds("run", "--rm", "-v", "/etc/passwd:/proc/cpuinfo:ro", "busybox", "cat",
                    "/proc/cpuinfo")  # fmt: skip
    assert "root:" in said


def test_a_false_null_device_is_not_opened(engine):
    """A volume over /dev may have anything under that name; a secret file must not be opened."""
    engine.run("busybox", ["ln", "-s", "/etc/secret", "/v/null"], volumes=["devices:/v"])
    try:
        done = minidocker("run", "--rm", "-v", "devices:/dev", "busybox", "true")
        assert done.returncode
        assert "open /dev/null: too many levels of symbolic links" in done.stderr
    finally:
        engine.api.volume_remove("devices")


def test_each_has_a_keyring_of_its_own(engine):
    """Also of the login that started the engine nothing is left."""
    code = (
        "import ctypes, sys\n"
        "call = ctypes.CDLL(None, use_errno=True).syscall\n"
        "keyctl, add = (250, 248) if sys.argv[2] == 'x86_64' else (219, 217)\n"
        "buffer = ctypes.create_string_buffer(4096)\n"
        "n = call(keyctl, 11, -3, buffer, 4096)\n"
        "call(add, b'user', b'mine', b'secret', 6, -3)\n"
        "print(n, call(keyctl, 0, -3, 0))\n"
    )
    found = []
    for _ in range(2):
        said = engine.run(
            "python", ["python3", "-c", code, "-", os.uname().machine],
            security_opt=["seccomp=unconfined"],
        ).stdout.split()  # fmt: skip
        if said[0] == "-1":
            pytest.skip("this kernel has no keys")
        found.append(said)
    assert [count for count, _ in found] == ["0", "0"]  # bytes: an empty ring
    assert found[0][1] != found[1][1]


def test_the_engine_runs_from_a_read_only_mount_of_its_program(engine):
    """CVE-2019-5736: where the program could be written by its uid, the mount does not let it."""
    pid = engine.api.engine_facts()["Pid"]
    program = os.stat(f"/proc/{pid}/exe")
    is_ours = program.st_uid == os.getuid() or MACHINE_ROOT
    is_read_only = bool(os.statvfs(f"/proc/{pid}/exe").f_flag & os.ST_RDONLY)
    assert is_read_only or not is_ours


# ------------------------------------------------------------------------------- the report


def test_confinement_by_default(engine):
    box = engine.run("busybox", ["sleep", "100"], detach=True, name="held")
    try:
        found = box.confinement()
        assert len(found.capabilities["effective"]) == 14
        assert found.seccomp == "filtering"
        assert {"mount", "unshare", "keyctl", "bpf", "reboot", "setns"} <= found.denied.keys()
        assert found.denied["clone3"] == "ENOSYS"
        assert (
            not {"read", "openat", "fork", "clone", "pause", "exit", "kill"} & found.denied.keys()
        )
        assert found.tried > 300
        assert set(found.own_namespaces) == {"mount", "pid", "network", "uts", "ipc", "cgroup"}
        assert "/proc/keys" in found.masked
        assert {"/proc/sys", "/sys"} <= set(found.read_only)
        assert found.root_is_machine_root == MACHINE_ROOT
        assert not found.no_new_privileges
        assert box.top().rows()[0][-1].startswith("sleep"), "something of it stayed behind"
        assert len(box.top()) == 1
        told = succeeds("confinement", "held")
        assert "14 of 41: chown dac_override" in told
        assert json.loads(succeeds("confinement", "--json", "held"))["Seccomp"] == "filtering"
    finally:
        box.remove(force=True)
    with pytest.raises(errors.NotFound):
        engine.api.container_confinement("held")


def test_confinement_without_a_single_program_in_the_image(engine):
    """hello-world has no shell; and it is read-only, without network and without power."""
    box = engine.run(
        "busybox", ["sleep", "100"], detach=True, read_only=True, network="none", cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )  # fmt: skip
    try:
        box.exec(["true"])
        found = box.confinement()
        assert found.capabilities["effective"] == found.capabilities["bounding"] == []
        assert found.no_new_privileges
        assert "/" in found.read_only
        assert "chroot" in found.denied
    finally:
        box.remove(force=True)


def test_confinement_of_nothing(engine):
    told = succeeds("confinement")
    assert "namespaces of its own" in told
    with (
        pytest.raises(errors.Conflict, match="is not running"),
        engine.create("busybox", ["true"]) as box,
    ):
        box.confinement()


def test_confinement_is_honest_about_a_profile_it_cannot_live_under(engine, profile):
    rule = {"names": ["clone", "clone3", "fork", "vfork"], "action": "SCMP_ACT_ERRNO"}
    path = profile(defaultAction="SCMP_ACT_ALLOW", syscalls=[rule])
    with engine.create("busybox", ["sleep", "100"], security_opt=[f"seccomp={path}"]) as box:
        box.start()
        with pytest.raises(errors.SystemFailure, match="cannot look around"):
            box.confinement()
