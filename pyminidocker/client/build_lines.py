"""A build as lines of text, the way BuildKit prints it, with the reasons that BuildKit keeps.

Summary  one line for each step when it is over, its output beneath it: notebooks
Plain    every event on a line of its own, numbered by step: logs, pipes, CI
"""

from __future__ import annotations

from pyminidocker.client.build_steps import FAILED, UNNEEDED, BuildStep, BuildStory
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

WIDTH = 80
_MOST_LINES = 12  # of a step's output that a summary shows
_MOST_LINES_FAILED = 60


def head(step: BuildStep) -> str:
    """Return a step's label and text, marked when it came from the cache."""
    mark = "CACHED " if step.verdict == "CACHED" else "ERROR " if step.state == FAILED else ""
    return f" => {mark}{step.label} {step.first_line}"


def with_right(left: str, right: str, width: int = WIDTH) -> str:
    """Return ``left``, cut or filled so that ``right`` ends in column ``width``."""
    room = width - len(right) - 1
    if len(left) > room > 4:
        left = left[: room - 3] + "..."
    return f"{left.ljust(room)} {right}"


def seconds(value: float) -> str:
    """Return a time as BuildKit prints it: one digit behind the point."""
    return f"{value:.1f}s"


def ending(story: BuildStory, width: int = WIDTH) -> list[str]:
    """Return the last lines of a build that went well."""
    if not story.built:
        return []
    size, took = story.built.get("Size") or 0, float(story.built.get("Seconds") or 0.0)
    cached = sum(step.verdict == "CACHED" for step in story.needed)
    lines = [
        with_right(" => exporting to image", human_size(size), width),
        f" => => writing image {story.built['Id']}",
        *(f" => => naming to {tag}" for tag in story.built.get("Tags") or ()),
        f"[+] Built in {took:.1f}s: {len(story.needed)} steps, {cached} from the cache",
    ]
    left_out = sorted({step.stage_index for step in story.steps.values() if step.state == UNNEEDED})
    if left_out:
        names = ", ".join(_stage_name(story, index) for index in left_out)
        lines.insert(0, f" => left out, because nothing needs it: {names}")
    return lines


def _stage_name(story: BuildStory, index: int) -> str:
    names = {step.stage for step in story.steps.values() if step.stage_index == index}
    return f"stage {next(iter(names - {''}), index)}"


def warnings(story: BuildStory) -> list[str]:
    """Return the build checks' findings."""
    if not story.warnings:
        return []
    count = len(story.warnings)
    lines = ["", f" {count} warning{'s' if count != 1 else ''} found:"]
    return lines + [f" - {text}" + (f" (line {n})" if n else "") for text, n in story.warnings]


