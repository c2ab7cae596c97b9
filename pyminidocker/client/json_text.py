"""JSON without importing ``json``: that import costs a fresh process 7 ms, most of it for ``re``.

CPython's C scanner and string encoder do the work in either case; this module only puts them
together.  Where they are missing, ``json`` itself is used.

See: RFC 8259; https://docs.python.org/3/library/json.html
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    import _json
except ImportError:
    _json = None  # type: ignore[assignment]


class _Scanning:
    """What the C scanner asks its decoder for."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner clears it itself


_scan: Callable[[str, int], tuple[Any, int]] | None = None
if _json is not None:
    _scan = _json.make_scanner(_Scanning)  # type: ignore[arg-type]


def loads(text: str | bytes) -> Any:
    """Return the value that ``text`` holds.

    Raises:
        ValueError: not JSON, or more than one value.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = text.strip(" \t\r\n")
    if _scan is None:
        import json

        return json.loads(text)
    try:
        value, end = _scan(text, 0)
    except StopIteration as stop:
        raise ValueError(f"not JSON: {text[:60]!r}") from stop
    if end != len(text):
        raise ValueError(f"not JSON after character {end}: {text[end : end + 60]!r}")
    return value


def dumps(value: object) -> str:
    """Return ``value`` (None, bool, int, float, str, lists and dicts of these) as JSON.

    Raises:
        TypeError: something JSON has no form for.
    """
    if _scan is None:
        import json

        return json.dumps(value, ensure_ascii=False)
    return _encode(value)


def _encode(value: object) -> str:
    if isinstance(value, str):
        return _json.encode_basestring(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        pairs = [
            f"{_json.encode_basestring(str(key))}:{_encode(item)}" for key, item in value.items()
        ]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_encode(item) for item in value]) + "]"
    raise TypeError(f"{type(value).__name__} has no form in JSON")
