"""The other end of the lab's uplink: a network namespace that stands for the outside.

A lab without root has no cable to the real network.  Its ``uplink`` is one half of a veth pair; the
other half is in a namespace of its own, where everything that arrives is taken over by sockets that
the host agent serves (``egress``).  So what containers send to the outside really takes the way the
lesson is about: it is routed, forwarded by the lab (ip_forward), masqueraded, sent by the uplink.
Switch one of these off, and nothing comes back.

    container -- bridge -- lab: forward, masquerade -- uplink | outside -- redirect --> agent

What cannot be carried (ICMP, UDP other than DNS) gets an honest ICMP answer, and what arrives with
another source than the lab's address is dropped: nobody outside has a route back to 172.17.0.2.

See: veth(4), nft(8); docs/decisions/0008.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns, unshare
from pyminidocker.network import messages, nftables, sysctl
from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.netlink import NETLINK_NETFILTER, Netlink
from pyminidocker.network.rules import UPLINK, Chain, chain_requests

TABLE = "outside"
INNER_LINK = "downlink"
# RFC 7335: for the two ends of a service's own link; no network anywhere uses it.
LAB_ADDRESS, OUTSIDE_ADDRESS, PREFIX = "192.0.0.2", "192.0.0.1", 29
_BROADCAST = "192.0.0.7"
SUBNET = "192.0.0.0/29"
# A default route that somebody adds by hand, or a router behind a wire, wins.
_METRIC = 4096
DNS_PORT = 53


def _taken_over(proxy_port: int) -> x.Expressions:
    tcp = x.match_protocol(n.IPPROTO_TCP)
    return [*x.match_incoming(INNER_LINK), *tcp, x.counter(), *x.redirect(proxy_port)]


def _dns() -> x.Expressions:
    return [
        *x.match_incoming(INNER_LINK),
        *x.match_port("udp", DNS_PORT),
        x.counter(),
        *x.redirect(DNS_PORT),
    ]


def closed_chains() -> list[Chain]:
    """Return the chains of a way out that nobody serves yet: everything is refused."""
    strangers = [*x.match_source_not(LAB_ADDRESS), x.counter(), x.drop()]
    return [
        Chain(
            "no_way_back",
            "only the lab's own address is known here",
            [(strangers, "not masqueraded: an answer would find no way back")],
            hook_type="filter",
            hook=n.NF_INET_PRE_ROUTING,
            priority=n.PRIORITY_RAW,
        ),
        Chain(
            "refuse",
            "what sockets cannot carry",
            [([x.counter(), x.reject_admin_prohibited()], "no way out for this protocol")],
            hook_type="filter",
            hook=n.NF_INET_FORWARD,
        ),
    ]


def open_chain(proxy_port: int) -> Chain:
    """Return the chain that hands over to the agent's sockets."""
    return Chain(
        "take_over",
        "to the host agent's sockets",
        [(_taken_over(proxy_port), "TCP: to the proxy"), (_dns(), "DNS: to the relay")],
        hook_type="nat",
        hook=n.NF_INET_PRE_ROUTING,
        priority=n.PRIORITY_DSTNAT,
    )


class Outside:
    """The namespace beyond the uplink.

    Args:
        home_fd: the lab's network namespace, which the calling thread is in.
    """

    def __init__(self, home_fd: int) -> None:
        self._home = home_fd
        self._fd = -1

    def close(self) -> None:
        """Let go of the namespace; it ends with the last socket in it, and the uplink with it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Put the calling thread, and only it, into the namespace for a moment."""
        setns(self._fd, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self._home, CLONE_NEWNET)

    def make(self, links: Netlink) -> None:
        """Make the namespace and the uplink, with addresses and routes; everything is refused yet.

        Args:
            links: a socket of the lab.

        Raises:
            OSError: the kernel refused.
        """
        unshare(CLONE_NEWNET)
        try:
            self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            sysctl.switch_off_ipv6()
            sysctl.try_write(
                ("net/ipv4/ip_forward", "1"),  # or nothing would reach the chain that refuses
                ("net/ipv4/conf/all/send_redirects", "0"),
                ("net/ipv4/conf/default/send_redirects", "0"),
            )
            inner = Netlink()
            with Netlink(NETLINK_NETFILTER) as netfilter:
                nftables.commit(
                    netfilter,
                    [nftables.new_table(TABLE), *chain_requests(TABLE, closed_chains())],
                )
        finally:
            setns(self._home, CLONE_NEWNET)
        with inner:
            peer: messages.Attributes = [("IFLA_IFNAME", INNER_LINK), ("IFLA_NET_NS_FD", self._fd)]
            pair = messages.new_link(UPLINK, "veth", data=[("VETH_INFO_PEER", {"attrs": peer})])
            links.execute([pair], subject=UPLINK)
            _address(links, UPLINK, LAB_ADDRESS, OUTSIDE_ADDRESS)
            _address(inner, INNER_LINK, OUTSIDE_ADDRESS, LAB_ADDRESS)

    def open(self, proxy_port: int) -> None:
        """Hand TCP and DNS over to the sockets that the agent serves in here.

        Args:
            proxy_port: where the proxy listens.

        Raises:
            OSError: the kernel refused.
        """
        with self.inside(), Netlink(NETLINK_NETFILTER) as netfilter:
            nftables.commit(netfilter, chain_requests(TABLE, [open_chain(proxy_port)]))


def _address(links: Netlink, name: str, ip: str, gateway: str) -> None:
    """Set an end of the uplink up, with its address and everything else by the other end."""
    index = messages.find_link(links, name)
    links.execute(
        [
            messages.change_link(index, up=True),
            messages.add_address(index, ip, PREFIX, _BROADCAST),
            messages.default_route(index, gateway, _METRIC),
        ],
        subject=name,
    )
