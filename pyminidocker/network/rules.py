"""The lab's packet filter as data: one table, whose chains are named for what they do.

    table inet minidocker
      set bridges           every network's bridge
      set internal          those of networks that nothing may enter or leave
      set within            bridges whose containers may talk to each other, as pairs (in, out)
      set protected         those where neighbours reach published ports only
      set subnets, subnets6         where containers live
      set masqueraded, masqueraded6 the subnets hidden behind the lab's addresses

      chain prerouting   nat     to an address of the lab -> published
      chain output       nat     the same for the lab's own processes (host mode)
      chain input        filter  internal networks may not ask the lab for the world's names
      chain published            one rule a published port: rewrites the destination
      chain forward      filter  who may talk to whom: answers, internal networks, published ports,
                                 isolation between networks, neighbours
      chain opened               ports of networks in gateway mode routed
      chain postrouting  nat     -> masquerade, hairpin
      chain masquerade           what leaves by a link that is no bridge gets its address as source
      chain hairpin              what comes back through a published port is answered the same way

What belongs to one network is an element of a set, what belongs to one published port is a rule of
its own: nothing else changes when they come and go.

See: nft(8), https://wiki.nftables.org "Netfilter hooks"; docs/decisions/0008.
"""

from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network import nftables

TABLE = "minidocker"
UPLINK = "uplink"
BRIDGES, INTERNAL, PROTECTED, WITHIN = "bridges", "internal", "protected", "within"
SUBNETS, MASQUERADED = "subnets", "masqueraded"  # with a 6 behind it for IPv6
PUBLISHED, OPENED, MASQUERADE, FORWARD = "published", "opened", "masquerade", "forward"
LOOPBACK = "lo"
DNS_PORT = 53
FAMILIES = (n.NFPROTO_IPV4, n.NFPROTO_IPV6)

_NAME_SETS = (
    (BRIDGES, "bridges of all networks"),
    (INTERNAL, "of internal networks: nothing in, nothing out"),
    (PROTECTED, "neighbours reach published ports only"),
)
_NETWORK_SETS = (
    (SUBNETS, "where containers live"),
    (MASQUERADED, "hidden behind the lab's addresses"),
)

Rules = list[tuple[x.Expressions, str]]


class Chain:
    """A chain and its rules.

    Attributes:
        name: e.g. ``forward``.
        comment: what it is for.
        rules: (expressions, comment) in order.
        hook_type: ``nat``, ``filter``, or empty for one that is only jumped to.
        hook: where the kernel calls it (``NF_INET_*``).
        priority: order among the chains of one hook.
    """

    __slots__ = ("comment", "hook", "hook_type", "name", "priority", "rules")

    def __init__(
        self,
        name: str,
        comment: str,
        rules: Rules,
        *,
        hook_type: str = "",
        hook: int = 0,
        priority: int = n.PRIORITY_FILTER,
    ) -> None:
        self.name = name
        self.comment = comment
        self.rules = rules
        self.hook_type = hook_type
        self.hook = hook
        self.priority = priority


def set_name(name: str, family: int) -> str:
    """Return the set's name for IPv4 or IPv6."""
    return f"{name}6" if family == n.NFPROTO_IPV6 else name


def masquerade_rules() -> Rules:
    """Return the rules of chain ``masquerade``."""
    rules = []
    for family in FAMILIES:
        expressions = [
            *x.match_source_in(set_name(MASQUERADED, family), family),
            *x.match_outgoing_in(BRIDGES, inverted=True),
            *x.match_outgoing(LOOPBACK, inverted=True),
            x.counter(),
            x.masquerade(),
        ]
        rules.append((expressions, "containers to the outside: with the lab's address"))
    return rules


def _hairpin_rules() -> Rules:
    back = "published port used from inside: answers come back this way"
    rules = []
    for family in FAMILIES:
        same = x.match_source_in(set_name(SUBNETS, family), family)
        outgoing = x.match_outgoing_in(BRIDGES)
        rules.append(([*x.match_translated(), *same, *outgoing, x.counter(), x.masquerade()], back))
    from_loopback = x.match_source("127.0.0.0", 8)
    outgoing = x.match_outgoing_in(BRIDGES)
    rules.append(
        (
            [*x.match_translated(), *from_loopback, *outgoing, x.counter(), x.masquerade()],
            "published port used by the lab's localhost",
        )
    )
    return rules


def _forward_rules() -> Rules:
    from_bridge, to_bridge = x.match_incoming_in(BRIDGES), x.match_outgoing_in(BRIDGES)
    count = x.counter()
    return [
        (
            [*x.match_known(), count, x.accept()],
            "answers to what was let through",
        ),
        (
            [*x.match_incoming_in(INTERNAL), count, x.drop()],
            "internal network: nothing leaves",
        ),
        (
            [*x.match_outgoing_in(INTERNAL), count, x.drop()],
            "internal network: nothing enters",
        ),
        ([*x.match_translated(), count, x.accept()], "published ports"),
        ([*x.match_links_in(WITHIN), count, x.accept()], "inside one network"),
        ([*to_bridge, x.jump(OPENED)], "ports of routed networks"),
        ([*from_bridge, *to_bridge, count, x.drop()], "between networks"),
        (
            [
                *x.match_outgoing_in(PROTECTED),
                *x.match_incoming_in(BRIDGES, inverted=True),
                count,
                x.drop(),
            ],
            "neighbours: published ports only",
        ),
        ([*from_bridge, count], "containers to the outside"),
    ]


