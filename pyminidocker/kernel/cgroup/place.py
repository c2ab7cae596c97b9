"""Where we may make groups: by looking at mounts, at our own group, and by trying.

See: cgroups(7), kernel Documentation/admin-guide/cgroup-v2.rst "Delegation".
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Place:
    """What was found.

    Attributes:
        kind: ``v2``, ``v1`` (hybrid hosts too) or ``none``.
        bases: {controller: directory in which we can make groups that have it}.
        missing: {feature: why it cannot be had here}.
        remedy: how to be given what is missing; empty when nothing is.
        is_hybrid: version 1 with a version 2 tree beside it.
    """

    kind: str
    bases: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    remedy: str = ""
    is_hybrid: bool = False


def find_place() -> Place:
    """Look where this process may make groups; nothing stays changed.

    See: cgroups(7).
    """
    raise NotImplementedError


def no_place(why: str, remedy: str = "") -> Place:
    """Return a place in which nothing can be had.

    See: manager.FEATURES.
    """
    from pyminidocker.kernel.cgroup.manager import FEATURES

    return Place("none", missing=dict.fromkeys(FEATURES, why), remedy=remedy)
