"""What the engine asks of the lab's network, and what it gets: plain data without any import.

Addresses are text as people write them, prefix lengths are bits, an empty string means "none".
"""

from typing import NamedTuple

DEFAULT_MTU_BYTES = 1500
# RFC 7348: inner Ethernet 14, VXLAN 8, UDP 8, and the outer IP header: 20 or 40.
VXLAN_OVERHEAD_BYTES, VXLAN_OVERHEAD_IPV6_BYTES = 50, 70
HIGHEST_VNI = 0xFFFFFF


class BridgePlan(NamedTuple):
    """What a network's bridge shall be.

    Attributes:
        name: link name, at most 15 bytes: ``docker0``, ``br-1f0c5b2a9d3e``.
        subnet: IPv4 subnet, CIDR; empty for a network without IPv4.
        gateway: the bridge's own IPv4 address; empty for a bridge without one.
        subnet6: IPv6 subnet, CIDR; empty for a network without IPv6.
        gateway6: the bridge's own IPv6 address.
        mtu_bytes: longest packet; endpoints get the same.
        internal: nothing in or out: containers get no default route.
        icc: containers may talk to each other (``com.docker.network.bridge.enable_icc``).
        masquerade: packets leaving by a wire get the lab's address.
        gateway_mode: ``nat``, ``nat-unprotected`` or ``routed``.
    """

    name: str
    subnet: str = ""
    gateway: str = ""
    subnet6: str = ""
    gateway6: str = ""
    mtu_bytes: int = DEFAULT_MTU_BYTES
    internal: bool = False
    icc: bool = True
    masquerade: bool = True
    gateway_mode: str = "nat"


class AddressPlan(NamedTuple):
    """What one endpoint's inner end gets.

    Attributes:
        ip: IPv4 address, or empty.
        prefix: its prefix length.
        gateway: next hop of the default route; empty adds none.
        ip6: IPv6 address, or empty.
        prefix6: its prefix length.
        gateway6: next hop of the IPv6 default route; empty adds none.
        mac: ``02:42:ac:12:00:02``; empty derives it from ``ip``.
    """

    ip: str = ""
    prefix: int = 0
    gateway: str = ""
    ip6: str = ""
    prefix6: int = 0
    gateway6: str = ""
    mac: str = ""


class Prepared:
    """A veth pair that waits for its container.

    Attributes:
        host_link: name of the end on the bridge: ``veth`` and seven hex digits.
        inner_link: name of the end inside the namespace, ``eth0``.
        inner_index: its interface index inside.
        bridge: name of the bridge it is plugged into.
    """

    __slots__ = ("bridge", "host_link", "inner_index", "inner_link")

    def __init__(self, host_link: str, inner_link: str, inner_index: int, bridge: str) -> None:
        self.host_link = host_link
        self.inner_link = inner_link
        self.inner_index = inner_index
        self.bridge = bridge
