"""What a walk knows: one request, the steps of its first packet and of the answer, and evidence.

A step is there because something was seen: a packet in a capture, a rule's counter that went up, an
entry in the kernel's table of connections, a socket of our own.  What left no trace is not a step.
"""

import re
from dataclasses import dataclass

_EPHEMERAL = re.compile(r":(3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\b")

SEEN, REWRITTEN, PROXIED, ENDED = "seen", "rewritten", "proxied", "ended"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why we know.

    Args:
        kind: ``capture``, ``rule``, ``conntrack`` or ``socket``.
        text: what it says.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a packet.

    Args:
        kind: ``seen`` on an interface, ``rewritten`` between two, ``proxied`` (a new connection
            takes over) or ``ended`` (the last that is known of it).
        host: the lab host, or ``the machine``.
        place: the interface, or what rewrote it, for people.
        source: ``172.17.0.2:40000`` as the packet says here.
        destination: the same.
        was_source: before this step, when it changed.
        was_destination: the same.
        note: what else is to be said: forwarded, why it ended.
        outer: of a packed frame: source, destination and VNI of the packet around it.
        evidence: why we know.
        at_us: microseconds since the first step; -1 where no clock was read.
    """

    kind: str
    host: str
    place: str
    source: str
    destination: str
    was_source: str = ""
    was_destination: str = ""
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    at_us: float = -1.0
    outer: tuple[str, str, int] | None = None

    @property
    def packed(self) -> str:
        """What is around the frame, in words; "" when nothing is."""
        if self.outer is None:
            return ""
        source, destination, vni = self.outer
        return f"packed into UDP, {source} to {destination}, VNI {vni}"


@dataclass(frozen=True, slots=True)
class Walk:
    """One request, followed.

    Args:
        source: who asked, for people.
        destination: what was asked for.
        how: ``tcp`` or ``ping``.
        outcome: what became of the request, for people.
        succeeded: it was answered as wished.
        there: the steps of the first packet.
        back: the steps of the answer.
        counted: rules that counted meanwhile: (chain, text, packets).
        notes: what is to be said about the walk as a whole.
    """

    source: str
    destination: str
    how: str
    outcome: str
    succeeded: bool
    there: tuple[Step, ...]
    back: tuple[Step, ...]
    counted: tuple[tuple[str, str, int], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the walk is about, in a few words."""
        verb = "pings" if self.how == "ping" else "connects to"
        return f"{self.source} {verb} {self.destination}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, there and back."""
        return (*self.there, *self.back)

    def rewrites(self) -> int:
        """Count how often an address or a port was rewritten."""
        return sum(step.kind == REWRITTEN for step in self.steps)


def steady(text: str) -> str:
    """Return ``text`` without ports that the kernel picked, which differ from run to run."""
    return _EPHEMERAL.sub(":*", text)
