"""What the zygote makes once, so that all its children find it in their memory.

A fork shares its parent's memory until one of them writes to it: whatever is computed before is
there for nothing.

See: fork(2) "copy-on-write".
"""

from pyminidocker.kernel.libc import MACHINE
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES
from pyminidocker.runtime.operations import Operation
from pyminidocker.runtime.seccomp_profile import default_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Inheritance:
    """Made by the zygote, used by its children.

    Attributes:
        default_steps: the plan of the default mounts and masks, for the prelude.
        machine_steps: the same for children on the machine's network.
        single_id: the lab has one user id.
    """

    __slots__ = ("_filters", "default_steps", "machine_steps", "single_id")

    def __init__(
        self,
        default_steps: list[Operation],
        machine_steps: list[Operation],
        *,
        single_id: bool,
    ) -> None:
        self.default_steps = default_steps
        self.machine_steps = machine_steps
        self.single_id = single_id
        self._filters: dict[tuple[str, ...], bytes] = {}

    def steps_for(self, network: str) -> list[Operation]:
        """Return what the prelude of a child with this kind of network has to do.

        See: prelude, defaults.mount_table.
        """
        return self.machine_steps if network == "machine" else self.default_steps

    def filter_for(self, capabilities: list[str]) -> bytes:
        """Return the default seccomp filter for a set of capabilities, built once a set.

        Returns:
            Nothing on processors whose system calls we have no table of.

        See: seccomp_profile.
        """
        key = tuple(capabilities)
        if key not in self._filters:
            known = MACHINE in AUDIT_ARCHITECTURES
            self._filters[key] = (
                default_filter(capabilities, single_id=self.single_id) if known else b""
            )
        return self._filters[key]


class _Record:
    """Attributes, and no class of its own."""

    __slots__ = ("__dict__",)

    def __init__(self, values: "dict[str, Any]") -> None:
        self.__dict__ = values


def record_of(values: "dict[str, Any]") -> "Any":
    """Return a specification that came over the socket as an object with its attributes.

    The zygote does not import ``spec``: dataclasses would make it, and every fork of it, a sixth
    larger.

    See: spec.ContainerSpec, spec.ExecSpec.
    """
    values["process"] = _Record(values["process"])
    if "mounts" in values:
        values["mounts"] = [_Record(mount) for mount in values["mounts"]]
    return _Record(values)
