"""A list of things that shows itself as Docker's columns, in text and in HTML."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any, TypeVar

Item = TypeVar("Item")
Column = tuple[str, Callable[[Any], str]]

_CELL = 'style="text-align:left;padding:2px 12px 2px 0;vertical-align:top"'


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return columns, three spaces apart, as ``docker ps`` prints them."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table; every cell is escaped."""
    head = "".join(f'<th scope="col" {_CELL}>{escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td {_CELL}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Table(list[Item]):
    """A list whose reprs are a table of chosen columns.

    Args:
        items: the things.
        columns: (title, function from a thing to the cell's text).
    """

    def __init__(self, items: Iterable[Item], columns: Sequence[Column]) -> None:
        super().__init__(items)
        self.columns = list(columns)

    @property
    def header(self) -> list[str]:
        """The columns' titles."""
        return [title for title, _ in self.columns]

    def rows(self) -> list[list[str]]:
        """Return the cells' texts, row by row."""
        return [[cell(item) for _, cell in self.columns] for item in self]

    def __repr__(self) -> str:
        return text_table(self.header, self.rows())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Table(...)" if cycle else repr(self))

    def _repr_html_(self) -> str:
        return html_table(self.header, self.rows())
