"""Progress of pull, push, load and build: bars in a terminal, one in a notebook, or plain lines.

The engine reports as dockerd does, one JSON message a line: ``id`` (a layer), ``status``, and
``progressDetail`` with ``current`` and ``total`` bytes.  Where they go decides how they look:

    terminal   one line per layer, rewritten in place with its bar
    notebook   a ``!`` cell interprets "carriage return" but no cursor movement: one line with the
               bar of everything together, and in order, once each, what became of each layer
    plain      pipes and files: one line per change of status, no bars

See: moby's pkg/jsonmessage.
"""

from __future__ import annotations

import os
import sys
from time import monotonic

from pyminidocker.errors import MiniDockerError
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self, TextIO

    Json = dict[str, Any]

TERMINAL, NOTEBOOK, PLAIN = "terminal", "notebook", "plain"
BAR_COLUMNS = 50
# In a notebook, what is over sooner than this shows no bar at all.
PATIENCE_S = 0.4
REDRAW_S = 0.2
# What happens to a layer last.
FINAL = frozenset(
    ("Pull complete", "Already exists", "Pushed", "Layer already exists", "Loaded", "Complete")
)
_MOUNTED = "Mounted from "


def mode_of(out: TextIO) -> str:
    """Return how progress looks on ``out``: ``terminal``, ``notebook`` or ``plain``.

    ``NO_COLOR`` and ``TERM=dumb`` ask for plain text.
    """
    try:
        is_terminal = os.isatty(out.fileno())
    except (OSError, ValueError, AttributeError):
        is_terminal = False
    if not is_terminal or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return PLAIN
    return NOTEBOOK if "JPY_PARENT_PID" in os.environ else TERMINAL


def columns_of(out: TextIO) -> int:
    """Return the width of the terminal ``out``; 80 when it does not say."""
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def bar(current: float, total: float, columns: int = 200) -> str:
    """Return a bar with numbers as Docker draws it: ``[=====>   ]  1.2MB/3.4MB``.

    Args:
        current: bytes done.
        total: bytes in all; 0 when that is not known.
        columns: what there is room for; a narrow place gets a short bar or the numbers alone.
    """
    if current <= 0 and total <= 0:
        return ""
    if total <= 0:
        return f"{human_size(current, 4):>8}"
    numbers = f"{human_size(current, 4):>8}/{human_size(total, 4)}"
    if current > total:
        return f"{human_size(current, 4):>8}"
    width = min(BAR_COLUMNS, columns - len(numbers) - 4)
    if width < 10:
        return numbers
    done = int(width * min(1.0, current / total))
    return f"[{'=' * done}>{' ' * (width - done)}] {numbers}"


def detail(record: Json) -> tuple[int, int]:
    """Return (current, total) of a message's ``progressDetail``."""
    given = record.get("progressDetail") or {}
    return int(given.get("current") or 0), int(given.get("total") or 0)


def error_of(record: Json) -> MiniDockerError | None:
    """Return the error that a message reports, or None."""
    if "errorDetail" not in record and "error" not in record:
        return None
    given = record.get("errorDetail") or {}
    return MiniDockerError(
        str(given.get("message") or record.get("error") or ""), hint=str(record.get("hint", ""))
    )


