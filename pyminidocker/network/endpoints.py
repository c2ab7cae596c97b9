"""One container's connection: a veth pair, one end on the bridge, the other called eth0 inside.

A veth(4) pair is a virtual cable.  Making one costs about a millisecond, so it is made ahead of
time into the network namespace of a parked child; what depends on the container (its address,
MAC and route) is composed here as ready-encoded rtnetlink(7) requests, which init plays inside the new
namespace in one write.
"""


class Prepared:
    """A veth pair that waits for its container.

    Attributes:
        host_link: name of the end on the bridge, ``veth`` and seven hex digits.
        host_index: its interface index in the lab.
        inner_link: name of the end inside the namespace, ``eth0``.
        inner_index: its interface index inside.
        bridge: name of the bridge it is plugged into.
    """

    __slots__ = ("bridge", "host_index", "host_link", "inner_index", "inner_link")
    host_link: str
    host_index: int
    inner_link: str
    inner_index: int
    bridge: str


def plan_endpoint(
    prepared: Prepared, *, ip: str, prefix: int, gateway: str, mac: str = ""
) -> list[bytes]:
    """Compose what configures a container's end: MAC, address and default route.

    The requests are complete netlink messages in order.  Send them in one ``sendmsg`` (joined) on an
    ``AF_NETLINK``/``NETLINK_ROUTE`` socket opened inside the container's namespace; only the last one
    asks for an acknowledgement, refused ones always answer (``struct nlmsgerr``, errno negative).

    Args:
        prepared: what ``LabNetwork.prepare_endpoint`` returned.
        ip: the container's address.
        prefix: prefix length of its subnet, bits.
        gateway: next hop of the default route; empty adds no default route.
        mac: ``02:42:ac:11:00:02``; empty derives it from ``ip``.
    """
    raise NotImplementedError


def plan_loopback() -> list[bytes]:
    """Compose what a container without a network needs (``--network none``): lo up."""
    raise NotImplementedError
