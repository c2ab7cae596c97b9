"""Where a scene is played: an engine, a level of hardening, and things on the host to watch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyminidocker.attacks.attack import STOPPED, SUCCEEDED, UNTRIED, Attack, Attempt
from pyminidocker.attacks.levels import Level

if TYPE_CHECKING:
    from pyminidocker.attacks.watch import Watch
    from pyminidocker.client.engine import Engine
    from pyminidocker.client.results import RunResult


class Arena:
    """One attempt of one attack.

    Attributes:
        engine: whose containers.
        attack: what is played.
        level: how its containers are hardened.
        watch: the host's things: a file with a secret, settings that must not change.
    """

    def __init__(self, engine: Engine, attack: Attack, level: Level, watch: Watch) -> None:
        self.engine = engine
        self.attack = attack
        self.level = level
        self.watch = watch

    @cached_property
    def has_single_id(self) -> bool:
        """The lab has one user only: nobody else can be started in it."""
        uid_map: str = self.engine.api.engine_facts()["UidMap"]
        return uid_map.split()[2:] == ["1"]

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the options of the level, of the attack and of this call, in one."""
        merged = {**self.level.options, **self.attack.options}
        if self.has_single_id:
            merged.pop("user", None)
        for name, value in more.items():
            old = merged.get(name)
            merged[name] = [*old, *value] if isinstance(old, list) else value
        return merged

    def run(self, command: Any, image: str = "python", **more: Any) -> RunResult:
        """Run a command in a container of this level and return what it said."""
        said: RunResult = self.engine.run(image, command, **self.options(**more))
        return said

    def stopped(self, evidence: str, attack_id: str = "") -> Attempt:
        """Return the attempt (or that of another attack) as one that was stopped."""
        return Attempt(attack_id or self.attack.id, self.level.name, STOPPED, evidence)

    def succeeded(self, evidence: str) -> Attempt:
        """Return the attempt as one that succeeded."""
        return Attempt(self.attack.id, self.level.name, SUCCEEDED, evidence)

    def untried(self, why: str) -> Attempt:
        """Return the attempt as one that could not be made here."""
        return Attempt(self.attack.id, self.level.name, UNTRIED, why)
