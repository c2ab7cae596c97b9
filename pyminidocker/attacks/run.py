"""Try attacks: one at one level, or all at all levels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.attacks.arena import Arena
from pyminidocker.attacks.attack import BROKEN, STOPPED, Attack, Attempt
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
    if attack.scene is not None:
        told = attack.scene(arena)
    else:
        told = _programs(arena, [attack])[attack.id]
    return _looked_at(arena, told)


def _looked_at(arena: Arena, told: Attempt) -> Attempt:
    """Return an attempt as the host sees it, whatever the attacker says."""
    if told.outcome == STOPPED and (damage := arena.watch.damage()):
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
    programs = [attack for attack in chosen if attack.scene is None]
    rows: list[Attempt] = []
    columns = list(levels)
    with Watch() as watch:
        for at in columns:
            found: dict[str, Attempt] = {}
            if programs:
                arena = Arena(engine, programs[0], at, watch)
                found = _programs(arena, programs)
                if watch.damage():  # one by one they will show whose it is
                    found = {}
            for attack in chosen:
                told = found.get(attack.id) or attempt(engine, attack, at, watch)
                rows.append(told)
                if tell is not None:
                    tell(told)
    return Matrix(chosen, columns, rows)


def source_of(attacks: Sequence[Attack]) -> str:
    """Return the whole text of the program that runs in the container."""
    parts = [(_INSIDE / "kit.py").read_text()]
    places = [attack.program.partition(":")[::2] for attack in attacks]
    parts += [
        _IMPORT_OF_KIT.sub("", (_INSIDE / f"{module}.py").read_text())
        for module in dict.fromkeys(module for module, _ in places)
    ]
    table = ", ".join(
        f"{attack.id!r}: {function}" for attack, (_, function) in zip(attacks, places, strict=True)
    )
    return "\n".join([*parts, f"main({{{table}}})\n"])


def _programs(arena: Arena, attacks: Sequence[Attack]) -> dict[str, Attempt]:
    """Run programs in one container, each in a process of its own."""
    try:
        said = arena.run(
            ["python3", "-I", "-S", "-c", source_of(attacks)],
            env=arena.watch.environment(arena.engine),
        )
    except MiniDockerError as error:
        return {one.id: arena.stopped(f"the engine refused: {error}", one.id) for one in attacks}
    return verdicts(arena, attacks, said.stdout, said.stderr, said.exit_code)


def verdicts(
    arena: Arena, attacks: Sequence[Attack], stdout: str, stderr: str, exit_code: int
) -> dict[str, Attempt]:
    """Read how programs ended.

    Raises:
        SystemFailure: one did not say so, and was not killed by a signal.
    """
    found: dict[str, Attempt] = {}
    for line in stdout.splitlines():
        if line.startswith(VERDICT):
            name, outcome, evidence = json.loads(line.removeprefix(VERDICT))
            found[name] = Attempt(name, arena.level.name, outcome, evidence)
    for attack in attacks:
        told = found.get(attack.id)
        if told is None and exit_code > 128:
            found[attack.id] = arena.stopped(f"killed by signal {exit_code - 128}", attack.id)
        elif told is None or told.outcome == BROKEN:
            last = (stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise SystemFailure(
                f"attack {attack.id} is broken at level {arena.level.name}:"
                f" {told.evidence if told else last}"
            )
    return found
