"""Finding ``<<EOF`` in a line, and what it asks for.

See: https://docs.docker.com/reference/dockerfile/#here-documents
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pyminidocker.dockerfile.flags import cut_flags
from pyminidocker.dockerfile.shell_words import raw_words, unquoted_words
from pyminidocker.dockerfile.words import Problem, json_array
from pyminidocker.errors import InvalidArgument

_MARK = re.compile(r"[0-9]*<<(-?)([^<]+)")
_TABS = re.compile(r"^\t+", re.MULTILINE)
_TAKERS = ("ADD", "COPY", "RUN")


class Mark(NamedTuple):
    """A ``<<`` word.

    Attributes:
        name: the word that ends the lines, without its quotes.
        expand: it had no quotes.
        chomp: it was ``<<-``.
    """

    name: str
    expand: bool
    chomp: bool


def read_mark(word: str) -> Mark | None:
    """Return what a word like ``<<-EOF`` says; None when it is no such word."""
    match = _MARK.fullmatch(word)
    if match is None:
        return None
    try:
        bare, written = unquoted_words(match[2]), raw_words(match[2])
    except InvalidArgument:
        return None
    if len(bare) != 1 or len(written) != 1:
        return None
    return Mark(bare[0], bare == written, bool(match[1]))


def marks(keyword: str, rest: str) -> list[Mark]:
    """Return the heredocs that an instruction announces, in order.

    Args:
        keyword: the instruction, in capitals.
        rest: what stands behind its name.
    """
    if keyword == "ONBUILD":
        inner, _, behind = rest.strip().replace("\t", " ").partition(" ")
        keyword, rest = inner.upper(), behind
    if keyword not in _TAKERS or "<<" not in rest:
        return []
    _, start = cut_flags(rest)
    try:
        if json_array(rest[start:].strip()) is not None:
            return []
        words = raw_words(rest[start:])
    except (Problem, InvalidArgument):
        return []
    return [mark for word in words if (mark := read_mark(word)) is not None]


def without_tabs(content: str) -> str:
    """Return ``content`` without the tabs at the beginning of its lines, as ``<<-`` wants it."""
    return _TABS.sub("", content)
