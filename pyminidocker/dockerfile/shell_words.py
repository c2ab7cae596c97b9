"""Variables in words, as Docker puts them in: ``$x``, ``${x:-word}``, ``${x#pattern}`` ...

The rules are a shell's, less command substitution and arithmetic.  Quotes and escapes are taken
away in the same pass, because a quoted ``$`` is no variable.

See: https://docs.docker.com/reference/dockerfile/#environment-replacement; POSIX, Shell Command
Language, 2.6.2 Parameter Expansion.
"""

from __future__ import annotations

from pyminidocker.dockerfile.shell_patterns import BadPattern, replaced, trimmed
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], str | None]

_SPECIAL = "@*#?-$!0"  # one-character parameters of a shell; never set here
_DEEPEST = 50  # ${a:-${b:-...}}, nested


def expand(word: str, lookup: Lookup, escape: str = "\\", *, quotes: bool = True) -> str:
    """Put variables into ``word`` and take its quotes and escapes away.

    Args:
        word: as it stands in the Dockerfile.
        lookup: value of a variable, or None when it is not set; whoever needs to know which were
            used notes it there.
        escape: the escape character.
        quotes: quotes mean something; False for the content of a heredoc.

    Raises:
        InvalidArgument: bad substitution, or ``${x:?text}`` of a variable that is not set.
    """
    return _Expansion(word, lookup, escape, quotes=quotes).run()[0]


def expand_words(text: str, lookup: Lookup, escape: str = "\\") -> tuple[str, ...]:
    """Put variables into ``text`` and split the result into words, as EXPOSE does.

    Raises:
        InvalidArgument: as ``expand``.
    """
    return tuple(_Expansion(text, lookup, escape).run()[1])


def raw_words(text: str) -> tuple[str, ...]:
    """Split ``text`` as a shell does, with quotes, escapes and variables left as they are.

    Raises:
        InvalidArgument: a quote is not closed.
    """
    return tuple(_Expansion(text, lambda _: None, "\\", raw=True, keep_unset=True).run()[1])


def unquoted_words(text: str) -> tuple[str, ...]:
    """Split ``text`` as a shell does, without quotes and escapes, variables left as they are.

    Raises:
        InvalidArgument: a quote is not closed.
    """
    return tuple(_Expansion(text, lambda _: None, "\\", keep_unset=True).run()[1])


