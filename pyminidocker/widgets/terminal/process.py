"""A process with a terminal, in a container: started, resized, ended through the Engine API.

Two ways lead to one: ``exec`` adds a process to a running container; ``run`` makes a container
whose first process it is and which is removed when it ends.  Both give a stream that carries the
terminal's bytes in both directions (the API hijacks the connection: it stops being HTTP).
"""

import contextlib
import os
import signal
import time
from typing import Any, Protocol

from pyminidocker.errors import MiniDockerError, NotFound

TERMINAL_ENV = "TERM=xterm-256color"
_EXEC_END_S = 5.0
_EXEC_PID_S = 1.0


class Process(Protocol):
    """What a session needs of a process."""

    title: str

    def start(self, rows: int, cols: int) -> Any:
        """Start it; return the stream of its terminal."""

    def resize(self, rows: int, cols: int) -> None:
        """Tell its terminal a new size."""

    def exit_code(self) -> int:
        """Wait for the end; return the exit code (128 + n after signal n)."""

    def end(self) -> None:
        """Make it end."""


class ExecProcess:
    """A new process in a running container.

    Args:
        api: the engine's calls.
        container: its id.
        name: what people call it.
        command: what to run.
    """

    def __init__(self, api: Any, container: str, name: str, command: list[str]) -> None:
        self.title = f"{command[0]} in {name}"
        self._api = api
        self._container = container
        self._command = command
        self._id = ""

    def start(self, rows: int, cols: int) -> Any:
        """Start it; return the stream of its terminal."""
        config = {
            "Cmd": self._command,
            "Tty": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "Env": [TERMINAL_ENV],
        }
        self._id = self._api.exec_create(self._container, config)["Id"]
        stream = self._api.exec_start(self._id, tty=True)
        self.resize(rows, cols)
        return stream

    def resize(self, rows: int, cols: int) -> None:
        """Tell its terminal a new size; one that has ended needs none."""
        with contextlib.suppress(MiniDockerError):
            self._api.exec_resize(self._id, rows, cols)

    def exit_code(self) -> int:
        """Return the exit code; the stream ends a moment before the engine knows it."""
        give_up = time.monotonic() + _EXEC_END_S
        while True:
            found = self._api.exec_inspect(self._id)
            code = found.get("ExitCode")
            if not found.get("Running") and code is not None:
                return int(code)
            if time.monotonic() > give_up:
                return -1
            time.sleep(0.02)

    def end(self) -> None:
        """Hang up on it, as a closed terminal does.

        One that was started a moment ago may have no pid yet; one of another user cannot be
        signalled from here, and the closed stream has to do.
        """
        give_up = time.monotonic() + _EXEC_PID_S
        try:
            while (found := self._api.exec_inspect(self._id)).get("ExitCode") is None:
                if pid := found.get("Pid"):
                    os.kill(pid, signal.SIGHUP)
                    return
                if time.monotonic() > give_up:
                    return
                time.sleep(0.02)
        except (MiniDockerError, OSError):
            pass


class RunProcess:
    """The first process of a container made for it.

    Args:
        api: the engine's calls.
        image: the image's name.
        command: what to run; the image's own command when None.
    """

    def __init__(self, api: Any, image: str, command: list[str] | None) -> None:
        self.title = f"{command[0] if command else 'a new container'} in {image}"
        self._api = api
        self._image = image
        self._command = command
        self._id = ""
        self._ended: Any = None

    def start(self, rows: int, cols: int) -> Any:
        """Create, attach, start; return the stream of its terminal."""
        config: dict[str, Any] = {
            "Image": self._image,
            "Tty": True,
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "Env": [TERMINAL_ENV],
            "HostConfig": {"AutoRemove": True, "ConsoleSize": [rows, cols]},
        }
        if self._command:
            config["Cmd"] = self._command
        self._id = self._api.container_create(config)["Id"]
        try:
            stream = self._api.container_attach(self._id, stdin=True)
            self._ended = self._api.container_wait(self._id, condition="next-exit")
            self._api.container_start(self._id)
        except BaseException:
            with contextlib.suppress(MiniDockerError):
                self._api.container_remove(self._id, force=True, volumes=True)
            raise
        self.resize(rows, cols)
        return stream

    def resize(self, rows: int, cols: int) -> None:
        """Tell its terminal a new size; one that has ended needs none."""
        with contextlib.suppress(MiniDockerError):
            self._api.container_resize(self._id, rows, cols)

    def exit_code(self) -> int:
        """Wait for the end; return the exit code."""
        return int(self._ended.result())

    def end(self) -> None:
        """Kill the container; it removes itself."""
        with contextlib.suppress(MiniDockerError):
            self._api.container_kill(self._id)


def find_process(api: Any, where: Any, command: list[str] | None) -> Process:
    """Return a process that is still to be started.

    Args:
        api: the engine's calls.
        where: a container (name, or object with an ``id``) that runs, or an image's name.
        command: what to run; ``sh``, or the image's own command, when None.

    Raises:
        NotFound: neither a running container nor an image has this name.
    """
    ref = where if isinstance(where, str) else where.id
    try:
        found = api.container_inspect(ref)
    except NotFound:
        found = None
    if found and found["State"]["Running"]:
        return ExecProcess(api, found["Id"], found["Name"].lstrip("/"), command or ["sh"])
    try:
        api.image_inspect(ref)
    except NotFound as error:
        if found:
            raise NotFound(
                f"container {ref} is not running, and there is no image of that name",
                hint=f"start it with: minidocker start {ref}",
            ) from error
        raise NotFound(
            f"no running container and no image is called {ref}",
            hint="minidocker ps and minidocker images list what there is",
        ) from error
    return RunProcess(api, ref, command)
