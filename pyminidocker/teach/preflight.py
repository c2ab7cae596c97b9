"""Before the first lesson: what does this machine allow, and what does that mean for each lesson?

The facts come from ``pyminidocker.doctor``, which finds them by trying.  The verdict lines are the
same on every machine that can run the lessons; the facts behind them differ and stand apart.
"""

from __future__ import annotations

from pyminidocker.doctor import Finding, can_run_containers, examine
from pyminidocker.teach.cards import Card
from pyminidocker.teach.plan import LESSONS, load

SIGNS = {"ok": "✓ ok", "limited": "~ limited", "missing": "✗ missing"}


class Preflight:
    """The findings of one look at this machine.

    Args:
        findings: what ``doctor.examine`` found; looked up when left out.
    """

    def __init__(self, findings: list[Finding] | None = None) -> None:
        self.findings = examine() if findings is None else findings

    @property
    def ok(self) -> bool:
        """Whether containers can run here."""
        return can_run_containers(self.findings)

    def blocking(self) -> list[Finding]:
        """Return what keeps containers from running."""
        return [one for one in self.findings if one.essential and one.verdict == "missing"]

    def touching(self, lesson: str) -> list[Finding]:
        """Return the findings that change something in ``lesson``."""
        return [one for one in self.findings if lesson in one.lessons and one.verdict != "ok"]

    def verdict(self) -> Card:
        """Return one line per lesson: ready, or what is in the way and how to remove it."""
        lines = []
        titles = {number: load(number).title for number in LESSONS}
        width = max(map(len, titles.values()))
        for number, title in titles.items():
            state = "ready" if self.ok else "cannot run yet"
            if self.ok and self.touching(number):
                state = "ready, with limits: see the details"
            lines.append(f" {number}  {title:<{width}}  {state}")
        for one in self.blocking():
            lines += [f"{one.title}: {one.detail}", f"Remedy: {one.remedy}"]
        heading = "PREFLIGHT · containers can run on this machine"
        if not self.ok:
            heading = "PREFLIGHT · something is missing for containers"
        return Card("met" if self.ok else "not yet", heading, tuple(lines))

    def details(self) -> Card:
        """Return every finding; for those that are not ok, what was seen and what helps.

        ``minidocker system doctor`` has all details.
        """
        lines = []
        for one in self.findings:
            seen = "" if one.verdict == "ok" else f": {one.detail}"
            lines.append(f"- {SIGNS[one.verdict]}: {one.title}{seen}")
            if one.verdict != "ok":
                lines += [one.meaning] if one.meaning else []
                lines += [f"Remedy: `{one.remedy}`"] if one.remedy else []
        return Card("plain", "What was tried on this machine", tuple(lines))

    def __repr__(self) -> str:
        return self.verdict().text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        card = self.verdict()
        return {"text/plain": card.text(), "text/html": card.html()}
