"""What KVM took on another machine: shown, with its label, where it cannot be measured."""

import json
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("recording.json")


class Recorded(NamedTuple):
    """Times of a machine that is not this one; medians.

    Attributes:
        label: on which machine and when; belongs beside every number.
        n: how many guests were measured.
        steps: each step of the plan but the last with its seconds.
        exit_s: one exit and back, seconds.
        instruction_s: one instruction in a loop that needs nobody, seconds.
    """

    label: str
    n: int
    steps: tuple[tuple[str, float], ...]
    exit_s: float
    instruction_s: float

    @property
    def setup_s(self) -> float:
        """From nothing to a guest that can run, seconds."""
        return sum(seconds for _, seconds in self.steps)

    def __str__(self) -> str:
        lines = [f"{seconds * 1e6:>9.0f} µs  {text}" for text, seconds in self.steps]
        lines += [
            f"{self.setup_s * 1e6:>9.0f} µs  altogether",
            f"{self.exit_s * 1e6:>9.1f} µs  one exit",
            f"{self.instruction_s * 1e9:>9.1f} ns  one instruction",
            f"recorded on {self.label}; medians of {self.n} guests",
        ]
        return "\n".join(lines)


def recorded() -> Recorded:
    """Return the recording."""
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    data["steps"] = tuple((text, float(seconds)) for text, seconds in data["steps"])
    return Recorded(**data)
