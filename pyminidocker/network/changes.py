"""Hearing from the kernel that something about the network has changed.

Netlink sockets can join groups to which the kernel announces what it does: links, addresses,
routes, neighbours, forwarding switches, packet filter rules.  With ``NETLINK_LISTEN_ALL_NSID`` one
socket hears of all namespaces that links lead to, so what a process in a container does to its own
eth0 is heard too.  What was announced is not kept: whoever hears of a change reads the whole state.

See: netlink(7) "NETLINK_ADD_MEMBERSHIP", "NETLINK_LISTEN_ALL_NSID"; linux/rtnetlink.h.
"""

import errno
import socket
from typing import Self

from pyminidocker.errors import SystemFailure
from pyminidocker.network.netlink import NETLINK_NETFILTER, NETLINK_ROUTE, SOL_NETLINK, split

NETLINK_ADD_MEMBERSHIP, NETLINK_LISTEN_ALL_NSID = 1, 8
# RTNLGRP_: LINK, NEIGH, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE, IPV4_NETCONF, NSID
_ROUTE_GROUPS = (1, 3, 5, 7, 9, 11, 24, 28)
_NFNLGRP_NFTABLES = 7
_RTM_NEIGHBOURS = frozenset((28, 29))  # RTM_NEWNEIGH, RTM_DELNEIGH
_RECEIVE_BYTES = 65536

NOTHING, NEIGHBOURS, STRUCTURE = 0, 1, 2


class Changes:
    """Announcements for the calling thread's network namespace and those its links lead to.

    Raises:
        SystemFailure: the kernel refused.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        try:
            self._listen(NETLINK_ROUTE, _ROUTE_GROUPS)
            self._listen(NETLINK_NETFILTER, (_NFNLGRP_NFTABLES,))
        except OSError as error:
            self.close()
            raise SystemFailure(f"cannot listen for changes: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, protocol: int, groups: tuple[int, ...]) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            sock = socket.socket(socket.AF_NETLINK, kind, protocol)
        except OSError as error:
            if error.errno == errno.EPROTONOSUPPORT:  # a kernel without packet filter
                return
            raise
        self._sockets.append(sock)
        sock.bind((0, 0))
        for group in groups:
            sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        if protocol == NETLINK_ROUTE:
            try:
                sock.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
            except PermissionError:  # not our user namespace: the lab's own changes are heard
                pass

    def filenos(self) -> list[int]:
        """Return the sockets: readable when something was announced."""
        return [sock.fileno() for sock in self._sockets]

    def close(self) -> None:
        """Stop listening; safe to repeat."""
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def drain(self) -> int:
        """Take what was announced; say whether it was NOTHING, only NEIGHBOURS, or STRUCTURE.

        ARP tables and what bridges have learned change with the traffic, all else only when
        somebody changes it.
        """
        found = NOTHING
        for sock in self._sockets:
            is_route = sock.proto == NETLINK_ROUTE
            while True:
                try:
                    data = sock.recv(_RECEIVE_BYTES)
                except BlockingIOError:
                    break
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
                    found = STRUCTURE  # more than fits: something, in any case
                    continue
                if is_route and all(kind in _RTM_NEIGHBOURS for kind, _, _, _ in split(data)):
                    found = max(found, NEIGHBOURS)
                else:
                    found = STRUCTURE
        return found
