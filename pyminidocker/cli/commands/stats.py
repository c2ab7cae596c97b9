"""``stats``: what containers use, live."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing
from pyminidocker.units import binary_size, human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = dict[str, Any]

COLUMNS = ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_CLEAR = "\x1b[2J"


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _memory(row: Json) -> str:
    return f"{binary_size(row.get('Memory', 0))} / {binary_size(row.get('MemoryLimit', 0))}"


def _memory_share(row: Json) -> str:
    limit = row.get("MemoryLimit", 0)
    return _percent(100 * row["Memory"] / limit if limit else 0.0)


def _two(first: str, second: str) -> Any:
    return lambda row: f"{human_size(row.get(first, 0))} / {human_size(row.get(second, 0))}"


def listing(names: list[str], *, trunc: bool) -> Listing:
    """Return what ``stats`` can show.

    Args:
        names: what the user called the containers, for the field ``Container``.
        trunc: cut ids.
    """

    def short(row: Json) -> str:
        return str(row["Id"])[: 12 if trunc else None]

    def called(row: Json) -> str:
        return next(
            (name for name in names if name == row["Name"] or row["Id"].startswith(name)),
            short(row),
        )

    return Listing(
        "statsContext",
        {
            "Container": ("CONTAINER", called),
            "ID": ("CONTAINER ID", short),
            "Name": ("NAME", lambda row: str(row["Name"])),
            "CPUPerc": ("CPU %", lambda row: _percent(row.get("CpuPercent", 0.0))),
            "MemUsage": ("MEM USAGE / LIMIT", _memory),
            "MemPerc": ("MEM %", _memory_share),
            "NetIO": ("NET I/O", _two("NetworkReceived", "NetworkSent")),
            "BlockIO": ("BLOCK I/O", _two("DiskRead", "DiskWritten")),
            "PIDs": ("PIDS", lambda row: str(row.get("Pids", 0))),
        },
    )


def stats(call: Invocation) -> int:
    """Show what containers use, again and again until the user has seen enough."""
    options, names = call.options, call.arguments
    shown = listing(names, trunc=not options["no-trunc"])
    if options["no-stream"]:
        rows = call.engine.stats(names, all=options["all"])
        _say_what_is_estimated(rows)
        return shown.show(rows, COLUMNS, options["format"])
    updates = call.engine.stats_follow(names, all=options["all"])
    if sys.stdout.isatty():
        _redraw(updates, shown, options["format"])
        return 0
    for number, rows in enumerate(updates):
        if number == 0:
            _say_what_is_estimated(rows)
        shown.show(rows, COLUMNS, options["format"])
        sys.stdout.flush()
    return 0


def _redraw(updates: Iterable[list[Json]], shown: Listing, form: str) -> None:
    """Write each table over the one before; a line is cleared only behind what it says now."""
    import io
    from contextlib import redirect_stdout

    sys.stdout.write(_CLEAR)
    for rows in updates:
        text = io.StringIO()
        with redirect_stdout(text):
            shown.show(rows, COLUMNS, form)
        lines = text.getvalue().splitlines()
        if note := estimates(rows):
            lines.append(note)
        sys.stdout.write(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in lines))
        sys.stdout.write(_REST_OF_SCREEN)
        sys.stdout.flush()


def estimates(rows: list[Json]) -> str:
    """Return a line about what was not counted but added up; empty when all was counted."""
    names = sorted({name for row in rows for name in row.get("Estimated", ())})
    if not names:
        return ""
    return (
        f"WARNING: {', '.join(names)}: added up from /proc, because no control group counts here"
        " (see: minidocker info)"
    )


def _say_what_is_estimated(rows: list[Json]) -> None:
    if note := estimates(rows):
        print(note, file=sys.stderr)


STATS = Command(
    "[OPTIONS] [CONTAINER...]",
    (
        Option("-a, --all", "bool", "Show all containers (default shows just running)"),
        Option("--format", "string", FORMAT_HELP),
        Option("--no-stream", "bool", "Disable streaming stats and only pull the first result"),
        Option("--no-trunc", "bool", "Do not truncate output"),
    ),
    stats,
    0,
    ANY,
)
