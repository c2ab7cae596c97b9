"""Deleting a link without waiting for it.

When a link goes, the kernel waits until no CPU can still be using it (RCU grace periods): 16 ms for
a veth pair, 40 ms for a bridge, as measured.  All of that is spent inside the system call, so a
thread spends it.

What a caller needs to know is that nobody sees the link any more, and the kernel says so early: it
first switches the link off, which it announces to all who listen (``RTNLGRP_LINK``), and takes it
off the lists in the next step.  It holds the lock of all link requests (RTNL) meanwhile, so
whoever asks for links after the announcement gets an answer without this one.
"""

import socket
import struct
import threading

from pyminidocker.network import messages
from pyminidocker.network.netlink import Netlink, NetlinkError, split

_RTMGRP_LINK = 1
_PATIENCE = struct.pack("@ll", 1, 0)  # struct timeval
_READ_BYTES = 65536


def remove(index: int) -> None:
    """Have a link deleted; returns when the namespace shows it no more.

    The calling thread must be in the link's namespace.

    Args:
        index: its interface index; one that is gone is fine.
    """
    with _announcements() as news:
        # A new thread begins in the network namespace of the one that starts it.
        deleter = threading.Thread(
            target=_delete, args=(index,), name="minidocker-links", daemon=True
        )
        deleter.start()
        _wait_until_off(news, index)


def _delete(index: int) -> None:
    with Netlink() as links:
        try:
            links.execute([messages.delete_index(index)])
        except NetlinkError:  # ENODEV: it went with its namespace
            pass


def _announcements() -> socket.socket:
    news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    news.bind((0, _RTMGRP_LINK))
    news.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
    return news


def _wait_until_off(news: socket.socket, index: int) -> None:
    while True:
        try:
            datagram = news.recv(_READ_BYTES)
        except OSError:  # EAGAIN (it was gone before), ENOBUFS (too much news)
            return
        for kind, _, _, entry in split(datagram):
            if messages.link_index(entry) == index and (
                kind == messages.RTM_DELLINK or not messages.link_is_up(entry)
            ):
                return
