"""From the bytes of a Dockerfile to its statements.

A statement is an instruction's whole text: lines that end with the escape character are joined,
comments and empty lines among them are left out, and the lines of its heredocs are taken along.
Where each piece came from is kept, so that an error can point at it.

See: https://docs.docker.com/reference/dockerfile/#format
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.flags import cut_flags
from pyminidocker.dockerfile.heredocs import marks, without_tabs
from pyminidocker.dockerfile.instructions import Directives, Heredoc
from pyminidocker.dockerfile.words import Problem, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyminidocker.dockerfile.heredocs import Mark

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_KEYWORD = re.compile(r"\S+")
_KNOWN_DIRECTIVES = ("escape", "syntax", "check")


class _Piece(NamedTuple):
    """A part of a statement's text and the place in the file where it begins."""

    offset: int
    line: int
    column: int


class Statement:
    """One instruction as text.

    Attributes:
        text: the joined lines.
        written: the instruction's name as written.
        keyword: the same in capitals.
        flags: the words that begin with ``--``, without quotes.
        rest: what stands behind them, trimmed.
        rest_offset: where that begins in ``text``.
        heredocs: the files announced in it.
        line: its first line in the file, from 1.
        end_line: its last line.
        empty_lines: numbers of the empty lines among its continuation lines.
    """

    def __init__(self, text: str, pieces: list[_Piece], end_line: int) -> None:
        self.text = text.rstrip()
        self._pieces = pieces
        self.line, self.end_line = pieces[0].line, end_line
        self.empty_lines: list[int] = []
        self.heredocs: tuple[Heredoc, ...] = ()
        match = _KEYWORD.search(self.text)
        start, end = match.span() if match else (0, 0)
        self.written = self.text[start:end]
        self.keyword = self.written.upper()
        self.flags: list[Word]
        self.flags, begin = cut_flags(self.text[end:], end)
        behind = self.text[end + begin :]
        self.rest = behind.strip()
        self.rest_offset = end + begin + len(behind) - len(behind.lstrip())

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column), both from 1, of what stands at ``offset`` in the text."""
        index = bisect_right(self._pieces, offset, key=lambda piece: piece.offset) - 1
        piece = self._pieces[max(0, index)]
        return piece.line, piece.column + offset - piece.offset

    def inner(self) -> Statement:
        """Return the instruction inside of an ONBUILD; its offsets begin at ``rest_offset``."""
        inner = Statement(self.rest, [_Piece(0, *self.place(self.rest_offset))], self.end_line)
        inner.heredocs = self.heredocs
        return inner

    @property
    def full_text(self) -> str:
        """The text with the heredocs' lines beneath it, as Docker shows it."""
        return "\n".join([self.text, *(one.raw + one.name for one in self.heredocs)])


