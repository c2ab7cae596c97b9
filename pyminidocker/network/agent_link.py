"""The engine's end of the line to the host agent; the messages are listed in ``agent``.

Requests are sent at once and answered some 50 us later; answers are delivered by ``receive``, which
the engine's loop calls when the socket is readable.  A request for lab sockets is served right
there, so whoever calls ``receive`` must live in the lab.
"""

import select
import socket
import time

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.fd import receive_with_fds, send_with_fds
from pyminidocker.network.stock import make_batch

_MESSAGE_BYTES = 65536
_A_MESSAGE = 200  # ids in one
_DEFAULT_FACTS = ("32768", "60999", "1024")


class AgentLink:
    """Asks the host agent for ports of the real machine.

    Args:
        control: the engine's end of the agent's socket.

    Attributes:
        results: id of a port -> errno of the attempt to listen, 0 when it went well; as they come.
        sockets: id of a request -> a socket of the machine's network, or the errno of its making.
        addresses: id of a request -> 0 and what a name stands for, or an EAI_* code and nothing.
        facts: first and last ephemeral port, first unprivileged one; None before they are known.
        is_gone: the agent has ended.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._closed: set[str] = set()
        self._next_id = 0
        self.results: dict[str, int] = {}
        self.sockets: dict[str, socket.socket | int] = {}
        self.addresses: dict[str, tuple[int, list[str]]] = {}
        self.facts: tuple[int, int, int] | None = None
        self.is_gone = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._control.fileno()

    def _send(self, text: str) -> None:
        try:
            send_with_fds(self._control, text.encode())
        except OSError as error:
            raise SystemFailure(
                f"the host agent, which has the machine's network, has gone: {error.strerror}",
                hint="restart the engine: minidocker system stop, then any command",
            ) from error

    def ask_facts(self) -> None:
        """Ask for the machine's port ranges."""
        self._send("facts")

    def listen(self, protocol: str, host: str, port: int) -> str:
        """Ask for a port; returns its id, under which ``results`` will say how it went.

        Raises:
            SystemFailure: the agent has gone.
        """
        return self._ask("listen", f"{protocol} {host} {port}")

    def ask_socket(self, kind: str) -> str:
        """Ask for an unconnected socket of the machine's network.

        Args:
            kind: ``tcp4`` or ``tcp6``.

        Returns:
            An id, under which ``sockets`` will have it.

        Raises:
            SystemFailure: the agent has gone.
        """
        return self._ask("socket", kind)

    def ask_addresses(self, host: str) -> str:
        """Ask what a name stands for; returns an id, under which ``addresses`` will say it.

        Raises:
            SystemFailure: the agent has gone.
        """
        return self._ask("resolve", host)

    def _ask(self, verb: str, what: str) -> str:
        self._next_id += 1
        name = str(self._next_id)
        self._send(f"{verb} {name} {what}")
        return name

    def aim(self, name: str, target: tuple[str, int] | None) -> None:
        """Let connections through to ``target`` (in the lab), or let them wait.

        Raises:
            SystemFailure: the agent has gone.
        """
        self._send(f"aim {name} {target[0]} {target[1]}" if target else f"aim {name}")

    def unlisten(self, names: list[str], timeout_s: float = 0.1) -> None:
        """Close ports and wait until it is done (some 50 us): then anybody may have them.

        An agent that has gone has closed them, too.
        """
        waiting = set(names)
        deadline = time.monotonic() + timeout_s
        try:
            for start in range(0, len(names), _A_MESSAGE):
                self._send(" ".join(["unlisten", *names[start : start + _A_MESSAGE]]))
        except SystemFailure:
            return
        poll = select.poll()  # select(2) knows no descriptors above 1023
        poll.register(self._control, select.POLLIN)
        while waiting and not self.is_gone:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not poll.poll(left_s * 1000):
                return
            self.receive()
            waiting -= self._closed
        self._closed.clear()

    def receive(self) -> None:
        """Read what the agent has said; give it the sockets it wants."""
        while True:
            try:
                message, fds = receive_with_fds(self._control, _MESSAGE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                message, fds = b"", []
            if not message:
                self.is_gone = True
                return
            self._take(message.decode(), [socket.socket(fileno=fd) for fd in fds])

    def _take(self, message: str, sockets: list[socket.socket]) -> None:
        verb, *words = message.split()
        if verb == "want":
            self._supply(words[0])
        elif verb == "listening":
            self.results[words[0]] = int(words[1])
        elif verb == "socket":
            self.sockets[words[0]] = sockets[0] if sockets else int(words[1])
        elif verb == "resolved":
            self.addresses[words[0]] = int(words[1]), words[2:]
        elif verb == "closed":
            self._closed.update(words)
        elif verb == "facts":
            first, last, unprivileged = words if len(words) == 3 else _DEFAULT_FACTS
            self.facts = int(first), int(last), int(unprivileged)

    def _supply(self, kind: str) -> None:
        """Send a batch of lab sockets; an empty one says that there are none to be had now."""
        try:
            batch = make_batch(kind)
        except OSError:
            batch = []
        try:
            send_with_fds(
                self._control, f"stock {kind}".encode(), [sock.fileno() for sock in batch]
            )
        except OSError:  # the agent has gone; whoever asks for a port next is told
            self.is_gone = True
        finally:
            for sock in batch:
                sock.close()
