"""Progress as moby reports it: one message per layer and change, not more than eyes can follow.

See: moby's pkg/streamformatter and pkg/progress.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any

from pyminidocker.units import human_size

Json = dict[str, Any]
Tell = Callable[[Json], None]

_SPACING_S = 0.1
_BAR = 50


def short(digest: str) -> str:
    """Return a layer's name in messages: 12 digits of its digest."""
    return digest.removeprefix("sha256:")[:12]


def note(text: str, name: str = "") -> Json:
    """Return a message that is not about progress."""
    return {"status": text, "id": name} if name else {"status": text}


def state(name: str, text: str) -> Json:
    """Return a message about a layer that has no numbers."""
    return {"status": text, "progressDetail": {}, "id": name}


def numbers(name: str, text: str, current: int, total: int) -> Json:
    """Return a message about a layer with a bar, which Docker's clients print as it is."""
    return {
        "status": text,
        "progressDetail": {"current": current, "total": total},
        "progress": _bar(current, total),
        "id": name,
    }


def _bar(current: int, total: int) -> str:
    if total <= 0:
        return f"{human_size(current, 4):>8}"
    done = min(_BAR, int(current / total * 100) // 2)
    drawn = f"[{'=' * done}>{' ' * (_BAR - done)}]"
    return f"{drawn} {human_size(current, 4):>8}/{human_size(total, 4)}"


class Meter:
    """Reports how far a layer is, ten times a second at most.

    Args:
        tell: takes the messages.
        name: the layer's.
        text: what is being done with it, e.g. ``Downloading``.
        total: its bytes.
    """

    def __init__(self, tell: Tell, name: str, text: str, total: int) -> None:
        self._tell = tell
        self._name = name
        self._text = text
        self._total = total
        self._told = 0.0

    def __call__(self, current: int) -> None:
        """Note that ``current`` bytes are done."""
        now = monotonic()
        if now - self._told >= _SPACING_S:
            self._told = now
            self._tell(numbers(self._name, self._text, current, self._total))
