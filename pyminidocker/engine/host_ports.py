"""Ports of the real machine: which are ours, and how to get one.

The host agent binds them.  What our own containers have is refused here, before it is asked, with
the words Docker has for that; what another program has is refused by the kernel.
"""

import asyncio
import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyminidocker.engine.agent_line import gone
from pyminidocker.engine.ports import ANY_IPV6, MAX_ATTEMPTS, Allocations, PublishedPort, Wish
from pyminidocker.errors import SystemFailure

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.agent_link import AgentLink

_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_GO_TEXTS = {
    errno.EADDRINUSE: "address already in use",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.EACCES: "permission denied",
}

# Marks ports at an address that the lab has and the machine has not (a wire's): the packet filter
# of the lab is all they need, and two hosts of one machine can have the same.
_IN_LAB = "lab:"

Facts = tuple[int, int, int]
Ports = dict[str, PublishedPort]  # by the agent's id


class HostPorts:
    """The ports that the host agent holds for this engine."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._allocations = Allocations()
        self._link: AgentLink | None = None
        self._waiting: dict[str, asyncio.Future[int]] = {}  # agent's id -> errno
        self._facts: asyncio.Future[Facts] | None = None

    # -- the line to the agent ----------------------------------------------------------------

    async def _connect(self) -> "tuple[AgentLink, Facts]":
        """Return the line to the agent; the first time, learn the machine's port ranges."""
        if self._link is None or self._facts is None:
            self._link = self._engine.agent_line.link()
            self._facts = asyncio.get_running_loop().create_future()
            self._engine.agent_line.listen(self._deliver)
            self._link.ask_facts()
        facts = await asyncio.shield(self._facts)
        return self._link, facts

    def _deliver(self, link: "AgentLink") -> None:
        """Hand the agent's answers to those who wait for them."""
        if link.facts is not None and self._facts is not None and not self._facts.done():
            self._facts.set_result(link.facts)
        for name, code in link.results.items():
            waiting = self._waiting.pop(name, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(code)
        link.results.clear()
        if link.is_gone:
            for future in (*self._waiting.values(), self._facts):
                if future is not None and not future.done():
                    future.set_exception(gone())
            self._waiting.clear()

    # -- taking and giving back ---------------------------------------------------------------

    async def reserve(self, wish: Wish, default_ips: tuple[str, ...]) -> Ports:
        """Bind what a wish asks for; all of its addresses get the same port.

        Args:
            wish: which port, where.
            default_ips: where, when the wish does not say.

        Returns:
            The agent's ids, which ``aim`` and ``release`` take.

        Raises:
            SystemFailure: it cannot be had; with moby's words.
        """
        link, (first, last, unprivileged) = await self._connect()
        host_ips = wish.host_ips or default_ips
        is_choice = not wish.first or wish.first != wish.last
        candidates = self._allocations.candidates(wish, host_ips, (first, last))
        for attempt, port in enumerate(candidates, 1):
            bound: Ports = {}
            try:
                code, host_ip = await self._bind(link, wish, host_ips, port, bound)
            except BaseException:
                self.release(bound)
                raise
            if not code:
                return bound
            self.release(bound)
            if code != errno.EADDRINUSE or not is_choice or attempt == MAX_ATTEMPTS:
                raise _refusal(code, wish.protocol, host_ip, port, unprivileged)
        return {}  # never: candidates end with an exception

    async def _bind(
        self, link: "AgentLink", wish: Wish, host_ips: tuple[str, ...], port: int, bound: Ports
    ) -> tuple[int, str]:
        """Bind one port on all addresses; returns an errno and where it came from.

        A machine without IPv6 is no reason to fail when nobody asked for that family.
        """
        self._allocations.take(wish.protocol, host_ips, port)
        answers = []
        for host_ip in host_ips:  # asked together: the agent answers in 50 us, the loop in more
            if self._engine.wires.has_address(host_ip):
                bound[f"{_IN_LAB}{wish.protocol}:{host_ip}:{port}"] = PublishedPort(
                    wish.port, wish.protocol, host_ip, port
                )
                continue
            name = link.listen(wish.protocol, host_ip, port)
            bound[name] = PublishedPort(wish.port, wish.protocol, host_ip, port)
            self._waiting[name] = asyncio.get_running_loop().create_future()
            answers.append((name, self._waiting[name]))
        failed = 0, ""
        for name, answer in answers:
            code, host_ip = await answer, bound[name].host_ip
            if code in _NO_IPV6 and host_ip == ANY_IPV6 and not wish.host_ips:
                self.release({name: bound.pop(name)})
            elif code and not failed[0]:
                failed = code, host_ip
        return failed

    def aim(self, name: str, target: tuple[str, int] | None) -> None:
        """Let connections at a port through to ``target`` in the lab; None lets them wait.

        Raises:
            SystemFailure: the agent has gone.
        """
        if self._link is not None and not name.startswith(_IN_LAB):
            self._link.aim(name, target)

    def release(self, ports: Mapping[str, PublishedPort]) -> None:
        """Give ports back: when this returns, anybody may bind them."""
        if self._link is not None and ports:
            self._link.unlisten([name for name in ports if not name.startswith(_IN_LAB)])
            self._engine.agent_line.deliver(self._link)
        for port in ports.values():
            self._allocations.release(port.protocol, (port.host_ip,), port.host_port)


def _refusal(code: int, protocol: str, host_ip: str, port: int, unprivileged: int) -> SystemFailure:
    """Return the error of a port that cannot be had, in the words of Docker's proxy."""
    family, address = ("6", f"[{host_ip}]") if ":" in host_ip else ("4", host_ip)
    text = _GO_TEXTS.get(code) or os.strerror(code).lower()
    text = f"listen {protocol}{family} {address}:{port}: bind: {text}"
    hint = ""
    if code == errno.EADDRINUSE:
        hint = f"another program has it; choose another host port, or see: ss -lnp sport = :{port}"
    elif code == errno.EACCES:
        # rootlesskit's words, without its own binary as a remedy
        text = (
            f"cannot expose privileged port {port}, you can add"
            f" 'net.ipv4.ip_unprivileged_port_start={port}' to /etc/sysctl.conf (currently"
            f" {unprivileged}), or choose a larger port number (>= {unprivileged}): {text}"
        )
    elif code == errno.EADDRNOTAVAIL:
        hint = "the machine does not have this address; leave it out to publish on all"
    return SystemFailure(f"Error starting userland proxy: {text}", hint=hint)
