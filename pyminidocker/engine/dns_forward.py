"""Questions about names that are not ours: handed on, unread, to somebody who may know.

Without ``--dns`` that is the lab's relay, which asks the real host's resolvers.  Servers of
``--dns`` are asked from inside the container's network namespace, as Docker does, so that a server
on one of its networks can be reached and the question travels the container's own way.  What came
by TCP is asked by TCP, so a long answer gets through in one piece.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyminidocker.network.dns_sockets import DNS_PORT, DnsSockets

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

RELAY = "127.0.0.1"
# The relay itself tries several servers for two seconds each; it always answers in the end.
RELAY_S = 10.0
SERVER_S = 3.0
MAX_SERVERS = 3
_LENGTH = struct.Struct("!H")
_UDP_BYTES = 65535
_HEADER_BYTES = 12
_SERVFAIL, _REFUSED = 2, 5


async def ask(
    engine: "Engine", sockets: DnsSockets, servers: Sequence[str], query: bytes, *, by_tcp: bool
) -> bytes:
    """Ask one server after the other; returns the first answer, empty when none came.

    A server that fails or refuses is passed over like one that says nothing.

    Args:
        engine: where the lab's network is.
        sockets: of the container that asks.
        servers: ``--dns``; empty for the lab's relay.
        query: the question as it came.
        by_tcp: how it came.
    """
    last = b""
    for server in [server for server in servers if _is_address(server)][:MAX_SERVERS] or (RELAY,):
        try:
            async with asyncio.timeout(SERVER_S if servers else RELAY_S):
                sock = _socket(engine, sockets if servers else None, server, by_tcp=by_tcp)
                with sock:
                    answer = await _exchange(sock, server, query, by_tcp=by_tcp)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            continue
        if len(answer) < _HEADER_BYTES:
            continue
        if answer[3] & 15 not in (_SERVFAIL, _REFUSED):
            return answer
        last = answer
    return last


def _is_address(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except OSError:
        return False
    return True


def _socket(
    engine: "Engine", inside: DnsSockets | None, server: str, *, by_tcp: bool
) -> socket.socket:
    """Make a socket in the lab, or in the namespace of ``inside``.

    Raises:
        OSError: no descriptor left, or no such address family.
    """
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    kind = socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM
    if inside is None:
        return socket.socket(family, kind | socket.SOCK_NONBLOCK)
    netns_fd = inside.namespace_fd()
    try:
        with engine.lab_network.inside(netns_fd):
            return socket.socket(family, kind | socket.SOCK_NONBLOCK)
    finally:
        os.close(netns_fd)


async def _exchange(sock: socket.socket, server: str, query: bytes, *, by_tcp: bool) -> bytes:
    loop = asyncio.get_running_loop()
    if by_tcp:
        await loop.sock_connect(sock, (server, DNS_PORT))
        await loop.sock_sendall(sock, _LENGTH.pack(len(query)) + query)
        return await read_message(sock)
    sock.connect((server, DNS_PORT))
    await loop.sock_sendall(sock, query)
    while True:
        answer = await loop.sock_recv(sock, _UDP_BYTES)
        if answer[:2] == query[:2] and len(answer) >= _HEADER_BYTES:
            return answer


async def read_message(sock: socket.socket) -> bytes:
    """Read one message of a DNS connection: two bytes of length, then as many (RFC 1035 4.2.2).

    Raises:
        IncompleteReadError: the other side closed in between (``partial`` is empty: before it).
        OSError: it broke off.
    """
    (length,) = _LENGTH.unpack(await _read(sock, _LENGTH.size))
    return await _read(sock, length)


async def write_message(sock: socket.socket, message: bytes) -> None:
    """Write one message of a DNS connection."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, _LENGTH.pack(len(message)) + message)


async def _read(sock: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < length:
        piece = await loop.sock_recv(sock, length - len(data))
        if not piece:
            raise asyncio.IncompleteReadError(bytes(data), length)
        data += piece
    return bytes(data)
