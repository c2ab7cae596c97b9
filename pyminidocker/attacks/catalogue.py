"""All attacks, group by group."""

from __future__ import annotations

from pyminidocker.attacks.attack import Attack

ATTACKS: tuple[Attack, ...] = ()


def find(attack_id: str) -> Attack:
    """Return the attack of this id.

    Raises:
        KeyError: there is none.
    """
    for attack in ATTACKS:
        if attack.id == attack_id:
            return attack
    raise KeyError(attack_id)
