"""One container's connection: a veth pair, one end on the bridge, the other called eth0 inside.

A veth(4) pair is a virtual cable.  Making one costs half a millisecond, so it is made ahead of time
into the network namespace of a parked child; what depends on the container (its address, MAC and
route) is composed here as ready-encoded rtnetlink(7) requests, which init plays inside the new
namespace (40 us).
"""

import socket
from collections.abc import Sequence
from functools import lru_cache

from pyminidocker.network import messages
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_ipv4
from pyminidocker.network.netlink import NLM_F_ACK, with_header

LOOPBACK_INDEX = 1  # the kernel makes lo first in every network namespace

# Stand for the container's own values while pyroute2 encodes (50-150 us a message); the two ranges
# are for documentation (RFC 5737, RFC 7042) and meet no real value of the other fields.
_SAMPLE_IP = "203.0.113.213"
_SAMPLE_MAC = "00:00:5e:00:53:d5"


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


def _numbered(requests: Sequence[bytes]) -> list[bytes]:
    """Make every request ask for an acknowledgement and number them from 1."""
    return [with_header(request, NLM_F_ACK, number) for number, request in enumerate(requests, 1)]


@lru_cache(maxsize=64)
def _templates(index: int, prefix: int, broadcast: str, gateway: str) -> list[bytes]:
    """Encode an endpoint's requests once per network, with the sample address and MAC in them."""
    requests = [
        messages.change_link(index, attrs=[("IFLA_ADDRESS", _SAMPLE_MAC)]),
        messages.add_address(index, _SAMPLE_IP, prefix, broadcast),
    ]
    if gateway:
        requests.append(messages.default_route(index, gateway))
    return _numbered(requests)


def plan_endpoint(
    prepared: Prepared, *, ip: str, prefix: int, gateway: str, mac: str = ""
) -> list[bytes]:
    """Compose what configures a container's end: MAC, address and default route.

    The requests are complete netlink messages, numbered from 1; each asks for an acknowledgement
    (``struct nlmsgerr``: 0, or an errno made negative).  Send them in order, one by one or joined
    in one ``sendmsg``, on an ``AF_NETLINK``/``NETLINK_ROUTE`` socket opened inside the container's
    namespace, and read as many acknowledgements.

    Args:
        prepared: what ``LabNetwork.prepare_endpoint`` returned.
        ip: the container's address.
        prefix: prefix length of its subnet, bits.
        gateway: next hop of the default route; empty adds no default route.
        mac: ``02:42:ac:11:00:02``; empty derives it from ``ip``.
    """
    number = parse_ipv4(ip)
    broadcast = format_ipv4(number | (1 << (32 - prefix)) - 1)
    address = socket.inet_aton(ip)
    ethernet = bytes.fromhex((mac or mac_address(ip)).replace(":", ""))
    sample_address, sample_mac = socket.inet_aton(_SAMPLE_IP), bytes.fromhex("00005e0053d5")
    link, addr, *route = _templates(prepared.inner_index, prefix, broadcast, gateway)
    return [
        link.replace(sample_mac, ethernet),
        addr.replace(sample_address, address),
        *route,
    ]


@lru_cache(maxsize=1)
def plan_loopback() -> list[bytes]:
    """Compose what a container without a network needs (``--network none``): lo up."""
    return _numbered([messages.change_link(LOOPBACK_INDEX, up=True)])
