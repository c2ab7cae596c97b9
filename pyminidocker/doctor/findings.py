"""A finding, and a list of them as text for people and JSON for programs."""

from __future__ import annotations

OK = "ok"
LIMITED = "limited"
MISSING = "missing"


class Finding:
    """One thing that was tried on this host.

    Attributes:
        name: a short key, e.g. ``"userns"`` or ``"cgroup-memory"``.
        title: the thing in plain words.
        verdict: ``"ok"``, ``"limited"`` or ``"missing"``.
        detail: what was seen.
        meaning: what follows from it for the lessons; empty when all is well.
        lessons: numbers of the lessons that are touched, e.g. ``["08", "09"]``.
        remedy: the exact command or setting that helps; empty when there is nothing to do.
        essential: no container can run without it.
    """

    __slots__ = (
        "detail", "essential", "lessons", "meaning", "name", "remedy", "title", "verdict",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        title: str,
        verdict: str,
        detail: str,
        *,
        meaning: str = "",
        lessons: list[str] | None = None,
        remedy: str = "",
        essential: bool = False,
    ) -> None:
        self.name = name
        self.title = title
        self.verdict = verdict
        self.detail = detail
        self.meaning = meaning
        self.lessons = lessons or []
        self.remedy = remedy
        self.essential = essential

    def __repr__(self) -> str:
        return f"<Finding {self.name}: {self.verdict}>"

    def as_dict(self) -> dict[str, object]:
        """Return the finding as ``system doctor --json`` prints it."""
        return {key: getattr(self, key) for key in (
            "name", "title", "verdict", "detail", "meaning", "lessons", "remedy", "essential",
        )}  # fmt: skip


def examine(engine: str = "default") -> list[Finding]:
    """Try everything containers need on this host and return what was found.

    Takes some tenths of a second; leaves nothing behind.

    Args:
        engine: the engine whose state and run directories are tried.
    """
    raise NotImplementedError


def can_run_containers(findings: list[Finding]) -> bool:
    """Tell whether nothing essential is missing."""
    return not any(one.essential and one.verdict == MISSING for one in findings)


def render(findings: list[Finding], width: int = 80) -> str:
    """Return the findings as text of ``width`` columns."""
    raise NotImplementedError


def to_json(findings: list[Finding]) -> str:
    """Return the findings as a JSON document."""
    raise NotImplementedError
