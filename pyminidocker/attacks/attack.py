"""What an attack is, and what came of trying it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyminidocker.attacks.arena import Arena

# Leaves the container: must fail at Docker's defaults, whatever the program is.
ESCAPE = "escape"
# Reaches a part of the kernel in which ways out were found before: at Docker's defaults, closed.
SURFACE = "surface"
# A power of root that the container may well have by default, and that hardening takes away.
POWER = "power"

STOPPED = "stopped"
SUCCEEDED = "succeeded"
UNTRIED = "untried"
BROKEN = "broken"  # a defect of the attack itself; never an outcome


@dataclass(frozen=True)
class Attack:
    """One way to do harm from inside a container.

    Attributes:
        id: short name, e.g. ``"release-agent"``.
        title: what it does, in a few words.
        aim: ``ESCAPE``, ``SURFACE`` or ``POWER``.
        story: what the attacker wants and how, for people.
        barrier: what is expected to stop it.
        source: where it is known from: a CVE, a man page, a paper.
        program: Python that runs inside; it ends by ``won(evidence)``, ``lost(evidence)`` or
            ``untried(why)`` of ``kit``.
        scene: instead of ``program``: plays the attack with a part on the host.
        options: how its container is run in addition to the level's options.
        opens_at: the strictest level at which it may succeed; "" for never.
    """

    id: str
    title: str
    aim: str
    story: str
    barrier: str
    source: str
    program: str = ""
    scene: Callable[[Arena], Attempt] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    opens_at: str = ""


@dataclass(frozen=True)
class Attempt:
    """What came of one attack at one level.

    Attributes:
        attack: its id.
        level: the level's name.
        outcome: ``"stopped"``, ``"succeeded"`` or ``"untried"``.
        evidence: what was seen: the call and its error, or what was gained.
    """

    attack: str
    level: str
    outcome: str
    evidence: str

    @property
    def stopped(self) -> bool:
        """It was tried, and nothing came of it."""
        return self.outcome == STOPPED

    @property
    def succeeded(self) -> bool:
        """The attacker got what was wanted."""
        return self.outcome == SUCCEEDED

    def __str__(self) -> str:
        return f"{self.attack} at {self.level}: {self.outcome} ({self.evidence})"
