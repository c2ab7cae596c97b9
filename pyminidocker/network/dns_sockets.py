"""Sockets behind 127.0.0.11: opened inside a container, served from outside.

A socket belongs for life to the network namespace it was made in, whoever reads it.  So the engine
steps into the container's namespace for a moment, opens a UDP and a TCP socket there, and answers
them from its own event loop: no process and no thread per container.

Port 53 is left to the container, which may run a DNS server of its own (a socket bound to
``0.0.0.0:53`` would collide with ours).  Ours take a free port, and packets are rewritten on their
way: queries to 127.0.0.11:53 get our port, answers from our port get 53 back.  Docker does this
with NAT, which has the kernel track every connection of the container; overwriting two bytes needs
no memory of anything, so no conntrack is switched on inside (docs/decisions/0010).

See: nft(8) "payload expression", ip(7), network_namespaces(7).
"""

import errno
import fcntl
import socket
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache

from pyminidocker.network import messages
from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network import nftables as nft
from pyminidocker.network.netlink import NETLINK_NETFILTER, Netlink

RESOLVER_ADDRESS = "127.0.0.11"
DNS_PORT = 53
TABLE = "minidocker_dns"
_LOOPBACK_INDEX = 1
_SIOCGSKNS = 0x894C  # linux/sockios.h: a descriptor of the network namespace of a socket
_SOURCE, _DESTINATION = (12, 0), (16, 2)  # offsets: address in the IP header, port in TCP's, UDP's
_PROTOCOLS = {"udp": (socket.IPPROTO_UDP, 6), "tcp": (socket.IPPROTO_TCP, 16)}  # checksum's offset
_ADDRESS = socket.inet_aton(RESOLVER_ADDRESS)
# Stands in for a socket's port in requests that are encoded once; occurs nowhere else in them.
_SAMPLE_PORT = 0xFAC5
_SAMPLE = struct.pack("!H", _SAMPLE_PORT)
_BACKLOG = 64
# What a kernel without nftables, or without some part of it, says; then port 53 itself is taken.
_NO_PACKET_FILTER = (errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL)


class DnsSockets:
    """The two sockets behind 127.0.0.11 of one network namespace.

    They keep the namespace alive: close them when its container has ended.

    Attributes:
        udp: non-blocking.
        tcp: non-blocking, listening.
        is_redirected: port 53 is free for the container.
    """

    __slots__ = ("is_redirected", "tcp", "udp")

    def __init__(self, udp: socket.socket, tcp: socket.socket, *, is_redirected: bool) -> None:
        self.udp = udp
        self.tcp = tcp
        self.is_redirected = is_redirected

    def close(self) -> None:
        """Close both."""
        self.udp.close()
        self.tcp.close()

    def namespace_fd(self) -> int:
        """Return a new descriptor of the network namespace the sockets are in."""
        return fcntl.ioctl(self.udp, _SIOCGSKNS)


def open_sockets(
    inside: Callable[[int], AbstractContextManager[None]], netns_fd: int
) -> DnsSockets:
    """Open 127.0.0.11 inside a network namespace; takes about a quarter of a millisecond.

    ``lo`` is set up for it: until it is, no address of it can be bound.

    Args:
        inside: puts the calling thread into a namespace (``LabNetwork.inside``).
        netns_fd: the namespace.

    Raises:
        OSError: the kernel refused a socket, a link or a rule.
    """
    with inside(netns_fd):
        with Netlink() as links:
            links.execute([_lo_up()], subject="lo")
        udp, tcp = _bind(0)
        try:
            try:
                with Netlink(NETLINK_NETFILTER) as netfilter:
                    nft.commit(netfilter, redirect_requests(_port(udp), _port(tcp)))
                is_redirected = True
            except OSError as error:
                if error.errno not in _NO_PACKET_FILTER:
                    raise
                is_redirected = False
            if not is_redirected:
                udp.close()
                tcp.close()
                udp, tcp = _bind(DNS_PORT)
        except BaseException:
            udp.close()
            tcp.close()
            raise
    return DnsSockets(udp, tcp, is_redirected=is_redirected)


def _bind(port: int) -> tuple[socket.socket, socket.socket]:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            udp.bind((RESOLVER_ADDRESS, port))
            tcp.bind((RESOLVER_ADDRESS, port))
            tcp.listen(_BACKLOG)
        except BaseException:
            tcp.close()
            raise
    except BaseException:
        udp.close()
        raise
    return udp, tcp


def _port(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


@lru_cache(maxsize=1)
def _lo_up() -> bytes:
    return messages.change_link(_LOOPBACK_INDEX, up=True)


def redirect_requests(udp_port: int, tcp_port: int) -> list[bytes]:
    """Compose the table that rewrites ports, for ``nftables.commit``.

    Args:
        udp_port: where the UDP socket is.
        tcp_port: where the TCP socket is.
    """
    ports = {"udp": udp_port, "tcp": tcp_port}
    return [
        request.replace(_SAMPLE, struct.pack("!H", ports[name])) if name else request
        for name, request in _sample_requests()
    ]


def redirect_rules(name: str, port: int) -> list[tuple[list[x.Expression], str]]:
    """Return the rules of chain ``rewrite`` for one protocol as (expressions, comment).

    Args:
        name: ``udp`` or ``tcp``.
        port: where our socket is.
    """
    protocol, checksum = _PROTOCOLS[name]
    ways = (
        (_DESTINATION, "d", DNS_PORT, port, "queries: to our socket"),
        (_SOURCE, "s", port, DNS_PORT, f"answers: as from port {DNS_PORT}"),
    )
    rules = []
    for (address_offset, port_offset), letter, old, new, comment in ways:
        address = x.equals(_ADDRESS, f"ip {letter}addr {RESOLVER_ADDRESS}")
        expressions = [
            x.payload(n.NFT_PAYLOAD_NETWORK_HEADER, address_offset, 4),
            address,
            *x.match_protocol(protocol, name),
            x.payload(n.NFT_PAYLOAD_TRANSPORT_HEADER, port_offset, 2),
            x.equals(struct.pack("!H", old), f"{name} {letter}port {old}"),
            x.load(n.NFT_REG_1, struct.pack("!H", new)),
            x.store(
                n.NFT_PAYLOAD_TRANSPORT_HEADER,
                port_offset,
                2,
                checksum,
                f"{name} {letter}port set {new}",
            ),
        ]
        rules.append((expressions, comment))
    return rules


@lru_cache(maxsize=1)
def _sample_requests() -> tuple[tuple[str, bytes], ...]:
    """Encode the table once; requests that hold a port come with its protocol's name."""
    only_lo = [
        x.meta(n.NFT_META_OIF),
        x.equals(struct.pack("=I", _LOOPBACK_INDEX), 'oif "lo"'),
        *x.match_ipv4(),
        x.jump("rewrite"),
    ]
    output = nft.new_chain(
        TABLE, "output", hook_type="filter", hook=n.NF_INET_LOCAL_OUT, priority=n.PRIORITY_MANGLE
    )
    return (
        ("", nft.new_table(TABLE)),
        ("", nft.new_chain(TABLE, "rewrite")),
        ("", output),
        ("", nft.new_rule(TABLE, "output", only_lo, "names on user-defined networks")),
        *(
            (name, nft.new_rule(TABLE, "rewrite", expressions, comment))
            for name in _PROTOCOLS
            for expressions, comment in redirect_rules(name, _SAMPLE_PORT)
        ),
    )
