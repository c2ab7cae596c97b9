"""From ``sys.argv`` to an exit code: find the verb, import it, run it, say what went wrong."""

from __future__ import annotations

import sys

from pyminidocker.cli import verbs
from pyminidocker.cli.command import Command, parse
from pyminidocker.cli.failures import Failure, HelpWanted
from pyminidocker.errors import MiniDockerError

PROGRAM = "minidocker"
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(argv: list[str]) -> int:
    """Run one command line (without the program's name) and return its exit code.

    ``argv`` may start with global options (``--host``, ``--help``, ``--version``).
    """
    try:
        return _main(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE  # the reader of our output went away, e.g. head
    except OSError as error:  # a full disk, a file of ours that cannot be read
        print(f"{PROGRAM}: {error.strerror or error}: {error.filename or ''}".rstrip(": "),
              file=sys.stderr)  # fmt: skip
        return 1


def _main(argv: list[str]) -> int:
    try:
        host, words = _global_options(argv)
        if not words:
            from pyminidocker.cli.help import overview

            print(overview())
            return 0
        path, rest = _find(words)
    except Failure as failure:
        return _fail(failure)
    if not path:
        return _no_verb(words)
    module_name, attribute, _ = verbs.COMMANDS[verbs.resolve(path)]
    module = __import__(f"pyminidocker.cli.commands.{module_name}", fromlist=[attribute])
    command: Command = getattr(module, attribute)
    try:
        return command.run(parse(command, path, rest, host))
    except HelpWanted:
        from pyminidocker.cli.help import verb_page

        print(verb_page(command, path))
        return 0
    except Failure as failure:
        return _fail(failure, command, path)
    except MiniDockerError as error:
        from pyminidocker.cli.exit_codes import report

        return report(error, path)


def _global_options(argv: list[str]) -> tuple[str, list[str]]:
    """Return (host, the words from the verb on)."""
    host, words = "", list(argv)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in ("-H", "--host"):
            if not equals and not words:
                raise Failure(f"flag needs an argument: {name}", 125)
            host = value if equals else words.pop(0)
        elif name in ("-v", "--version"):
            words = ["version", "--short"]
        elif name in ("-h", "--help"):
            words = []
        elif word.startswith("-H"):
            host = word[2:]
        else:
            hint = f"see {PROGRAM} --help"
            raise Failure(f"unknown flag: {name}", 125, hint=hint)
    return host, words


def _find(words: list[str]) -> tuple[str, list[str]]:
    """Return (the verb's path as spelled, the words after it); an empty path when unknown."""
    if verbs.resolve(words[0]):
        return words[0], words[1:]
    if len(words) > 1 and words[0] in verbs.OBJECTS:
        path = f"{words[0]} {words[1]}"
        if verbs.resolve(path):
            return path, words[2:]
    return "", words


def _no_verb(words: list[str]) -> int:
    """Show an object's page or the page asked for, or say that there is no such verb."""
    from pyminidocker.cli.help import object_page, overview

    first = words[0]
    if first == "help":
        if not words[1:]:
            print(overview())
            return 0
        return _main([*words[1:], "--help"])
    if first in verbs.OBJECTS and (len(words) == 1 or words[1] in ("--help", "-h")):
        print(object_page(first))
        return 0
    from pyminidocker.cli.later import excuse
    from pyminidocker.cli.suggest import HABITS
    from pyminidocker.spelling import nearest

    verb, why, instead = excuse(words)
    if verb:
        return _fail(Failure(f"{PROGRAM} {verb}: {why}", hint=instead))
    if first in verbs.OBJECTS:
        unknown = f"{first} {words[1]}"
        close = nearest(words[1], verbs.of_object(first))
        close = f"{first} {close}" if close else ""
        help_for = f"{PROGRAM} {first}"
    else:
        unknown, help_for = first, PROGRAM
        known = [*verbs.COMMON, *verbs.top_level(), *verbs.OBJECTS]
        close = HABITS.get(first) or nearest(first, known)
    text = f"{PROGRAM}: '{unknown}' is not a {PROGRAM} command."
    if close:
        text += f" Did you mean '{PROGRAM} {close}'?"
    return _fail(Failure(f"{text}\nSee '{help_for} --help'"))


def _fail(failure: Failure, command: Command | None = None, path: str = "") -> int:
    """Print a failure as Docker prints it and return its exit code."""
    lines = [failure.message] if failure.message else []
    if failure.hint:
        lines.append(f"hint: {failure.hint}")
    if failure.usage and command is not None:
        if failure.usage != "pointer":
            from pyminidocker.cli.help import usage

            lines += ["", usage(command, path)]
        verb = "See" if failure.usage.endswith("see") else "Run"  # Docker has both
        lines += ["", f"{verb} '{PROGRAM} {path} --help' for more information"]
    if lines:
        sys.stdout.flush()
        print("\n".join(lines), file=sys.stderr)
    return failure.exit_code
