"""What a picture of boots knows: bars of parts with their seconds."""

from collections.abc import Iterable
from dataclasses import dataclass

MEANINGS = {
    "hypervisor": "qemu starts, and makes the machine: its memory, processor and devices",
    "firmware": "the machine's BIOS looks for devices and loads a kernel",
    "kernel": "the guest's kernel unpacks itself, takes its memory and sets up each device",
    "init": "the guest's first process mounts what every program expects",
    "shell": "the guest's shell answers its first command",
    "create": "the engine writes down what the container is, and makes its directory",
    "start": "a waiting process gets its mounts, network and rights, and becomes the program",
    "answer": "the program runs and answers",
    "process": "the kernel copies a process, and the copy becomes the program",
    "make": "seven calls: a machine, memory, a program, a processor, its registers",
    "run": "the guest runs and comes back until it halts",
}
HUES = {
    "hypervisor": "slate",
    "firmware": "violet",
    "kernel": "blue",
    "init": "orange",
    "shell": "green",
    "create": "slate",
    "start": "orange",
    "answer": "green",
    "process": "orange",
    "make": "slate",
    "run": "green",
}
_CYCLE = ("slate", "violet", "blue", "orange", "green", "red")


def say(seconds: float) -> str:
    """Return a time with two or three digits that count."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9995 or unit == "µs":
            value = seconds / size
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.3g} {unit}"
    return "0 s"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a boot.

    Args:
        name: in a word.
        seconds: how long it took.
    """

    name: str
    seconds: float

    @property
    def meaning(self) -> str:
        """What happens in it; "" for a name that is not ours."""
        return MEANINGS.get(self.name, "")

    @property
    def time(self) -> str:
        """How long it took, in words."""
        return say(self.seconds)


@dataclass(frozen=True, slots=True)
class Bar:
    """One boot.

    Args:
        name: of what.
        parts: in the order in which they happened.
        note: where the numbers come from, when not from here and now; "" otherwise.
    """

    name: str
    parts: tuple[Part, ...]
    note: str = ""

    @property
    def seconds(self) -> float:
        """From the beginning to the first answer."""
        return sum(part.seconds for part in self.parts)

    def share(self, part: Part) -> float:
        """Return which part of the whole ``part`` is, 0 to 1."""
        return part.seconds / self.seconds if self.seconds else 0.0

    def hue(self, number: int) -> str:
        """Return the colour of a part."""
        return HUES.get(self.parts[number].name) or _CYCLE[number % len(_CYCLE)]

    def says(self, number: int) -> str:
        """Return a part as a sentence."""
        part = self.parts[number]
        said = f"{self.name}, {part.name}: {part.time}, {self.share(part):.0%} of {self.time}"
        return f"{said}; {part.meaning}" if part.meaning else said

    @property
    def time(self) -> str:
        """How long all of it took, in words."""
        return say(self.seconds)


def bar(name: str, phases: Iterable[tuple[str, float]], note: str = "") -> Bar:
    """Make a bar of (name, seconds) pairs; what took no time at all is left out."""
    parts = tuple(Part(part, seconds) for part, seconds in phases if seconds > 0)
    return Bar(name, parts, note)


def summary(bars: tuple[Bar, ...]) -> str:
    """Return one sentence about all bars."""
    told = ", ".join(f"{one.name} {one.time}" for one in bars)
    slow, fast = max(bars, key=lambda b: b.seconds), min(bars, key=lambda b: b.seconds)
    if len(bars) < 2 or not fast.seconds:
        return f"Until the first answer: {told}."
    times = slow.seconds / fast.seconds
    factor = f"{times:.0f}" if times >= 9.95 else f"{times:.1f}"
    return (
        f"Until the first answer: {told}; {slow.name} took {factor} times as long as {fast.name}."
    )
