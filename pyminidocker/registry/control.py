"""The unix socket on which a registry's owner asks how it is, and ends it.

One line of JSON, one answer: ``{}`` asks for the state, ``{"requests": N}`` for the requests after
number N as well, ``{"clear": true}`` empties the registry, ``{"stop": true}`` ends it.
``{"hold": true}`` keeps the connection: a registry that is not detached ends when the last one who
holds it has gone, however that went.

See: unix(7); docs/decisions/0019.
"""

import json
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from pyminidocker.registry.journal import Journal

LONGEST_REQUEST = 4096


class Control:
    """Answers on the control socket.

    Args:
        listener: of the control socket.
        about: what the state tells that does not change.
        journal: for the rest.
        clear: empties the registry; None where nothing may be changed.
        end: called when the registry has to end, once; the last word to the one who asked for it
            is said after it.
    """

    def __init__(
        self,
        listener: socket.socket,
        about: dict[str, Any],
        journal: Journal,
        clear: Callable[[], None] | None,
        end: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._about = about
        self._journal = journal
        self._clear = clear
        self._end = end
        self._guard = threading.Lock()
        self._holders = 0
        self._is_ending = False

    def run(self) -> None:
        """Answer until the process ends."""
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(sock,), daemon=True).start()

    def hold(self, sock: socket.socket) -> None:
        """Let the registry live as long as the other end of ``sock`` is open."""
        with self._guard:
            self._holders += 1
        threading.Thread(target=self._wait, args=(sock,), daemon=True).start()

    def _wait(self, sock: socket.socket) -> None:
        with sock:
            try:
                while sock.recv(4096):
                    pass
            except OSError:
                pass
            with self._guard:
                self._holders -= 1
                is_last = self._holders == 0
        if is_last:
            self._finish()
            os._exit(0)

    def _finish(self) -> None:
        with self._guard:
            if self._is_ending:
                return
            self._is_ending = True
        self._listener.close()
        self._end()

    def _hear(self, sock: socket.socket) -> None:
        text = b""
        try:
            while b"\n" not in text and len(text) < LONGEST_REQUEST:
                data = sock.recv(LONGEST_REQUEST)
                if not data:
                    break
                text += data
            request = json.loads(text)
            is_stop, is_hold = bool(request.get("stop")), bool(request.get("hold"))
            if request.get("clear"):
                if self._clear is None:
                    raise ValueError("it is read-only")
                self._clear()
            state = self._state(request)
        except (OSError, ValueError, AttributeError, TypeError) as error:
            self._say(sock, {"error": str(error)})
            sock.close()
            return
        if is_hold:
            self.hold(sock)
            self._say(sock, state)
            return
        if is_stop:
            self._finish()
        self._say(sock, state)
        sock.close()
        if is_stop:
            os._exit(0)

    def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        self._journal.settle()
        state = {**self._about, "Traffic": self._journal.sums(), "Pid": os.getpid()}
        if request.get("requests") is not None:
            state["Requests"] = self._journal.entries(int(request["requests"]))
        return state

    def _say(self, sock: socket.socket, state: dict[str, Any]) -> None:
        try:
            sock.sendall(json.dumps(state).encode() + b"\n")
        except OSError:
            pass  # nobody waits for it
