"""The lab's packet filter: one table, ``minidocker``, whose chains are named for what they do.

What containers send to the outside cannot leave the lab as packets: there is no cable.  TCP is
turned aside to the proxy, DNS to the relay, and everything else is refused with an honest ICMP
answer instead of vanishing.  ``lab_networks`` holds the subnets of all bridges; what goes there is
none of the table's business.

    table inet minidocker
      set lab_networks
      chain prerouting   nat     from containers, to the outside  -> way_out
      chain output       nat     from the lab itself (host mode)  -> way_out
      chain way_out              TCP -> proxy, UDP port 53 -> DNS relay
      chain forward      filter  what is left and would leave by the uplink: reject
      chain output_left  filter  the same for the lab itself

See: nft(8), https://wiki.nftables.org "Netfilter hooks".
"""

from pyminidocker.network import nftables as nft
from pyminidocker.network.ipam import parse_subnet

TABLE = "minidocker"
LAB_NETWORKS = "lab_networks"
LOOPBACK_NETWORK = "127.0.0.0/8"
UPLINK = "uplink"
DNS_PORT = 53


class Chain:
    """A chain and its rules.

    Attributes:
        name: e.g. ``way_out``.
        hook_type: ``nat``, ``filter``, or empty for one that is only jumped to.
        hook: where the kernel calls it (``NF_INET_*``).
        priority: order among the chains of one hook.
        rules: (expressions, comment) in order.
    """

    __slots__ = ("hook", "hook_type", "name", "priority", "rules")

    def __init__(
        self,
        name: str,
        rules: list[tuple[list[nft.Expression], str]],
        *,
        hook_type: str = "",
        hook: int = 0,
        priority: int = nft.PRIORITY_FILTER,
    ) -> None:
        self.name = name
        self.rules = rules
        self.hook_type = hook_type
        self.hook = hook
        self.priority = priority


_LEAVING = nft.match_outgoing(UPLINK)


def closing_chains() -> list[Chain]:
    """Return the chains that refuse what would leave by the uplink, as data."""
    refuse = [nft.counter(), nft.reject_admin_prohibited()]
    # A redirected packet keeps the outgoing link it first had until it has passed the hook.
    outside = [*_LEAVING, *nft.match_ipv4(), *nft.match_destination_outside(LAB_NETWORKS)]
    comment = "no way out as packets"
    return [
        Chain(
            "forward",
            [([*_LEAVING, *refuse], comment)],
            hook_type="filter",
            hook=nft.NF_INET_FORWARD,
        ),
        Chain(
            "output_left",
            [([*outside, *refuse], comment)],
            hook_type="filter",
            hook=nft.NF_INET_LOCAL_OUT,
        ),
    ]


def egress_chains(proxy_port: int) -> list[Chain]:
    """Return the chains of the way out, as data.

    Args:
        proxy_port: where the proxy listens in the lab.
    """
    tcp = [*nft.match_protocol(nft.IPPROTO_TCP, "tcp"), nft.counter(), *nft.redirect(proxy_port)]
    dns = [
        *nft.match_protocol(nft.IPPROTO_UDP, "udp"),
        *nft.match_destination_port(DNS_PORT, "udp"),
        nft.counter(),
        *nft.redirect(DNS_PORT),
    ]
    from_containers = [
        *nft.match_ipv4(),
        *nft.match_destination_outside(LAB_NETWORKS),
        nft.jump("way_out"),
    ]
    from_lab = [*_LEAVING, nft.jump("way_out")]
    return [
        Chain("way_out", [(tcp, "TCP: to the proxy"), (dns, "DNS: to the relay")]),
        Chain(
            "prerouting",
            [(from_containers, "from containers to the outside")],
            hook_type="nat",
            hook=nft.NF_INET_PRE_ROUTING,
            priority=nft.PRIORITY_DSTNAT,
        ),
        Chain(
            "output",
            [(from_lab, "from the lab itself (host mode) to the outside")],
            hook_type="nat",
            hook=nft.NF_INET_LOCAL_OUT,
            priority=nft.PRIORITY_DSTNAT,
        ),
    ]


def base_requests() -> list[bytes]:
    """Compose the table with its set of networks, and with the way out closed."""
    return [
        nft.new_table(TABLE),
        nft.new_network_set(TABLE, LAB_NETWORKS),
        network_request(LOOPBACK_NETWORK),
        *chain_requests(closing_chains()),
    ]


def chain_requests(chains: list[Chain]) -> list[bytes]:
    """Compose chains and their rules; a chain comes before the ones that jump to it."""
    requests = [
        nft.new_chain(
            TABLE, chain.name, hook_type=chain.hook_type, hook=chain.hook, priority=chain.priority
        )
        for chain in chains
    ]
    for chain in chains:
        requests += [
            nft.new_rule(TABLE, chain.name, expressions, comment)
            for expressions, comment in chain.rules
        ]
    return requests


def network_request(subnet: str, *, remove: bool = False) -> bytes:
    """Compose putting ``subnet`` into ``lab_networks``, or taking it out."""
    network, prefix = parse_subnet(subnet)
    return nft.change_network_set(TABLE, LAB_NETWORKS, network, prefix, remove=remove)


def describe(chains: list[Chain]) -> str:
    """Write chains as nft(8) would list them."""
    lines = [f"table inet {TABLE} {{"]
    for chain in chains:
        place = f"  # {chain.hook_type} hook {chain.hook}, priority {chain.priority}"
        lines.append(f"    chain {chain.name} {{{place if chain.hook_type else ''}")
        for expressions, comment in chain.rules:
            words = " ".join(step.text for step in expressions if step.text)
            lines.append(f'        {words} comment "{comment}"')
        lines.append("    }")
    return "\n".join([*lines, "}"])
