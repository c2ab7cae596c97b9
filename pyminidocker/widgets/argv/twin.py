"""The argv calculator as text: the chosen combination, then all of them."""

import shlex

from pyminidocker.widgets.argv.model import FORM_NAMES, Calculation
from pyminidocker.widgets.tables import text_table


def calculation_table(calculation: Calculation) -> str:
    """Return the calculator as plain text, the same on every run."""
    one = calculation.combination(*calculation.chosen)
    written = [
        *(f"Dockerfile    {line}" for line in calculation.dockerfile(*calculation.chosen)),
        f"command line  run IMAGE {shlex.join(calculation.args)}".rstrip(),
        f"executed      {one.line}",
    ]
    seen = calculation.seen.get(calculation.chosen)
    if one.dropped:
        written.append(f"replaced      {' '.join(one.dropped)}")
    written.append(f"happened      {seen.says() if seen else 'not tried yet'}")
    rows = []
    for cell in calculation.all():
        seen = calculation.seen.get((cell.entrypoint, cell.cmd))
        rows.append(
            [
                FORM_NAMES[cell.entrypoint],
                FORM_NAMES[cell.cmd],
                cell.line,
                seen.process if seen else "",
                seen.word if seen else "not tried",
            ]
        )
    table = text_table(["ENTRYPOINT", "CMD", "executed", "process 1", "SIGTERM"], rows)
    return "\n\n".join(["\n".join(written), table, calculation.summary()])
