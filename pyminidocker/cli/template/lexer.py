"""From the text of a template to text, and tokens between ``{{`` and ``}}``."""

from __future__ import annotations

from pyminidocker.cli.template.nodes import TemplateError

SPACE = " \t\r\n"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "a": "\a", "b": "\b"}


class Token:
    """One token of an action.

    ``kind`` is one of text, open, close, field, variable, word, string, number, character, space,
    and the marks ``|``, ``(``, ``)``, ``,``, ``:=``, ``=``, ``.``.
    """

    __slots__ = ("column", "kind", "line", "text", "value")

    def __init__(self, kind: str, text: str, line: int, column: int, value: object = None) -> None:
        self.kind = kind
        self.text = text
        self.line = line
        self.column = column
        self.value = value


def unclosed(line: int, what: str) -> TemplateError:
    """Return a parse error in Go's words."""
    return TemplateError(f"template: :{line}: {what}")


class Lexer:
    """Cuts a template into tokens, in order."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        """Return all tokens.

        Raises:
            TemplateError: an action or a string does not end, or a character makes no sense.
        """
        source, trim = self.source, False
        while self.position < len(source):
            start = source.find("{{", self.position)
            end = len(source) if start < 0 else start
            text = source[self.position : end]
            if trim:
                text = text.lstrip(SPACE)
            if (
                start >= 0
                and source[start + 2 : start + 3] == "-"
                and source[start + 3 : start + 4] in SPACE
            ):
                text = text.rstrip(SPACE)
                skip = 3
            else:
                skip = 2
            if text:
                self._add("text", text)
            if start < 0:
                break
            self.position = start + skip
            trim = self._action()
        return self.tokens

    def _place(self) -> tuple[int, int]:
        line_start = self.source.rfind("\n", 0, self.position) + 1
        return self.source.count("\n", 0, self.position) + 1, self.position - line_start

    def _add(self, kind: str, text: str, value: object = None) -> None:
        line, column = self._place()
        self.tokens.append(Token(kind, text, line, column, value))

    def _action(self) -> bool:
        """Read one action; tell whether it ends with ``-}}``."""
        source = self.source
        body = source[self.position :].lstrip(SPACE)
        if body.startswith("/*"):
            end = source.find("*/", self.position)
            if end < 0:
                raise unclosed(self._place()[0], "unclosed comment")
            self.position = end + 2
            rest = source[self.position :]
            for mark, trim in (("}}", False), (" -}}", True)):
                if rest.startswith(mark):
                    self.position += len(mark)
                    return trim
            raise unclosed(self._place()[0], "comment ends before closing delimiter")
        self._add("open", "{{")
        while True:
            rest = source[self.position :]
            if rest.startswith("}}"):
                self._add("close", "}}")
                self.position += 2
                return False
            if rest[:1] in SPACE and rest.lstrip(SPACE).startswith("-}}"):
                self._add("close", "-}}")
                self.position = source.index("-}}", self.position) + 3
                return True
            if not rest:
                raise unclosed(self._place()[0], "unclosed action")
            self._token(rest)

    def _token(self, rest: str) -> None:
        letter = rest[0]
        if letter in SPACE:
            length = len(rest) - len(rest.lstrip(SPACE))
            self._add("space", rest[:length])
        elif letter in "|(),=":
            length = 1
            self._add(letter, letter)
        elif rest.startswith(":="):
            length = 2
            self._add(":=", ":=")
        elif letter in "\"'`":
            length = self._string(rest)
        elif letter == "." and not rest[1:2].isdigit():
            length = 1 + _name(rest[1:])
            self._add("field" if length > 1 else ".", rest[:length])
        elif letter == "$":
            length = 1 + _name(rest[1:])
            self._add("variable", rest[:length])
        elif letter.isdigit() or letter in "+-.":
            length = 1
            while length < len(rest) and (rest[length].isalnum() or rest[length] in "._"):
                length += 1
            self._add("number", rest[:length], self._number(rest[:length]))
        elif letter.isalpha() or letter == "_":
            length = _name(rest)
            self._add("word", rest[:length])
        else:
            raise unclosed(self._place()[0], f"unexpected {letter!r} in operand")
        self.position += length

    def _string(self, rest: str) -> int:
        mark, value, index = rest[0], "", 1
        while True:
            letter = rest[index : index + 1]
            if not letter or (letter == "\n" and mark != "`"):
                what = "raw quoted string" if mark == "`" else "quoted string"
                raise unclosed(self._place()[0], f"unterminated {what}")
            index += 1
            if letter == mark:
                break
            if letter == "\\" and mark != "`":
                letter = _ESCAPES.get(rest[index : index + 1], rest[index : index + 1])
                index += 1
            value += letter
        if mark == "'":
            self._add("number", rest[:index], ord(value) if len(value) == 1 else 0)
        else:
            self._add("string", rest[:index], value)
        return index

    def _number(self, text: str) -> int | float:
        for read in (lambda: int(text, 0), lambda: float(text)):
            try:
                return read()
            except ValueError:
                continue
        raise unclosed(self._place()[0], f'bad number syntax: "{text}"')


def _name(text: str) -> int:
    """Return the length of the identifier that ``text`` begins with."""
    length = 0
    while length < len(text) and (text[length].isalnum() or text[length] == "_"):
        length += 1
    return length
