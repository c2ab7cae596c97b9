"""Why a step was found in the cache, or why not: what differs from the time before.

A step that was not found is held against the most alike of those that are remembered: the same
instruction of the same Dockerfile first, then whatever stood in its place.
"""

from collections.abc import Sequence

from pyminidocker.build.hashing import differences
from pyminidocker.build.ingredients import Ingredients
from pyminidocker.images.cached_steps import CachedStep, CachedSteps

CODES = {
    "hit": "nothing the step depends on has changed",
    "base": "where the stage starts: an image, a stage or nothing",
    "content": "files it copies or mounts changed",
    "instruction": "the instruction reads otherwise",
    "argument": "a build argument it can see has another value",
    "parent": "an earlier step was done anew",
    "first": "it was never done before",
    "forced": "the cache was not asked (--no-cache)",
}
_TEXT_MAX = 80


class Explanation:
    """Why.

    Attributes:
        code: one of ``CODES``.
        reasons: in words, at least one.
    """

    def __init__(self, code: str, reasons: Sequence[str]) -> None:
        self.code = code
        self.reasons = list(reasons)


def hit(step: CachedStep, ingredients: Ingredients) -> Explanation:
    """Explain a step that was found."""
    reasons = ["same instruction on the same state"]
    if count := len(ingredients.files):
        files = "1 file or directory" if count == 1 else f"{count} files and directories"
        reasons = [f"same instruction on the same state; {files}, all unchanged"]
    if secrets := ingredients.parts.get("secrets"):
        reasons.append(f"what the secret holds does not count: {secrets}")
    if step.seconds >= 0.01:
        reasons.append(f"it took {step.seconds:.2f} s the last time")
    return Explanation("hit", reasons)


def miss(cached: CachedSteps, ingredients: Ingredients, redone: str) -> Explanation:
    """Explain a step that was not found.

    Args:
        cached: all that is remembered.
        ingredients: what the step depends on now.
        redone: the first step before it in this build that was not found either, "" for none.
    """
    before = nearest(cached.all(), ingredients)
    if before is None:
        return Explanation("first", ["it was never done before"])
    found = _differences(cached, before, ingredients)
    if before.parent != ingredients.parent:
        found.append(_parent(before, ingredients, redone))
    if not found:
        return Explanation("first", ["what it made the last time is gone"])
    reasons = [reason for _, lines in found for reason in lines]
    return Explanation(found[0][0], reasons)


def nearest(steps: Sequence[CachedStep], ingredients: Ingredients) -> CachedStep | None:
    """Return the remembered step that is most like one.

    Of those that are equally so, the one that was used last: the build before this one had it.
    """
    best: tuple[tuple[int, float], CachedStep] | None = None
    for step in steps:
        if step.keyword != ingredients.keyword:
            continue
        same_text = step.instruction == ingredients.instruction
        same_home = step.place.rpartition("/")[0] == ingredients.place.rpartition("/")[0]
        same_place = step.place == ingredients.place
        same_parent = step.parent == ingredients.parent
        is_known_here = same_home and (same_text or same_parent or same_place)
        if not is_known_here and not (same_text and same_parent):
            continue  # another Dockerfile's: to compare with it would only confuse
        alike = 8 * same_text + 4 * same_parent + 2 * same_home + same_place
        score = (alike, step.last_used)
        if best is None or score >= best[0]:
            best = (score, step)
    return best[1] if best is not None else None


def _differences(
    cached: CachedSteps, before: CachedStep, now: Ingredients
) -> list[tuple[str, list[str]]]:
    found = []
    if before.instruction != now.instruction:
        found.append(("instruction", [f"the instruction was: {_short(before.instruction)}"]))
    if before.files != now.files_digest:
        lines = differences(cached.files(before.files), now.files) if before.files else []
        found.append(("content", lines or ["its files changed"]))
    if before.arguments != now.arguments:
        found.append(("argument", _pairs("build argument ", before.arguments, now.arguments)))
    if before.parts != now.parts:
        found.append(("instruction", _pairs("", before.parts, now.parts)))
    return found


def _pairs(what: str, before: dict[str, str], now: dict[str, str]) -> list[str]:
    lines = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if old is None:
            lines.append(f"{what}{name} is new: {_short(new or '')!r}")
        elif new is None:
            lines.append(f"{what}{name} is gone; it was {_short(old)!r}")
        else:
            lines.append(f"{what}{name} changed from {_short(old)!r} to {_short(new)!r}")
    return lines


def _parent(before: CachedStep, now: Ingredients, redone: str) -> tuple[str, list[str]]:
    if redone:
        return "parent", [f"an earlier step was done anew: {_short(redone)}"]
    if now.is_first:
        old, new = before.parent.removeprefix("sha256:"), now.parent.removeprefix("sha256:")
        return "base", [f"the base changed from {old[:12]} to {new[:12]}"]
    return "parent", ["the steps before it are others than the last time"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_MAX else line[: _TEXT_MAX - 1] + "…"
