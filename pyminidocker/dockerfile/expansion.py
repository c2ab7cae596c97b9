"""Which fields of which instruction Docker expands."""

from __future__ import annotations

from typing import TypeVar

from pyminidocker.dockerfile.instructions import Instruction
from pyminidocker.errors import NotImplementedHere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyminidocker.dockerfile.instructions import Dockerfile

Some = TypeVar("Some", bound=Instruction)


def expanded(
    instruction: Some,
    lookup: Callable[[str], str | None],
    escape: str = "\\",
    *,
    dockerfile: Dockerfile | None = None,
) -> Some:
    """Return ``instruction`` with variables put in wherever Docker does so; quotes are gone there.

    ``text`` stays as written.  ARG is special: its defaults see the names before them in the same
    instruction, so they are not expanded here but one by one, by whoever keeps the values.

    Args:
        instruction: as parsed.
        lookup: value of a variable or None; called once for each use.
        escape: the file's escape character.
        dockerfile: where the instruction is from, for the excerpt of an error.

    Raises:
        DockerfileError: bad substitution, an unset ``${x:?}``.
    """
    raise NotImplementedHere(f"cannot be expanded yet: {instruction.text}")
