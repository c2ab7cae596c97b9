"""What a learner has met and chosen so far, in one local JSON file and nowhere else.

There is no account and no server.  The file may be copied, sent to a teacher or deleted at any
time.  Lessons only add to it: nothing a lesson prints depends on it, so that running a notebook
again gives the same outputs.

The file is ``$XDG_DATA_HOME/minidocker-course/progress.json`` (``~/.local/share`` by default).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pyminidocker.teach import misconceptions
from pyminidocker.teach.cards import Card

FORMAT = 1


def default_path() -> Path:
    """Return where this user's progress is kept."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "minidocker-course" / "progress.json"


class Progress:
    """Answers and met checks of all lessons.

    Args:
        path: the file; ``default_path()`` by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    def read(self) -> dict[str, Any]:
        """Return everything stored; an unreadable file is set aside, never overwritten."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if found["format"] != FORMAT:
                raise ValueError(f"format {found['format']}")
            return {**_empty(), **found}
        except FileNotFoundError:
            return _empty()
        except (ValueError, KeyError, TypeError):
            self.path.replace(self.path.with_name(f"progress-unreadable-{int(time.time())}.json"))
            return _empty()

    def note_answer(self, lesson: str, question: str, key: str, belief: str) -> None:
        """Store the answer to a prediction or quiz question; the last one counts."""
        stored = self.read()
        stored["answers"][f"{lesson}/{question}"] = {"key": key, "belief": belief}
        self._write(stored)

    def note_met(self, lesson: str, check: str) -> None:
        """Store that a check was met; once met stays met."""
        stored = self.read()
        today = time.strftime("%Y-%m-%d")
        if stored["met"].setdefault(f"{lesson}/{check}", today) == today:
            self._write(stored)

    def reset(self, lesson: str = "") -> None:
        """Forget lesson ``lesson``, or everything."""
        if not lesson:
            self.path.unlink(missing_ok=True)
            return
        stored = self.read()
        for part in ("answers", "met"):
            stored[part] = {
                key: value
                for key, value in stored[part].items()
                if not key.startswith(f"{lesson}/")
            }
        self._write(stored)

    def export(self, target: str | Path) -> Path:
        """Write a copy to ``target`` (for a teacher, or another machine) and return its path."""
        copy = Path(target).expanduser()
        copy.write_text(json.dumps(self.read(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return copy

    def show(self) -> Card:
        """Return met objectives by lesson and the beliefs that still wait for their experiment."""
        from pyminidocker.teach.plan import LESSONS, load

        stored = self.read()
        lines = []
        for number in LESSONS:
            plan = load(number)
            done = sum(f"{number}/{one.check}" in stored["met"] for one in plan.objectives)
            lines.append(f" {number}  {plan.title:<38} {done} of {len(plan.objectives)} objectives")
        held = sorted({one["belief"] for one in stored["answers"].values() if one["belief"]})
        if held:
            lines.append("Beliefs you chose, and the lesson that puts them to the test:")
        for name in held:
            belief = misconceptions.BELIEFS.get(name)
            if belief is not None:
                lines.append(f"- lesson {belief.lesson}: “{belief.says}”")
        return Card("note", "Your progress so far", tuple(lines))

    def __repr__(self) -> str:
        return self.show().text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        card = self.show()
        return {"text/plain": card.text(), "text/html": card.html()}

    def _write(self, stored: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        fresh.replace(self.path)


def _empty() -> dict[str, Any]:
    return {"format": FORMAT, "answers": {}, "met": {}}
