"""The flags of instructions: ``COPY --from=build --chown=app:app ...``."""

from __future__ import annotations

from pyminidocker.dockerfile.words import Problem, Word
from pyminidocker.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# instruction -> its flags and what they take: nothing ("switch"), a text, or several ("list")
FLAGS: dict[str, dict[str, str]] = {
    "ADD": {
        "checksum": "text",
        "chmod": "text",
        "chown": "text",
        "exclude": "list",
        "keep-git-dir": "switch",
        "link": "switch",
        "unpack": "switch",
    },
    "COPY": {
        "chmod": "text",
        "chown": "text",
        "exclude": "list",
        "from": "text",
        "link": "switch",
        "parents": "switch",
    },
    "FROM": {"platform": "text"},
    "HEALTHCHECK": {
        "interval": "text",
        "retries": "text",
        "start-interval": "text",
        "start-period": "text",
        "timeout": "text",
    },
    "RUN": {"mount": "list", "network": "text", "security": "text"},
}


def cut_flags(text: str, offset: int = 0) -> tuple[list[Word], int]:
    """Return (the words that begin with ``--`` at the start of ``text``, where the rest begins).

    Quotes and backslashes in a flag are taken away.  A lone ``--`` ends the flags.

    Args:
        text: what stands behind the instruction's name.
        offset: where that begins in the instruction's text.
    """
    flags: list[Word] = []
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith("--", position):
            return flags, position
        start = position
        word, position = _flag(text, position)
        if word == "--":
            return flags, position
        flags.append(Word(word, offset + start))


def _flag(text: str, position: int) -> tuple[str, int]:
    """Return (the word at ``position`` without its quotes, where it ends)."""
    word, quote = "", ""
    while position < len(text):
        letter = text[position]
        if not quote and letter.isspace():
            break
        if letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        elif letter == "\\":
            position += 1
            word += text[position : position + 1]
        else:
            word += letter
        position += 1
    return word, position


class Flags:
    """What the flags of one instruction say.

    Args:
        keyword: the instruction.
        words: its flags as written, without quotes.

    Raises:
        Problem: a flag that the instruction does not have, twice the same, or without a value.
    """

    def __init__(self, keyword: str, words: Sequence[Word]) -> None:
        known = FLAGS.get(keyword, {})
        self._values: dict[str, list[Word]] = {}
        for word in words:
            name, equals, value = word.text[2:].partition("=")
            kind = known.get(name)
            if kind is None:
                raise Problem.with_word(*_unknown(keyword, name, word, known))
            if name in self._values and kind != "list":
                raise Problem.with_word(f"duplicate flag specified: {name}", word)
            if kind == "switch":
                value = _switch(name, equals, value, word)
            elif not equals:
                raise Problem.with_word(
                    f"missing a value on flag: {name}", word, hint=f"write --{name}=VALUE"
                )
            self._values.setdefault(name, []).append(Word(value, word.offset + len(name) + 3))

    def text(self, name: str) -> str:
        """Return the value of flag ``name``, or ""."""
        return self._values[name][0].text if name in self._values else ""

    def switch(self, name: str) -> bool:
        """Tell whether flag ``name`` is on."""
        return self.text(name) == "true"

    def words(self, name: str) -> list[Word]:
        """Return all values of flag ``name``, each with its place."""
        return self._values.get(name, [])


def _switch(name: str, equals: str, value: str, word: Word) -> str:
    if equals and not value:
        raise Problem.with_word(f"missing a value on flag: {name}", word)
    value = value.lower() or "true"
    if value not in ("true", "false"):
        raise Problem.with_word(f"expecting boolean value for flag {name}, not: {value}", word)
    return value


def _unknown(keyword: str, name: str, word: Word, known: Mapping[str, str]) -> tuple[str, Word]:
    text = f"unknown flag: --{name}"
    close = nearest(name, known)
    if close:
        return f"{text} (did you mean --{close}?)", word
    owners = [other for other, flags in FLAGS.items() if name in flags]
    if owners:
        return f"{text} ({keyword} has none; it is a flag of {' and '.join(owners)})", word
    return text, word
