"""The line to the host agent on the loop: whoever asks it something gets a future.

The agent is the engine's one process in the real machine's namespaces.  Ports are asked for by
``host_ports``; sockets to connect with, and what names mean out there, are asked for here, for the
registry client and whoever else of the engine must reach the real network.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import SystemFailure

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.agent_link import AgentLink

CONNECT_S = 15.0  # for each address of a name


class AgentLine:
    """The connection to the host agent, made when it is first needed."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._link: AgentLink | None = None
        self._listeners: list[Callable[[AgentLink], None]] = []
        self._sockets: dict[str, asyncio.Future[socket.socket | int]] = {}
        self._addresses: dict[str, asyncio.Future[tuple[int, list[str]]]] = {}

    def close(self) -> None:
        """Stop listening to the host agent; whoever waits for its answers is told so."""
        if self._link is not None:
            asyncio.get_running_loop().remove_reader(self._link.fileno())
            self._link = None
        self._give_up()

    def listen(self, deliver: "Callable[[AgentLink], None]") -> None:
        """Call ``deliver`` whenever the agent has said something, or is gone."""
        self._listeners.append(deliver)

    def link(self) -> "AgentLink":
        """Return the line.

        Raises:
            SystemFailure: this engine has no agent.
        """
        if self._link is None:
            from pyminidocker.network.agent_link import AgentLink

            if self._engine.lab.agent is None:
                raise SystemFailure(
                    "this engine has no host agent, which has the machine's network"
                )
            self._link = AgentLink(self._engine.lab.agent)
            asyncio.get_running_loop().add_reader(self._link.fileno(), self._on_readable)
        return self._link

    def _on_readable(self) -> None:
        if self._link is not None:
            self._link.receive()
            self.deliver(self._link)

    def deliver(self, link: "AgentLink") -> None:
        """Hand the agent's answers to those who wait for them."""
        for name, sock in link.sockets.items():
            wanted = self._sockets.pop(name, None)
            if wanted is not None and not wanted.done():
                wanted.set_result(sock)
            elif isinstance(sock, socket.socket):
                sock.close()
        link.sockets.clear()
        for name, answer in link.addresses.items():
            asked = self._addresses.pop(name, None)
            if asked is not None and not asked.done():
                asked.set_result(answer)
        link.addresses.clear()
        for listener in self._listeners:
            listener(link)
        if link.is_gone:
            asyncio.get_running_loop().remove_reader(link.fileno())
            self._give_up()

    def _give_up(self) -> None:
        """Tell those who wait that there will be no answer: some are threads, which block."""
        futures: list[asyncio.Future[Any]] = [*self._sockets.values(), *self._addresses.values()]
        for future in futures:
            if not future.done():
                future.set_exception(gone())
        self._sockets.clear()
        self._addresses.clear()

    # -- the real network ---------------------------------------------------------------------

    async def addresses(self, host: str) -> list[str]:
        """Return what ``host`` means on the real machine: addresses in the order to try them.

        Raises:
            OSError: no such name, or no answer; with Go's words, which Docker's users know.
            SystemFailure: the agent has gone.
        """
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, host)
            except OSError:
                continue
            return [host]
        name = self.link().ask_addresses(host)
        future: asyncio.Future[tuple[int, list[str]]] = asyncio.get_running_loop().create_future()
        self._addresses[name] = future
        code, found = await future
        if found:
            return found
        why = "no such host"
        if code == socket.EAI_AGAIN:
            why = "temporary failure in name resolution"
        elif code not in (0, socket.EAI_NONAME, socket.EAI_NODATA):
            why = f"name resolution failed ({code})"
        raise OSError(errno.EHOSTUNREACH, f"dial tcp: lookup {host}: {why}")

    async def tcp_socket(self, kind: str) -> socket.socket:
        """Return an unconnected socket of the machine's network.

        Args:
            kind: ``tcp4`` or ``tcp6``.

        Raises:
            OSError: the machine cannot make one.
            SystemFailure: the agent has gone.
        """
        name = self.link().ask_socket(kind)
        future: asyncio.Future[socket.socket | int] = asyncio.get_running_loop().create_future()
        self._sockets[name] = future
        made = await future
        if isinstance(made, int):
            raise OSError(made, os.strerror(made))
        return made

    def dialer(self) -> Callable[[str, int], socket.socket]:
        """Return a function for threads that connects to ``(host, port)`` on the real network.

        It raises OSError with Go's words ("dial tcp 127.0.0.1:5000: connect: connection refused").
        """
        loop = asyncio.get_running_loop()

        def dial(host: str, port: int) -> socket.socket:
            found = asyncio.run_coroutine_threadsafe(self.addresses(host), loop).result()
            failure = OSError(errno.EHOSTUNREACH, f"dial tcp: lookup {host}: no such host")
            for address in found:
                kind = "tcp6" if ":" in address else "tcp4"
                try:
                    sock = asyncio.run_coroutine_threadsafe(self.tcp_socket(kind), loop).result()
                except OSError as error:
                    failure = _dial_error(address, port, error)
                    continue
                try:
                    sock.settimeout(CONNECT_S)
                    sock.connect((address, port))
                except OSError as error:
                    sock.close()
                    failure = _dial_error(address, port, error)
                    continue
                return sock
            raise failure

        return dial


def _dial_error(address: str, port: int, error: OSError) -> OSError:
    host = f"[{address}]" if ":" in address else address
    if isinstance(error, TimeoutError):
        return OSError(errno.ETIMEDOUT, f"dial tcp {host}:{port}: i/o timeout")
    text = (error.strerror or str(error)).lower()
    return OSError(error.errno, f"dial tcp {host}:{port}: connect: {text}")


def gone() -> SystemFailure:
    """Return the error of whoever needs an agent that has ended."""
    return SystemFailure(
        "the host agent, which has the machine's network, has gone",
        hint="restart the engine: minidocker system stop, then any command",
    )
