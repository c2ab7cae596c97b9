"""Who waits for the host agent when the engine ends."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from pyminidocker.engine.agent_line import AgentLine
from pyminidocker.errors import SystemFailure


def test_nobody_waits_for_ever():
    """A thread of a pull may be among them, and the process ends when all threads have."""

    async def ask() -> None:
        agent, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with agent, ours:
            line = AgentLine(SimpleNamespace(lab=SimpleNamespace(agent=ours)))
            name = asyncio.ensure_future(line.addresses("registry.example"))
            dial = line.dialer()
            thread = asyncio.ensure_future(asyncio.to_thread(dial, "registry.example", 443))
            while not (name.done() or len(line._addresses) == 2):
                await asyncio.sleep(0)
            line.close()
            for waiting in (name, thread):
                with pytest.raises(SystemFailure, match="has gone"):
                    await asyncio.wait_for(waiting, 5)

    asyncio.run(ask())
