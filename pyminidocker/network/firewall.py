"""The lab's packet filter as one object: what goes where, kept in the kernel and read back from it.

See: nft(8); docs/decisions/0008.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import NotImplementedHere

if TYPE_CHECKING:
    from pyminidocker.network.nft_read import Ruleset

NAT, NAT_UNPROTECTED, ROUTED = "nat", "nat-unprotected", "routed"
GATEWAY_MODES = (NAT, NAT_UNPROTECTED, ROUTED)


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """What the packet filter must know of one bridge network.

    Attributes:
        bridge: link name in the lab, e.g. ``docker0``.
        subnet: IPv4 CIDR text, or empty.
        subnet6: IPv6 CIDR text, or empty.
        internal: nothing is forwarded in or out.
        masquerade: packets that leave by another link get that link's address as source.
        gateway_mode: ``nat`` (neighbours reach published ports only), ``nat-unprotected`` (they
            reach every port), ``routed`` (no translation; published ports are opened).
        icc: containers may talk to each other; a matter of the bridge's ports, not of the filter.
    """

    bridge: str
    subnet: str = ""
    subnet6: str = ""
    internal: bool = False
    masquerade: bool = True
    gateway_mode: str = NAT
    icc: bool = True


@dataclass(frozen=True, slots=True)
class Publication:
    """One published port inside the lab.

    Attributes:
        protocol: ``tcp`` or ``udp``.
        host_ip: the lab address it is published on; ``0.0.0.0``, ``::`` or empty: on all.
        host_port: 1-65535.
        ip: the container's address, of the same family as ``host_ip``.
        port: the container's port.
        bridge: the link behind which the container is.
        name: whose it is, for the rule's comment.
    """

    protocol: str
    host_ip: str
    host_port: int
    ip: str
    port: int
    bridge: str
    name: str = ""


class Firewall:
    """Table ``inet minidocker`` of the calling thread's network namespace."""

    def setup(self) -> None:
        """Make the table with its chains and sets, the way out closed; safe to repeat.

        Raises:
            SystemFailure: the kernel has no packet filter, or refused.
        """
        raise NotImplementedHere("firewall")

    def close(self) -> None:
        """Close the socket; the rules live on in the namespace."""
        raise NotImplementedHere("firewall")

    def open_egress(self, proxy_port: int) -> None:
        """Send what goes to the outside to the proxy and the DNS relay of the lab.

        Args:
            proxy_port: where the proxy listens.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def add_network(self, network: NetworkRules) -> None:
        """Take a bridge in; one that is known is replaced.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def remove_network(self, bridge: str) -> None:
        """Forget a bridge; an unknown one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def publish(self, publications: Publication | Sequence[Publication]) -> None:
        """Translate (or, in mode ``routed``, let through) what comes for published ports.

        Args:
            publications: one, or several to be set in one transaction.

        Raises:
            SystemFailure: the kernel refused; none of them is set.
        """
        raise NotImplementedHere("firewall")

    def unpublish(self, publications: Publication | Sequence[Publication]) -> None:
        """Take published ports back; unknown ones are fine.

        Connections that are open end: their translation is forgotten with the port.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def add_reachable(self, cidr: str) -> None:
        """Let packets to ``cidr`` (a wire's subnet, a static route) go as packets, not to the proxy.

        Raises:
            InvalidArgument: not a network.
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def remove_reachable(self, cidr: str) -> None:
        """Take ``cidr`` back; an unknown one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def set_masquerade(self, on: bool) -> None:
        """Fill or empty the chain that hides containers behind the lab's addresses.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def masquerade_on(self) -> bool:
        """Tell from the kernel whether anything is masqueraded."""
        raise NotImplementedHere("firewall")

    def set_default_deny(self, on: bool) -> None:
        """Set what becomes of forwarded packets that no rule decides: dropped, or let through.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")

    def default_deny_on(self) -> bool:
        """Tell from the kernel whether undecided packets are dropped."""
        raise NotImplementedHere("firewall")

    def ruleset(self) -> "Ruleset":
        """Read all tables of the namespace from the kernel, with live counters.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("firewall")
