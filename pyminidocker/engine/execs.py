"""Further processes in running containers (``docker exec``).

Docker's three steps: ``create`` checks and remembers, ``attach`` connects streams, ``start`` runs.
``attach`` comes first so that the API can send its 101 head before any output exists.
"""

import asyncio
from typing import TYPE_CHECKING

from pyminidocker.engine import detach_keys, states
from pyminidocker.engine.attachment import Attachment
from pyminidocker.engine.container import Container
from pyminidocker.engine.exec_process import ExecProcess
from pyminidocker.engine.records import ExecRecord
from pyminidocker.engine.streams import Hub
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, SystemFailure
from pyminidocker.ids import new_id

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

KEPT_AFTER_END_S = 300.0  # inspect tells the exit code for so long, as dockerd


class Exec:
    """One exec in memory."""

    def __init__(self, record: ExecRecord, container: Container) -> None:
        self.record = record
        self.container = container
        self.hub = Hub()
        self.was_started = False
        self.process: ExecProcess | None = None


class Execs:
    """All execs of an engine; they live in memory only."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._by_id: dict[str, Exec] = {}

    def create(self, ref: str, options: ExecRecord) -> ExecRecord:
        """Prepare an exec in container ``ref``; ``id`` and ``container_id`` are filled in.

        Raises:
            NotFound: no such container.
            Conflict: it does not run ("Container x is not running"), or is paused.
            InvalidArgument: no command.
        """
        container = self.engine.containers.get(ref)
        self._check(container, ref)
        if not options.args:
            raise InvalidArgument("No exec command specified")
        detach_keys.parse_keys(options.detach_keys)
        options.id = new_id()
        options.container_id = container.id
        self._by_id[options.id] = Exec(options, container)
        container.exec_ids.append(options.id)
        self._tell(self._by_id[options.id], f"exec_create: {_shown(options)}")
        return options

    def get(self, exec_id: str) -> ExecRecord:
        """Return the record.

        Raises:
            NotFound: "No such exec instance: x" (also after its container is gone).
        """
        return self.find(exec_id).record

    def find(self, exec_id: str) -> Exec:
        """Return the exec itself; see ``get``."""
        found = self._by_id.get(exec_id)
        if found is None:
            raise NotFound(f"No such exec instance: {exec_id}")
        return found

    @staticmethod
    def _check(container: Container, ref: str = "") -> None:
        states.check(
            "exec", container.status, container_id=container.id, name=container.name, ref=ref
        )

    def _check_startable(self, found: Exec) -> None:
        if found.was_started:
            what = "is already running" if found.record.running else "has already run"
            raise Conflict(f"Error: Exec command {found.record.id} {what}")
        self._check(found.container)

    def attach(self, exec_id: str, *, stdin: bool, stdout: bool, stderr: bool) -> Attachment:
        """Connect streams to an exec that has not started; then call ``start``.

        Raises:
            NotFound: no such exec.
            Conflict: it ran already, or its container stopped.
        """
        found = self.find(exec_id)
        self._check_startable(found)
        record = found.record
        return Attachment(
            found.hub,
            tty=record.tty,
            stdin=stdin and record.open_stdin,
            stdout=stdout,
            stderr=stderr,
            closes_stdin=True,
            keys=detach_keys.parse_keys(record.detach_keys),
        )

    async def start(self, exec_id: str, *, rows: int = 0, cols: int = 0) -> None:
        """Start it and return when the new process executes; ``get`` tells about its end.

        Raises:
            NotFound: no such exec.
            Conflict: it ran already, or its container stopped.
            InvalidArgument: the command cannot be executed (exit code 126 recorded).
        """
        found = self.find(exec_id)
        self._check_startable(found)
        found.was_started = True
        if rows or cols:
            found.hub.resize(rows, cols)
        process = found.process = ExecProcess(self.engine, found)
        self._tell(found, f"exec_start: {_shown(found.record)}")
        try:
            process.begin()
        except BaseException as error:
            process.give_up()
            if isinstance(error, OSError):
                raise SystemFailure(f"cannot start exec: {error}") from error
            raise
        await process.outcome

    async def wait(self, exec_id: str) -> int:
        """Wait for its end and return the exit code.

        Raises:
            NotFound: no such exec.
            Conflict: it was never started.
        """
        found = self.find(exec_id)
        if found.process is None:
            raise Conflict(f"Error: Exec command {exec_id} has not been started")
        return await asyncio.shield(found.process.end)

    def resize(self, exec_id: str, *, rows: int, cols: int) -> None:
        """Set its terminal's size; remembered when it has not started yet."""
        self.find(exec_id).hub.resize(rows, cols)

    # -- called by others of the engine -------------------------------------------------------

    def container_exited(self, container: Container) -> None:
        """Forget unstarted execs of a container that ended; running ones report themselves."""
        for exec_id in container.exec_ids:
            found = self._by_id.get(exec_id)
            if found is not None and not found.was_started:
                del self._by_id[exec_id]
                found.hub.finish()
        container.exec_ids.clear()

    def forget(self, container: Container) -> None:
        """The container is gone, so are all its execs."""
        for exec_id in [key for key, item in self._by_id.items() if item.container is container]:
            del self._by_id[exec_id]

    def ended(self, found: Exec) -> None:
        """One has ended; its exit code can be asked for a while."""
        exec_id = found.record.id
        if exec_id in found.container.exec_ids:
            found.container.exec_ids.remove(exec_id)
        asyncio.get_running_loop().call_later(KEPT_AFTER_END_S, self._by_id.pop, exec_id, None)

    def discard(self, exec_id: str) -> None:
        """Forget one that ended, or that nobody will start, before its time."""
        found = self._by_id.pop(exec_id, None)
        if found is not None and exec_id in found.container.exec_ids:
            found.container.exec_ids.remove(exec_id)

    def _tell(self, found: Exec, action: str, **attributes: str) -> None:
        self.engine.events.emit(
            "container",
            action,
            found.container.id,
            {**found.container.event_attributes(), "execID": found.record.id, **attributes},
        )

    def tell_end(self, found: Exec) -> None:
        """Emit ``exec_die``."""
        self._tell(found, "exec_die", exitCode=str(found.record.exit_code))


def _shown(record: ExecRecord) -> str:
    return f"{record.args[0]} {' '.join(record.args[1:])}"
