"""Netlink transport: send requests, wait for the kernel's answer.

Netlink is the socket family by which links, addresses, routes and packet filter rules are set and
read.  A message is a header (``struct nlmsghdr``), a fixed part that depends on its type, and
attributes (type, length, value).  Several messages may travel in one ``sendmsg``; the kernel works
through them in order.  A request with ``NLM_F_ACK`` is always answered, one without only if
refused: so a batch asks for one acknowledgement, of its last message, and learns of every failure.

This is a blocking socket of 20 microseconds a round trip, usable from an asyncio program because
the kernel answers within the same system call (docs/decisions/0005).
"""

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Self

from pyminidocker.network import attributes

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12
SOL_NETLINK = 270
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11

NLM_F_REQUEST = 0x001
NLM_F_ACK = 0x004
NLM_F_DUMP = 0x300
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800
NLM_F_REPLACE = 0x100
NLM_F_ECHO = 0x008

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLA_F_NESTED = 0x8000
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1

HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_ATTRIBUTE = struct.Struct("=HH")
_ERRNO = struct.Struct("=i")
_RECEIVE_BYTES = 65536
_TIMEOUT = struct.pack("@ll", 10, 0)  # struct timeval; a kernel that says nothing is a bug of ours


class NetlinkError(OSError):
    """The kernel refused a netlink request.

    Attributes:
        detail: the kernel's own words where it gave any (extended acknowledgement), e.g.
            ``"Nexthop has invalid gateway"``.
    """

    def __init__(self, number: int, detail: str = "", subject: str = "") -> None:
        text = os.strerror(number) + (f" ({detail})" if detail else "")
        super().__init__(number, text, subject or None)
        self.detail = detail


def attribute(kind: int, value: bytes) -> bytes:
    """Encode one attribute (``struct nlattr``), padded to four bytes."""
    length = 4 + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """Encode an attribute whose value is a list of attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def message(kind: int, flags: int, body: bytes) -> bytes:
    """Encode one request; ``NLM_F_REQUEST`` is added to ``flags``."""
    return HEADER.pack(HEADER.size + len(body), kind, flags | NLM_F_REQUEST, 0, 0) + body


def with_header(request: bytes, flags: int, sequence: int) -> bytes:
    """Return ``request`` with ``flags`` added and its sequence number set."""
    length, kind, old, _, _ = HEADER.unpack_from(request)
    return HEADER.pack(length, kind, old | flags, sequence, 0) + request[HEADER.size :]


def split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Take a datagram apart: (type, flags, sequence number, whole message) of each part."""
    offset = 0
    while offset + HEADER.size <= len(data):
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, offset)
        if length < HEADER.size:
            return
        yield kind, flags, sequence, data[offset : offset + length]
        offset += (length + 3) & ~3


def _refusal(reply: bytes, flags: int, subject: str) -> NetlinkError | None:
    """Read ``struct nlmsgerr``: None for an acknowledgement, else the error it carries."""
    (negative,) = _ERRNO.unpack_from(reply, HEADER.size)
    if negative == 0:
        return None
    detail = ""
    if flags & _NLM_F_ACK_TLVS:
        offset = 2 * HEADER.size + _ERRNO.size  # NETLINK_CAP_ACK: only the header is echoed
        detail = attributes.text(attributes.parse(reply, offset).get(_NLMSGERR_ATTR_MSG, b""))
    return NetlinkError(-negative, detail, subject)


class Netlink:
    """One netlink socket in the calling thread's network namespace; safe for several threads.

    Args:
        protocol: ``NETLINK_ROUTE`` or ``NETLINK_NETFILTER``.

    See: netlink(7), rtnetlink(7).
    """

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol
        )
        self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self._socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEOUT)
        self._socket.bind((0, 0))
        self._sequence = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _number(self, request: bytes, flags: int) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        return with_header(request, flags, self._sequence)

    def _replies(self) -> Iterator[tuple[int, int, int, bytes]]:
        while True:
            try:
                datagram = self._socket.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                raise NetlinkError(errno.ETIMEDOUT, "the kernel did not answer") from None
            yield from split(datagram)

    def execute(
        self, requests: Sequence[bytes], *, subject: str = "", final: int = -1
    ) -> list[bytes]:
        """Send requests as one batch and wait until the kernel has worked through it.

        rtnetlink carries out the others even if one is refused; the first refusal is raised.

        Args:
            requests: encoded messages, at least one.
            subject: what errors name, e.g. the link.
            final: which request to have acknowledged.  Other than -1 for nfnetlink batches, whose
                closing message is never answered and whose opening one answers for them all.

        Returns:
            What the kernel sent beside acknowledgements: for requests with ``NLM_F_ECHO``, what
            they made.

        Raises:
            NetlinkError: the kernel refused a request.
        """
        final %= len(requests)
        with self._lock:
            first = self._sequence + 1
            batch = [
                self._number(request, NLM_F_ACK if position == final else 0)
                for position, request in enumerate(requests)
            ]
            last = first + final
            self._socket.send(b"".join(batch))
            refused: NetlinkError | None = None
            echoes: list[bytes] = []
            for kind, flags, sequence, reply in self._replies():
                if not first <= sequence <= last:
                    continue  # of an earlier request that failed
                if kind != NLMSG_ERROR:
                    echoes.append(reply)
                    continue
                if refused is None:
                    refused = _refusal(reply, flags, subject)
                    if refused is not None and sequence == first and final != len(requests) - 1:
                        raise refused
                if sequence == last:
                    if refused is not None:
                        raise refused
                    break
        return echoes

    def query(self, request: bytes, *, subject: str = "") -> bytes:
        """Send one request and return the message that answers it.

        Raises:
            NetlinkError: the kernel refused, e.g. ENODEV.
        """
        with self._lock:
            self._socket.send(self._number(request, 0))
            for kind, flags, sequence, reply in self._replies():
                if sequence == self._sequence:
                    if kind != NLMSG_ERROR:
                        return reply
                    raise _refusal(reply, flags, subject) or NetlinkError(errno.EPROTO)
        raise NetlinkError(errno.EPROTO)

    def dump(self, request: bytes) -> list[bytes]:
        """Send a request for a whole table and return its entries as messages.

        Raises:
            NetlinkError: the kernel refused.
        """
        entries: list[bytes] = []
        with self._lock:
            self._socket.send(self._number(request, NLM_F_DUMP))
            for kind, flags, sequence, reply in self._replies():
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_DONE:
                    break
                if kind == NLMSG_ERROR:
                    raise _refusal(reply, flags, "") or NetlinkError(errno.EPROTO)
                entries.append(reply)
        return entries
