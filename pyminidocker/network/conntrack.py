"""The kernel's table of connections (ctnetlink): who talks to whom, and what was rewritten.

Connection tracking remembers both directions of every flow.  Where nothing is rewritten, one is the
mirror image of the other; with NAT they differ, and the difference *is* the translation.

See: conntrack(8); linux/netfilter/nfnetlink_conntrack.h, linux/netfilter/nf_conntrack_common.h.
"""

import errno
import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass

from pyminidocker.errors import SystemFailure
from pyminidocker.network import attributes
from pyminidocker.network.attributes import Attributes, number
from pyminidocker.network.netlink import (
    NETLINK_NETFILTER,
    Netlink,
    NetlinkError,
    attribute,
    message,
)
from pyminidocker.network.nft_numbers import IPS_DST_NAT, IPS_SRC_NAT

_SUBSYSTEM = 1  # NFNL_SUBSYS_CTNETLINK
_GET, _DELETE = 1, 2
_TUPLE_ORIGINAL, _TUPLE_REPLY, _STATUS, _PROTOINFO, _TIMEOUT = 1, 2, 3, 4, 7
_COUNTERS_ORIGINAL, _COUNTERS_REPLY, _ID = 9, 10, 12
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_IP4_SOURCE, _IP4_DESTINATION, _IP6_SOURCE, _IP6_DESTINATION = 1, 2, 3, 4
_PROTO_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_ICMP_ID, _ICMPV6_ID = 4, 7
_COUNT_PACKETS, _COUNT_BYTES = 1, 2
_PROTOINFO_TCP, _TCP_STATE = 1, 1
_SEEN_REPLY, _ASSURED = 2, 4
_NESTED = 0x8000
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_TCP_STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
               "TIME_WAIT", "CLOSE", "SYN_SENT2")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tuple:
    """One direction of a flow; ports are 0 where the protocol has none (ICMP: its id, both)."""

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
        state: of TCP (``ESTABLISHED`` ...); otherwise ``UNREPLIED``, ``ASSURED``, or empty.
        packets: both directions; 0 where the kernel does not count (nf_conntrack_acct).
        bytes: likewise.
        is_source_rewritten: masquerade or another source NAT.
        is_destination_rewritten: a published port, or another destination NAT.
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


def _request(kind: int, *attrs: bytes, family: int = 0) -> bytes:
    body = struct.pack("=BBH", family, 0, 0) + b"".join(attrs)
    return message(_SUBSYSTEM << 8 | kind, 0, body)


def flows() -> list[Flow]:
    """Read the table of the calling thread's network namespace.

    Raises:
        SystemFailure: the kernel refused, or has no ctnetlink.
    """
    try:
        with Netlink(NETLINK_NETFILTER) as netlink:
            return [_flow(attributes.parse_netfilter(reply)) for reply in _dump(netlink)]
    except OSError as error:
        hint = "sudo modprobe nf_conntrack_netlink" if error.errno == errno.EOPNOTSUPP else ""
        raise SystemFailure(
            f"cannot read the table of connections: {error.strerror}", hint=hint
        ) from error


def _dump(netlink: Netlink) -> list[bytes]:
    return netlink.dump(_request(_GET))


def forget(netlink: Netlink, targets: Collection[tuple[str, int]]) -> None:
    """Forget all flows that were translated to one of ``targets``.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.
        targets: (address, port) of containers.

    Raises:
        NetlinkError: the kernel refused.
    """
    doomed = []
    for reply in _dump(netlink):
        attrs = attributes.parse_netfilter(reply)
        if not number(attrs[_STATUS]) & IPS_DST_NAT:
            continue
        _, answer = _tuple(attrs[_TUPLE_REPLY])
        if (answer.source, answer.source_port) in targets:
            original = attribute(_TUPLE_ORIGINAL | _NESTED, attrs[_TUPLE_ORIGINAL])
            identity = attribute(_ID, attrs[_ID]) if _ID in attrs else b""
            family = attributes.family(reply)
            doomed.append(_request(_DELETE, original, identity, family=family))
    _delete(netlink, doomed)


def forget_pings(netlink: Netlink) -> None:
    """Forget all flows of ICMP.

    A ping's number is all there is to tell it from another one, and a program in a fresh container
    begins to count anew: within half a minute its pings may be taken for those of another
    container that had the same address, and be translated as those were.

    Args:
        netlink: a socket of protocol ``NETLINK_NETFILTER``.

    Raises:
        NetlinkError: the kernel refused.
    """
    doomed = []
    for reply in _dump(netlink):
        attrs = attributes.parse_netfilter(reply)
        protocol, _ = _tuple(attrs[_TUPLE_ORIGINAL])
        if _PROTOCOLS.get(protocol) in ("icmp", "icmpv6"):
            original = attribute(_TUPLE_ORIGINAL | _NESTED, attrs[_TUPLE_ORIGINAL])
            doomed.append(_request(_DELETE, original, family=attributes.family(reply)))
    _delete(netlink, doomed)


def _delete(netlink: Netlink, requests: list[bytes]) -> None:
    for request in requests:
        try:
            netlink.execute([request], subject="a tracked connection")
        except NetlinkError as error:
            if error.errno != errno.ENOENT:  # it ended meanwhile
                raise


def _address(attrs: Attributes, which4: int, which6: int) -> str:
    if which4 in attrs:
        return socket.inet_ntop(socket.AF_INET, attrs[which4])
    return socket.inet_ntop(socket.AF_INET6, attrs[which6])


def _tuple(data: bytes) -> tuple[int, Tuple]:
    attrs = attributes.parse(data)
    ip = attributes.parse(attrs[_TUPLE_IP])
    proto = attributes.parse(attrs[_TUPLE_PROTO])
    identity = proto.get(_ICMP_ID, proto.get(_ICMPV6_ID, b""))
    return number(proto[_PROTO_NUMBER]), Tuple(
        source=_address(ip, _IP4_SOURCE, _IP6_SOURCE),
        destination=_address(ip, _IP4_DESTINATION, _IP6_DESTINATION),
        source_port=number(proto.get(_SOURCE_PORT, identity)),
        destination_port=number(proto.get(_DESTINATION_PORT, identity)),
    )


def _flow(attrs: Attributes) -> Flow:
    protocol, original = _tuple(attrs[_TUPLE_ORIGINAL])
    _, reply = _tuple(attrs[_TUPLE_REPLY])
    status = number(attrs.get(_STATUS, b""))
    counted = [
        attributes.parse(attrs[which])
        for which in (_COUNTERS_ORIGINAL, _COUNTERS_REPLY)
        if which in attrs
    ]
    return Flow(
        protocol=_PROTOCOLS.get(protocol, str(protocol)),
        original=original,
        reply=reply,
        state=_state(attrs, status),
        packets=sum(number(one.get(_COUNT_PACKETS, b"")) for one in counted),
        bytes=sum(number(one.get(_COUNT_BYTES, b"")) for one in counted),
        is_source_rewritten=bool(status & IPS_SRC_NAT),
        is_destination_rewritten=bool(status & IPS_DST_NAT),
        timeout_s=number(attrs.get(_TIMEOUT, b"")),
    )


def _state(attrs: Attributes, status: int) -> str:
    tcp = attributes.parse(attributes.parse(attrs.get(_PROTOINFO, b"")).get(_PROTOINFO_TCP, b""))
    if _TCP_STATE in tcp:
        state = number(tcp[_TCP_STATE])
        return _TCP_STATES[state] if state < len(_TCP_STATES) else str(state)
    if not status & _SEEN_REPLY:
        return "UNREPLIED"
    return "ASSURED" if status & _ASSURED else ""
