"""The life of one container, read from the engine's events: states, ways between them, times.

Events say what happened and not what the state is; the same rules that the engine goes by tell.
Only a ``die`` leaves a choice: with a restart policy that holds, the container is not over.

See: moby daemon/events.go, restartmanager/restartmanager.go; docs.docker.com, "docker events".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyminidocker.kernel.signals import NAMES, parse_signal
from pyminidocker.widgets.life.words import ENDED, WAYS, exit_words

STATES = ("created", "running", "paused", "restarting", "exited", "dead", "removed")
_SIGKILL = 9
_POLICIES = ("always", "unless-stopped")
# What these events make of a container; ``die``, ``stop`` and ``kill`` depend on more.
_LEADS_TO = {
    "create": "created",
    "start": "running",
    "pause": "paused",
    "unpause": "running",
    "destroy": "removed",
}
_DIE_LEADS_TO = ("exited", "restarting")


@dataclass(frozen=True, slots=True)
class Stay:
    """One time in one state.

    Attributes:
        state: which.
        since: when it began, seconds since the epoch.
        way: how it got there, a key of ``words.WAYS``; empty when nobody saw it.
        exit_code: of the life that ended with it, if one did.
        signals: what the engine had sent before that end.
        is_oom: the kernel had killed a process for lack of memory.
    """

    state: str
    since: float
    way: str = ""
    exit_code: int | None = None
    signals: tuple[str, ...] = ()
    is_oom: bool = False

    def says(self) -> str:
        """Tell how it came to this, in one line."""
        said = WAYS.get(self.way, "")
        if self.exit_code is None:
            return said
        ended = f"exit code {self.exit_code} ({exit_words(self.exit_code)})"
        if self.signals:
            ended += f" after {', then '.join(self.signals)}"
        if self.is_oom:
            ended += "; the memory limit was reached"
        return f"{said}: {ended}" if said else ended


@dataclass(slots=True)
class Life:
    """What is known of a container's life.

    Attributes:
        name: the container's.
        policy: of restarting; ``most`` is its count, 0 when it has none.
        stop_signal: what ``stop`` sends first.
        stays: the states it was in, oldest first.
        error: why it could not be started, when it could not.
        is_complete: its beginning was seen; otherwise it is older than the engine's memory.
    """

    name: str
    policy: str = "no"
    most: int = 0
    stop_signal: int = 15
    stays: list[Stay] = field(default_factory=list)
    error: str = ""
    is_complete: bool = True
    restarts: int = 0
    _signals: list[str] = field(default_factory=list)
    _is_stopped: bool = False  # by somebody, so that no policy restarts it
    _is_oom: bool = False

    # -- what it says ------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The present state; empty when nothing is known yet."""
        return self.stays[-1].state if self.stays else ""

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last life that ended; None when none did."""
        return next((stay.exit_code for stay in reversed(self.stays) if stay.exit_code is not None),
                    None)  # fmt: skip

    def visits(self, state: str) -> int:
        """Return how often it was in a state."""
        return sum(stay.state == state for stay in self.stays)

    def last(self, state: str) -> Stay | None:
        """Return its last stay in a state."""
        return next((stay for stay in reversed(self.stays) if stay.state == state), None)

    def walked(self) -> dict[tuple[str, str], int]:
        """Return how often it went from one state to another."""
        ways: dict[tuple[str, str], int] = {}
        for before, after in zip(self.stays, self.stays[1:], strict=False):
            way = (before.state, after.state)
            ways[way] = ways.get(way, 0) + 1
        return ways

    def seconds(self, now: float) -> dict[str, float]:
        """Return how long it was in each state, until ``now`` (seconds since the epoch)."""
        spent: dict[str, float] = {}
        for stay, after in zip(self.stays, [*self.stays[1:], None], strict=True):
            end = now if after is None else after.since
            spent[stay.state] = spent.get(stay.state, 0.0) + max(end - stay.since, 0.0)
        return spent

    def path(self) -> str:
        """Return the states in their order, ends with their exit codes."""
        return " → ".join(
            stay.state if stay.exit_code is None else f"{stay.state} ({stay.exit_code})"
            for stay in self.stays
        )

    def summary(self) -> str:
        """Say in one sentence where it is."""
        said = f"{self.name} is {self.state or 'unknown'}"
        if self.state in ("exited", "restarting") and self.exit_code is not None:
            said += f", exit code {self.exit_code}"
        return f"{said}."

    # -- what it is told ---------------------------------------------------------------------

    def take_settings(self, attrs: Mapping[str, Any]) -> None:
        """Read name, policy and stop signal from what ``inspect`` says."""
        self.name = str(attrs["Name"]).removeprefix("/")
        policy = attrs["HostConfig"].get("RestartPolicy") or {}
        self.policy = policy.get("Name") or "no"
        self.most = int(policy.get("MaximumRetryCount") or 0)
        self.stop_signal = parse_signal(attrs["Config"].get("StopSignal") or "SIGTERM")
        self.error = str(attrs["State"].get("Error") or "")

    def feed(self, event: Mapping[str, Any]) -> bool:
        """Take one event of this container; tell whether it changed the state."""
        action = str(event.get("Action") or "")
        facts = event.get("Actor", {}).get("Attributes", {})
        moment = float(event.get("timeNano") or 0) / 1e9
        before = len(self.stays)
        if action in _LEADS_TO or action == "die":
            self._forget_guess(action, moment)
            before = -1  # news, also when it only confirms
        if action in _LEADS_TO:
            self._go(_LEADS_TO[action], moment, action)
        elif action == "die":
            self._die(int(facts.get("exitCode") or 0), moment)
        elif action == "stop" and self.state == "restarting":
            self._go("exited", moment, "stop")
        elif action == "kill":
            number = int(facts.get("signal") or 0)
            self._signals.append(NAMES.get(number, str(number)))
            self._is_stopped |= number in (self.stop_signal, _SIGKILL)
        elif action == "oom":
            self._is_oom = True
        elif action == "rename":
            self.name = str(facts.get("name") or self.name)
        return len(self.stays) > before

    def correct(self, state: str, moment: float, exit_code: int | None = None) -> bool:
        """Take the state that ``inspect`` tells, when events did not tell it; say whether so.

        An engine may say "running" a moment before it tells of the start; the event then takes the
        place of what is noted here.
        """
        if state not in STATES or state == self.state:
            return False
        ended = exit_code if state in ENDED else None
        self.stays.append(Stay(state, moment, "", ended))
        return True

    def _go(self, state: str, moment: float, way: str, **facts: Any) -> None:
        if state == "running" and way == "start":
            if self.state in ("running", "paused"):
                # It ended together with its engine, which could not tell any more.
                self.stays.append(Stay("exited", moment, "unseen"))
            self._signals.clear()
            self._is_stopped = self._is_oom = False
            way = "again" if self.state == "restarting" else "start"
            if way == "start":
                self.restarts = 0  # whoever starts it by hand begins to count anew
        self.stays.append(Stay(state, moment, way, **facts))

    def _forget_guess(self, action: str, moment: float) -> None:
        """Drop what ``correct`` noted when the event for it, or one before it, comes after all."""
        if not self.stays or self.stays[-1].way:
            return
        guess = self.stays[-1]
        comes_now = guess.state in (_LEADS_TO.get(action), *_DIE_LEADS_TO * (action == "die"))
        if comes_now or moment <= guess.since:
            self.stays.pop()

    def _die(self, exit_code: int, moment: float) -> None:
        goes_on = self._is_restarted_after(exit_code)
        self.restarts += goes_on
        state, way = ("restarting", "policy") if goes_on else ("exited", "end")
        self._go(state, moment, way, exit_code=exit_code, signals=tuple(self._signals),
                 is_oom=self._is_oom)  # fmt: skip

    def _is_restarted_after(self, exit_code: int) -> bool:
        if self._is_stopped:
            return False
        if self.policy == "on-failure":
            return exit_code != 0 and (not self.most or self.restarts < self.most)
        return self.policy in _POLICIES


def begin(attrs: Mapping[str, Any]) -> Life:
    """Return a life with the settings of a container, and nothing in it yet."""
    life = Life("")
    life.take_settings(attrs)
    return life
