"""What a verb is made of: its options as data, and the parser that reads them.

The rules are those of pflag, which Docker's own command line uses: ``--name value``,
``--name=value``, ``-n value``, ``-nvalue``, combined short options (``-itd``), ``--flag=false``,
and ``--`` as the end of options.  ``run``, ``create`` and ``exec`` stop at the first word that is
not an option, so that what comes after the image belongs to the container, untouched.

Not argparse: importing it costs as long as starting the interpreter
(docs/decisions/0003-argparse-and-start-up.md).
"""

from __future__ import annotations

from pyminidocker.cli.failures import USAGE_ERROR, Failure, HelpWanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyminidocker.client.engine_client import EngineClient

# Kinds of options that may be given several times and collect their values.
COLLECTING = frozenset(("list", "filter", "mount", "network", "map", "ulimit"))
ANY = -1  # no upper bound on arguments


class Option:
    """One option of a verb.

    Args:
        names: ``"-a, --all"`` or ``"--all"``.
        kind: what stands for the value in help; ``"bool"`` takes none.
        text: the line in help; an option without one is not shown there.
        default: the value when the option is absent, shown in help when it is not empty.
    """

    __slots__ = ("default", "kind", "long", "names", "short", "text")

    def __init__(self, names: str, kind: str, text: str, default: Any = None) -> None:
        self.names = names
        self.long = names[names.index("--") + 2 :]
        self.short = names[1] if names[1] != "-" else ""
        self.kind = kind
        self.text = text
        self.default = default

    def initial(self) -> Any:
        """Return the value of the option when it is not given."""
        if self.kind in COLLECTING:
            return []
        if self.default is not None:
            return self.default
        return {"bool": False, "int": 0}.get(self.kind, "")


class Command:
    """One verb: how it is called and the function that does it.

    Args:
        arguments: the synopsis after the verb, e.g. ``"[OPTIONS] CONTAINER [CONTAINER...]"``.
        options: its options in the order help shows them (by long name, as Docker does).
        run: does it and returns the exit code.
        minimum: how many arguments it needs.
        maximum: how many it takes, or ``ANY``.
        stop_at_argument: options end at the first argument.
        description: more than the one line of the command list; shown in help.
    """

    __slots__ = (
        "arguments", "description", "maximum", "minimum", "options", "run", "stop_at_argument",
    )  # fmt: skip

    def __init__(
        self,
        arguments: str,
        options: tuple[Option, ...],
        run: Callable[[Invocation], int],
        minimum: int = 0,
        maximum: int = 0,
        *,
        stop_at_argument: bool = False,
        description: str = "",
    ) -> None:
        self.arguments = arguments
        self.options = options
        self.run = run
        self.minimum = minimum
        self.maximum = maximum
        self.stop_at_argument = stop_at_argument
        self.description = description


class Invocation:
    """A verb as it was called.

    Attributes:
        path: the words that named it, e.g. ``"container ls"``.
        options: values by the options' long names.
        given: long names of the options that stood on the command line.
        arguments: what is left.
        host: ``--host`` or ``MINIDOCKER_HOST``; empty for the default engine.
    """

    def __init__(
        self,
        path: str,
        options: dict[str, Any],
        given: set[str],
        arguments: list[str],
        host: str = "",
    ) -> None:
        self.path = path
        self.options = options
        self.given = given
        self.arguments = arguments
        self.host = host
        self._engine: EngineClient | None = None

    @property
    def engine(self) -> EngineClient:
        """The engine's client; connecting (and starting the engine) at the first use."""
        if self._engine is None:
            from pyminidocker.cli.hosts import connect

            self._engine = connect(self.host)
        return self._engine


def parse(command: Command, path: str, words: list[str], host: str = "") -> Invocation:
    """Read a verb's ``words`` (all after the verb).

    Raises:
        Failure: a wrong option (exit code 125) or a wrong number of arguments (1).
        HelpWanted: ``--help`` was given.
    """
    longs = {option.long: option for option in command.options}
    shorts = {option.short: option for option in command.options if option.short}
    values = {option.long: option.initial() for option in command.options}
    given: set[str] = set()
    arguments: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            arguments += reversed(rest)
            break
        if len(word) < 2 or word[0] != "-":
            arguments.append(word)
            if command.stop_at_argument:
                arguments += reversed(rest)
                break
        elif word[1] == "-":
            _read_long(word, rest, longs, values, given)
        else:
            _read_shorts(word, rest, shorts, values, given)
    check_count(command, path, len(arguments))
    return Invocation(path, values, given, arguments, host)