class Summary:
    """Writes one line for each step when it is over.

    Args:
        write: takes text.
        width: columns.
        sent: bytes of the context that have been sent, for the line about it.
        with_output: show what a step wrote also when it went well.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        width: int = WIDTH,
        *,
        sent: Callable[[], int] | None = None,
        with_output: bool = True,
    ) -> None:
        self.story = BuildStory()
        self._write, self._width = write, width
        self._sent, self._with_output = sent, with_output
        self._told: set[str] = set()

    def __call__(self, record: Json) -> None:
        """Take one record."""
        if "Plan" in record and self._sent is not None and not self.story.steps:
            size = human_size(self._sent())
            self._say([with_right(" => load build context", size, self._width)])
        step = self.story.feed(record)
        over = step is not None and ("Finished" in record or "Failed" in record or step.cached)
        if step is not None and over and step.id not in self._told:
            self._told.add(step.id)
            self._say([*self._step(step)])
        if self.story.is_over and step is None:
            self._say([*ending(self.story, self._width), *warnings(self.story)])

    def _say(self, lines: list[str]) -> None:
        if lines:
            self._write("\n".join(lines) + "\n")

    def _step(self, step: BuildStep) -> list[str]:
        right = "" if step.cached else seconds(step.seconds)
        if step.bytes and not step.cached:
            right = f"{human_size(step.bytes)}  {right}"
        lines = [with_right(head(step), right, self._width).rstrip()]
        if step.why:
            lines.append(f"      because {step.why}")
        shown = step.lines() if self._with_output or step.state == FAILED else []
        most = _MOST_LINES_FAILED if step.state == FAILED else _MOST_LINES
        if len(shown) > most:
            lines.append(f"    | ... {len(shown) - most} lines before")
        return lines + [f"    | {line}" for line in shown[-most:]]


class Plain:
    """Writes every event on a line that begins with the step's number.

    Args:
        write: takes text.
        clock: seconds, for the times before output.
        sent: bytes of the context that have been sent, for the lines about it.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        clock: Callable[[], float],
        *,
        sent: Callable[[], int] | None = None,
    ) -> None:
        self.story = BuildStory()
        self._write, self._clock, self._sent = write, clock, sent
        self._numbers: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._rests: dict[str, str] = {}
        self._last = ""

    def __call__(self, record: Json) -> None:
        """Take one record."""
        if "Plan" in record and self._sent is not None and not self.story.steps:
            size = human_size(self._sent())
            self._say("context", "[internal] load build context", [f"transferring {size} done"])
        step = self.story.feed(record)
        if step is None:
            if self.story.built:
                self._say("exporting", "exporting to image", self._ending())
            if self.story.is_over:
                self._lines(warnings(self.story))
            return
        if "Output" in record:
            self._output(step, str(record["Text"]))
        elif "Cache" in record and step.cached:
            self._say(step.id, self._title(step), ["CACHED"])
        elif "Cache" in record and step.why:
            self._say(step.id, self._title(step), [f"because {step.why}"])
        elif "Started" in record:
            self._began[step.id] = self._clock()
            if not self.story.is_held_up(step):
                self._say(step.id, self._title(step), [])
        elif "Finished" in record and not step.cached:
            self._flush(step)
            size = f" ({human_size(step.bytes)})" if step.bytes else ""
            self._say(step.id, self._title(step), [f"DONE {seconds(step.seconds)}{size}"])
        elif "Failed" in record:
            self._flush(step)
            self._say(step.id, self._title(step), [f"ERROR: {step.error}"])

    def _title(self, step: BuildStep) -> str:
        return f"{step.label} {step.first_line}"

    def _ending(self) -> list[str]:
        built = self.story.built
        names = [f"naming to {tag}" for tag in built.get("Tags") or ()]
        return [
            f"writing image {built['Id']}",
            *names,
            f"DONE, the whole build in {seconds(built.get('Seconds') or 0)}",
        ]

    def _say(self, key: str, title: str, lines: list[str]) -> None:
        """Write lines of a step; its title first, when another one spoke in between."""
        number = self._numbers.setdefault(key, len(self._numbers) + 1)
        if self._last != key:
            self._lines([*([""] if self._last else []), f"#{number} {title}"])
            self._last = key
        self._lines([f"#{number} {line}" for line in lines])

    def _lines(self, lines: list[str]) -> None:
        if lines:
            self._write("\n".join(lines) + "\n")

    def _output(self, step: BuildStep, text: str) -> None:
        *whole, self._rests[step.id] = (self._rests.get(step.id, "") + text).split("\n")
        now = self._clock()
        passed = now - self._began.get(step.id, now)
        lines = [f"{passed:.3f} {line.rstrip().rsplit(chr(13), 1)[-1]}" for line in whole]
        if lines:
            self._say(step.id, self._title(step), lines)

    def _flush(self, step: BuildStep) -> None:
        if self._rests.get(step.id):
            self._output(step, "\n")


def failure(story: BuildStory, dockerfile: str = "Dockerfile") -> list[str]:
    """Return what to say of a build that failed: the place, the excerpt, the error, the remedy."""
    error = story.error
    lines = []
    if error.get("Excerpt"):
        place = f"{dockerfile}:{error['Line']}" if error.get("Line") else dockerfile
        rule = "-" * 20
        lines += [place, rule, *map(str, error["Excerpt"]), rule]
    lines.append(f"ERROR: {error.get('Message') or 'the build failed'}")
    if error.get("Hint"):
        lines.append(f"hint: {error['Hint']}")
    return lines
