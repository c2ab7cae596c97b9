"""Docker's ``--filter`` language: a name with several values, any of which will do.

Only ``label`` differs: all of its values must hold (moby api/types/filters, MatchKVList).
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence

from pyminidocker.errors import InvalidArgument

Filters = Mapping[str, Sequence[str]]

_TRUE = frozenset(("1", "true", "t", "yes", "y"))
_FALSE = frozenset(("0", "false", "f", "no", "n"))
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def check_names(filters: Filters, known: Iterable[str]) -> None:
    """Refuse filters nobody knows.

    Raises:
        InvalidArgument: "Invalid filter 'x'".
    """
    for name in filters:
        if name not in known:
            raise InvalidArgument(f"Invalid filter '{name}'")


def labels_match(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Tell whether all of ``wanted`` (``key`` or ``key=value``) are among ``labels``."""
    for item in wanted:
        key, equals, value = item.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def prune_labels_match(labels: Mapping[str, str], filters: Filters) -> bool:
    """Tell whether an object may be pruned under ``label`` and ``label!`` filters."""
    if not labels_match(labels, filters.get("label", ())):
        return False
    unwanted = filters.get("label!", ())
    return not unwanted or not labels_match(labels, unwanted)


def boolean(filters: Filters, name: str, default: bool) -> bool:
    """Read a filter that is either true or false.

    Raises:
        InvalidArgument: neither.
    """
    values = filters.get(name)
    if not values:
        return default
    words = {value.lower() for value in values}
    if words <= _TRUE:
        return True
    if words <= _FALSE:
        return False
    raise InvalidArgument(f"Invalid filter '{name}={values[0]}'")


def moment(filters: Filters, name: str) -> float:
    """Read a filter holding a time: a timestamp, or a Go duration back from now; 0 = not given.

    Raises:
        InvalidArgument: neither, or several values.
    """
    values = filters.get(name)
    if not values:
        return 0.0
    if len(values) > 1:
        raise InvalidArgument(f"more than one {name} filter specified")
    return parse_moment(values[0])


def parse_moment(text: str) -> float:
    """Read "1700000000.5", "2024-01-02T03:04:05Z" or "1h30m" (ago) as seconds since the epoch.

    Raises:
        InvalidArgument: none of these.
    """
    try:
        return float(text)
    except ValueError:
        pass
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return time.time() - sum(float(number) * _SECONDS[unit] for number, unit in parts)
    from datetime import UTC, datetime

    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"failed to parse value as time or duration: {text!r}") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