def check_count(command: Command, path: str, count: int) -> None:
    """Make sure that ``command`` takes ``count`` arguments.

    Raises:
        Failure: it does not; the message is Docker's.
    """
    least, most = command.minimum, command.maximum
    if least <= count and (most == ANY or count <= most):
        return
    usage = "full"
    if most == 0:
        need = "accepts no arguments"
    elif least == most:
        need = f"requires {least} argument{'s' if least != 1 else ''}"
    elif most == ANY:
        need = f"requires at least {least} argument{'s' if least != 1 else ''}"
        usage = "full, see"
    elif least:
        need = f"requires at least {least} and at most {most} arguments"
    else:
        need = f"requires at most {most} argument{'s' if most != 1 else ''}"
    raise Failure(f"minidocker: 'minidocker {path}' {need}", 1, usage=usage)


def _read_long(
    word: str,
    rest: list[str],
    longs: dict[str, Option],
    values: dict[str, Any],
    given: set[str],
) -> None:
    name, equals, value = word[2:].partition("=")
    option = longs.get(name)
    if option is None:
        if name == "help":
            raise HelpWanted
        if not name:
            raise Failure(f"bad flag syntax: {word}", USAGE_ERROR, usage="full")
        from pyminidocker.spelling import nearest

        close = nearest(name, longs)
        hint = f"did you mean --{close}?" if close else ""
        raise Failure(f"unknown flag: --{name}", USAGE_ERROR, usage="full", hint=hint)
    if not equals:
        if option.kind == "bool":
            value = "true"
        elif rest:
            value = rest.pop()
        else:
            raise Failure(f"flag needs an argument: --{name}", USAGE_ERROR, usage="full")
    store(option, value, values, given)


def _read_shorts(
    word: str,
    rest: list[str],
    shorts: dict[str, Option],
    values: dict[str, Any],
    given: set[str],
) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        option = shorts.get(letter)
        if option is None:
            if letter == "h":
                raise HelpWanted
            text = f"unknown shorthand flag: '{letter}' in {word}"
            raise Failure(text, USAGE_ERROR, usage="full")
        if letters.startswith("="):
            value, letters = letters[1:], ""
        elif option.kind == "bool":
            value = "true"
        elif letters:
            value, letters = letters, ""
        elif rest:
            value = rest.pop()
        else:
            text = f"flag needs an argument: '{letter}' in {word}"
            raise Failure(text, USAGE_ERROR, usage="full")
        store(option, value, values, given)


def store(option: Option, text: str, values: dict[str, Any], given: set[str]) -> None:
    """Put the value ``text`` of ``option`` among ``values``.

    Raises:
        Failure: it is not a value of this kind.
    """
    try:
        value = _CONVERT[option.kind](text) if option.kind in _CONVERT else text
    except ValueError as error:
        message = f'invalid argument "{text}" for "{option.names}" flag: {error}'
        raise Failure(message, USAGE_ERROR, usage="full") from None
    if option.kind in COLLECTING:
        values[option.long].append(value)
    else:
        values[option.long] = value
    given.add(option.long)


def _boolean(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _size(text: str) -> int:
    from pyminidocker.units import parse_size

    return -1 if text == "-1" else parse_size(text)


def _decimal(text: str) -> float:
    try:
        above, slash, below = text.partition("/")
        value = float(above) / float(below) if slash else float(text)
        if not abs(value) < float("inf"):  # nan is not less either
            raise ValueError(value)
        return value
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {text} as a rational number") from None


def _weight(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) >= 1 << 16:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _filter(text: str) -> str:
    if text and "=" not in text:
        raise ValueError("bad format of filter (expected name=value)")
    return text


_CONVERT: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int": _integer,
    "bytes": _size,
    "decimal": _decimal,
    "uint16": _weight,
    "filter": _filter,
}
