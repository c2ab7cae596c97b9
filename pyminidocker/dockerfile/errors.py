"""What is wrong in a Dockerfile, and where.

The message is BuildKit's (``dockerfile parse error on line 3: ...``), so that whoever searches for
it finds answers.  The place and the excerpt are ours.
"""

from __future__ import annotations

from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_AROUND = 1  # lines shown before and after the wrong one


class DockerfileError(InvalidArgument):
    """A Dockerfile does not mean anything as it stands.

    Args:
        problem: what is wrong, without the place.
        file: the Dockerfile's name, for people.
        line: number of the line, from 1; 0 when the whole file is meant.
        column: number of the character in that line, from 1; 0 when the whole line is meant.
        width: how many characters from ``column`` on are meant.
        source: all lines of the file, for the excerpt.
        hint: what to do about it.

    Attributes:
        problem: as given.
        file: as given.
        line: as given.
        column: as given.
        excerpt: the line with its neighbours, numbered, and a marker beneath it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str = "Dockerfile",
        line: int = 0,
        column: int = 0,
        width: int = 1,
        source: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        place = f" on line {line}" if line else ""
        super().__init__(f"dockerfile parse error{place}: {problem}", hint=hint)
        self.problem, self.file, self.line, self.column = problem, file, line, column
        self.excerpt = excerpt(source, line, column, width)


def excerpt(source: Sequence[str], line: int, column: int = 0, width: int = 1) -> tuple[str, ...]:
    """Return line ``line`` of ``source`` with its neighbours, numbered, the line itself marked.

    Args:
        source: the lines of the file, without their ends.
        line: from 1.
        column: from 1; 0 marks the whole line.
        width: how many characters to mark.
    """
    if not 1 <= line <= len(source):
        return ()
    shown = []
    digits = len(str(min(line + _AROUND, len(source))))
    for number in range(max(1, line - _AROUND), min(len(source), line + _AROUND) + 1):
        text = source[number - 1].rstrip().replace("\t", " ")
        shown.append(f"{'>' if number == line else ' '} {number:>{digits}} | {text}".rstrip())
        if number == line:
            start = column or len(text) - len(text.lstrip()) + 1
            count = width if column else max(1, len(text.strip()))
            marker = " " * (start - 1) + "^" * max(1, min(count, len(text) - start + 1))
            shown.append(f"  {'':>{digits}} | {marker}")
    return tuple(shown)
