"""The build tree as a live view, also while a build goes on."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from pyminidocker.client.build_steps import FAILED
from pyminidocker.errors import InvalidArgument
from pyminidocker.units import human_size
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.buildtree.model import BuildRun, Step, align
from pyminidocker.widgets.buildtree.scene import draw_build, hue_of, took
from pyminidocker.widgets.buildtree.twin import build_table
from pyminidocker.widgets.scene import Scene

AT_MOST_EVERY_S = 0.08  # a picture while the build goes on
MOST_LINES = 24  # of a step's output on the page


class BuildTree(LearningView):
    """Stages and steps of a build, and why each was or was not taken from the cache.

    The view is itself what ``engine.build(..., progress=tree)`` wants: called with a record, it
    shows what has come of the build so far.

    Attributes:
        run: the build on show.
        previous: the build before it, to compare with.
        gone: steps of the previous build that are not there any more.
        selected: id of the step whose reasons are shown.
    """

    _esm = script("base.js", "buildtree.js")
    _css = styles("buildtree.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    is_going_on = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, run: BuildRun | None = None, previous: BuildRun | None = None) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._drawn = 0.0
        self.run, self.previous, self.gone = run or BuildRun(), previous, list[Step]()
        if previous is not None:
            self.gone = align(previous, self.run)
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the build."""
        return draw_build(self.run, still=still, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return build_table(self.run)

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Take one record of a build that goes on."""
        with self._lock:
            if "Plan" in record and (self.run.is_over or not self.run.steps):
                self.previous, self.run = self.run, BuildRun()
                self.run.feed(record)
                self.gone = align(self.previous, self.run)
                self.is_going_on = True
            elif not self.run.feed(record):
                return
            if self.run.is_over:
                self.is_going_on = False
                self.message = self.run.summary()
            elif time.monotonic() - self._drawn < AT_MOST_EVERY_S:
                return
            self._show()

    def predict(self, guesses: Mapping[str, bool]) -> "BuildTree":
        """Say beforehand what the next build will take from the cache.

        Args:
            guesses: ``{"COPY app.py": False, "FROM": True}``: how an instruction begins (or a
                step's id or label), and whether it will be taken from the cache.

        Raises:
            InvalidArgument: no step, or more than one, begins like that.
        """
        with self._lock:
            for name, guess in guesses.items():
                self._guess(self.step(name), guess)
            self._show()
        return self

    def step(self, name: str) -> Step:
        """Return the step with that id or label, or whose instruction begins with ``name``.

        Raises:
            InvalidArgument: there is none, or there are several.
        """
        steps = self.run.steps.values()
        found = [one for one in steps if name in (one.told.id, one.label)]
        found = found or [one for one in steps if one.told.text.startswith(name)]
        if len(found) == 1:
            return found[0]
        raise InvalidArgument(
            f"{len(found) or 'no'} steps begin with {name!r}",
            hint="; ".join(f"{one.label}: {one.told.first_line[:40]}" for one in found or steps),
        )

    def _guess(self, step: Step, guess: bool | None) -> None:
        if self.run.is_over:
            step.next_guess = guess
        elif not step.is_settled:  # afterwards everybody knew
            step.guess = guess

    def _show(self) -> None:
        self._drawn = time.monotonic()
        self.details = {name: self._detail(step) for name, step in self.run.steps.items()}
        if self.selected not in self.details:
            self.selected = next(iter(self.details), "")
        self.draw()

    def _detail(self, step: Step) -> dict[str, Any]:
        """Return what the page says about one step."""
        told = step.told
        facts = [
            ("adds", step.weight),
            ("took", took(step)),
            ("layer", told.layer),
            ("key in the cache", told.key),
        ]
        output = told.lines()[-MOST_LINES:]
        if step.state == FAILED:
            output += map(str, self.run.story.error.get("Excerpt") or ())
        return {
            "label": step.label,
            "text": told.text,
            "line": told.line,
            "state": step.state,
            "hue": hue_of(step),
            "reasons": list(told.reasons) or [step.why] * bool(step.why),
            "facts": [[name, value] for name, value in facts if value],
            "before": self._before(step),
            "output": "\n".join(output),
            "guess": step.next_guess if self.run.is_over else step.guess,
            "verdict": step.verdict,
            "may_guess": self.run.is_over or not step.is_settled,
        }

    def _before(self, step: Step) -> str:
        """Say how the step went in the build before."""
        if self.previous is None or not self.previous.steps:
            return ""
        if (old := step.before) is None:
            return "The build before had no such step."
        said = f"The build before: {old.state}"
        if old.told.text != step.told.text:
            said += f", then as {old.told.first_line}"
        if old.told.bytes:
            said += f", {human_size(old.told.bytes)}"
        return f"{said}, {took(old)}." if took(old) else f"{said}."

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        with self._lock:
            step = self.run.steps.get(str(content.get("key", "")))
            if content.get("do") == "guess" and step is not None:
                now = step.next_guess if self.run.is_over else step.guess
                self._guess(step, {None: True, True: False, False: None}[now])
                self._show()


def _run_of(build: Any) -> BuildRun | None:
    """Return the build behind what ``engine.build`` returned (or raised), a tree, or records."""
    if build is None or isinstance(build, BuildRun):
        return build
    if isinstance(build, BuildTree):
        return build.run
    build = getattr(build, "build", build)  # a BuildError has the build as far as it came
    records = getattr(build, "records", build)
    if isinstance(records, Iterable) and not isinstance(records, str | bytes | Mapping):
        return BuildRun.read(records)
    raise InvalidArgument(f"not a build: {build!r}", hint="what engine.build(...) returned")


def build_tree(build: Any = None, previous: Any = None) -> BuildTree:
    """Show a build as a tree of stages and steps: what came from the cache, and why the rest not.

    Args:
        build: what ``engine.build`` returned, or its records; nothing for a tree that waits for a
            build: ``tree = build_tree()``, then ``engine.build(..., progress=tree)``.
        previous: the build to compare it with.

    Returns:
        The widget.  ``.run`` is the data, ``.predict(...)`` notes what the next build will take
        from the cache, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: it is no build.
    """
    return BuildTree(_run_of(build), _run_of(previous))
