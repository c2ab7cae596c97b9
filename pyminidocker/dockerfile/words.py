"""Cutting what stands behind an instruction's name into words.

Docker has three ways: at white space (FROM, EXPOSE, COPY), at white space outside of quotes (ENV,
LABEL, ARG; quotes stay until variables are put in), and as a JSON array (the exec form).
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import msgspec

_PLAIN = re.compile(r"[^\t\n\v\f\r ]+")


class Word(NamedTuple):
    """A word and where it stands in the instruction's text (from 0)."""

    text: str
    offset: int


class Problem(Exception):
    """What is wrong with an instruction; the parser adds file, line and excerpt.

    Args:
        text: in Docker's words.
        offset: of the wrong piece in the instruction's text; -1 for the whole instruction.
        width: of the wrong piece.
        hint: what to do.
    """

    def __init__(self, text: str, offset: int = -1, width: int = 1, *, hint: str = "") -> None:
        super().__init__(text)
        self.text, self.offset, self.width, self.hint = text, offset, width, hint

    @classmethod
    def with_word(cls, text: str, word: Word, *, hint: str = "") -> Problem:
        """Return the problem of one word."""
        return cls(text, word.offset, max(1, len(word.text)), hint=hint)


def plain_words(text: str, offset: int = 0) -> list[Word]:
    """Return the words of ``text``, cut at white space.

    Args:
        text: what stands behind the instruction's name and flags.
        offset: where that begins in the instruction's text.
    """
    return [Word(match[0], offset + match.start()) for match in _PLAIN.finditer(text)]


def quoted_words(text: str, escape: str, offset: int = 0) -> list[Word]:
    """Return the words of ``text``, cut at white space that is neither quoted nor escaped.

    Quotes and escapes stay in the words.  An escape character at the very end is dropped, and a
    quote that is never closed reaches to the end, as in Docker: whoever expands the word complains.
    """
    words: list[Word] = []
    word, start, quote = "", -1, ""
    position = 0
    while position < len(text):
        letter = text[position]
        if start < 0:
            if letter.isspace():
                position += 1
                continue
            start = position
        if not quote and letter.isspace():
            words.append(Word(word, offset + start))
            word, start = "", -1
        elif letter == escape and quote != "'":
            if position + 1 == len(text):
                break
            word += text[position : position + 2]
            position += 1
        else:
            if letter == quote:
                quote = ""
            elif not quote and letter in "'\"":
                quote = letter
            word += letter
        position += 1
    if word:
        words.append(Word(word, offset + start))
    return words


def json_end(text: str) -> int:
    """Return where the JSON array ends that ``text`` begins with; 0 when there is none."""
    start = len(text) - len(text.lstrip())
    if not text.startswith("[", start):
        return 0
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
        msgspec.json.decode(text[:end].encode(), type=list)  # stricter: no NaN, no lone surrogates
    except (ValueError, RecursionError):
        return 0
    return end


def json_array(text: str, offset: int = 0) -> tuple[str, ...] | None:
    """Return the strings of the JSON array that ``text`` begins with; None when there is none.

    What stands behind the array is ignored, as in Docker (``checks`` says so).

    Raises:
        Problem: it is one, but not of strings alone.
    """
    end = json_end(text)
    if not end:
        return None
    values = msgspec.json.decode(text[:end].encode(), type=list)
    if not all(isinstance(value, str) for value in values):
        raise Problem(
            "when using JSON array syntax, arrays must be comprised of strings only",
            offset,
            end,
            hint='put quotes around numbers and true/false: ["sleep", "60"]',
        )
    return tuple(values)
