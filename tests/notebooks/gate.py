"""What nbval does not look at, and what the course promises: rules for the files as committed.

nbval compares nothing where a cell's execution count is missing, never looks at the exit code of a
`!` command, and knows nothing of headings, pictures or objectives.  ``problems`` returns one line
for each rule that a notebook breaks.

    python -m tests.notebooks.gate notebooks/*.ipynb
"""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat

from pyminidocker.teach.plan import Plan, load

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# A word of encouragement for those who know already is a slap for those who do not.
BANNED = re.compile(
    r"\b(just|simply|obviously|of course|easily|trivial(?:ly)?|merely)\b", re.IGNORECASE
)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def problems(path: Path) -> list[str]:
    """Return what is wrong with the notebook at ``path``; nothing means it may be committed."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    plan = load(path.name[:2])
    found = [
        *_metadata(notebook),
        *_counts(notebook),
        *_outputs(notebook),
        *_shell(notebook),
        *_headings(notebook, plan),
        *_links(notebook, path),
        *_words(notebook),
        *_course(notebook, plan),
    ]
    return [f"{path.name}: {problem}" for problem in found]


def tags(cell: Any) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def code_cells(notebook: Any) -> list[tuple[int, Any]]:
    """Return (position, cell) of all code cells that are not empty."""
    return [
        (place, cell)
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip()
    ]


def prose(notebook: Any) -> str:
    """Return all Markdown text without code blocks, code spans and quotations."""
    text = re.sub(r"```.*?```", "", _markdown(notebook), flags=re.DOTALL)
    text = re.sub(r"(?m)^>.*$", "", text)
    return re.sub(r"`[^`]*`", "CODE", text)


def _metadata(notebook: Any) -> Iterator[str]:
    if "widgets" in notebook.metadata:
        yield "widget state is stored: run python -m pyminidocker.widgets.publish"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "kernelspec is not python3"
    if notebook.metadata.get("language_info", {}).get("name") != "python":
        yield "language_info is missing"
    ids = [cell.id for cell in notebook.cells]
    if len(ids) != len(set(ids)):
        yield "two cells have the same id"


def _counts(notebook: Any) -> Iterator[str]:
    expected = 1
    for place, cell in code_cells(notebook):
        if "nbval-skip" in tags(cell):
            continue
        if cell.execution_count != expected:
            yield f"cell {place} has count {cell.execution_count}, not {expected}"
        expected += 1


def _outputs(notebook: Any) -> Iterator[str]:
    for place, cell in code_cells(notebook):
        unchecked = {"nbval-ignore-output", "nbval-skip"} & tags(cell)
        if unchecked and not cell.metadata.get("nbval_reason"):
            yield f"cell {place} is not compared, and metadata.nbval_reason does not say why"
        if re.search(r"#\s*NBVAL_", cell.source):
            yield f"cell {place} uses a comment for nbval: use a tag, with a reason"
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                yield f"cell {place} ends with {output.ename}"
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                yield f"cell {place} stores a widget, which shows as 'model not found'"
            if any(kind.startswith("image/") for kind in data):
                yield from _picture(place, output)
            if data and "text/plain" not in data:
                yield f"cell {place} has an output without text/plain"


def _picture(place: int, output: Any) -> Iterator[str]:
    alt = output.metadata.get("image/png", {}).get("alt", "")
    if len(alt) < 20:
        yield f"cell {place} shows a picture without a text for those who cannot see it"
    if len(output.data.get("text/plain", "")) < 40:
        yield f"cell {place} shows a picture whose text/plain does not say the same"


def _shell(notebook: Any) -> Iterator[str]:
    for place, cell in code_cells(notebook):
        if re.search(r"(?m)^\s*!", cell.source) and "_exit_code" not in cell.source:
            yield f"cell {place} does not look at _exit_code: a failing `!` would pass"


def _headings(notebook: Any, plan: Plan) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", _markdown(notebook), flags=re.DOTALL)
    levels = [(len(match[1]), match[2].strip()) for match in re.finditer(r"(?m)^(#+) +(.+)$", text)]
    tops = [title for level, title in levels if level == 1]
    if tops != [f"{plan.number} · {plan.title}"]:
        yield f"the one top heading should be '{plan.number} · {plan.title}', found {tops}"
    for (before, _), (level, title) in pairwise(levels):
        if level > before + 1:
            yield f"heading {title!r} skips a level"
    titles = {title for _, title in levels}
    for needed in ("Quiz", "Recap", "How Docker says it", "Sources", "Leave no trace"):
        if needed not in titles:
            yield f"there is no section {needed!r}"
    if not any(title.startswith("Break it") for title in titles):
        yield "there is no section 'Break it'"


def _links(notebook: Any, path: Path) -> Iterator[str]:
    text = _markdown(notebook)
    anchors = {title.strip().replace(" ", "-") for title in re.findall(r"(?m)^#+ +(.+)$", text)}
    for picture, words, target in LINK.findall(re.sub(r"`[^`]*`", "CODE", text)):
        if picture and len(words) < 20:
            yield f"picture {target} has no text for those who cannot see it"
        if not picture and words.lower() in {"here", "link", "this", "click here"}:
            yield f"the link to {target} does not say where it leads"
        if target.startswith("#"):
            if target[1:] not in anchors:
                yield f"there is no heading for the link {target}"
        elif "://" not in target:
            yield from _local_link(path, target)


def _local_link(path: Path, target: str) -> Iterator[str]:
    name, _, anchor = target.partition("#")
    file = path.parent / name
    if not file.exists():
        yield f"the link to {target} leads nowhere"
    elif anchor and file.suffix == ".md":
        titles = re.findall(r"(?m)^#+ +(.+)$", file.read_text(encoding="utf-8"))
        if anchor not in {
            re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles
        }:
            yield f"{name} has no heading for #{anchor}"


def _words(notebook: Any) -> Iterator[str]:
    for match in BANNED.finditer(prose(notebook)):
        yield f"the word {match[0]!r} tells a reader who struggles that they should not"


def _course(notebook: Any, plan: Plan) -> Iterator[str]:
    """Everything that the plan promises is used, and nothing else."""
    code = "\n".join(cell.source for _, cell in code_cells(notebook))
    used = {
        kind: set(re.findall(rf'lesson\.{kind}\(\s*"([\w-]+)"', code))
        for kind in (
            "predict",
            "predicted",
            "compare",
            "check",
            "claim",
            "puzzle",
            "diagnose",
            "break_",
        )
    }
    wanted = {
        "predict": {one.id for one in plan.predictions},
        "predicted": {one.id for one in plan.predictions},
        "compare": {one.id for one in plan.predictions},
        "check": {one.id for one in plan.checks},
        "claim": {one.id for one in plan.claims},
        "puzzle": {one.id for one in plan.puzzles},
        "diagnose": {one.id for one in plan.diagnoses},
        "break_": set(plan.faults),
    }
    for kind, names in wanted.items():
        for name in sorted(names ^ used[kind]):
            side = "never asked for" if name in names else "not in the plan"
            yield f"{kind} {name!r} is {side}"
    yield from _order(code, plan)
    for call in ("lesson.quiz()", "lesson.leave_no_trace()", "lesson.summary()"):
        if code.count(call) != 1:
            yield f"{call} should be called once"
    exercises = {
        tag[9:] for _, cell in code_cells(notebook) for tag in tags(cell) if tag[:9] == "exercise:"
    }
    needed = {one.id for one in plan.checks if one.exercise}
    if exercises != needed:
        yield f"cells tagged exercise:... are {sorted(exercises)}, the plan has {sorted(needed)}"
    glossary = _markdown(notebook)
    for term in plan.terms:
        if f"glossary.md#{term.replace(' ', '-')}" not in glossary:
            yield f"the term {term!r} is not linked to the glossary"


def _order(code: str, plan: Plan) -> Iterator[str]:
    for one in plan.predictions:
        places = [
            code.find(f'lesson.{kind}("{one.id}"') for kind in ("predict", "predicted", "compare")
        ]
        if places != sorted(places):
            yield f"{one.id!r}: predict, run and compare are not in this order"


def _markdown(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def main(paths: list[str]) -> int:
    """Print all problems of the notebooks at ``paths``; return 1 when there are any."""
    found = [problem for path in paths for problem in problems(Path(path))]
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    sys.stdout.write(f"{len(found)} problem(s)\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
