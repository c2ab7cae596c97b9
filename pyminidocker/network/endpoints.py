"""One container's connection: a veth pair, one end on the bridge, the other called eth0 inside.

A veth(4) pair is a virtual cable.  Making one costs half a millisecond, so it is made ahead of time
into the network namespace of a parked child; what depends on the container (its address, MAC and
route) is composed here as ready-encoded rtnetlink(7) requests, which init plays inside the new
namespace (40 us).
"""

import os
import socket
import struct
from collections.abc import Sequence
from functools import lru_cache

from pyminidocker.network import messages
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_ipv4
from pyminidocker.network.netlink import NLM_F_ACK, with_header
from pyminidocker.network.plans import Prepared as Prepared

LOOPBACK_INDEX = 1  # the kernel makes lo first in every network namespace
INNER_LINK = "eth0"

# pyroute2 takes 50-150 us to encode a message, so each is encoded once, with samples that stand for
# what differs from container to container, and those bytes are replaced.  Address and MAC are of
# the ranges for documentation (RFC 5737, RFC 7042): no other field has them.
_SAMPLE_IP = "203.0.113.213"
_SAMPLE_MAC = "00:00:5e:00:53:d5"
_SAMPLE_LINK = "veth???????"  # as long as every name we give
_SAMPLE_FD = 0x7D5D5D5D
_FD = struct.Struct("=I")
# One queue each way instead of one per CPU: a third less time to make, no difference to one flow.
_ONE_QUEUE = [("IFLA_NUM_TX_QUEUES", 1), ("IFLA_NUM_RX_QUEUES", 1)]


def new_link_name() -> str:
    """Return a name for the outer end as Docker gives it: ``veth`` and seven hex digits."""
    return f"veth{os.urandom(4).hex()[:7]}"


@lru_cache(maxsize=64)
def _pair(bridge_index: int) -> bytes:
    peer: messages.Attributes = [
        ("IFLA_IFNAME", INNER_LINK),
        ("IFLA_TXQLEN", 0),
        ("IFLA_NET_NS_FD", _SAMPLE_FD),
        *_ONE_QUEUE,
    ]
    return messages.new_link(
        _SAMPLE_LINK,
        "veth",
        [("IFLA_MASTER", bridge_index), ("IFLA_TXQLEN", 0), *_ONE_QUEUE],
        [("VETH_INFO_PEER", {"attrs": peer})],
    )


def make_pair(host_link: str, bridge_index: int, netns_fd: int) -> bytes:
    """Compose a veth pair: one end up and on the bridge, the other in a namespace as eth0.

    Args:
        host_link: what ``new_link_name`` returned.
        bridge_index: interface index of the bridge.
        netns_fd: descriptor, in the process that sends the request, of the inner end's namespace.
    """
    pair = _pair(bridge_index).replace(_SAMPLE_LINK.encode(), host_link.encode())
    return pair.replace(_FD.pack(_SAMPLE_FD), _FD.pack(netns_fd))


@lru_cache(maxsize=1)
def inner_up() -> list[bytes]:
    """Compose, for the inside of a namespace, setting eth0 up."""
    return [messages.change_link(name=INNER_LINK, up=True)]


@lru_cache(maxsize=1)
def find_inner() -> bytes:
    """Compose, for the inside of a namespace, asking for eth0."""
    return messages.get_link(INNER_LINK)


@lru_cache(maxsize=1)
def _silence() -> bytes:
    port: messages.Attributes = [
        ("IFLA_BRPORT_LEARNING", 0),
        ("IFLA_BRPORT_UNICAST_FLOOD", 0),
        ("IFLA_BRPORT_MCAST_FLOOD", 0),
        ("IFLA_BRPORT_BCAST_FLOOD", 0),
        ("IFLA_BRPORT_FLUSH", None),
    ]
    info: messages.Attributes = [
        ("IFLA_INFO_SLAVE_KIND", "bridge"),
        ("IFLA_INFO_SLAVE_DATA", {"attrs": port}),
    ]
    return messages.change_link(name=_SAMPLE_LINK, attrs=[("IFLA_LINKINFO", {"attrs": info})])


def silence(prepared: Prepared) -> bytes:
    """Compose what makes the bridge deliver nothing more to an endpoint.

    The bridge neither floods to the port nor learns from it, and forgets what it had learned.
    Disabling the port would be simpler, but the kernel enables it again when it handles a carrier
    change, which may be a second late.
    """
    return _silence().replace(_SAMPLE_LINK.encode(), prepared.host_link.encode())


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