class Progress:
    """Shows messages as they come; a context manager that leaves the terminal tidy.

    Args:
        out: where to; standard output by default.
        mode: ``terminal``, ``notebook`` or ``plain``; by default what ``out`` is.
        verb: what the notebook's bar says is going on, e.g. ``"Pulling"``.
    """

    def __init__(self, out: TextIO | None = None, *, mode: str = "", verb: str = "") -> None:
        self._out = sys.stdout if out is None else out
        self.mode = mode or mode_of(self._out)
        self._verb = verb
        self._rows: dict[str, int] = {}  # terminal: id -> row since the last plain line
        self._states: dict[str, tuple[str, int, int]] = {}  # notebook: id -> status and numbers
        self._waiting: list[str] = []  # notebook: ids whose last word is not printed yet
        self._drawn = 0
        self._began = self._redrawn = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, record: Json) -> None:
        """Show one message.

        Raises:
            MiniDockerError: it reports an error.
        """
        error = error_of(record)
        if error is not None:
            self.close()
            raise error
        if "aux" in record:
            return
        if self.mode == TERMINAL:
            self._show_terminal(record)
        elif self.mode == NOTEBOOK:
            self._show_notebook(record)
        else:
            self._show_plain(record)
        self._out.flush()

    def close(self) -> None:
        """Take the bar away; what is finished has been said."""
        if self.mode == NOTEBOOK:
            self._say_finished(all_of_them=True)
            self._erase()
        self._rows.clear()
        self._out.flush()

    # -- plain text ---------------------------------------------------------------------------

    def _show_plain(self, record: Json) -> None:
        if "stream" in record:
            self._out.write(str(record["stream"]))
        elif detail(record) == (0, 0):
            self._out.write(_line(record) + "\n")

    # -- a terminal ---------------------------------------------------------------------------

    def _show_terminal(self, record: Json) -> None:
        if "stream" in record:
            self._rows.clear()
            self._out.write(str(record["stream"]))
            return
        name = str(record.get("id") or "")
        if not name or "progressDetail" not in record:
            self._rows.clear()
            self._out.write(_line(record) + "\n")
            return
        if name not in self._rows:
            self._rows[name] = len(self._rows)
            self._out.write("\n")
        up = len(self._rows) - self._rows[name]
        columns = columns_of(self._out)
        text = _line(record)
        drawn = bar(*detail(record), columns - len(text) - 2)
        text = f"{text} {drawn}".rstrip()[: columns - 1]
        self._out.write(f"\x1b[{up}A\x1b[2K\r{text}\r\x1b[{up}B")

    # -- a notebook's cell --------------------------------------------------------------------

    def _show_notebook(self, record: Json) -> None:
        name = str(record.get("id") or "")
        if "stream" in record or not name or "progressDetail" not in record:
            self._say_finished(all_of_them=True)
            self._erase()
            self._states.clear()
            self._out.write(str(record.get("stream", "")) or _line(record) + "\n")
            return
        status = str(record.get("status") or "")
        if name not in self._states:
            self._waiting.append(name)
        before = self._states.get(name, ("", 0, 0))
        current, total = detail(record)
        if not total:  # "Download complete" carries no numbers, and all of it is there
            current = total = before[2]
        self._states[name] = status, current, total
        if _is_final(status):
            self._say_finished()
        self._redraw()

    def _say_finished(self, *, all_of_them: bool = False) -> None:
        """Print the last word about layers, in the order they were first named."""
        while self._waiting:
            status = self._states[self._waiting[0]][0]
            if not _is_final(status) and not all_of_them:
                return
            self._erase()
            name = self._waiting.pop(0)
            if _is_final(status):
                self._out.write(f"{name}: {status}\n")

    def _redraw(self) -> None:
        now = monotonic()
        if now - self._began < PATIENCE_S or now - self._redrawn < REDRAW_S:
            return
        self._redrawn = now
        states = self._states.values()
        current = sum(done for _, done, _ in states)
        total = sum(whole for _, _, whole in states)
        finished = sum(_is_final(status) for status, _, _ in states)
        text = f"{self._verb} {finished}/{len(self._states)} ".lstrip()
        text += bar(current, total, min(columns_of(self._out), 100) - len(text) - 1)
        self._erase()
        self._out.write(text)
        self._drawn = len(text)

    def _erase(self) -> None:
        if self._drawn:
            self._out.write(f"\r{' ' * self._drawn}\r")
            self._drawn = 0


def _line(record: Json) -> str:
    name = str(record.get("id") or "")
    return f"{name}: {record.get('status', '')}" if name else str(record.get("status", ""))


def _is_final(status: str) -> bool:
    return status in FINAL or status.startswith(_MOUNTED)


def follow(records: Iterable[Json], *, verb: str = "", quiet: bool = False) -> list[Json]:
    """Show all of a stream of messages; return the ``aux`` ones (a digest, an image's id).

    Args:
        records: the messages.
        verb: for the notebook's bar.
        quiet: show nothing.

    Raises:
        MiniDockerError: the stream reports an error.
    """
    kept: list[Json] = []
    with Progress(verb=verb) as progress:
        for record in records:
            if "aux" in record:
                kept.append(record["aux"])
            if not quiet:
                progress.show(record)
            elif (error := error_of(record)) is not None:
                raise error
    return kept
