"""Lists of things in every form of ``--format``: table, template, table template, json."""

from __future__ import annotations

import sys

from pyminidocker.cli.failures import Failure
from pyminidocker.cli.output import tabbed, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]
    Cell = Callable[[Json], str]


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return what ``text`` is sorted by where Docker sorts names: "a2" comes before "a10".

    See: github.com/fvbommel/sortorder, NaturalLess, which the docker command uses.
    """
    key: list[tuple[int, int, str]] = []
    rest = text
    while rest:
        after = rest.lstrip("0123456789")
        if digits := rest[: len(rest) - len(after)]:
            number = digits.lstrip("0")
            key += [(0, len(number), number), (0, len(digits) - len(number), "")]
        if after:
            key.append((1, 0, after[0]))
        rest = after[1:]
    return key


class Listing:
    """What can be shown of one kind of thing.

    Args:
        type_name: Docker's name of the type, for errors in templates.
        fields: name in templates -> (heading, function of the API's record).
        with_arguments: names whose function also takes arguments of the template.
    """

    def __init__(
        self,
        type_name: str,
        fields: dict[str, tuple[str, Cell]],
        with_arguments: dict[str, Callable[..., str]] | None = None,
    ) -> None:
        self.type_name = type_name
        self.fields = fields
        self.with_arguments = with_arguments or {}

    def show(self, records: list[Json], columns: tuple[str, ...], form: str = "") -> int:
        """Print ``records`` and return the exit code.

        Args:
            records: as the API gave them.
            columns: field names of the default table.
            form: what ``--format`` said; "" and "table" mean the default table.

        Raises:
            Failure: the template is wrong.
        """
        if form in ("", "table"):
            rows = [[self.fields[name][0] for name in columns]]
            cells = [self.fields[name][1] for name in columns]
            rows += [[cell(record) for cell in cells] for record in records]
            sys.stdout.write(table(rows) + "\n")
            return 0
        self._show_template(records, form)
        return 0

    def _show_template(self, records: list[Json], form: str) -> None:
        from pyminidocker.cli.template import TemplateError, parse

        is_table = form.startswith("table ")
        source = "{{json .}}" if form == "json" else form.removeprefix("table ").strip()
        source = source.replace("\\t", "\t").replace("\\n", "\n")
        try:
            tree = parse(source)
        except TemplateError as error:
            raise Failure(f"failed to parse template: {error}") from None
        try:
            lines = [tree.render(self._methods(record)) for record in records]
            if is_table:
                lines.insert(0, tree.render(self._headings()))
        except TemplateError as error:
            raise Failure(f"failed to execute template: {error}") from None
        if lines:
            text = "\n".join(lines)
            sys.stdout.write((tabbed(text) if is_table else _html_safe(text, form)) + "\n")

    def _methods(self, record: Json) -> Any:
        from pyminidocker.cli.template import Methods

        def bound(cell: Callable[..., str]) -> Callable[..., str]:
            return lambda *arguments: cell(record, *arguments)

        found = {name: bound(cell) for name, (_, cell) in self.fields.items()}
        found.update({name: bound(cell) for name, cell in self.with_arguments.items()})
        return Methods(f"formatter.{self.type_name}", found)

    def _headings(self) -> Any:
        from pyminidocker.cli.template import Methods

        def constant(text: str) -> Callable[..., str]:
            return lambda *_: text

        found = {name: constant(heading) for name, (heading, _) in self.fields.items()}
        found.update({name: lambda key="", *_: str(key) for name in self.with_arguments})
        return Methods(f"formatter.{self.type_name}", found)


def _html_safe(text: str, form: str) -> str:
    """Escape ``<`` and ``>`` as Go's JSON encoder does in listings."""
    if form == "json":
        for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
            text = text.replace(letter, code)
    return text


def filters(pairs: list[str]) -> dict[str, list[str]]:
    """Turn ``--filter`` values into what the API takes."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def print_lines(lines: list[str]) -> int:
    """Print what ``-q`` shows; nothing at all when the list is empty."""
    if lines:
        sys.stdout.write("\n".join(lines) + "\n")
    return 0


def labels_text(record: Json) -> str:
    """Return labels as listings show them: "a=b,c=d"."""
    labels = record.get("Labels") or {}
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels))


def label(record: Json, name: str) -> str:
    """Return one label, for ``{{.Label "name"}}``."""
    return str((record.get("Labels") or {}).get(name, ""))


FORMAT_HELP = (
    "Format output using a custom template:\n"
    "'table':            Print output in table format with column headers (default)\n"
    "'table TEMPLATE':   Print output in table format using the given Go template\n"
    "'json':             Print in JSON format\n"
    "'TEMPLATE':         Print output using the given Go template."
)
