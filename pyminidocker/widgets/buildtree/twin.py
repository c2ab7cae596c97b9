"""The build tree as text: one line per step, the same on every run (times are left out)."""

from pyminidocker.client.build_steps import UNNEEDED
from pyminidocker.widgets.buildtree.model import MEANINGS, SIGNS, BuildRun, Step
from pyminidocker.widgets.tables import text_table

MOST_LETTERS = 56


def build_table(run: BuildRun) -> str:
    """Return the build as a plain text table, and what its signs mean."""
    if not run.steps:
        return run.summary()
    rows = [_row(step) for step in run.steps.values()]
    parts = [text_table(["step", "instruction", "result", "layer", "why"], rows), run.summary()]
    used = dict.fromkeys(step.state for step in run.steps.values())
    parts.append("\n".join(f"{SIGNS[state]} {state}: {MEANINGS[state]}" for state in used))
    if any(step.verdict == "wrong" for step in run.steps.values()):
        parts.append("! predicted otherwise")
    if any(step.next_guess is not None for step in run.steps.values()):
        parts.append("? predicted for the next build")
    return "\n\n".join(parts)


def _row(step: Step) -> list[str]:
    result = f"{SIGNS[step.state]} {step.state}"
    if step.verdict == "wrong":
        result += " !"
    elif step.guess is not None and not step.verdict:
        result += f" (you: {'cached' if step.guess else 'carried out'})"
    if step.next_guess is not None:
        result += f" (next: {'cached' if step.next_guess else 'carried out'}?)"
    why = "" if step.state == UNNEEDED else step.why
    return [step.label, _short(step.told.first_line), result, step.weight, _short(why)]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1].rstrip() + "…"
