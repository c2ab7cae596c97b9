"""``build`` while it goes on: in a terminal, in a notebook's ``!`` cell, in a file.

    terminal   finished steps stay, as in BuildKit; beneath them the running ones with their time
               and the last lines of their output, drawn anew several times a second
    notebook   a cell knows "carriage return" but no cursor movement: finished steps with their
               output, and one line at the bottom that says what is going on
    plain      every event on a line of its own
    rawjson    the engine's records

Redrawing is done by a thread, so that the time goes on while nothing comes from the engine.
"""

from __future__ import annotations

import _thread
import os
import sys
from time import monotonic

from pyminidocker.cli.progress import NOTEBOOK, TERMINAL, columns_of, mode_of
from pyminidocker.client.build_lines import Plain, Summary, head, seconds, with_right
from pyminidocker.client.build_steps import DONE, FAILED, RUNNING, BuildStory
from pyminidocker.client.json_text import dumps
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, TextIO

    from pyminidocker.client.context_pack import PackedContext

    Json = dict[str, Any]

REDRAW_S = 0.2
# In a notebook, what is over sooner than this leaves no trace of the moving line.
PATIENCE_S = 0.4
_TAIL = 4  # lines of a running step's output in a terminal
_WIDEST = 120


class BuildProgress:
    """Takes the records of a build; a context manager that leaves the terminal tidy.

    Attributes:
        story: the build so far.
        shows_output: what a failed step wrote has been shown already.
    """

    shows_output = False

    def __init__(self) -> None:
        self.story = BuildStory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, record: Json) -> None:
        """Take one record."""
        self.story.feed(record)


class _RawJson(BuildProgress):
    shows_output = True

    def __call__(self, record: Json) -> None:
        super().__call__(record)
        sys.stdout.write(dumps(record) + "\n")
        sys.stdout.flush()


class _Plain(BuildProgress):
    shows_output = True

    def __init__(self, out: TextIO, context: PackedContext) -> None:
        self._lines = Plain(out.write, monotonic, sent=lambda: context.sent_bytes)
        self._out, self.story = out, self._lines.story

    def __call__(self, record: Json) -> None:
        self._lines(record)
        self._out.flush()


class _Live(BuildProgress):
    """Finished steps above, and beneath them something that moves.

    Args:
        out: where to.
        context: what is being sent.
        with_output: show a step's output also when it went well.
    """

    shows_output = True

    def __init__(self, out: TextIO, context: PackedContext, *, with_output: bool) -> None:
        self.width = min(columns_of(out) - 1, _WIDEST)
        self.out, self.context = out, context
        self._lines = Summary(
            self._write_above,
            self.width,
            sent=lambda: context.sent_bytes,
            with_output=with_output,
        )
        self.story = self._lines.story
        self.began = monotonic()
        self.since: dict[str, float] = {}
        self._lock, self._stop, self._stopped = (_thread.allocate_lock() for _ in range(3))

    def __enter__(self) -> Self:
        self._stop.acquire()
        self._stopped.acquire()
        _thread.start_new_thread(self._redraw_often, ())
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.release()
        self._stopped.acquire()
        with self._lock:
            self.erase()
            self.out.flush()

    def __call__(self, record: Json) -> None:
        with self._lock:
            if "Started" in record:
                self.since[str(record["Started"])] = monotonic()
            self._lines(record)

    def _write_above(self, text: str) -> None:
        self.erase()
        self.out.write(text)
        if not self.story.is_over:
            self.draw()
        self.out.flush()

    def _redraw_often(self) -> None:
        try:
            while not self._stop.acquire(timeout=REDRAW_S):
                with self._lock:
                    if not self.story.is_over:
                        self.erase()
                        self.draw()
                        self.out.flush()
        except OSError:
            pass  # the terminal went away; the main thread notices as well
        finally:
            self._stopped.release()

    def erase(self) -> None:
        """Take away what moves."""

    def draw(self) -> None:
        """Draw what moves."""

    def status(self) -> str:
        """Return how far it is: ``[+] Building 4.1s (3/8)``."""
        passed = seconds(monotonic() - self.began)
        steps = self.story.needed
        if not steps:
            sent = self.context.sent_bytes
            return f"[+] Building {passed}" + (f", sending {human_size(sent)}" if sent else "")
        over = sum(step.state in (DONE, FAILED) for step in steps)
        return f"[+] Building {passed} ({over}/{len(steps)})"


class _Terminal(_Live):
    def __init__(self, out: TextIO, context: PackedContext) -> None:
        super().__init__(out, context, with_output=False)
        self._drawn = 0

    def erase(self) -> None:
        if self._drawn:
            self.out.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def draw(self) -> None:
        lines = []
        for step in self.story.steps.values():
            if step.state != RUNNING or self.story.is_held_up(step):
                continue
            took = seconds(monotonic() - self.since.get(step.id, self.began))
            if step.total_bytes:
                took = f"{human_size(step.current)} / {human_size(step.total_bytes)}  {took}"
            lines.append(with_right(head(step), took, self.width))
            lines += [f"    | {line}"[: self.width] for line in step.tail(_TAIL)]
        lines = [*lines, self.status()][-max(1, _rows_of(self.out) - 2) :]
        self.out.write("".join([f"{_printable(line)}\n" for line in lines]))
        self._drawn = len(lines)


class _Notebook(_Live):
    def __init__(self, out: TextIO, context: PackedContext) -> None:
        super().__init__(out, context, with_output=True)
        self._drawn = 0

    def erase(self) -> None:
        if self._drawn:
            self.out.write(f"\r{' ' * self._drawn}\r")
            self._drawn = 0

    def draw(self) -> None:
        if monotonic() - self.began < PATIENCE_S:
            return
        text = self.status()
        for step in self.story.steps.values():
            if step.state == RUNNING and not self.story.is_held_up(step):
                text += f" {step.label} {step.first_line}"
                if step.total_bytes:
                    text += f" {human_size(step.current)} / {human_size(step.total_bytes)}"
                text += "".join([f" | {one}" for one in step.tail(1)])
                break
        text = _printable(text)[: self.width]
        self.out.write(text)
        self._drawn = len(text)


def _printable(line: str) -> str:
    """Return ``line`` without what would move the cursor or colour the terminal."""
    return "".join([letter if letter.isprintable() else " " for letter in line])


def _rows_of(out: TextIO) -> int:
    try:
        return os.get_terminal_size(out.fileno()).lines or 24
    except (OSError, ValueError):
        return 24


def open_progress(mode: str, context: PackedContext) -> BuildProgress:
    """Return what shows a build.

    Args:
        mode: ``auto``, ``plain``, ``tty``, ``quiet`` or ``rawjson``.
        context: what is being sent.
    """
    out = sys.stdout
    if mode == "quiet":
        return BuildProgress()
    if mode == "rawjson":
        return _RawJson()
    place = TERMINAL if mode == "tty" else mode_of(out)
    if mode != "plain" and place == TERMINAL:
        return _Terminal(out, context)
    if mode != "plain" and place == NOTEBOOK:
        return _Notebook(out, context)
    return _Plain(out, context)
