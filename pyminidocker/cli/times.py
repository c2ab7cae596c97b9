"""Times as the API sends them and as people write them, without ``datetime`` (8 ms of import).

See: RFC 3339; Go's time.ParseDuration.
"""

from __future__ import annotations

import time

from pyminidocker.units import human_duration, parse_duration


def parse(text: str) -> float:
    """Return an RFC 3339 time as seconds since the epoch.

    Raises:
        ValueError: it is not one.
    """
    if len(text) < 19 or text[4] != "-" or text[10] not in "Tt ":
        raise ValueError(f"not a time: {text}")
    clock, zone = text[11:], 0
    fraction = 0.0
    rest = clock[8:]
    if rest.startswith("."):
        digits = rest[1:].rstrip("Zz").partition("+")[0].partition("-")[0]
        fraction = float(f"0.{digits}") if digits else 0.0
        rest = rest[1 + len(digits) :]
    if rest and rest not in ("Z", "z"):
        zone = (int(rest[1:3]) * 3600 + int(rest[4:6]) * 60) * (-1 if rest[0] == "-" else 1)
    days = _days(int(text[:4]), int(text[5:7]), int(text[8:10]))
    hours, minutes, seconds = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
    return days * 86400 + hours * 3600 + minutes * 60 + seconds + fraction - zone


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the Gregorian calendar."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def duration(text: str) -> float:
    """Return Go's "1h30m", "10s", "1.5m" in seconds.

    Raises:
        ValueError: it is not a duration.
    """
    return parse_duration(text) / 1e9


def timestamp(text: str) -> str:
    """Turn what people give for ``--since`` into what the API takes: seconds since the epoch.

    Accepts durations before now ("10m"), seconds since the epoch and RFC 3339 times, also short
    ones ("2025-01-02", "2025-01-02T10:00"), which are local.

    Raises:
        ValueError: none of these.
    """
    if not text:
        return ""
    try:
        return _stamp(time.time() - duration(text))
    except ValueError:
        pass
    number = text.partition(".")
    if number[0].isdigit() and (number[2].isdigit() or not number[1]):
        return text
    full = text + "2000-01-01T00:00:00"[len(text) :] if len(text) < 19 else text
    try:
        seconds = parse(full)
    except (ValueError, IndexError):
        raise ValueError(f'failed to parse value as time or duration: "{text}"') from None
    if len(full) == 19:  # no zone: local time
        seconds -= time.localtime(seconds).tm_gmtoff
    return _stamp(seconds)


def _stamp(seconds: float) -> str:
    return f"{seconds:.9f}"


def local(seconds: float) -> str:
    """Return a time as ``docker ps`` shows it in CreatedAt: "2025-01-02 10:00:00 +0000 UTC"."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(seconds))


def precise(nanoseconds: int) -> str:
    """Return nanoseconds since the epoch as ``docker events`` shows them."""
    moment = time.localtime(nanoseconds // 10**9)
    zone = time.strftime("%z", moment)
    zone = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{nanoseconds % 10**9:09d}{zone}"


def ago(seconds: float) -> str:
    """Return how long ago a time was: "3 hours ago"."""
    return human_duration(max(0.0, time.time() - seconds)) + " ago"
