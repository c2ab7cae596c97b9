"""Wildcards in the sources of COPY and ADD: Go's filepath.Match, and ``**`` for any depth.

``*`` and ``?`` stay within one component, ``[a-c]`` and ``[^a]`` are classes, a backslash takes the
next character as it is.  A component ``**`` stands for any number of directories, none included.
A match is not looked into further: copying a directory copies what is in it.

See: pkg.go.dev/path/filepath#Match; BuildKit's fsutil/copy ResolveWildcards.
"""

import re
from collections.abc import Callable

from pyminidocker.build.tree import DIRECTORY, Node, Tree, resolve
from pyminidocker.errors import InvalidArgument

_ANY_DEPTH = "**"
_Match = Callable[[str], object]


def has_wildcards(pattern: str) -> bool:
    """Tell whether a source is a pattern; a star behind a backslash does not make it one.

    See: moby builder/dockerfile/copy.go, containsWildcards.
    """
    escaped = False
    for letter in pattern:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter in "*?[":
            return True
    return False


def matches(pattern: str, name: str) -> bool:
    """Tell whether ``name`` (one component) matches; Go's filepath.Match.

    Raises:
        InvalidArgument: a malformed pattern.
    """
    return _compiled(pattern).fullmatch(name) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            if not pieces or pieces[-1] != "[^/]*":
                pieces.append("[^/]*")
        elif letter == "?":
            pieces.append("[^/]")
        elif letter == "[":
            piece, at = _class(pattern, at)
            pieces.append(piece)
        elif letter == "\\":
            if at == len(pattern):
                raise _malformed(pattern)
            pieces.append(re.escape(pattern[at]))
            at += 1
        else:
            pieces.append(re.escape(letter))
    return re.compile("".join(pieces), re.DOTALL)


def _class(pattern: str, at: int) -> tuple[str, int]:
    """Translate a character class whose ``[`` is before ``at``; return where it ends."""
    negated = pattern[at : at + 1] == "^"
    at += negated
    ranges: list[str] = []
    while True:
        if pattern[at : at + 1] == "]" and ranges:
            break
        low, at = _class_letter(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_letter(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")  # Go: a range that holds nothing, and no error
    inside = "".join(ranges)
    if not inside:
        return (".", at + 1) if negated else ("(?!)", at + 1)
    return f"[{'^' if negated else ''}{inside}]", at + 1


def _class_letter(pattern: str, at: int) -> tuple[str, int]:
    letter = pattern[at : at + 1]
    if letter in ("", "-", "]"):
        raise _malformed(pattern)
    if letter == "\\":
        at += 1
        letter = pattern[at : at + 1]
    if not letter or at + 1 >= len(pattern):
        raise _malformed(pattern)  # a class must be closed
    return letter, at + 1


def _malformed(pattern: str) -> InvalidArgument:
    return InvalidArgument(
        f"syntax error in pattern {pattern!r}",
        hint="wildcards are * ? [a-z] [^a-z] and **; write \\[ for a bracket itself",
    )


def find(tree: Tree, pattern: str) -> list[Node]:
    """Return what the pattern matches in ``tree``, sorted as a walk meets it.

    Directories before the first wildcard may be links; below, links are not followed.

    Raises:
        InvalidArgument: a malformed pattern.
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    plain: list[str] = []
    while parts and not has_wildcards(parts[0]):
        plain.append(parts.pop(0))
    steps: list[_Match | None] = [
        None if part == _ANY_DEPTH else _compiled(part).fullmatch for part in parts
    ]
    start = resolve(tree, "/".join(plain))
    if start is None:
        return []
    found: dict[str, Node] = {}
    _descend(tree, start, steps, 0, found, set())
    chosen: list[Node] = []
    for node in sorted(found.values(), key=lambda node: node.path.split("/")):
        if not chosen or not node.path.startswith(f"{chosen[-1].path}/"):
            chosen.append(node)
    return chosen


def _descend(
    tree: Tree,
    start: Node,
    steps: list[_Match | None],
    first: int,
    found: dict[str, Node],
    seen: set[tuple[str, int]],
) -> None:
    """Collect what matches ``steps[first:]`` at and below ``start``."""
    waiting = [(start, first)]
    while waiting:
        node, index = waiting.pop()
        if (node.path, index) in seen:
            continue  # two ** reach the same directory in many ways
        seen.add((node.path, index))
        if index == len(steps):
            found[node.path] = node
            continue
        if node.kind != DIRECTORY:
            continue
        step = steps[index]
        last = index == len(steps) - 1
        if step is None and not last:
            waiting.append((node, index + 1))
        for child in tree.children(node.path):
            if step is None:
                # A final ** takes each child whole; before that it goes deeper by itself.
                waiting.append((child, index + 1 if last else index))
            elif step(child.path.rpartition("/")[2]):
                waiting.append((child, index + 1))
