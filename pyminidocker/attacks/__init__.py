"""Attempts to break out of a container, as data, and what stops them.

Each ``Attack`` is a small program (or a scene with a part on the host) that really tries.
``attempt`` runs it at one of five ``LEVELS`` of hardening and says by evidence whether it was
stopped; ``sweep`` fills the whole matrix.  All of it happens in containers of one's own engine.

See: docs/decisions/0022-hardening.md.
"""

from pyminidocker.attacks.attack import ESCAPE, POWER, SURFACE, Attack, Attempt
from pyminidocker.attacks.catalogue import ATTACKS, find
from pyminidocker.attacks.levels import LEVELS, Level, level
from pyminidocker.attacks.matrix import Matrix
from pyminidocker.attacks.run import attempt, sweep

__all__ = [
    "ATTACKS", "ESCAPE", "LEVELS", "POWER", "SURFACE", "Attack", "Attempt", "Level", "Matrix",
    "attempt", "find", "level", "sweep",
]  # fmt: skip
