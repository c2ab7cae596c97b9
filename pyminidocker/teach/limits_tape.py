"""A tape of experiments with limits, for hosts that can limit nothing, or not everything.

``python -m pyminidocker.teach.record_limits`` runs the cells of the lesson on a host that can, and
writes down what every call on a container answered.  Where this host refuses a limit, a container
from the tape answers instead, and says that it is one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from pyminidocker.client.cgroup import Cgroup
from pyminidocker.client.container import Container
from pyminidocker.client.results import RunResult
from pyminidocker.client.stats import Stats
from pyminidocker.errors import Unavailable

PLACE = Path(__file__).with_name("recordings") / "limits.json"
Tape = dict[str, list[Any]]
# What may be asked of a container from the tape, and does nothing but return it.
_SILENT = frozenset(("start", "remove", "kill", "stop", "reload", "pause", "unpause"))


def load() -> tuple[str, Tape]:
    """Return where and when the tape was recorded, and the tape."""
    told = json.loads(PLACE.read_text(encoding="utf-8"))
    return str(told["recorded"]), dict(told["tape"])


def save(recorded: str, tape: Tape) -> None:
    """Write a tape."""
    PLACE.parent.mkdir(exist_ok=True)
    text = json.dumps({"recorded": recorded, "tape": tape}, indent=1, sort_keys=True)
    PLACE.write_text(text + "\n", encoding="utf-8")


def encode(value: Any) -> Any:
    """Return a value as the tape keeps it."""
    if isinstance(value, RunResult):
        return {"output": [value.stdout, value.stderr, value.exit_code]}
    if isinstance(value, Stats):
        return {"stats": asdict(value)}
    if isinstance(value, Container):
        return {"container": True}
    return value


def decode(value: Any) -> Any:
    """Return a value that the tape keeps."""
    if isinstance(value, dict) and set(value) == {"output"}:
        out, error, code = value["output"]
        return RunResult(out.encode(), error.encode(), code)
    if isinstance(value, dict) and set(value) == {"stats"}:
        facts = value["stats"]
        return Stats(**{**facts, "estimated": tuple(facts["estimated"])})
    return value


def _needed(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return what the lesson looks at of what ``inspect`` says; the rest is of one machine only."""
    host, state = attrs["HostConfig"], attrs["State"]
    return {
        "RestartCount": attrs["RestartCount"],
        "State": {name: state[name] for name in ("Status", "ExitCode", "OOMKilled")},
        "HostConfig": {name: host[name] for name in ("Memory", "MemorySwap", "RestartPolicy")},
    }


def call_key(prefix: str, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Return what a call is filed under."""
    words = [repr(one) for one in args] + [f"{key}={options[key]!r}" for key in sorted(options)]
    return f"{prefix}.{name}({', '.join(words)})"


class Recorder:
    """A container, or a part of one, whose answers are written down.

    Args:
        real: what answers.
        prefix: the beginning of all keys.
        tape: where it is written.
    """

    def __init__(self, real: Any, prefix: str, tape: Tape) -> None:
        self._real, self._prefix, self._tape = real, prefix, tape

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if isinstance(value, Cgroup):
            return Recorder(value, f"{self._prefix}.{name}", self._tape)
        if not callable(value):
            kept = _needed(value) if name == "attrs" else encode(value)
            self._tape.setdefault(f"{self._prefix}.{name}", []).append(kept)
            return value

        def call(*args: Any, **options: Any) -> Any:
            result = value(*args, **options)
            key = call_key(self._prefix, name, args, options)
            self._tape.setdefault(key, []).append(encode(result))
            return self if isinstance(result, Container) else result

        return call


class Recorded:
    """A container, or a part of one, that answers from the tape.

    Attributes:
        asked: what its limits were changed to meanwhile.

    Args:
        prefix: the container's name, and what part of it this is.
        tape: the whole tape.
        recorded: where and when.
        limits: what it was made with.
    """

    def __init__(
        self, prefix: str, tape: Tape, recorded: str, limits: dict[str, Any] | None = None
    ) -> None:
        self._prefix, self._tape, self._recorded = prefix, tape, recorded
        self._turns: dict[str, int] = {}
        self.asked: dict[str, Any] = dict(limits or {})

    @property
    def name(self) -> str:
        """What the container is called."""
        return self._prefix.partition(".")[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, **limits: Any) -> Recorded:
        """Remember what was asked for; nothing runs that could be limited."""
        self.asked.update(limits)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _SILENT:
            return lambda *_, **__: self
        key = f"{self._prefix}.{name}"
        if key in self._tape:
            return self._next(key)
        if any(other.startswith(f"{key}.") for other in self._tape):
            return Recorded(key, self._tape, self._recorded)
        return self._function(name)

    def _function(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            return self._next(call_key(self._prefix, name, args, options))

        return call

    def _next(self, key: str) -> Any:
        """Return the next answer under a key; the last one again and again."""
        answers = self._tape.get(key)
        if not answers:
            raise Unavailable(
                f"this container was {self._recorded}, and nobody asked it for {key}",
                hint="on a host with control groups of your own it would be a real one",
            )
        turn = self._turns.get(key, 0)
        self._turns[key] = turn + 1
        return decode(answers[min(turn, len(answers) - 1)])

    def __repr__(self) -> str:
        return f"<container {self._prefix}, {self._recorded}: nothing of it runs here>"
