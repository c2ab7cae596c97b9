"""How Go prints values: Docker's history holds such texts, and people compare them.

See: Go package fmt, verbs %v and %q; Go package time, Duration.String.
"""

from collections.abc import Iterable

from pyminidocker.oci.image_spec import HealthConfig

_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip
_SECOND = 10**9


def quoted(text: str) -> str:
    """Return ``text`` as %q shows a string."""
    return f'"{"".join(_letter(letter) for letter in text)}"'


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted_list(words: Iterable[str]) -> str:
    """Return words as %q shows a slice: ``["a" "b"]``."""
    return f"[{' '.join(quoted(word) for word in words)}]"


def plain_list(words: Iterable[str]) -> str:
    """Return words as %v shows a slice: ``[a b]``."""
    return f"[{' '.join(words)}]"


def duration(nanoseconds: int) -> str:
    """Return a duration as Go writes it: ``1m30s``, ``500ms``."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < _SECOND:
        for unit, size in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if nanoseconds >= size:
                return f"{_decimal(nanoseconds, size)}{unit}"
    whole, rest = divmod(nanoseconds, 60 * _SECOND)
    text = f"{_decimal(rest, _SECOND)}s"
    if not whole:
        return text
    hours, minutes = divmod(whole, 60)
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    fraction = str(rest + unit)[1:].rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def health(check: HealthConfig) -> str:
    """Return a health check as %q shows the struct: numbers become characters."""
    spans = [check.interval, check.timeout, check.start_period]
    if check.start_interval:  # moby has it since 25
        spans.append(check.start_interval)
    times = " ".join(quoted(duration(span)) for span in spans)
    retries = f"\\x{check.retries:02x}" if check.retries < 32 else chr(check.retries)
    return f"&{{{quoted_list(check.test)} {times} '{retries}'}}"
