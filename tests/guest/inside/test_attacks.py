"""Attacks once more where the control groups are of version 2: those that are plain programs."""

from pyminidocker.attacks import ATTACKS, POWER, level, sweep


def test_none_succeeds_by_default(shared_engine):
    """All in one container; the others need scenes that take an emulated machine too long."""
    programs = [attack for attack in ATTACKS if attack.scene is None]
    outcomes = sweep(shared_engine, programs, [level("default")])
    reached = [outcomes.at(attack.id, "default") for attack in programs if attack.aim != POWER]
    assert len(reached) >= 40
    assert not [str(found) for found in reached if found.succeeded]
