"""A container's connection: a veth pair, one end on a bridge, the other called eth0, eth1 inside.

A veth(4) pair is a virtual cable.  What depends on the container (addresses, MAC and routes) is
composed here as ready-encoded rtnetlink(7) requests.  Init plays them inside a new namespace
(40 us); for a container that runs already, ``LabNetwork.configure`` does.
"""

import os
import socket
import struct
from collections.abc import Sequence
from functools import lru_cache

from pyminidocker.network import messages
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_ipv4
from pyminidocker.network.netlink import NLM_F_ACK, with_header
from pyminidocker.network.plans import AddressPlan, Prepared

LOOPBACK_INDEX = 1  # the kernel makes lo first in every network namespace
INNER_LINK = "eth0"

# pyroute2 takes 50-150 us to encode a message, so each is encoded once, with samples that stand for
# what differs from container to container, and those bytes are replaced.  Address and MAC are of
# the ranges for documentation (RFC 5737, 3849, 7042): no other field has them.
_SAMPLE_IP = "203.0.113.213"
_SAMPLE_IP6 = "2001:db8:d5d5:d5d5:d5d5:d5d5:d5d5:d5d5"
_SAMPLE_MAC = "00:00:5e:00:53:d5"
_SAMPLE_LINK = "veth???????"  # as long as every name we give
_SAMPLE_FD = 0x7D5D5D5D
_SAMPLE_IP_BYTES = socket.inet_aton(_SAMPLE_IP)
_SAMPLE_IP6_BYTES = socket.inet_pton(socket.AF_INET6, _SAMPLE_IP6)
_SAMPLE_MAC_BYTES = bytes.fromhex(_SAMPLE_MAC.replace(":", ""))
_FD = struct.Struct("=I")
# One queue each way instead of one per CPU: a third less time to make, no difference to one flow.
_ONE_QUEUE = [("IFLA_NUM_TX_QUEUES", 1), ("IFLA_NUM_RX_QUEUES", 1)]


def new_link_name() -> str:
    """Return a name for the outer end as Docker gives it: ``veth`` and seven hex digits."""
    return f"veth{os.urandom(4).hex()[:7]}"


@lru_cache(maxsize=256)
def _pair(bridge_index: int, inner_link: str, mtu_bytes: int) -> bytes:
    peer: messages.Attributes = [
        ("IFLA_IFNAME", inner_link),
        ("IFLA_TXQLEN", 0),
        ("IFLA_MTU", mtu_bytes),
        ("IFLA_NET_NS_FD", _SAMPLE_FD),
        *_ONE_QUEUE,
    ]
    return messages.new_link(
        _SAMPLE_LINK,
        "veth",
        [
            ("IFLA_MASTER", bridge_index),
            ("IFLA_TXQLEN", 0),
            ("IFLA_MTU", mtu_bytes),
            *_ONE_QUEUE,
        ],
        [("VETH_INFO_PEER", {"attrs": peer})],
    )


def make_pair(
    host_link: str, bridge_index: int, netns_fd: int, inner_link: str, mtu_bytes: int
) -> bytes:
    """Compose a veth pair: one end up and on the bridge, the other in a namespace, still down.

    Args:
        host_link: what ``new_link_name`` returned.
        bridge_index: interface index of the bridge.
        netns_fd: descriptor, in the process that sends the request, of the inner end's namespace.
        inner_link: name of the inner end.
        mtu_bytes: longest packet, for both ends.
    """
    pair = _pair(bridge_index, inner_link, mtu_bytes)
    pair = pair.replace(_SAMPLE_LINK.encode(), host_link.encode())
    return pair.replace(_FD.pack(_SAMPLE_FD), _FD.pack(netns_fd))


@lru_cache(maxsize=32)
def inner_up(inner_link: str) -> list[bytes]:
    """Compose, for the inside of a namespace, setting an endpoint up."""
    return [messages.change_link(name=inner_link, up=True)]


@lru_cache(maxsize=1)
def _find_outer() -> bytes:
    return messages.get_link(_SAMPLE_LINK)


