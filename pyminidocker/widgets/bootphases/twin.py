"""Boot phases as text."""

from pyminidocker.widgets.bootphases.model import Bar, summary
from pyminidocker.widgets.tables import text_table


def bars_table(bars: tuple[Bar, ...]) -> str:
    """Return all parts as a plain text table, and what they mean."""
    rows, seen = [], {}
    for one in bars:
        for part in one.parts:
            rows.append([one.name, part.name, part.time, f"{one.share(part):.0%}"])
            seen[part.name] = part.meaning
        rows.append([one.name, "all", one.time, "100%"])
    table = text_table(["what", "part", "time", "share"], rows, right=(2, 3))
    meanings = "\n".join(f"{name}: {meaning}" for name, meaning in seen.items() if meaning)
    notes = "\n".join(f"{one.name}: {one.note}" for one in bars if one.note)
    return "\n\n".join(part for part in (table, summary(bars), notes, meanings) if part)