class Source:
    """A Dockerfile's lines.

    Args:
        text: its content.
        name: what to call it in messages.

    Raises:
        DockerfileError: it is not UTF-8 text.
    """

    def __init__(self, text: bytes | str, name: str) -> None:
        self.name = name
        whole = _decoded(text, name)
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", whole)
        self.lines = tuple(line.rstrip("\r\n") for line in self._lines)
        self._next = 0
        self.directives = self._read_directives()
        escape = re.escape(self.directives.escape)
        self._continued = re.compile(rf"(?<!{escape}){escape}[ \t]*$")

    def error(self, problem: Problem, statement: Statement | None = None) -> DockerfileError:
        """Return the error to raise for a problem in ``statement``."""
        line, column = 0, 0
        if statement is not None:
            line = statement.line
            if problem.offset >= 0:
                line, column = statement.place(problem.offset)
        return DockerfileError(
            problem.text,
            file=self.name,
            line=line,
            column=column,
            width=problem.width,
            source=self.lines,
            hint=problem.hint,
        )

    def statements(self) -> Iterator[Statement]:
        """Yield the instructions, in order.

        Raises:
            DockerfileError: a heredoc without its end.
        """
        while self._next < len(self._lines):
            line = self.lines[self._next].lstrip()
            number = self._next + 1
            self._next += 1
            if not line or line.startswith("#"):
                continue
            statement = self._statement(line, number)
            if statement.text:
                try:
                    announced = marks(statement.keyword, statement.text[len(statement.written) :])
                    statement.heredocs = tuple(self._heredoc(mark) for mark in announced)
                except Problem as problem:
                    raise self.error(problem, statement) from None
                statement.end_line = self._next
                yield statement

    def _statement(self, line: str, number: int) -> Statement:
        """Join ``line`` with the lines that continue it."""
        indent = len(self.lines[number - 1]) - len(line)
        pieces = [_Piece(0, number, indent + 1)]
        text, goes_on = self._without_escape(line)
        empty = []
        while goes_on and self._next < len(self._lines):
            line = self.lines[self._next]
            self._next += 1
            if line.lstrip().startswith("#"):
                continue
            if not line.strip():
                empty.append(self._next)
                continue
            if not text.strip():  # nothing but an escape character so far
                pieces = [_Piece(0, self._next, len(line) - len(line.lstrip()) + 1)]
                text, line = "", line.lstrip()
            else:
                pieces.append(_Piece(len(text), self._next, 1))
            line, goes_on = self._without_escape(line)
            text += line
        statement = Statement(text, pieces, self._next)
        statement.empty_lines = empty
        return statement

    def _without_escape(self, line: str) -> tuple[str, bool]:
        """Return (``line`` without the escape character at its end, whether there was one)."""
        match = self._continued.search(line)
        return (line[: match.start()], True) if match else (line, False)

    def _heredoc(self, mark: Mark) -> Heredoc:
        raw, indented = "", 0
        while self._next < len(self._lines):
            line = self.lines[self._next]
            whole = self._lines[self._next]
            self._next += 1
            if (line.lstrip("\t") if mark.chomp else line) == mark.name:
                return Heredoc(
                    name=mark.name,
                    content=without_tabs(raw) if mark.chomp else raw,
                    raw=raw,
                    expand=mark.expand,
                    chomp=mark.chomp,
                )
            if line.strip() == mark.name:
                indented = self._next
            raw += whole
        hint = f"end it with a line that consists of {mark.name} alone"
        if indented:
            hint = f"line {indented} has more than {mark.name} in it: take the white space away"
        raise Problem("unterminated heredoc", hint=hint)

    def _read_directives(self) -> Directives:
        """Read the ``# name=value`` lines at the very top."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.lines, 1):
            match = _DIRECTIVE.fullmatch(line.strip())
            name = match[1].lower() if match else ""
            if match is None or name not in _KNOWN_DIRECTIVES:
                break
            if name in found:
                problem = f"only one {name} parser directive can be used"
                raise self._directive_error(problem, number)
            found[name] = match[2]
            if name == "escape" and match[2] not in ("\\", "`"):
                problem = f"invalid escape token '{match[2]}' does not match ` or \\"
                raise self._directive_error(problem, number)
        skip: list[str] = []
        is_error = False
        for part in found.get("check", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == "skip":
                skip += [rule.strip() for rule in value.split(",") if rule.strip()]
            elif key == "error":
                is_error = value.strip().lower() in ("true", "1")
        return Directives(
            escape=found.get("escape", "\\"),
            syntax=found.get("syntax", ""),
            check=found.get("check", ""),
            skip=tuple(skip),
            is_error=is_error,
        )

    def _directive_error(self, problem: str, line: int) -> DockerfileError:
        return DockerfileError(problem, file=self.name, line=line, source=self.lines)


def _decoded(text: bytes | str, name: str) -> str:
    """Return the file's text without a byte order mark."""
    try:
        data = text.encode() if isinstance(text, str) else bytes(text)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DockerfileError(
                "the file is UTF-16, not UTF-8", file=name, hint="save it as UTF-8 (without BOM)"
            )
        whole = data.decode()
    except UnicodeError:
        raise DockerfileError(
            "the file is not UTF-8 text", file=name, hint="is this really a Dockerfile?"
        ) from None
    whole = whole.removeprefix("\ufeff")
    if "\0" in whole:
        line = whole.count("\n", 0, whole.index("\0")) + 1
        raise DockerfileError(
            "the line holds a NUL character", file=name, line=line, hint="save it as plain text"
        )
    return whole
