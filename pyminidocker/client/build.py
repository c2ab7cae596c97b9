"""A build that was carried out, as an object to hold in a notebook."""

from __future__ import annotations

from pyminidocker.client.build_steps import BuildStep, BuildStory
from pyminidocker.client.image import Image
from pyminidocker.client.table import html_table, text_table
from pyminidocker.errors import MiniDockerError
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.client.engine_client import EngineClient

_HEADER = ("STEP", "INSTRUCTION", "RESULT", "SIZE", "TIME")
_WIDEST = 60


class Build:
    """What came of ``engine.build(...)``.

    Attributes:
        records: the engine's records, as they came.
        steps: one ``BuildStep`` for each instruction, in the order of the plan.
        warnings: what the build checks say: (text, line).
        tags: the names it gave.
        seconds: how long it took.

    Args:
        api: the calls of its engine.
        records: all of them.
    """

    def __init__(self, api: EngineClient, records: list[dict[str, Any]]) -> None:
        self.api, self.records = api, records
        story = BuildStory()
        for record in records:
            story.feed(record)
        self.story = story
        self.steps: list[BuildStep] = list(story.steps.values())
        self.warnings = story.warnings
        self.tags: list[str] = list(story.built.get("Tags") or ())
        self.seconds = float(story.built.get("Seconds") or 0.0)

    @property
    def id(self) -> str:
        """The image's id, or "" when there is none."""
        return str(self.story.built.get("Id") or "")

    @property
    def image(self) -> Image:
        """The image that was built.

        Raises:
            MiniDockerError: the build failed.
        """
        if not self.id:
            raise MiniDockerError("this build made no image")
        return Image(self.api, self.id)

    @property
    def cached(self) -> list[BuildStep]:
        """The steps that were taken from the cache."""
        return [step for step in self.steps if step.cached]

    def step(self, which: int | str) -> BuildStep:
        """Return a step by its line in the Dockerfile, its id, or the beginning of its text.

        Raises:
            MiniDockerError: there is no such step.
        """
        for step in self.steps:
            by_text = isinstance(which, str) and (
                step.id == which or step.first_line.startswith(which)
            )
            if by_text or (step.line == which and step.line):
                return step
        raise MiniDockerError(f"this build has no step {which!r}", hint="look at build.steps")

    @property
    def output(self) -> str:
        """What all steps wrote, one after the other."""
        return "".join(["".join(step.output) for step in self.steps])

    def _rows(self) -> list[list[str]]:
        rows = []
        for step in self.steps:
            text = step.first_line
            text = text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
            result = f"{step.verdict}: {step.why}" if step.why else step.verdict
            size = human_size(step.bytes) if step.bytes else ""
            took = f"{step.seconds:.2f}s" if step.seconds and not step.cached else ""
            rows.append([step.label, text, result, size, took])
        return rows

    def _last_line(self) -> str:
        if not self.id:
            return f"failed: {self.story.error.get('Message', '')}"
        names = ", ".join(self.tags) or "no name"
        return f"{self.id[:19]} ({names}), {len(self.cached)} of {len(self.steps)} steps cached"

    def __repr__(self) -> str:
        return text_table(_HEADER, self._rows()) + f"\n{self._last_line()}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Build(...)" if cycle else repr(self))

    def _repr_html_(self) -> str:
        from html import escape

        return html_table(_HEADER, self._rows()) + f"<p>{escape(self._last_line())}</p>"


class BuildError(MiniDockerError):
    """A build failed.

    Attributes:
        step: the step that failed, or None when the build never began.
        line: in the Dockerfile; 0 when no line is to blame.
        column: in that line, from 1; 0 for all of it.
        excerpt: the line with its neighbours.
        exit_code: of the RUN that failed, otherwise 1.
        build: the build as far as it came.
    """

    def __init__(self, build: Build) -> None:
        error = build.story.error
        step = build.story.failed
        message = str(error.get("Message") or "the build failed")
        if step is not None:
            message = f"{step.label} {step.first_line}: {message}"
        super().__init__(message, hint=str(error.get("Hint") or ""))
        self.build, self.step = build, step
        self.line, self.column = int(error.get("Line") or 0), int(error.get("Column") or 0)
        self.excerpt = tuple(map(str, error.get("Excerpt") or ()))
        self.exit_code = int(error.get("Code") or 1)
        if self.excerpt:
            self.add_note("\n".join(self.excerpt))
        output = step.lines() if step is not None else []
        if output:
            self.add_note("\n".join(["output:", *output[-10:]]))
