"""Experiments with limits on any host: real ones where it can limit, recorded ones where not.

What a host can limit depends on who runs the engine.  Root can; an ordinary user can when somebody
has handed some control groups over, and often some controllers are among them and others not.  So
this is decided container by container, by trying.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound, NotImplementedHere
from pyminidocker.teach import limits_tape
from pyminidocker.teach.cards import Card

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.teach.limits_tape import Recorded

# what is tried, and what to call it
TRIED = (
    ("memory", {"memory": "64m"}),
    ("processor time (--cpus)", {"cpus": 0.5}),
    ("weight (--cpu-shares)", {"cpu_shares": 512}),
    ("choice of processors (--cpuset-cpus)", {"cpuset_cpus": "0"}),
    ("number of processes (--pids-limit)", {"pids_limit": 20}),
)
_TRIAL = "tightrope"


class LimitedEngine:
    """The engine; of what it cannot limit here, a recording.

    Args:
        real: the engine.
    """

    def __init__(self, real: Engine) -> None:
        self.real = real
        self.recorded: dict[str, Recorded] = {}
        self.reasons: dict[str, str] = {}

    def create(self, image: str, command: Any = None, *, name: str, **options: Any) -> Any:
        """Create a container, as ``Engine.create``; a recorded one where a limit is refused."""
        self.recorded.pop(name, None)
        try:
            return self.real.create(image, command, name=name, fresh=True, **options)
        except NotImplementedHere as error:
            recorded, tape = limits_tape.load()
            made = limits_tape.Recorded(name, tape, recorded, options)
            self.recorded[name], self.reasons[name] = made, str(error)
            sys.stdout.write(f"({name} answers from a tape, {recorded}. Here, {error}.)\n")
            return made

    def run(self, image: str, command: Any = None, *, name: str, **options: Any) -> Any:
        """Create a container and start it; it goes on while the next lines run."""
        return self.create(image, command, name=name, **options).start()

    def container(self, name: str) -> Any:
        """Return a container of that name, recorded or real.

        Raises:
            NotFound: there is none.
        """
        return self.recorded[name] if name in self.recorded else self.real.container(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class LimitsLab:
    """What this host can limit, shown as a card, and an engine to try it with.

    Attributes:
        engine: like ``lesson.engine``, with recordings where this host cannot.
        refused: {what cannot be limited here: why}; its remedies are in ``remedies``.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = LimitedEngine(engine)
        self.refused: dict[str, str] = {}
        self.remedies: list[str] = []
        self._version = "none"
        for what, limits in TRIED:
            try:
                with engine.create("busybox", "sleep 10", name=_TRIAL, fresh=True, **limits) as box:
                    box.start()
                    self._version = box.cgroup.version
            except MiniDockerError as error:
                self.refused[what] = str(error).partition(" on this host: ")[2] or str(error)
                if error.hint not in self.remedies:
                    self.remedies.append(error.hint)

    @property
    def is_real(self) -> bool:
        """Whether everything in this lesson can be tried here."""
        return not self.refused

    def is_recorded(self, name: str) -> bool:
        """Whether a container is one from the tape."""
        return name in self.engine.recorded

    def gauge(self, container: Any) -> Any:
        """Return a gauge for a container; a finished one for a container from the tape."""
        from pyminidocker.widgets import gauge

        if isinstance(container, limits_tape.Recorded):
            return recorded_gauge(container)
        return gauge(container, interval_s=0.1)

    def card(self) -> Card:
        """Show what can be limited here, and by which files."""
        lines = [
            f"- {what}: " + (f"no, {self.refused[what]}" if what in self.refused else "yes")
            for what, _ in TRIED
        ]
        lines.insert(0, f"Control groups of version {self._version.removeprefix('v')}.")
        if self._version == "none":
            lines[0] = "No control groups for us on this host."
        if self.refused:
            recorded, _ = limits_tape.load()
            lines.append(
                f"Where it says no, containers in this lesson answer from a tape, {recorded}. Each"
                " of them says so. What to do about it:"
            )
            lines += [f" {line}" for remedy in self.remedies for line in remedy.splitlines()]
        return Card("note", "WHAT THIS HOST CAN LIMIT, BY TRYING", tuple(lines))

    def __repr__(self) -> str:
        return self.card().text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        card = self.card()
        return {"text/plain": card.text(), "text/html": card.html()}


def recorded_gauge(container: Recorded) -> Any:
    """Return the gauge of a run that was recorded.

    Raises:
        NotFound: nobody recorded one.
    """
    from pyminidocker.widgets.meters.model import End, Run
    from pyminidocker.widgets.meters.view import Gauge

    recorded, tape = limits_tape.load()
    told = tape.get(f"{container.name}.gauge")
    if not told:
        raise NotFound(f"no gauge of {container.name} was recorded")
    run = Run(f"{container.name} ({recorded})", told[0]["status"])
    for facts in told[0]["readings"]:
        run.readings.append(limits_tape.decode({"stats": facts}))
    if told[0]["end"]:
        run.end = End(*told[0]["end"])
    return Gauge(_Nobody(), "", run, version=told[0]["version"], live=False)


class _Nobody:
    """Stands for an engine that is not asked."""

    def close(self) -> None:
        """Nothing to close."""
