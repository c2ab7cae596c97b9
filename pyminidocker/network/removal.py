"""Deleting links without waiting for it.

When a link goes, the kernel waits until no CPU can still be using it (RCU grace periods): 16 ms for
a veth pair, 48 ms for a bridge, as measured.  All of that is spent inside the system call, so a
thread spends it.  The link itself has vanished from every list after a tenth of a millisecond,
which the kernel announces to those who listen (``RTNLGRP_LINK``): whoever wants to be sure waits
for that, and not for the rest.

Links to be deleted get a group number of their own first: one request deletes a whole group, and
the kernel waits once for all of them.
"""

import socket
import struct
import threading
from collections.abc import Sequence

from pyminidocker.network import messages
from pyminidocker.network.netlink import Netlink, NetlinkError, split

DOOMED_GROUP = 0x6D64  # "md": nobody else's
_RTMGRP_LINK = 1
_PATIENCE = struct.pack("@ll", 1, 0)  # struct timeval


class Remover:
    """Deletes links of one network namespace in the background, in groups."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_busy = False
        self._is_asked = False

    def remove(self, links: Netlink, indexes: Sequence[int]) -> None:
        """Have links deleted; returns when the namespace shows them no more.

        The calling thread must be in the links' namespace.

        Args:
            links: a socket of that namespace.
            indexes: interface indexes; ones that are gone are fine.
        """
        waiting = set()
        with _announcements() as news:
            for index in indexes:
                try:
                    links.execute([messages.doom_link(index, DOOMED_GROUP)])
                    waiting.add(index)
                except NetlinkError:  # ENODEV: it has gone with its namespace
                    pass
            if waiting:
                self._ask()
                _wait_until_gone(news, waiting)

    def _ask(self) -> None:
        with self._lock:
            self._is_asked = True
            if self._is_busy:
                return
            self._is_busy = True
        # A new thread begins in the network namespace of the one that starts it.
        threading.Thread(target=self._work, name="minidocker-links", daemon=True).start()

    def _work(self) -> None:
        with Netlink() as links:
            while True:
                with self._lock:
                    if not self._is_asked:
                        self._is_busy = False
                        return
                    self._is_asked = False
                try:
                    links.execute([messages.delete_group(DOOMED_GROUP)])
                except NetlinkError:  # ENODEV: the round before took these along
                    pass


def _announcements() -> socket.socket:
    news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    news.bind((0, _RTMGRP_LINK))
    news.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
    return news


def _wait_until_gone(news: socket.socket, waiting: set[int]) -> None:
    while waiting:
        try:
            datagram = news.recv(65536)
        except OSError:  # ENOBUFS (too much news), EAGAIN: the deletion goes on all the same
            return
        for kind, _, _, entry in split(datagram):
            if kind == messages.RTM_DELLINK:
                waiting.discard(messages.link_index(entry))
