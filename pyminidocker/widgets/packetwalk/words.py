"""A walk in words: a description, a text twin, and what each step says about itself."""

from typing import Any

from pyminidocker.widgets.packetwalk.model import REWRITTEN, Step, Walk, steady
from pyminidocker.widgets.tables import text_table

NAMES = {"tcp": ("the SYN", "the answer"), "ping": ("the echo request", "the answer")}


def many_hosts(walk: Walk) -> bool:
    """Tell whether steps must say in which lab host they happen."""
    return len({step.host for step in walk.steps} - {"the machine", "host agent"}) > 1


def place_of(walk: Walk, step: Step) -> str:
    """Return where a step happens, with the host's name when there are several."""
    if step.host in ("the machine", "host agent") or many_hosts(walk):
        return f"{step.host}: {step.place}"
    return step.place


def summary(walk: Walk) -> str:
    """Return what happened, in a sentence or two."""
    seen = sum(step.kind == "seen" for step in walk.steps)
    rewrites = walk.rewrites()
    times = {0: "nothing was rewritten", 1: "addresses were rewritten once"}
    text = times.get(rewrites, f"addresses were rewritten {rewrites} times")
    return f"{walk.outcome}. Seen on {seen} interfaces; {text}."


def describe(walk: Walk) -> str:
    """Say in words what the picture shows."""
    parts = [f"{walk.title}. {summary(walk)}"]
    for name, steps in zip(NAMES[walk.how], (walk.there, walk.back), strict=True):
        said = [
            f"{place_of(walk, step)}, {steady(step.source)} to {steady(step.destination)}"
            for step in steps
        ]
        if said:
            parts.append(f"Way of {name}: {'; '.join(said)}.")
    return " ".join(parts)


def _cells(walk: Walk, number: int, step: Step) -> list[str]:
    changed = {
        "source": step.was_source,
        "destination": step.was_destination,
    }
    was = ", ".join(f"{name} was {steady(old)}" for name, old in changed.items() if old)
    note = "; ".join(part for part in (was, step.packed, step.note) if part)
    place = place_of(walk, step)
    return [str(number), place, steady(step.source), steady(step.destination), note]


def walk_table(walk: Walk) -> str:
    """Return the text twin: the same content as the picture, the same on every run."""
    rows: list[list[str]] = []
    for name, steps in zip(("there", "back"), (walk.there, walk.back), strict=True):
        for step in steps:
            rows.append([name, *_cells(walk, len(rows) + 1, step)])
    head = ["way", "#", "step", "source", "destination", "what happened"]
    parts = [walk.title, text_table(head, rows, right=(1,)) if rows else "", summary(walk)]
    proofs = [
        f"{number}: {proof.kind}: {steady(proof.text)}"
        for number, step in enumerate(walk.steps, 1)
        for proof in step.evidence
        if step.kind == REWRITTEN or proof.kind == "rule"
    ]
    if proofs:
        parts.append("Evidence\n" + "\n".join(proofs))
    parts += list(walk.notes)
    return "\n\n".join(part for part in parts if part)


def step_details(walk: Walk) -> dict[str, dict[str, Any]]:
    """Return what the live view says about each selected step."""
    found = {}
    for number, step in enumerate(walk.steps, 1):
        rows = [["source", step.source], ["destination", step.destination]]
        if step.was_source:
            rows.append(["source was", step.was_source])
        if step.was_destination:
            rows.append(["destination was", step.was_destination])
        if step.packed:
            rows.append(["around it", step.packed])
        if step.note:
            rows.append(["note", step.note])
        if step.at_us >= 0:
            rows.append(["after", f"{step.at_us:g} µs"])
        found[f"step-{number}"] = {
            "title": f"{number} of {len(walk.steps)}: {place_of(walk, step)}",
            "rows": rows,
            "evidence": [[proof.kind, proof.text] for proof in step.evidence],
        }
    return found
