"""A shell's wildcards in ``${x#pattern}``, ``${x%pattern}`` and ``${x/pattern/text}``.

See: POSIX, Shell Command Language, 2.13 Pattern Matching Notation (brackets are plain characters
here, as in BuildKit).
"""

from __future__ import annotations


class BadPattern(Exception):
    """A pattern that means nothing; whoever expands the word says in which."""


def trimmed(value: str, kind: str, pattern: str) -> str:
    """Take a match off one end of ``value``.

    Args:
        value: the text.
        kind: ``"#"`` for its beginning, ``"%"`` for its end.
        pattern: with the sign once more in front, the longest match goes, else the shortest.

    Raises:
        BadPattern: an escape before a character that needs none.
    """
    tokens = _tokens(pattern.removeprefix(kind))
    best = max if pattern.startswith(kind) else min
    if kind == "#":
        return value[best(_lengths(tokens, value), default=0) :]
    return value[: len(value) - best(_lengths(tokens[::-1], value[::-1]), default=0)]


def replaced(value: str, pattern: str, put: str, *, every: bool) -> str:
    """Put ``put`` in place of the first (or every) longest match of ``pattern``.

    Raises:
        BadPattern: an escape before a character that needs none.
    """
    tokens, out, position = _tokens(pattern), "", 0
    while position < len(value):
        length = max(_lengths(tokens, value[position:]), default=0)
        if length:
            out += put
            position += length
            if not every:
                break
        else:
            out += value[position]
            position += 1
    return out + value[position:]


def _tokens(pattern: str) -> list[str]:
    """Return a shell's pattern as ``*``, ``?`` and ``=x`` for the character x.

    Brackets are plain characters, as in BuildKit.
    """
    tokens, letters = [], iter(pattern)
    for letter in letters:
        if letter == "\\":
            escaped = next(letters, "")
            if not escaped or escaped not in "*?\\/}":
                problem = f"invalid escape '\\{escaped}'"
                raise BadPattern(f"invalid pattern ({pattern}) in substitution: {problem}")
            tokens.append(f"={escaped}")
        else:
            tokens.append(letter if letter in "*?" else f"={letter}")
    return tokens


def _lengths(tokens: list[str], text: str) -> list[int]:
    """Return the lengths of those beginnings of ``text`` that the whole pattern matches.

    All ways to match go forward together, so that no pattern takes longer than their product; a
    regular expression with many ``.*`` would.
    """
    end = len(tokens)

    def with_stars(places: set[int]) -> set[int]:
        todo = list(places)
        while todo:
            place = todo.pop()
            if place < end and tokens[place] == "*" and place + 1 not in places:
                places.add(place + 1)
                todo.append(place + 1)
        return places

    places = with_stars({0})
    found = [0] if end in places else []
    for length, letter in enumerate(text, 1):
        after = set()
        for place in places:
            if place == end:
                continue
            one = tokens[place]
            if one == "*":
                after.add(place)
            elif one == "?" or one[1:] == letter:
                after.add(place + 1)
        if not after:
            break
        places = with_stars(after)
        if end in places:
            found.append(length)
    return found
