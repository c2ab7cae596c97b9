"""Find and talk to the processes that are wires (``network/wire.py``), and what they can be told.

A wire understands ``{"change": {...}}`` and ``{"cut": true}``; its state has Name, Seed, Since,
Pid, Settings, and Ends: for each Host, Link, Address and counters.

See: docs/decisions/0012.
"""

from __future__ import annotations

from pyminidocker.client.companions import Companions
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

WIRES = Companions("wire", ".wires", "minidocker wire ls", "minidocker wire rm")
names = WIRES.names
ask = WIRES.ask
# What can be set on a wire: (least, most), in the name's unit.
LIMITS: dict[str, tuple[float, float]] = {
    "latency_ms": (0, 60_000),
    "jitter_ms": (0, 60_000),
    "loss_percent": (0, 100),
    "mtu": (68, 65_535),
    "bandwidth_mbit": (0, 1_000_000),
}


def check_settings(settings: Mapping[str, object]) -> None:
    """Make sure that every setting is one that a wire can have.

    Raises:
        InvalidArgument: an unknown name, or a value out of range.
    """
    for name, value in settings.items():
        if name not in LIMITS:
            raise InvalidArgument(f"a wire has no {name!r}", hint=f"it has {', '.join(LIMITS)}")
        least, most = LIMITS[name]
        if not isinstance(value, int | float) or not least <= value <= most:
            raise InvalidArgument(f"invalid {name} {value!r}: it can be {least} to {most}")
