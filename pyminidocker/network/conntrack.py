"""The kernel's table of connections (ctnetlink): who talks to whom, and which address was rewritten.

See: conntrack(8); linux/netfilter/nfnetlink_conntrack.h.
"""

from dataclasses import dataclass

from pyminidocker.errors import NotImplementedHere


@dataclass(frozen=True, slots=True)
class Tuple:
    """One direction of a flow; ports are 0 where the protocol has none (ICMP: type and id)."""

    source: str
    destination: str
    source_port: int
    destination_port: int


@dataclass(frozen=True, slots=True)
class Flow:
    """One tracked connection.

    Attributes:
        protocol: ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or a number.
        original: as its first packet was sent.
        reply: what answers look like; differs from the mirror image where NAT rewrites.
        state: of TCP (``ESTABLISHED`` ...); ``UNREPLIED`` or ``ASSURED`` otherwise, or empty.
        packets: both directions; 0 where the kernel does not count (nf_conntrack_acct).
        bytes: likewise.
        is_source_rewritten: masquerade or another source NAT.
        is_destination_rewritten: a published port, the redirect to the proxy.
        timeout_s: until it is forgotten without another packet.
    """

    protocol: str
    original: Tuple
    reply: Tuple
    state: str
    packets: int
    bytes: int
    is_source_rewritten: bool
    is_destination_rewritten: bool
    timeout_s: int


def flows() -> list[Flow]:
    """Read the table of the calling thread's network namespace.

    Raises:
        SystemFailure: the kernel refused, or has no ctnetlink.
    """
    raise NotImplementedHere("flows")
