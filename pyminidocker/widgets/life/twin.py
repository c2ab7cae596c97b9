"""The life of a container as text, the same on every run: times are left out."""

from pyminidocker.widgets.life.model import STATES, Life
from pyminidocker.widgets.life.words import MEANINGS
from pyminidocker.widgets.tables import text_table

MOST_STAYS = 30


def life_table(life: Life) -> str:
    """Return the states with their visits, and below them what happened."""
    rows = [
        [
            "now" if state == life.state else "",
            state,
            str(life.visits(state) or "-"),
            MEANINGS[state],
        ]
        for state in STATES
    ]
    parts = [text_table(["", "state", "visits", "what it is"], rows, right=[2])]
    steps = list(enumerate(life.stays, 1))
    shown = steps[-MOST_STAYS:]
    lines = ["What happened:"] if life.is_complete else ["What happened, as far as it is known:"]
    if len(shown) < len(steps):
        lines.append(f"  ({len(steps) - len(shown)} steps before these)")
    lines += [f"  {number:>2}. {stay.state:<11} {stay.says()}".rstrip() for number, stay in shown]
    parts.append("\n".join(lines))
    if life.error and life.state in ("created", "exited"):
        parts.append(f"It could not be started: {life.error}")
    parts.append(life.summary())
    return "\n\n".join(parts)
