"""Try attacks: one at one level, or all at all levels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.attacks.arena import Arena
from pyminidocker.attacks.attack import STOPPED, Attack, Attempt
from pyminidocker.attacks.inside.kit import VERDICT
from pyminidocker.attacks.levels import LEVELS, Level
from pyminidocker.attacks.matrix import Matrix
from pyminidocker.attacks.watch import Watch
from pyminidocker.errors import MiniDockerError, SystemFailure

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine

_INSIDE = Path(__file__).parent / "inside"
_IMPORT_OF_KIT = re.compile(
    r"^from pyminidocker\.attacks\.inside\.kit import (\([^)]*\)|[^\n]*)\n", re.MULTILINE
)


def attempt(
    engine: Engine, attack: Attack, at: Level = LEVELS[2], watch: Watch | None = None
) -> Attempt:
    """Try one attack.

    Args:
        engine: whose containers; it needs the images ``python`` and ``busybox``.
        attack: from ``ATTACKS``.
        at: a level of hardening; Docker's defaults when not said otherwise.
        watch: the host's side, where several attempts share one.

    Raises:
        SystemFailure: the attack itself is broken: it neither succeeded nor was stopped.
    """
    if watch is None:
        with Watch() as watch:
            return attempt(engine, attack, at, watch)
    arena = Arena(engine, attack, at, watch)
    told = attack.scene(arena) if attack.scene is not None else _program(arena)
    if told.outcome == STOPPED and (damage := watch.damage()):
        return arena.succeeded(damage)
    return told


def sweep(
    engine: Engine,
    attacks: Iterable[Attack] | None = None,
    levels: Iterable[Level] = LEVELS,
    tell: Callable[[Attempt], None] | None = None,
) -> Matrix:
    """Try attacks at levels and return all outcomes.

    Args:
        engine: whose containers.
        attacks: all of ``ATTACKS`` when not given.
        levels: all five when not given.
        tell: called after each attempt.

    Raises:
        SystemFailure: an attack is broken.
    """
    from pyminidocker.attacks.catalogue import ATTACKS

    chosen = list(ATTACKS if attacks is None else attacks)
    rows: list[Attempt] = []
    columns = list(levels)
    with Watch() as watch:
        for attack in chosen:
            for at in columns:
                rows.append(attempt(engine, attack, at, watch))
                if tell is not None:
                    tell(rows[-1])
    return Matrix(chosen, columns, rows)


def source_of(attack: Attack) -> str:
    """Return the whole text of the program that runs in the container."""
    module, _, function = attack.program.partition(":")
    kit = (_INSIDE / "kit.py").read_text()
    text = _IMPORT_OF_KIT.sub("", (_INSIDE / f"{module}.py").read_text())
    return f"{kit}\n{text}\nmain({function})\n"


def _program(arena: Arena) -> Attempt:
    try:
        said = arena.run(
            ["python3", "-I", "-S", "-c", source_of(arena.attack)],
            env=arena.watch.environment(),
        )
    except MiniDockerError as error:
        return arena.stopped(f"the engine refused: {error}")
    return verdict(arena, said.stdout, said.stderr, said.exit_code)


def verdict(arena: Arena, stdout: str, stderr: str, exit_code: int) -> Attempt:
    """Read how a program ended.

    Raises:
        SystemFailure: it did not say so, and was not killed by a signal.
    """
    for line in reversed(stdout.splitlines()):
        if line.startswith(VERDICT):
            outcome, evidence = json.loads(line.removeprefix(VERDICT))
            return Attempt(arena.attack.id, arena.level.name, outcome, evidence)
    if exit_code > 128:
        return arena.stopped(f"killed by signal {exit_code - 128}")
    last = (stderr.strip().splitlines() or ["it said nothing"])[-1]
    raise SystemFailure(f"attack {arena.attack.id} is broken at level {arena.level.name}: {last}")
