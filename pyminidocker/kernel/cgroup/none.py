"""No cgroups that are ours: containers run, and nothing can be limited, frozen or counted.

See: cgroups(7).
"""

import errno

from pyminidocker.kernel.cgroup.manager import Group


class NoManager:
    """Makes no groups; see manager.Manager.

    Args:
        missing: {feature: why it cannot be had}, for all of manager.FEATURES.
        remedy: what to do about that.
    """

    kind = "none"
    name = ""

    def __init__(self, missing: dict[str, str], remedy: str = "") -> None:
        self.tops: list[str] = []
        self.bases: dict[str, str] = {}
        self.missing = missing
        self.remedy = remedy

    def make(self, name: str) -> Group | None:  # noqa: ARG002, D102 - see manager.Manager
        return None

    def lab(self) -> Group:  # noqa: D102
        raise OSError(errno.ENOSYS, self.missing["memory"])

    def close(self) -> None:  # noqa: D102
        pass
