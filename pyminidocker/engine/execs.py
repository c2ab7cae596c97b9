"""Further processes in running containers (``docker exec``).

Docker's three steps: ``create`` checks and remembers, ``attach`` connects streams, ``start`` runs.
``attach`` comes first so that the API can send its 101 head before any output exists.
"""

from typing import TYPE_CHECKING

from pyminidocker.engine.records import ExecRecord
from pyminidocker.engine.streams import Attachment

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


class Execs:
    """All execs of an engine; they live in memory only."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def create(self, ref: str, options: ExecRecord) -> ExecRecord:
        """Prepare an exec in container ``ref``; ``id`` and ``container_id`` are filled in.

        Raises:
            NotFound: no such container.
            Conflict: it does not run ("Container x is not running"), or is paused.
            InvalidArgument: no command.
        """
        raise NotImplementedError

    def get(self, exec_id: str) -> ExecRecord:
        """Return the record.

        Raises:
            NotFound: "No such exec instance: x" (also after its container is gone).
        """
        raise NotImplementedError

    def attach(self, exec_id: str, *, stdin: bool, stdout: bool, stderr: bool) -> Attachment:
        """Connect streams to an exec that has not started; then call ``start``.

        Raises:
            NotFound: no such exec.
            Conflict: it ran already, or its container stopped.
        """
        raise NotImplementedError

    async def start(self, exec_id: str, *, rows: int = 0, cols: int = 0) -> None:
        """Start it and return when the new process executes; ``get`` tells about its end.

        Raises:
            NotFound: no such exec.
            Conflict: it ran already, or its container stopped.
            InitError: the command cannot be executed (exit code 126 or 127 recorded).
        """
        raise NotImplementedError

    async def wait(self, exec_id: str) -> int:
        """Wait for its end and return the exit code."""
        raise NotImplementedError

    def resize(self, exec_id: str, *, rows: int, cols: int) -> None:
        """Set its terminal's size."""
        raise NotImplementedError