def find_outer(host_link: str) -> bytes:
    """Compose asking for the end on the bridge."""
    return _find_outer().replace(_SAMPLE_LINK.encode(), host_link.encode())


@lru_cache(maxsize=256)
def find_bridge(name: str) -> bytes:
    """Compose asking for a bridge."""
    return messages.get_link(name)


def _port(*settings: tuple[str, int | None]) -> bytes:
    info: messages.Attributes = [
        ("IFLA_INFO_SLAVE_KIND", "bridge"),
        ("IFLA_INFO_SLAVE_DATA", {"attrs": list(settings)}),
    ]
    return messages.change_link(name=_SAMPLE_LINK, attrs=[("IFLA_LINKINFO", {"attrs": info})])


@lru_cache(maxsize=1)
def _isolate() -> bytes:
    return _port(("IFLA_BRPORT_ISOLATED", 1))


def isolate(host_link: str) -> bytes:
    """Compose what keeps a bridge port from all other isolated ports of its bridge.

    The bridge itself, and so the gateway and the way out, is none of them: it stays reachable.

    See: bridge(8) "isolated".
    """
    return _isolate().replace(_SAMPLE_LINK.encode(), host_link.encode())


@lru_cache(maxsize=1)
def _silence() -> bytes:
    return _port(
        ("IFLA_BRPORT_LEARNING", 0),
        ("IFLA_BRPORT_UNICAST_FLOOD", 0),
        ("IFLA_BRPORT_MCAST_FLOOD", 0),
        ("IFLA_BRPORT_BCAST_FLOOD", 0),
        ("IFLA_BRPORT_FLUSH", None),
    )


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


@lru_cache(maxsize=256)
def _link_template(index: int) -> bytes:
    return messages.change_link(index, attrs=[("IFLA_ADDRESS", _SAMPLE_MAC)])


@lru_cache(maxsize=256)
def _address_template(index: int, prefix: int, broadcast: str, gateway: str) -> list[bytes]:
    """Encode an address and the default route with the sample address; IPv6 has no broadcast."""
    requests = [
        messages.add_address(index, _SAMPLE_IP if broadcast else _SAMPLE_IP6, prefix, broadcast)
    ]
    if gateway:
        requests.append(messages.default_route(index, gateway))
    return requests


def compose(index: int, plan: AddressPlan) -> list[bytes]:
    """Compose what configures the inner end with interface index ``index``: one request a step."""
    requests = []
    if mac := plan.mac or (plan.ip and mac_address(plan.ip)):
        ethernet = bytes.fromhex(mac.replace(":", ""))
        requests.append(_link_template(index).replace(_SAMPLE_MAC_BYTES, ethernet))
    if plan.ip:
        broadcast = format_ipv4(parse_ipv4(plan.ip) | (1 << (32 - plan.prefix)) - 1)
        address, *route = _address_template(index, plan.prefix, broadcast, plan.gateway)
        requests += [address.replace(_SAMPLE_IP_BYTES, socket.inet_aton(plan.ip)), *route]
    if plan.ip6:
        address, *route = _address_template(index, plan.prefix6, "", plan.gateway6)
        number = socket.inet_pton(socket.AF_INET6, plan.ip6)
        requests += [address.replace(_SAMPLE_IP6_BYTES, number), *route]
    return requests


def plan_endpoint(prepared: Prepared, plan: AddressPlan) -> list[bytes]:
    """Compose what configures a container's end: MAC, addresses and default routes.

    The requests are complete netlink messages, numbered from 1; each asks for an acknowledgement
    (``struct nlmsgerr``: 0, or an errno made negative).  Send them in order, one by one or joined
    in one ``sendmsg``, on an ``AF_NETLINK``/``NETLINK_ROUTE`` socket opened inside the container's
    namespace, and read as many acknowledgements.

    Args:
        prepared: what ``LabNetwork.prepare_endpoint`` or ``attach`` returned.
        plan: the addresses.
    """
    return _numbered(compose(prepared.inner_index, plan))


@lru_cache(maxsize=1)
def plan_loopback() -> list[bytes]:
    """Compose what a container without a network needs (``--network none``): lo up."""
    return _numbered([messages.change_link(LOOPBACK_INDEX, up=True)])
