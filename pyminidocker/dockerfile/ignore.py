"""``.dockerignore``: which files stay behind.

Patterns are those of Go's filepath.Match (``*``, ``?``, ``[a-z]``, backslash), and ``**`` for any
number of directories.  They are read in order: the last one that speaks of a path decides, and
``!`` brings back.  A pattern that matches a directory matches everything beneath it.

See: https://docs.docker.com/build/concepts/context/#dockerignore-files; moby/patternmatcher.
"""

from __future__ import annotations

import posixpath
import re

from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


class Ignore:
    """The patterns of a ``.dockerignore`` file, or of ``COPY --exclude``.

    Args:
        text: the file's content.

    Attributes:
        patterns: cleaned, in order; exceptions begin with ``!``.

    Raises:
        InvalidArgument: a pattern is malformed.
    """

    def __init__(self, text: str | bytes) -> None:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        found = []
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            if line.startswith("#") or not line.strip():
                continue
            found.append(_Pattern(line.strip(), f" on line {number}"))
        self._patterns = [pattern for pattern in found if pattern.text]
        self.patterns = tuple(str(pattern) for pattern in self._patterns)

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Self:
        """Return the same for patterns that do not come from a file: no comments among them."""
        self = cls("")
        found = [_Pattern(text.strip(), "") for text in patterns if text.strip()]
        self._patterns = [pattern for pattern in found if pattern.text]
        self.patterns = tuple(str(pattern) for pattern in self._patterns)
        return self

    def __bool__(self) -> bool:
        """Whether there are patterns at all."""
        return bool(self._patterns)

    def excludes(self, path: str) -> bool:
        """Tell whether the file or directory ``path`` (relative, with slashes) stays behind.

        A path whose parent stays behind does too, unless a later ``!`` pattern brings it back.
        """
        path = posixpath.normpath(path).lstrip("/")
        if path in (".", ""):
            return False
        parts = path.split("/")
        ways = [path, *("/".join(parts[:count]) for count in range(1, len(parts)))]
        excluded = False
        for pattern in self._patterns:
            if pattern.brings_back == excluded and any(map(pattern.matches, ways)):
                excluded = not pattern.brings_back
        return excluded

    def may_hold_exceptions(self, directory: str) -> bool:
        """Tell whether ``!`` may bring back something beneath the excluded ``directory``."""
        parts = posixpath.normpath(directory).split("/")
        return any(
            pattern.brings_back and pattern.may_match_beneath(parts) for pattern in self._patterns
        )


class _Pattern:
    """One line.

    Args:
        line: without white space at its ends.
        place: for the message, e.g. " on line 3".
    """

    def __init__(self, line: str, place: str) -> None:
        self.brings_back = line.startswith("!")
        bare = line[1:].strip() if self.brings_back else line
        if self.brings_back and not bare:
            raise InvalidArgument(
                f'error reading .dockerignore{place}: illegal exclusion pattern: "!"',
                hint="write what is to be taken back behind the !",
            )
        self.text = posixpath.normpath(bare).lstrip("/") if bare else ""
        if bare == "/" or self.text == ".":
            self.text = ""  # the context itself cannot be left out
        self._parts = self.text.split("/")
        try:
            self._regex = _compiled(self.text)
            self._part_regexes = [_compiled(part) for part in self._parts]
        except ValueError as error:
            raise InvalidArgument(
                f"error checking context{place}: syntax error in pattern {bare}: {error}",
                hint="write a backslash before a [ that is meant as it is",
            ) from None

    def __str__(self) -> str:
        return f"!{self.text}" if self.brings_back else self.text

    def matches(self, path: str) -> bool:
        """Tell whether the pattern speaks of exactly this path."""
        return self._regex.fullmatch(path) is not None

    def may_match_beneath(self, parts: list[str]) -> bool:
        """Tell whether a path below the directory with these parts could match."""
        for index, regex in enumerate(self._part_regexes):
            if "**" in self._parts[index]:
                return True
            if index == len(parts):
                return True  # the directory is on the way to what the pattern names
            if not regex.fullmatch(parts[index]):
                return False
        return True  # the pattern names the directory or one above it, with all that is beneath


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for a pattern.

    Raises:
        ValueError: a bracket is not closed, or an escape has nothing to escape.
    """
    if re.fullmatch(r"\*\*[^*?\\\[\]]+", pattern) and not pattern.startswith("**/"):
        return re.compile(".*" + re.escape(pattern[2:]), re.DOTALL)  # "**.log": any path so ending
    out, position = "", 0
    while position < len(pattern):
        letter = pattern[position]
        position += 1
        if letter == "*":
            if not pattern.startswith("*", position):
                out += "[^/]*"
                continue
            position += 1
            if pattern.startswith("/", position):
                position += 1
            piece = ".*" if position == len(pattern) else "(?:.*/)?"
            if not out.endswith(piece):  # "**/**" says no more, and takes long to match
                out += piece
        elif letter == "?":
            out += "[^/]"
        elif letter == "\\":
            if position == len(pattern):
                raise ValueError("nothing behind the backslash")
            out += re.escape(pattern[position])
            position += 1
        elif letter == "[":
            piece, position = _bracket(pattern, position)
            out += piece
        else:
            out += re.escape(letter)
    try:
        return re.compile(re.sub(r"(?:\[\^/\]\*){2,}", "[^/]*", out), re.DOTALL)
    except re.error as error:
        raise ValueError(str(error)) from None


def _bracket(pattern: str, position: int) -> tuple[str, int]:
    """Return (the regular expression for the bracket that begins before ``position``, its end)."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _in_bracket(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _in_bracket(pattern, position + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")  # nothing is between them, which Go allows
    inside = "".join(ranges)
    if not inside:
        return ("[^/]" if negated else "(?!)"), position + 1
    return (f"[^/{inside}]" if negated else f"(?!/)[{inside}]"), position + 1


def _in_bracket(pattern: str, position: int) -> tuple[str, int]:
    letter = pattern[position : position + 1]
    if letter == "\\":
        position += 1
        letter = pattern[position : position + 1]
    elif letter in ("-", "]"):
        raise ValueError("a bracket begins wrongly")
    if not letter or position + 1 >= len(pattern):
        raise ValueError("a bracket is not closed")
    return letter, position + 1
