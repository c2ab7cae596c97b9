"""The engine's groups: one for each container, made ahead of time, and one around all of them.

See: kernel.cgroup.manager, docs/decisions/0020.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.kernel.cgroup.limits import Limits
    from pyminidocker.kernel.cgroup.manager import Group

OomListener = Callable[["Container", int], None]


class Cgroups:
    """Which container is in which group, and what this host can limit.

    Attributes:
        kind: ``v2``, ``v1`` or ``none``.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.kind = "none"

    def group_of(self, container: "Container") -> "Group | None":
        """Return the group of a running container; None when it does not run or has none."""
        return None

    def why_not(self, feature: str) -> tuple[str, str] | None:
        """Tell why a feature cannot be had here: (reason, remedy); None when it can.

        Args:
            feature: one of kernel.cgroup.manager.FEATURES.
        """
        return ("", "")

    def paths_of(self, container: "Container") -> dict[str, str]:
        """Return {controller: directory} as the machine sees it; empty when it does not run."""
        return {}

    def listen_oom(self, listener: OomListener) -> None:
        """Have ``listener(container, kills)`` called when the kernel has killed for want of memory.

        ``kills`` is how many in this life; it is called before the exit of the container is booked.
        """

    def lab_limits(self) -> "Limits":
        """Return the limits around all containers together."""
        raise NotImplementedError

    def limit_lab(self, limits: "Limits") -> None:
        """Change the limits around all containers together.

        Raises:
            InvalidArgument: this host cannot, or the kernel does not take the values.
        """
