"""Tables in plain text: the twin of every picture, for screen readers, diffs and nbval."""

from collections.abc import Iterable, Sequence


def text_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> str:
    """Lay out a table in columns two spaces apart, with a rule under the head.

    Args:
        head: the names of the columns.
        rows: the cells.
        right: indices of the columns to align right (numbers).

    Returns:
        Lines without trailing spaces and without a final newline.
    """
    body = [list(row) for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *body]) for i in range(len(head))]
    to_right = set(right)

    def lay_out(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if i in to_right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lay_out(head), rule, *(lay_out(row) for row in body)])
