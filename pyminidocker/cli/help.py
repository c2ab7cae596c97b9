"""Help pages, laid out as Docker's."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli import verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.cli.command import Command, Option

PROGRAM = "minidocker"


def columns() -> int:
    """Return the width to write for: the terminal's, else 80."""
    for stream in (sys.stdout, sys.stderr):
        try:
            return os.get_terminal_size(stream.fileno()).columns or 80
        except (OSError, ValueError):
            continue
    return 80


def overview() -> str:
    """Return the page of ``minidocker --help``."""
    from pyminidocker.cli.later import LATER

    everything = verbs.top_level()
    common = {word: everything.pop(word) for word in verbs.COMMON}
    later = sorted({path for path in LATER if " " not in path})
    return "\n".join(
        [
            f"Usage:  {PROGRAM} [OPTIONS] COMMAND",
            "",
            "A minimal, rootless container engine to learn with, in Docker's words",
            "",
            *_table("Common Commands", common),
            *_table("Management Commands", verbs.OBJECTS),
            *_table("Commands", everything),
            "Not in this release (each says what to do instead):",
            *fold(", ".join(later), columns() - 3, "  "),
            "",
            "Global Options:",
            "      --help          Print usage",
            "  -H, --host string   Engine to talk to: a name (several may run side by",
            "                      side) or unix:///path; also MINIDOCKER_HOST",
            "  -v, --version       Print version information and quit",
            "",
            "First steps:",
            f"  {PROGRAM} system doctor                   what this host allows",
            f"  {PROGRAM} image bootstrap                 make hello-world and busybox here",
            f"  {PROGRAM} run hello-world                 run the first container",
            "",
            f"Run '{PROGRAM} COMMAND --help' for more information on a command.",
        ]
    )


def object_page(name: str) -> str:
    """Return the page of ``minidocker container`` and its like."""
    return "\n".join(
        [
            f"Usage:  {PROGRAM} {name} COMMAND",
            "",
            verbs.OBJECTS[name],
            "",
            *_table("Commands", verbs.of_object(name)),
            f"Run '{PROGRAM} {name} COMMAND --help' for more information on a command.",
        ]
    )


def verb_page(command: Command, path: str) -> str:
    """Return the page of one verb, as it was spelled."""
    canonical = verbs.resolve(path)
    lines = [usage(command, path), "", verbs.COMMANDS[canonical][2]]
    if command.description:
        lines += ["", command.description]
    others = verbs.spellings(canonical)
    if len(others) > 1:
        lines += ["", "Aliases:"]
        lines.append("  " + ", ".join(f"{PROGRAM} {other}" for other in others))
    if command.options:
        lines += ["", "Options:", *_options(command.options)]
    return "\n".join(lines)


def usage(command: Command, path: str) -> str:
    """Return the ``Usage:`` line(s) of a verb."""
    calls = [
        f"{PROGRAM} {path} {arguments}".rstrip() for arguments in command.arguments.split("\n")
    ]
    return "Usage:  " + "\n\t".join(calls)


def _table(title: str, entries: dict[str, str]) -> list[str]:
    width = max(11, *map(len, entries)) if entries else 0
    lines = [f"{title}:"]
    for word, text in entries.items():
        first, *more = fold(text, columns() - width - 2, "")
        lines.append(f"  {word:{width}} {first}")
        lines += [" " * (width + 3) + line for line in more]
    return [*lines, ""]


def _options(options: tuple[Option, ...]) -> list[str]:
    shown = [option for option in options if option.text]
    left = []
    for option in shown:
        name = option.names if option.short else f"    {option.names}"
        kind = "" if option.kind == "bool" else f" {option.kind}"
        left.append(f"  {name}{kind}")
    indent = max(len(text) for text in left) + 3
    lines = []
    for option, text in zip(shown, left, strict=True):
        words = option.text
        if option.default not in (None, False, 0, ""):
            value = f'"{option.default}"' if option.kind == "string" else str(option.default)
            value = value if option.kind == "string" else value.lower()
            words += f" (default {value})"
        lines += _wrapped(text.ljust(indent), words, indent)
    return lines


def _wrapped(first: str, words: str, indent: int) -> list[str]:
    """Fold ``words`` into the columns right of ``indent``; own line breaks are kept."""
    room = columns() - 1 - indent
    if room < 24:
        return [first.rstrip(), *fold(words, columns() - 17, " " * 16)]
    lines = fold(words, room, "")
    return [first + lines[0], *(" " * indent + line for line in lines[1:])]


def fold(text: str, room: int, indent: str) -> list[str]:
    """Break ``text`` at spaces as pflag does: 5 columns early, to avoid a lone last word.

    Args:
        text: what to fold; its own line breaks are kept.
        room: columns right of ``indent``.
        indent: put in front of every line.
    """
    early = room - 5
    lines = []
    while room <= len(text):
        cut = max(text.rfind(" ", 0, early), text.rfind("\n", 0, early))
        if cut <= 0:
            break
        newline = text.rfind("\n", 0, early)
        if newline > 0:
            cut = newline
        lines.append(text[:cut])
        text = text[cut + 1 :]
    lines.append(text)
    return [indent + line for piece in lines for line in piece.split("\n")]
