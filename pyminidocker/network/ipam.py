"""Address management: which container has which address of a network's subnet.

Docker's IPAM hands out the lowest free address of the pool, never the network address, the
broadcast address or the gateway.  A container holds its address only while it runs; ``docker inspect``
of a stopped container shows none.  The same rule here gives lessons the same numbers every time.
"""

DEFAULT_SUBNET = "172.17.0.0/16"
DEFAULT_GATEWAY = "172.17.0.1"


class Pool:
    """The IPv4 addresses of one network.

    Args:
        subnet: CIDR text such as ``"172.17.0.0/16"``.
        gateway: the bridge's own address; empty takes the first host address.
        network: how errors call the network, e.g. ``"bridge (3f2a...)"``.

    Attributes:
        subnet: the subnet as CIDR text.
        gateway: the bridge's address.
        prefix: prefix length, bits.

    Raises:
        InvalidArgument: not a CIDR, host bits set, gateway outside of the subnet.
    """

    subnet: str
    gateway: str
    prefix: int

    def __init__(self, subnet: str = DEFAULT_SUBNET, gateway: str = "", network: str = "") -> None:
        raise NotImplementedError

    def allocate(self) -> str:
        """Take the lowest free address.

        Raises:
            Unavailable: every address is taken ("no available IPv4 addresses on this network's
                address pools: ...").
        """
        raise NotImplementedError

    def reserve(self, address: str) -> str:
        """Take ``address`` itself (``--ip``, or restoring after an engine restart); returns it.

        Raises:
            InvalidArgument: not an address of the pool ("Requested address is out of range").
            PermissionDenied: taken ("Address already in use").
        """
        raise NotImplementedError

    def release(self, address: str) -> None:
        """Give ``address`` back; unknown and already free addresses are fine."""
        raise NotImplementedError

    def allocated(self) -> list[str]:
        """Return the taken addresses, lowest first, without the gateway."""
        raise NotImplementedError


def mac_address(ip: str) -> str:
    """Return the MAC address Docker derives from an IPv4 address: 172.17.0.2 is 02:42:ac:11:00:02."""
    raise NotImplementedError
