"""COPY and ADD."""

from __future__ import annotations

from pyminidocker.dockerfile.flags import Flags
from pyminidocker.dockerfile.heredocs import read_mark
from pyminidocker.dockerfile.instructions import Add, Copy
from pyminidocker.dockerfile.read_commands import common
from pyminidocker.dockerfile.words import Problem, Word, json_array, plain_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.dockerfile.source import Statement


def copy(statement: Statement) -> Copy:
    """Read a COPY."""
    flags = Flags("COPY", statement.flags)
    stage = flags.text("from")
    if "$" in stage:
        raise Problem.with_word(
            "'from' doesn't support variable expansion, define alias stage instead",
            flags.words("from")[0],
            hint=f"FROM {stage} AS base, then COPY --from=base",
        )
    return Copy(
        from_=stage,
        parents=flags.switch("parents"),
        **_transfer(statement, flags),
        **common(statement),
    )


def add(statement: Statement) -> Add:
    """Read an ADD."""
    flags = Flags("ADD", statement.flags)
    unpack = flags.switch("unpack") if flags.words("unpack") else None
    return Add(
        checksum=flags.text("checksum"),
        keep_git_dir=flags.switch("keep-git-dir"),
        unpack=unpack,
        **_transfer(statement, flags),
        **common(statement),
    )


def _transfer(statement: Statement, flags: Flags) -> dict[str, Any]:
    array = json_array(statement.rest, statement.rest_offset)
    if array is None:
        words = plain_words(statement.rest, statement.rest_offset)
    else:
        words = [Word(one, statement.rest_offset) for one in array]
    keyword = statement.keyword
    if len(words) < 2:
        raise Problem(
            f"{keyword} requires at least two arguments, but only one was provided."
            " Destination could not be determined",
            hint=f"say where to: {keyword} {words[0].text if words else 'SOURCE'} DESTINATION",
        )
    *sources, destination = words
    if array is None and read_mark(destination.text) is not None:
        raise Problem.with_word(f"{keyword} cannot accept a heredoc as a destination", destination)
    files = [word for word in sources if array is None and read_mark(word.text) is not None]
    if len(files) != len(statement.heredocs):
        raise Problem(
            f"{keyword} cannot accept a heredoc as a part of a word",
            hint="a heredoc's name must be one word without spaces",
        )
    return {
        "sources": tuple(word.text for word in sources if word not in files),
        "destination": destination.text,
        "heredocs": statement.heredocs,
        "chown": flags.text("chown"),
        "chmod": flags.text("chmod"),
        "link": flags.switch("link"),
        "exclude": tuple(word.text for word in flags.words("exclude")),
    }
