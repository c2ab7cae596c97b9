"""pyroute2's ``IPRoute``, usable in a notebook cell, on the network of the lab or of a container.

Two things stand between a cell and ``pyroute2.IPRoute``.  The lab is another network namespace; so
the engine hands out a netlink socket that was made there, and netlink acts where its socket was
made.  And pyroute2 runs an event loop of its own for each call, which Jupyter does not allow in the
thread where it runs one already; so the calls are made in a thread beside.

See: netlink(7), network_namespaces(7); https://docs.pyroute2.org.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket


class ByHand:
    """An ``IPRoute`` whose calls run in a thread of their own; results that are lazy become lists.

    Args:
        netlink: an rtnetlink socket, of type SOCK_DGRAM; becomes this object's.
        where: whose network it is, for the repr.
    """

    def __init__(self, netlink: socket.socket, where: str) -> None:
        self.where = where
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pyroute2")
        self._iproute = self._thread.submit(_open, netlink).result()

    @property
    def NetlinkError(self) -> type[Exception]:  # noqa: N802 - pyroute2's own name
        """What pyroute2 raises when the kernel refuses."""
        from pyroute2 import NetlinkError

        error: type[Exception] = NetlinkError
        return error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._iproute, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            return self._thread.submit(_finish, found, args, options).result()

        call.__name__, call.__doc__ = name, found.__doc__
        return call

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *dir(self._iproute)})

    def __repr__(self) -> str:
        return f"<pyroute2.IPRoute on the network of {self.where}>"

    def close(self) -> None:
        """Close the socket and end the thread; closing twice is fine."""
        self._thread.submit(self._iproute.close).result()
        self._thread.shutdown()


def _open(netlink: socket.socket) -> Any:
    from pyroute2 import IPRoute

    return IPRoute(fileno=netlink.detach())


def _finish(function: Callable[..., Any], args: Any, options: Any) -> Any:
    result = function(*args, **options)
    if not isinstance(result, Iterator | tuple | list):
        return result
    messages = list(result)
    # What the kernel says when it has done what it was told is nothing for a cell to show.
    if messages and all(_is_acknowledgement(one) for one in messages):
        return None
    return messages


def _is_acknowledgement(message: Any) -> bool:
    return isinstance(message, dict) and message.get("event") == "NLMSG_ERROR"
