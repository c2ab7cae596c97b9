"""Who a container's process is: names, numbers, groups, and labs with few ids."""

import os

import pytest

from pyminidocker.kernel.userns import plan_maps
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")

HAS_RANGES = len(plan_maps(os.getuid(), os.getgid())[0]) > 1 or os.getuid() == 0
needs_ranges = pytest.mark.skipif(not HAS_RANGES, reason="this user has one id only")


@needs_ranges
@pytest.mark.parametrize(
    ("user", "groups", "printed"),
    [
        ("", [], "0:0:0"),
        ("bob", [], "1000:1001:1001 2000"),
        ("1000", [], "1000:1001:1001 2000"),
        ("bob:tty", [], "1000:5:5"),
        ("1234", [], "1234:0:0"),
        ("1234:77", [], "1234:77:77"),
        ("1234:77", ["friends", "88"], "1234:77:77 88 2000"),
    ],
)
def test_identity(scenario, user, groups, printed):
    script = "echo $(id -u):$(id -g):$(id -G)"
    result = scenario(lambda bench: bench.run(script, user=user, additional_groups=groups))
    assert result.out.strip() == printed


@needs_ranges
def test_an_ordinary_user_has_no_capabilities(scenario):
    script = "grep Cap /proc/self/status; cd; pwd; echo out > /dev/stdout"
    result = scenario(lambda bench: bench.run(script, user="bob"))
    rows = result.out.split()
    assert rows[rows.index("CapEff:") + 1] == "0" * 16
    assert rows[rows.index("CapBnd:") + 1] == "00000000a80425fb"
    assert rows[-2:] == ["/home/bob", "out"]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody", "unable to find user nobody: no matching entries in passwd file"),
        ("root:nogroup", "unable to find group nogroup: no matching entries in group file"),
        ("4294967296", "uids and gids must be in range 0-2147483647"),
    ],
)
def test_unknown_users(scenario, user, message):
    assert scenario(lambda bench: bench.run("true", user=user)).error["message"] == message


def test_single_id_lab(scenario):
    """One id only: root inside, chown a polite lie, other users a clear refusal."""

    def play(bench):
        return (
            bench.lab.single_id,
            bench.run("id -u; touch /f; chown 5:5 /f && echo pretended; stat -c %u /f"),
            bench.run("true", user="bob").error,
        )

    single, first, error = scenario(play, use_id_ranges=False)
    assert single
    assert first.out == "0\npretended\n0\n"
    assert error["errno"] == 22
    assert "newuidmap" in error["hint"]


def test_the_kernel_sees_the_owner(scenario):
    """Root inside is, for the host, whoever owns the engine."""

    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        with open(f"/proc/{started.host_pid}/uid_map") as file:
            return file.read().split()[:2]

    # Read by a process inside the same user namespace, the map reads as inside = inside.
    assert scenario(play)[0] == "0"


@pytest.mark.requires("user")
def test_a_newuidmap_that_fails_leaves_one_id(scenario, tmp_path, monkeypatch):
    """Installed but not setuid, or inside a container: the lab does with what is allowed."""
    helpers = tmp_path / "helpers"
    helpers.mkdir()
    for name in ("newuidmap", "newgidmap"):
        (helpers / name).write_text("#!/bin/sh\necho no such luck >&2\nexit 1\n")
        (helpers / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{helpers}:{os.environ['PATH']}")
    single, result = scenario(lambda bench: (bench.lab.single_id, bench.run("id -u")))
    assert single
    assert result.out == "0\n"
