"""A finding, and a list of them as text for people and as JSON for programs."""

from __future__ import annotations

OK = "ok"
LIMITED = "limited"
MISSING = "missing"
MARKS = {OK: "✓", LIMITED: "~", MISSING: "✗"}
ALL_LESSONS = [f"{number:02}" for number in range(17)]
# Lessons that run containers; 01 is about virtual machines.
CONTAINER_LESSONS = [lesson for lesson in ALL_LESSONS if lesson != "01"]

_FIELDS = ("name", "title", "verdict", "detail", "meaning", "lessons", "remedy", "essential")


class Finding:
    """One thing that was tried on this host.

    Attributes:
        name: a short key, e.g. ``"userns"`` or ``"memory-limits"``.
        title: the thing in plain words.
        verdict: ``"ok"``, ``"limited"`` or ``"missing"``.
        detail: what was seen.
        meaning: what follows from it; empty when all is well.
        lessons: numbers of the lessons that are touched, e.g. ``["08", "09"]``.
        remedy: the exact command or setting that helps; empty when there is nothing to do.
        essential: no container can run without it.
    """

    __slots__ = _FIELDS

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
        return {key: getattr(self, key) for key in _FIELDS}


def can_run_containers(findings: list[Finding]) -> bool:
    """Tell whether nothing essential is missing."""
    return not any(one.essential and one.verdict == MISSING for one in findings)


def lessons_text(lessons: list[str]) -> str:
    """Return lesson numbers for people: "lessons 03, 05-07", "all lessons"."""
    if set(CONTAINER_LESSONS) <= set(lessons):
        return "all lessons"
    runs: list[list[int]] = []
    for number in sorted(int(one) for one in lessons):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{a:02}" if a == b else f"{a:02}{'-' if b - a > 1 else ', '}{b:02}" for a, b in runs]
    return f"lesson{'s' if len(lessons) > 1 else ''} {', '.join(words)}"


def render(findings: list[Finding], width: int = 80) -> str:
    """Return the findings as text, and what they come to.

    Args:
        findings: what was found.
        width: columns to fold at; commands are not folded, so that they can be copied.
    """
    column = max(len(one.title) for one in findings) + 13
    lines: list[str] = []
    said = ""
    for one in findings:
        head = f"{MARKS[one.verdict]} {one.verdict:8} {one.title}"
        lines += _folded(head.ljust(column), one.detail, width)
        if one.meaning and one.verdict != OK:
            text = one.meaning + (f" ({lessons_text(one.lessons)})" if one.lessons else "")
            lines += _folded("           means:  ", text, width)
        if one.remedy and one.verdict != OK:
            again = one.remedy == said
            first, *others = ["as above"] if again else one.remedy.split("\n")
            said = one.remedy
            lines.append(f"           remedy: {first}")
            lines += [f"                   {line}" for line in others]
    return "\n".join([*lines, "", *_folded("", summary(findings), width)])


def summary(findings: list[Finding]) -> str:
    """Return the verdict on the host in a sentence or two."""
    blocking = [one.title for one in findings if one.essential and one.verdict == MISSING]
    if blocking:
        return f"Containers cannot run on this host yet: see {', '.join(blocking)}."
    short = sum(one.verdict != OK for one in findings)
    if not short:
        return "Containers can run on this host, with everything the lessons use."
    things = "thing is" if short == 1 else "things are"
    return f"Containers can run on this host. {short} {things} limited or missing, as said above."


def _folded(head: str, text: str, width: int) -> list[str]:
    """Fold ``text`` into the columns right of ``head``."""
    indent = " " * len(head)
    lines, line = [], head
    empty = True
    for word in text.split(" "):
        if not empty and len(line) + 1 + len(word) > width:
            lines.append(line)
            line, empty = indent, True
        line = line + word if empty else f"{line} {word}"
        empty = False
    return [*lines, line]


def to_json(findings: list[Finding]) -> str:
    """Return the findings as a JSON document."""
    import json

    document = {
        "can_run_containers": can_run_containers(findings),
        "summary": summary(findings),
        "findings": [one.as_dict() for one in findings],
    }
    return json.dumps(document, indent=4, ensure_ascii=False)


def from_json(text: str) -> list[Finding]:
    """Return the findings that ``to_json`` wrote."""
    import json

    found = []
    for record in json.loads(text)["findings"]:
        first = [record.pop(key) for key in ("name", "title", "verdict", "detail")]
        found.append(Finding(*first, **record))
    return found
