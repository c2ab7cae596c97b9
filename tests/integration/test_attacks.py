"""Every attack is really tried at every level of hardening; what must not succeed, does not.

The same programs succeed where their barrier is missing: some on the host itself, the others at the
level that leaves the barrier out.  So a row of "stopped" says something.
"""

import os
import subprocess
import sys

import pytest

from pyminidocker.attacks import (
    ATTACKS,
    ESCAPE,
    LEVELS,
    POWER,
    SURFACE,
    Attack,
    attempt,
    find,
    level,
    sweep,
)
from pyminidocker.attacks.inside.kit import VERDICT
from pyminidocker.attacks.run import source_of
from pyminidocker.attacks.watch import Watch
from pyminidocker.errors import SystemFailure

ORDER = [one.name for one in LEVELS]
IDS = [attack.id for attack in ATTACKS]


@pytest.fixture(scope="module")
def matrix(shared_engine):
    """All attacks at all levels, once."""
    return sweep(shared_engine)


def test_there_are_enough():
    escapes = [attack for attack in ATTACKS if attack.aim == ESCAPE]
    assert len(escapes) >= 40
    assert len(set(IDS)) == len(IDS)
    known = " ".join(attack.source for attack in ATTACKS)
    for cve in (
        "CVE-2019-5736", "CVE-2016-9962", "CVE-2024-21626", "CVE-2021-30465", "CVE-2018-15664",
        "CVE-2022-0492", "CVE-2020-15257", "CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881",
    ):  # fmt: skip
        assert cve in known


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_it_succeeds_only_where_it_may(matrix, attack):
    for name in ORDER:
        found = matrix.at(attack.id, name)
        assert found.evidence, "an outcome without evidence"
        if found.succeeded:
            assert attack.opens_at, f"{found}"
            assert ORDER.index(name) <= ORDER.index(attack.opens_at), f"{found}"


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_no_escape_by_default(matrix, attack):
    """The one row that matters most: ``docker run`` without a single option."""
    found = matrix.at(attack.id, "default")
    assert not found.succeeded or attack.aim == POWER, f"{found}"


def test_nearly_all_could_be_tried(matrix):
    """A few need what this kernel has not got; the rest are real."""
    stopped, succeeded, untried = matrix.count("default")
    assert untried <= 6
    assert stopped + succeeded == len(ATTACKS) - untried
    assert matrix.count("strict")[1] == 0, matrix.succeeded("strict")


# ------------------------------------------------------------- the attacks are no blanks


@pytest.mark.parametrize(
    "attack",
    [attack for attack in ATTACKS if attack.aim in (SURFACE, POWER)],
    ids=lambda attack: attack.id,
)
def test_it_succeeds_without_its_barrier(shared_engine, matrix, attack):
    """At the loosest level; except what the kernel, or root's lab, refuses to everybody."""
    refused_by_root = {"fsconfig", "pivot-root", "mount-tmpfs", "host-name"}
    facts = shared_engine.api.engine_facts()
    if attack.id == "bpf" or (facts["UidMap"].split()[1] == "0" and attack.id in refused_by_root):
        assert "EPERM" in matrix.at(attack.id, "none").evidence
        return
    found = matrix.at(attack.id, "none")
    single = facts["UidMap"].split()[2:] == ["1"]
    assert found.succeeded or found.outcome == "untried" or single, f"{found}"


ON_THE_HOST = (
    "host-path proc-links shared-memory abstract-socket engine-socket host-loopback engine-memory"
    " leaked-descriptors"
).split()


@pytest.mark.parametrize("name", ON_THE_HOST)
def test_it_succeeds_on_the_host(shared_engine, name):
    """Outside of any container the same program reaches what it wants."""
    root_fd = os.open("/", os.O_RDONLY)
    victim = subprocess.Popen(["sleep", "60"])
    try:
        with Watch() as watch:
            environment = dict(item.split("=", 1) for item in watch.environment(shared_engine))
            environment["ATTACK_PIDS"] = str(victim.pid)
            run = subprocess.run(
                [sys.executable, "-I", "-S", "-c", source_of([find(name)])],
                env=environment,
                capture_output=True,
                text=True,
                pass_fds=[root_fd],
                timeout=30,
            )
    finally:
        os.close(root_fd)
        victim.kill()
        victim.wait()
    verdict = next(line for line in run.stdout.splitlines() if line.startswith(VERDICT))
    assert '"succeeded"' in verdict, verdict


def test_the_host_looks_for_itself():
    """An attacker who says "stopped" and has changed something is not believed."""
    with Watch() as watch:
        assert not watch.damage()
        planted = os.path.join(watch.directory, "planted")
        open(planted, "w").close()
        assert "planted" in watch.damage()
    assert not os.path.exists(watch.directory)


def test_a_broken_attack_is_not_a_stopped_one(engine):
    broken = Attack("broken", "", ESCAPE, "", "", "", program="host_files:no_such_function")
    with pytest.raises(SystemFailure, match="attack broken is broken at level default"):
        attempt(engine, broken)


def test_one_attack_alone(engine):
    found = attempt(engine, find("keyring"), level("capabilities"))
    assert str(found).startswith("keyring at capabilities: ")
    assert attempt(engine, find("keyring")).stopped
