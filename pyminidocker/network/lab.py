"""The lab's network as the engine sees it: bridges, endpoints, and the way out.

``LabNetwork`` acts in the network namespace of the calling thread, which for the engine is the
lab's.  All calls are short and blocking (a netlink round trip is 20-1000 us), none uses asyncio;
the first call imports the message classes (tens of milliseconds), so the engine makes it from the
background once its socket answers.
"""

from socket import socket

from pyminidocker.network.endpoints import Prepared

DEFAULT_BRIDGE = "docker0"


class LabNetwork:
    """Bridges and endpoints of one lab.

    Attributes:
        dns_server: address of the lab's DNS relay (first bridge's gateway), empty before it runs.
    """

    dns_server: str

    def __init__(self) -> None:
        raise NotImplementedError

    def setup_lab(self) -> None:
        """Make the empty namespace a host: lo up, IPv6 off, IPv4 forwarding on, uplink and rules.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedError

    def setup_bridge(self, name: str, subnet: str, gateway: str) -> None:
        """Make bridge ``name`` with address ``gateway`` and set it up; safe to repeat.

        Args:
            name: link name, at most 15 bytes, e.g. ``docker0``.
            subnet: CIDR text.
            gateway: the bridge's own address inside ``subnet``.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedError

    def remove_bridge(self, name: str) -> None:
        """Delete bridge ``name``; a missing one is fine."""
        raise NotImplementedError

    def prepare_endpoint(self, netns_fd: int, bridge: str = DEFAULT_BRIDGE) -> Prepared:
        """Make a veth pair between ``bridge`` and the namespace behind ``netns_fd``, ahead of time.

        Inside, lo and eth0 are up and IPv6 is off when this returns; nothing has an address yet.

        Args:
            netns_fd: a network namespace owned by the lab's user namespace.
            bridge: the link to plug the outer end into.

        Raises:
            SystemFailure: the kernel refused, e.g. ENODEV for a bridge that is not there.
        """
        raise NotImplementedError

    def plan_endpoint(
        self, prepared: Prepared, *, ip: str, prefix: int, gateway: str, mac: str = ""
    ) -> list[bytes]:
        """Compose what init plays inside; see ``endpoints.plan_endpoint``."""
        raise NotImplementedError

    def forget(self, prepared: Prepared) -> None:
        """Drop the books on an endpoint; its links die with the container's namespace.

        Deleting a veth would block the caller for some 40 ms (it waits for RCU readers); the kernel
        does the same in the background when the namespace goes.
        """
        raise NotImplementedError

    def start_egress(self, agent: socket) -> None:
        """Open the way out: TCP by transparent proxy, DNS by relay on every bridge address.

        The listening sockets are made here, in the lab, and passed to the host agent, which makes
        the outgoing connections from the real host.

        Args:
            agent: the engine's end of the host agent's socket.

        Raises:
            SystemFailure: the kernel refused a rule or a socket; containers then stay without a way
                out, everything else works.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the netlink sockets; links and rules live on in the namespace."""
        raise NotImplementedError
