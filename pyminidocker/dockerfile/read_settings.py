"""FROM, and the instructions that set something: ENV, LABEL, ARG, EXPOSE, VOLUME, USER ..."""

from __future__ import annotations

import re

from pyminidocker.dockerfile.flags import Flags
from pyminidocker.dockerfile.instructions import (
    Arg,
    Argument,
    Env,
    Expose,
    From,
    Label,
    Maintainer,
    OnBuild,
    Pair,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from pyminidocker.dockerfile.read_commands import common
from pyminidocker.dockerfile.words import Problem, json_array, plain_words, quoted_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.dockerfile.source import Statement

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
_WHITE = re.compile(r"[\t\v\f\r ]+")


def from_(statement: Statement) -> From:
    """Read a FROM."""
    words = plain_words(statement.rest, statement.rest_offset)
    name = ""
    if len(words) == 3 and words[1].text.lower() == "as":
        name = words[2].text.lower()
        if not _STAGE_NAME.fullmatch(name):
            raise Problem.with_word(
                f'invalid name for build stage: "{words[2].text}", name can\'t start with a number'
                " or contain symbols",
                words[2],
            )
    elif len(words) != 1:
        hint = f"FROM IMAGE AS NAME names a stage: FROM {words[0].text} AS NAME" if words else ""
        raise Problem(
            "FROM requires either one or three arguments",
            words[1].offset if len(words) > 1 else -1,
            hint=hint or "FROM IMAGE",
        )
    flags = Flags("FROM", statement.flags)
    return From(base=words[0].text, name=name, platform=flags.text("platform"), **common(statement))


def _pairs(statement: Statement, escape: str) -> tuple[Pair, ...]:
    keyword = statement.keyword
    Flags(keyword, statement.flags)
    words = quoted_words(statement.rest, escape, statement.rest_offset)
    if not words:
        raise Problem(f"{keyword} requires at least one argument")
    if "=" not in words[0].text:  # the old form: KEY the whole rest
        parts = _WHITE.split(statement.rest, maxsplit=1)
        if len(parts) < 2:
            text = f"{keyword} must have two arguments"
            raise Problem.with_word(text, words[0], hint=f"{keyword} {parts[0]}=VALUE")
        return (Pair(parts[0], parts[1]),)
    pairs = []
    for word in words:
        key, equals, value = word.text.partition("=")
        if not equals:
            raise Problem.with_word(
                f'Syntax error - can\'t find = in "{word.text}". Must be of the form: name=value',
                word,
                hint="put quotes around a value with spaces",
            )
        if not key:
            raise Problem.with_word(f"{keyword} names can not be blank", word)
        pairs.append(Pair(key, value))
    return tuple(pairs)


def env(statement: Statement, escape: str) -> Env:
    """Read an ENV."""
    return Env(pairs=_pairs(statement, escape), **common(statement))


def label(statement: Statement, escape: str) -> Label:
    """Read a LABEL."""
    return Label(pairs=_pairs(statement, escape), **common(statement))


def arg(statement: Statement, escape: str) -> Arg:
    """Read an ARG."""
    Flags("ARG", statement.flags)
    words = quoted_words(statement.rest, escape, statement.rest_offset)
    if not words:
        raise Problem("ARG requires at least one argument")
    arguments = []
    for word in words:
        key, equals, default = word.text.partition("=")
        if not key:
            raise Problem.with_word("ARG names can not be blank", word)
        arguments.append(Argument(key, default if equals else None))
    return Arg(arguments=tuple(arguments), **common(statement))


def expose(statement: Statement) -> Expose:
    """Read an EXPOSE."""
    Flags("EXPOSE", statement.flags)
    words = plain_words(statement.rest)
    if not words:
        raise Problem("EXPOSE requires at least one argument")
    return Expose(ports=tuple(word.text for word in words), **common(statement))


def volume(statement: Statement) -> Volume:
    """Read a VOLUME."""
    Flags("VOLUME", statement.flags)
    array = json_array(statement.rest, statement.rest_offset)
    paths = array
    if paths is None:
        paths = tuple(word.text for word in plain_words(statement.rest))
    if not paths:
        raise Problem("VOLUME requires at least one argument")
    paths = tuple(path.strip() for path in paths)
    if not all(paths):
        raise Problem("VOLUME specified can not be an empty string", statement.rest_offset)
    return Volume(paths=paths, **common(statement))


def _only_argument(statement: Statement) -> str:
    Flags(statement.keyword, statement.flags)
    if not statement.rest:
        raise Problem(f"{statement.keyword} requires exactly one argument")
    return statement.rest


def user(statement: Statement) -> User:
    """Read a USER."""
    return User(user=_only_argument(statement), **common(statement))


def workdir(statement: Statement) -> Workdir:
    """Read a WORKDIR."""
    return Workdir(path=_only_argument(statement), **common(statement))


def stopsignal(statement: Statement) -> StopSignal:
    """Read a STOPSIGNAL."""
    return StopSignal(signal=_only_argument(statement), **common(statement))


def maintainer(statement: Statement) -> Maintainer:
    """Read a MAINTAINER."""
    return Maintainer(name=_only_argument(statement), **common(statement))


def onbuild(statement: Statement) -> OnBuild:
    """Read an ONBUILD; what it holds is looked at by the parser."""
    Flags("ONBUILD", statement.flags)
    words = plain_words(statement.rest, statement.rest_offset)
    if not words:
        raise Problem("ONBUILD requires at least one argument")
    inner = words[0].text.upper()
    if inner == "ONBUILD":
        text = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
        raise Problem.with_word(text, words[0])
    if inner in ("MAINTAINER", "FROM"):
        raise Problem.with_word(f"{inner} isn't allowed as an ONBUILD trigger", words[0])
    trigger = statement.full_text[statement.rest_offset :]
    return OnBuild(trigger=trigger, **common(statement))
