"""The functions of templates: Go's own, and Docker's."""

from __future__ import annotations

from pyminidocker.cli.output import quoted
from pyminidocker.cli.template.values import as_json, shown, truth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None:
            raise ValueError("index of untyped nil")
        if isinstance(value, dict):
            value = value.get(str(key), "" if _holds_text(value) else None)
        elif isinstance(value, list | tuple | str):
            if not isinstance(key, int) or isinstance(key, bool):
                raise ValueError(f"cannot index slice/array with type {kind(key)}")
            if not 0 <= key < len(value):
                raise ValueError(f"index out of range: {key}")
            value = ord(value[key]) if isinstance(value, str) else value[key]
        else:
            raise ValueError(f"can't index item of type {kind(value)}")
    return value


def _holds_text(value: dict[str, Any]) -> bool:
    return not any(item is not None and not isinstance(item, str) for item in value.values())


def _slice(value: Any, *bounds: int) -> Any:
    if not isinstance(value, str | list):
        raise ValueError(f"can't slice item of type {kind(value)}")
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) > 1 else len(value)
    for bound in (start, end):
        if not 0 <= bound <= len(value):
            raise ValueError(f"index out of range: {bound}")
    return value[start:end]


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | tuple | dict):
        return len(value)
    raise ValueError(f"len of type {kind(value)}")


def kind(value: Any) -> str:
    """Return the name of the Go type that holds ``value``."""
    if value is None:
        return "nil"
    names = {bool: "bool", int: "int", float: "float64", str: "string"}
    return names.get(
        type(value), "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"
    )


def _basic(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise ValueError("incompatible types for comparison")
    return value


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    for other in others:
        a, b = _basic(first), _basic(other)
        if isinstance(a, str) != isinstance(b, str) and None not in (a, b):
            raise ValueError("incompatible types for comparison")
        if a == b and isinstance(a, bool) == isinstance(b, bool):
            return True
    return False


def _less(a: Any, b: Any) -> bool:
    if isinstance(a, str) != isinstance(b, str) or a is None or b is None:
        raise ValueError("incompatible types for comparison")
    return bool(_basic(a) < _basic(b))


def _print(*values: Any) -> str:
    """Join as fmt.Sprint: a space only between two values that are not text."""
    text = ""
    for position, value in enumerate(values):
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            text += " "
        text += shown(value)
    return text


def _printf(form: str, *values: Any) -> str:
    """fmt.Sprintf for the verbs that make sense here: v s q d x t f e g c U %."""
    text, rest, left = "", form, list(values)
    while "%" in rest:
        before, _, rest = rest.partition("%")
        text += before
        length = 0
        while length < len(rest) and rest[length] in "+-# 0123456789.":
            length += 1
        flags, verb, rest = rest[:length], rest[length : length + 1], rest[length + 1 :]
        if verb == "%":
            text += "%"
        elif not verb:
            text += "%!(NOVERB)"
        elif not left:
            text += f"%!{verb}(MISSING)"
        else:
            text += _formatted(flags, verb, left.pop(0))
    text += rest
    if left:
        text += f"%!(EXTRA {', '.join(f'{kind(v)}={shown(v)}' for v in left)})"
    return text


def _formatted(flags: str, verb: str, value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if verb in "vs" or (verb == "t" and isinstance(value, bool)):
        return _padded(flags.replace("#", "").replace("+", ""), "s", shown(value))
    if verb == "q" and isinstance(value, str):
        return _padded(flags, "s", quoted(value))
    if verb in "xX" and isinstance(value, str):
        return value.encode().hex()
    if verb == "T":
        return kind(value)
    if (verb in "dxXoc" and whole) or (verb in "fFeEgG" and isinstance(value, float | int)):
        return _padded(flags, verb, value)
    return f"%!{verb}({kind(value)}={shown(value)})"


def _padded(flags: str, verb: str, value: Any) -> str:
    return str(f"%{flags}{verb}" % value)


def _join(values: Any, separator: str) -> str:
    if not isinstance(values, list | tuple):
        raise ValueError(f"wrong type for value; expected []string; got {kind(values)}")
    return separator.join(map(shown, values))


def _truncate(text: str, length: int) -> str:
    return text[:length]


def _pad(text: str, left: int, right: int) -> str:
    return " " * left + text + " " * right


def _text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Wrap a function of text so that other types are refused as Go does."""

    def checked(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"wrong type for value; expected string; got {kind(value)}")
        return function(value)

    return checked


def _html(*values: Any) -> str:
    text = _print(*values)
    for letter, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&#34;"),
        ("'", "&#39;"),
    ):
        text = text.replace(letter, entity)
    return text


def _urlquery(*values: Any) -> str:
    from pyminidocker.client.transport import quote

    text = quote(_print(*values))
    for letter, code in (("%20", "+"), ("/", "%2F"), (":", "%3A"), ("@", "%40"), (",", "%2C")):
        text = text.replace(letter, code)
    return text


# ``and`` and ``or`` are here by name only: they stop early, so ``evaluate`` does them.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: values[-1],
    "or": lambda *values: values[-1],
    "not": lambda value: not truth(value),
    "len": _length,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "println": lambda *values: " ".join(map(shown, values)) + "\n",
    "printf": _printf,
    "html": _html,
    "urlquery": _urlquery,
    "eq": _equal,
    "ne": lambda a, b: not _equal(a, b),
    "lt": _less,
    "le": lambda a, b: _less(a, b) or _equal(a, b),
    "gt": lambda a, b: not (_less(a, b) or _equal(a, b)),
    "ge": lambda a, b: not _less(a, b),
    "json": as_json,
    "join": _join,
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "title": _text(str.title),
    "split": lambda text, separator: text.split(separator) if separator else list(text),
    "pad": _pad,
    "truncate": _truncate,
}
