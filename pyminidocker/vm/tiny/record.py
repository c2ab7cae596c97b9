"""Measure KVM here and print a recording: ``python -m pyminidocker.vm.tiny.record "a machine"``."""

import json
import statistics
import sys
import time
from typing import Any

from pyminidocker.vm import tiny

_GUESTS = 50
_TIMES = 20_000


def measure(label: str, guests: int = _GUESTS) -> dict[str, Any]:
    """Measure KVM on this machine.

    Args:
        label: which machine this is.
        guests: how many to run.

    Raises:
        MiniDockerError: KVM does not run guests here.
    """
    each: dict[str, list[float]] = {}
    exits: list[float] = []
    loops: list[float] = []
    for _ in range(guests):
        with tiny.machine(tiny.say("hello"), kind="kvm") as guest:
            for step, seconds in guest.boot().done[:-1]:
                each.setdefault(step.describe(), []).append(seconds)
            exits += [one.seconds for one in guest.exits[1:]]  # the first one warms up
        with tiny.machine(tiny.count(_TIMES), kind="kvm") as guest:
            loops.append(guest.boot().exits[-1].seconds / (2 * _TIMES))
    return {
        "label": f"{label}, {time.strftime('%B %Y')}",
        "n": guests,
        "steps": [(text, round(statistics.median(many), 7)) for text, many in each.items()],
        "exit_s": round(statistics.median(exits), 7),
        "instruction_s": round(statistics.median(loops), 11),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(" ".join(sys.argv[1:])), indent=1) + "\n")
