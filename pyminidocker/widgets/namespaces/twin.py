"""The lens as text: a table for readers and diffs, and the details behind each row."""

from typing import Any

from pyminidocker.widgets.namespaces.model import Lens, Row
from pyminidocker.widgets.tables import text_table


def lens_table(lens: Lens, *, numbers: bool = False) -> str:
    """Return the lens as a plain text table, the same on every run.

    Args:
        lens: the model.
        numbers: print inode numbers and facts of the moment (which differ from run to run).
    """
    labels = [subject.label for subject in lens.subjects]
    rows = []
    for row in lens.rows():
        said = [f.live for f in row.facts] if numbers else [f.still for f in row.facts]
        if numbers:
            said = [f"{n or '?'}: {s}" for n, s in zip(row.numbers, said, strict=True)]
        rows.append([row.meaning.key, row.meaning.isolates, row.verdict, *said])
    kernel = lens.kernel_release if numbers else "one for all"
    rows.append(["kernel", "(never split)", "same", *[kernel for _ in labels]])
    table = text_table(["namespace", "isolates", "verdict", *labels], rows)
    return f"Namespaces of {lens.names}\n\n{table}\n\n{lens.summary()}"


def _detail(row: Row, labels: list[str]) -> dict[str, Any]:
    return {
        "name": row.meaning.key,
        "isolates": row.meaning.isolates,
        "verdict": row.verdict,
        "consequence": row.consequence,
        "see": row.meaning.see,
        "rows": [
            {
                "label": label,
                "number": "" if number is None else str(number),
                "fact": f"{fact.live} ({fact.evidence})" if fact.evidence else fact.live,
            }
            for label, number, fact in zip(labels, row.numbers, row.facts, strict=True)
        ],
    }


def lens_details(lens: Lens) -> dict[str, dict[str, Any]]:
    """Return what the live view says about each selected row."""
    labels = [subject.label for subject in lens.subjects]
    return {row.meaning.key: _detail(row, labels) for row in lens.rows()}
