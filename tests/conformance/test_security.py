"""Hardening by Docker's own clients, and a profile that others wrote."""

import json
from pathlib import Path

import pytest

from pyminidocker.kernel.seccomp import ALLOW
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES, syscall_numbers
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES
from pyminidocker.runtime.seccomp_file import compile_profile, read_profile
from tests.unit.kernel.test_seccomp import run_bpf

PODMANS = Path("/usr/share/containers/seccomp.json")


@pytest.mark.requires("docker-cli")
def test_dockers_command_line(docker, tmp_path):
    profile = tmp_path / "profile.json"
    profile.write_text(
        json.dumps(
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [
                    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}
                ],
            }
        )
    )
    said = docker("run", "--rm", "--security-opt", f"seccomp={profile}", "busybox", "mkdir", "/x")
    assert "No space left on device" in said.stderr
    said = docker(
        "run", "--rm", "--cap-drop", "all", "--cap-add", "kill", "--security-opt",
        "no-new-privileges", "--read-only", "busybox", "sh", "-c",
        "grep -e CapEff -e NoNew /proc/self/status; touch /x",
    )  # fmt: skip
    assert "CapEff:\t0000000000000020\nNoNewPrivs:\t1\n" in said.stdout
    assert "Read-only file system" in said.stderr
    said = docker("run", "--rm", "--device", "/dev/zero:/dev/z", "busybox", "ls", "-l", "/dev/z")
    assert said.stdout.startswith("crw")
    said = docker("run", "--rm", "--cap-add", "nope", "busybox", "true")
    assert 'invalid CapAdd: unknown capability: "CAP_NOPE"' in said.stderr


@pytest.mark.requires("docker-cli", "root")
def test_system_paths_as_dockers_command_line_says_it(docker):
    """It sends empty lists of paths and no option."""
    said = docker("run", "--rm", "--security-opt", "systempaths=unconfined", "busybox", "true")
    assert said.returncode == 125
    assert "systempaths=unconfined is refused" in said.stderr


def test_docker_py(sdk):
    said = sdk.containers.run(
        "busybox", ["grep", "CapEff", "/proc/self/status"], remove=True, cap_drop=["ALL"],
        security_opt=["no-new-privileges"], read_only=True, devices=["/dev/zero:/dev/z:rwm"],
    )  # fmt: skip
    assert said == b"CapEff:\t0000000000000000\n"


@pytest.mark.requires("podman")
def test_podmans_profile_can_be_used(engine):
    """It has hundreds of lines, and every kind of condition."""
    text = PODMANS.read_text()
    numbers = syscall_numbers("x86_64")
    for capabilities, is_admin in ((DEFAULT_CAPABILITIES, False), (("CAP_SYS_ADMIN",), True)):
        program = compile_profile(read_profile(text), capabilities, machine="x86_64")
        for name, allowed in (("read", True), ("bpf", is_admin), ("kexec_load", False)):
            told = run_bpf(program, numbers[name], (), AUDIT_ARCHITECTURES["x86_64"])
            assert (told == ALLOW) == allowed, f"{name} with {len(capabilities)}: {told:#x}"
    said = engine.run("busybox", ["sh", "-c", "ls / | wc -l"], security_opt=[f"seccomp={PODMANS}"])
    assert int(said.stdout) > 5
