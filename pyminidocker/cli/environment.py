"""``-e``, ``--env-file``, ``--label`` and ``--label-file``."""

from __future__ import annotations

import os

from pyminidocker.cli.failures import Failure


def variables(given: list[str], files: list[str]) -> list[str]:
    """Return NAME=value texts; files come first, so that ``-e`` overrides them.

    A name alone takes its value from our environment, and is left out when it has none there.

    Raises:
        Failure: a file cannot be read, or a line or a name makes no sense.
    """
    lines = [line for path in files for line in file_lines(path)]
    lines += given
    found = []
    for line in lines:
        name, equals, _ = line.partition("=")
        if equals:
            found.append(line)
        elif name in os.environ:
            found.append(f"{name}={os.environ[name]}")
    return found


def check_variable(text: str) -> str:
    """Return ``text`` when it can be the value of ``-e``.

    Raises:
        ValueError: its name is empty.
    """
    if not text.partition("=")[0]:
        raise ValueError(f"invalid environment variable: {text}")
    return text


def check_label(text: str) -> str:
    """Return ``text`` when it can be the value of ``--label``.

    Raises:
        ValueError: its name is empty.
    """
    if not text.partition("=")[0]:
        raise ValueError(f"invalid label '{text}': empty name")
    return text


def file_lines(path: str) -> list[str]:
    """Return the lines of an environment or label file, without comments and empty ones.

    Raises:
        Failure: it cannot be read, or a name in it has spaces.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        why = (error.strerror or "").lower()
        raise Failure(f"minidocker: open {path}: {why}", 125, usage="pointer") from error
    except UnicodeDecodeError as error:
        raise Failure(
            f"minidocker: {path}: invalid utf8 bytes at {error.start}", 125, usage="pointer"
        ) from error
    lines = []
    for line in text.split("\n"):
        line = line.lstrip().rstrip("\r")
        if not line or line.startswith("#"):
            continue
        name, equals, _ = line.partition("=")
        if " " in (name if equals else name.rstrip()) or not name:
            what = (
                f"variable '{name}' contains whitespaces"
                if name
                else f"no variable name on line '{line}'"
            )
            raise Failure(
                f"minidocker: invalid environment file ({path}): {what}", 125, usage="pointer"
            )
        lines.append(line if equals else name.rstrip())
    return lines


def labels(given: list[str], files: list[str]) -> dict[str, str]:
    """Return labels by name; files come first.

    Raises:
        Failure: a file cannot be read.
    """
    return pairs([*(line for path in files for line in file_lines(path)), *given])


def pairs(texts: list[str]) -> dict[str, str]:
    """Turn "a=b" texts into a dictionary; a name alone has the empty value."""
    return dict(text.partition("=")[::2] for text in texts)