class _Words:
    """Collects characters into words: spaces part them unless they were quoted."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.word = ""

    def add(self, text: str) -> None:
        for letter in text:
            if not letter.isspace():
                self.word += letter
            elif self.word:
                self.done.append(self.word)
                self.word = ""

    def add_quoted(self, text: str) -> None:
        self.word += text

    def finish(self) -> list[str]:
        if self.word:
            self.done.append(self.word)
        return self.done


class _Expansion:
    """One pass over one word.

    Args:
        text: the word.
        lookup: see ``expand``.
        escape: the escape character.
        quotes: quotes mean something.
        raw: keep quotes and escapes in the result.
        keep_unset: leave variables that are not set as they are.
    """

    def __init__(
        self,
        text: str,
        lookup: Lookup,
        escape: str,
        *,
        quotes: bool = True,
        raw: bool = False,
        keep_unset: bool = False,
    ) -> None:
        self.text, self.lookup, self.escape = text, lookup, escape
        self.quotes, self.raw, self.keep_unset = quotes, raw, keep_unset
        self.raw_escapes = raw
        self.position = 0
        self.depth = 0

    def run(self) -> tuple[str, list[str]]:
        """Return (the whole result, the same as words)."""
        try:
            return self._until("")
        except (_BadWord, BadPattern) as error:
            raise InvalidArgument(f'failed to process "{self.text}": {error}') from None

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _next(self) -> str:
        letter = self._peek()
        self.position += 1
        return letter

    def _until(self, stop: str) -> tuple[str, list[str]]:
        """Read up to the character ``stop`` (and over it), or to the end when it is empty."""
        result, words = "", _Words()
        while letter := self._peek():
            if letter == stop:
                self.position += 1
                return result, words.finish()
            if letter == "$":
                piece = self._dollar()
                words.add(piece)
            elif letter == "'" and self.quotes:
                piece = self._single_quoted()
                words.add_quoted(piece)
            elif letter == '"' and self.quotes:
                piece = self._double_quoted()
                words.add_quoted(piece)
            elif letter == self.escape:
                self.position += 1
                piece = (letter if self.raw_escapes else "") + self._next()
                words.add_quoted(piece)
            else:
                self.position += 1
                piece = letter
                words.add(piece)
            result += piece
        if stop:
            raise _BadWord(f"unexpected end of statement while looking for matching {stop}")
        return result, words.finish()

    def _single_quoted(self) -> str:
        """Nothing is special between single quotes, not even the escape character."""
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise _BadWord("unexpected end of statement while looking for matching single-quote")
        inside = self.text[self.position + 1 : end]
        self.position = end + 1
        return f"'{inside}'" if self.raw else inside

    def _double_quoted(self) -> str:
        """Variables count, and the escape character before itself, ``"`` and ``$``."""
        self.position += 1
        result = ""
        while letter := self._peek():
            if letter == '"':
                self.position += 1
                return f'"{result}"' if self.raw else result
            if letter == "$":
                result += self._dollar()
                continue
            self.position += 1
            if letter == self.escape and self._peek():
                if self.raw_escapes:
                    result += letter
                if self._peek() in ('"', "$", self.escape):
                    letter = self._next()
                elif self.raw_escapes:
                    continue
            result += letter
        raise _BadWord("unexpected end of statement while looking for matching double-quote")

    def _dollar(self) -> str:
        self.position += 1
        if self._peek() != "{":
            name = self._name()
            value = self.lookup(name) if name else "$"
            if value is None:
                return f"${name}" if self.keep_unset else ""
            return value
        self.position += 1
        if self._peek() in ("{", "}", ":"):
            raise _BadWord("syntax error: bad substitution")
        start = self.position
        name = self._name()
        modifier = self._next()
        if not modifier or modifier.isspace():
            raise _BadWord("syntax error: missing '}'")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _BadWord(f"syntax error: more than {_DEEPEST} substitutions in each other")
        value = self._substitution(name, modifier)
        self.depth -= 1
        if value is None:
            return "${" + self.text[start : self.position] if self.keep_unset else ""
        return value

    def _name(self) -> str:
        """Read letters, digits and ``_``; or only digits; or one special parameter."""
        start = self.position
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self.position += 1
        elif first and first in _SPECIAL:
            self.position += 1
        else:
            while (letter := self._peek()).isalpha() or letter.isdecimal() or letter == "_":
                self.position += 1
        return self.text[start : self.position]

    def _substitution(self, name: str, modifier: str) -> str | None:
        """Do what stands after the name in ``${name...}``; None when the variable is not set."""
        if modifier == "}":
            return self.lookup(name)
        if modifier == "/":
            return self._replacement(name)
        empty_is_unset = modifier == ":"
        kind = self._next() if empty_is_unset else modifier
        if kind not in ("-", "+", "?") and (empty_is_unset or kind not in ("#", "%")):
            written = modifier + kind if empty_is_unset else modifier
            raise _BadWord(f"unsupported modifier ({written}) in substitution")
        word = self._operand("}", "missing '}'", raw=kind in "#%")
        value = self.lookup(name)
        if value is None and self.keep_unset:
            return None
        if kind in "#%":
            return trimmed(value or "", kind, word)
        is_there = bool(value) if empty_is_unset else value is not None
        if kind == "-":
            return value if is_there else word
        if kind == "+":
            return word if is_there else ""
        if not is_there:
            state = "unset" if value is None else "empty"
            raise _BadWord(f"{name}: {word or f'is not allowed to be {state}'}")
        return value

    def _operand(self, stop: str, missing: str, *, raw: bool) -> str:
        before, self.raw_escapes = self.raw_escapes, raw or self.raw
        try:
            return self._until(stop)[0]
        except _BadWord:
            if not self._peek():
                raise _BadWord(f"syntax error: {missing}") from None
            raise
        finally:
            self.raw_escapes = before

    def _replacement(self, name: str) -> str | None:
        every = self._peek() == "/"
        if every:
            self.position += 1
        pattern = self._operand("/", "missing '/' in ${}", raw=True)
        put = self._operand("}", "missing '}'", raw=True)
        value = self.lookup(name)
        if value is None:
            return None
        return replaced(value, pattern, put, every=every)


class _BadWord(Exception):
    """What is wrong with a word; becomes an InvalidArgument that shows the word."""