def _input_rules() -> Rules:
    """Return the rules of chain ``input``.

    The DNS relay listens on every address of the lab.  Whoever asks it for names that spell out
    data sends them to a server of his own: that, too, is a way out (CVE-2024-29018).
    """
    return [
        (
            [
                *x.match_incoming_in(INTERNAL),
                *x.match_port(protocol, DNS_PORT),
                x.counter(),
                x.drop(),
            ],
            "internal network: names of the world are a way out",
        )
        for protocol in ("udp", "tcp")
    ]


def chains() -> list[Chain]:
    """Return all chains; one comes before those that jump to it."""
    to_published: x.Expressions = [*x.match_destination_local(), x.jump(PUBLISHED)]
    foreign_loopback = [
        *x.match_incoming(LOOPBACK, inverted=True),
        *x.match_destination("127.0.0.0", 8),
        x.counter(),
        x.drop(),
    ]
    return [
        Chain(PUBLISHED, "one rule for each published port", []),
        Chain(OPENED, "published ports of networks that are routed, not translated", []),
        Chain(MASQUERADE, "empty when switched off", masquerade_rules()),
        Chain("hairpin", "from a container to a container by a published port", _hairpin_rules()),
        Chain(
            "prerouting",
            "what arrives, before it is routed",
            [
                (foreign_loopback, "nobody else's localhost"),
                (to_published, "to an address of the lab"),
            ],
            hook_type="nat",
            hook=n.NF_INET_PRE_ROUTING,
            priority=n.PRIORITY_DSTNAT,
        ),
        Chain(
            "output",
            "what the lab itself sends (host mode)",
            [(to_published, "to an address of the lab")],
            hook_type="nat",
            hook=n.NF_INET_LOCAL_OUT,
            priority=n.PRIORITY_DSTNAT,
        ),
        Chain(
            "input",
            "what is for the lab itself",
            _input_rules(),
            hook_type="filter",
            hook=n.NF_INET_LOCAL_IN,
        ),
        Chain(
            FORWARD,
            "what goes through the lab",
            _forward_rules(),
            hook_type="filter",
            hook=n.NF_INET_FORWARD,
        ),
        Chain(
            "postrouting",
            "what leaves, after it is routed",
            [
                ([x.jump(MASQUERADE)], "to the outside"),
                ([x.jump("hairpin")], "back inside by a published port"),
            ],
            hook_type="nat",
            hook=n.NF_INET_POST_ROUTING,
            priority=n.PRIORITY_SRCNAT,
        ),
    ]


def chain_requests(table: str, listed: list[Chain]) -> list[bytes]:
    """Compose chains and their rules."""
    requests = [
        nftables.new_chain(
            table,
            chain.name,
            hook_type=chain.hook_type,
            hook=chain.hook,
            priority=chain.priority,
            comment=chain.comment,
        )
        for chain in listed
    ]
    for chain in listed:
        requests += [
            nftables.new_rule(table, chain.name, expressions, comment)
            for expressions, comment in chain.rules
        ]
    return requests


def table_requests() -> list[bytes]:
    """Compose the whole table, in place of one that is there."""
    requests = [
        nftables.new_table(TABLE),
        nftables.delete_table(TABLE),
        nftables.new_table(TABLE, "the lab's networks"),
    ]
    requests += [
        nftables.new_set(TABLE, name, n.TYPE_IFNAME, n.IFNAMSIZ, comment=comment)
        for name, comment in _NAME_SETS
    ]
    pair = n.TYPE_IFNAME << n.TYPE_BITS | n.TYPE_IFNAME
    requests.append(
        nftables.new_set(
            TABLE, WITHIN, pair, 2 * n.IFNAMSIZ, comment="containers may talk to each other"
        )
    )
    for family, kind, length in (
        (n.NFPROTO_IPV4, n.TYPE_IPV4_ADDR, 4),
        (n.NFPROTO_IPV6, n.TYPE_IPV6_ADDR, 16),
    ):
        requests += [
            nftables.new_set(
                TABLE,
                set_name(name, family),
                kind,
                length,
                flags=n.NFT_SET_INTERVAL,
                comment=comment,
            )
            for name, comment in _NETWORK_SETS
        ]
    return requests + chain_requests(TABLE, chains())


def publication_rule(
    protocol: str, host_ip: str, host_port: int, ip: str, port: int
) -> x.Expressions:
    """Return the rule of chain ``published`` for one port; empty or unspecified: any address."""
    if host_ip in ("", "0.0.0.0", "::"):  # noqa: S104 - as docker writes "all addresses"
        where = x.match_family(x.family_of(ip))
    else:
        where = x.match_destination(host_ip)
    return [
        *where,
        *x.match_port(protocol, host_port),
        x.counter(),
        *x.translate_destination(ip, port),
    ]


def opened_rule(protocol: str, ip: str, port: int) -> x.Expressions:
    """Return the rule of chain ``opened`` for one port of a routed network."""
    return [*x.match_destination(ip), *x.match_port(protocol, port), x.counter(), x.accept()]
