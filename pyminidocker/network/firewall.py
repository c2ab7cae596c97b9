"""The lab's packet filter as one object: what goes where, kept in the kernel and read back from it.

What is remembered here is only what was asked for, so that it can be taken back.  Whoever wants to
know what the kernel does asks the kernel: switches, counters and texts come from there, whatever
anybody has changed by hand.

See: nft(8); docs/decisions/0008.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import InvalidArgument, SystemFailure
from pyminidocker.network import nft_numbers as n
from pyminidocker.network import nftables, rules, sysctl
from pyminidocker.network.netlink import NETLINK_NETFILTER, NLM_F_ECHO, Netlink, NetlinkError
from pyminidocker.network.nft_expressions import family_of

if TYPE_CHECKING:
    from pyminidocker.network.nft_read import Ruleset
    from pyminidocker.network.nft_walk import Walk

NAT, NAT_UNPROTECTED, ROUTED = "nat", "nat-unprotected", "routed"
GATEWAY_MODES = (NAT, NAT_UNPROTECTED, ROUTED)


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """What the packet filter must know of one bridge network.

    Attributes:
        bridge: link name in the lab, e.g. ``docker0``.
        subnet: IPv4 CIDR text, or empty.
        subnet6: IPv6 CIDR text, or empty.
        internal: nothing is forwarded in or out.
        masquerade: packets that leave by another link get that link's address as source.
        gateway_mode: ``nat`` (neighbours reach published ports only), ``nat-unprotected`` (they
            reach every port), ``routed`` (no translation; published ports are opened).
        icc: containers may talk to each other (the bridge's ports say so too, see ``lab``).
    """

    bridge: str
    subnet: str = ""
    subnet6: str = ""
    internal: bool = False
    masquerade: bool = True
    gateway_mode: str = NAT
    icc: bool = True


@dataclass(frozen=True, slots=True)
class Publication:
    """One published port inside the lab.

    Attributes:
        protocol: ``tcp`` or ``udp``.
        host_ip: the lab address it is published on; ``0.0.0.0``, ``::`` or empty: on all.
        host_port: 1-65535.
        ip: the container's address, of the same family as ``host_ip``.
        port: the container's port.
        bridge: the link behind which the container is.
        name: whose it is, for the rule's comment.
    """

    protocol: str
    host_ip: str
    host_port: int
    ip: str
    port: int
    bridge: str
    name: str = ""


_COUNT_FLOWS = "net/netfilter/nf_conntrack_acct", "1"
# Of the documentation's own networks (RFC 5737, RFC 3849): what a packet to the outside is for.
_OUTSIDE, _OUTSIDE6 = "198.51.100.1", "2001:db8::1"

Publications = Publication | Sequence[Publication]


def _failure(what: str, error: OSError) -> SystemFailure:
    hint = ""
    if error.errno == errno.EPERM:
        hint = "the lab's network must belong to the engine; see 'minidocker system doctor'"
    elif error.errno in (errno.EOPNOTSUPP, errno.ENOENT, errno.EPROTONOSUPPORT):
        hint = "the kernel may lack a module: sudo modprobe nf_tables nft_chain_nat nft_fib_inet"
    return SystemFailure(f"{what}: {error.strerror}", hint=hint)


def _listed(publications: Publications) -> Sequence[Publication]:
    return (publications,) if isinstance(publications, Publication) else publications


class Firewall:
    """Table ``inet minidocker`` of the network namespace in which ``setup`` was called."""

    def __init__(self) -> None:
        self._networks: dict[str, NetworkRules] = {}
        self._published: dict[Publication, tuple[str, int]] = {}  # -> (chain, handle)
        self._socket: Netlink | None = None

    @property
    def is_set_up(self) -> bool:
        """Whether the kernel has a packet filter and ``setup`` was called."""
        return self._socket is not None

    @property
    def _netlink(self) -> Netlink:
        if self._socket is None:
            raise SystemFailure(
                "the lab has no packet filter", hint="see what 'minidocker system doctor' says"
            )
        return self._socket

    def close(self) -> None:
        """Close the socket; the rules live on in the namespace."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _commit(self, what: str, requests: Sequence[bytes]) -> list[bytes]:
        try:
            return nftables.commit(self._netlink, requests) if requests else []
        except OSError as error:
            raise _failure(what, error) from error

    def _take_back(self, what: str, requests: Iterable[bytes]) -> None:
        """Delete things, of which somebody may already have deleted some by hand."""
        listed = list(requests)
        if not listed:
            return
        try:
            nftables.commit(self._netlink, listed)
        except NetlinkError as error:
            if error.errno != errno.ENOENT:
                raise _failure(what, error) from error
            if len(listed) > 1:
                for request in listed:
                    self._take_back(what, [request])

    def setup(self) -> None:
        """Make the table with its chains and sets, in place of one that is there.

        Raises:
            SystemFailure: the kernel has no packet filter, or refused.
        """
        if self._socket is None:
            try:
                self._socket = Netlink(NETLINK_NETFILTER)
            except OSError as error:
                raise _failure("there is no packet filter", error) from error
        sysctl.try_write(_COUNT_FLOWS)
        self._commit("cannot set up the packet filter", rules.table_requests())
        self._networks.clear()
        self._published.clear()

    # -- networks -----------------------------------------------------------------------------

    def add_network(self, network: NetworkRules) -> None:
        """Take a bridge in; one that is known is replaced.

        Raises:
            InvalidArgument: no such gateway mode.
            SystemFailure: the kernel refused.
        """
        if network.gateway_mode not in GATEWAY_MODES:
            raise InvalidArgument(
                f"unknown gateway mode {network.gateway_mode!r}",
                hint=f"one of {', '.join(GATEWAY_MODES)}",
            )
        if network.bridge in self._networks:
            self.remove_network(network.bridge)
        self._commit(f"cannot set the rules of {network.bridge}", _membership(network))
        self._networks[network.bridge] = network
        _let_localhost_in(network.bridge)

    def remove_network(self, bridge: str) -> None:
        """Forget a bridge; an unknown one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        network = self._networks.pop(bridge, None)
        if network is not None:
            requests = _membership(network, remove=True)
            self._take_back(f"cannot remove the rules of {bridge}", requests)

    # -- published ports ----------------------------------------------------------------------

    def publish(self, publications: Publications) -> None:
        """Translate (or, in mode ``routed``, let through) what comes for published ports.

        Ports of an internal network, and those that are published already, are passed over.

        Args:
            publications: one, or several to be set in one transaction.

        Raises:
            SystemFailure: the kernel refused; none of them is set.
        """
        places, requests = [], []
        for wanted in _listed(publications):
            network = self._networks.get(wanted.bridge)
            if wanted in self._published or (network is not None and network.internal):
                continue
            if network is not None and network.gateway_mode == ROUTED:
                chain = rules.OPENED
                rule = rules.opened_rule(wanted.protocol, wanted.ip, wanted.port)
            else:
                chain = rules.PUBLISHED
                rule = rules.publication_rule(
                    wanted.protocol, wanted.host_ip, wanted.host_port, wanted.ip, wanted.port
                )
            places.append((wanted, chain))
            requests.append(
                nftables.new_rule(rules.TABLE, chain, rule, wanted.name, flags=NLM_F_ECHO)
            )
        made = self._commit("cannot publish a port", requests)
        for (wanted, chain), handle in zip(places, nftables.handles_of(made), strict=True):
            self._published[wanted] = chain, handle

    def unpublish(self, publications: Publications) -> None:
        """Take published ports back; unknown ones are fine.

        What connection tracking remembers of them is forgotten with the rule, or UDP clients that
        keep their port would go on being sent to an address that is another container's by then.

        Raises:
            SystemFailure: the kernel refused.
        """
        gone = {
            port: self._published.pop(port)
            for port in _listed(publications)
            if port in self._published
        }
        if not gone:
            return
        used: set[int] = set()
        with suppress(OSError):  # somebody has deleted the chain
            used = nftables.used_rules(self._netlink, rules.TABLE, rules.PUBLISHED)
        self._take_back(
            "cannot unpublish a port",
            (nftables.delete_rules(rules.TABLE, chain, handle) for chain, handle in gone.values()),
        )
        # Only for those whose rule has counted a flow: reading all that is tracked takes 4 ms.
        targets = {(port.ip, port.port) for port, (_, handle) in gone.items() if handle in used}
        if targets:
            from pyminidocker.network import conntrack

            with suppress(OSError):  # without ctnetlink they end by their timeouts
                conntrack.forget(self._netlink, targets)

    # -- switches -----------------------------------------------------------------------------

    def set_masquerade(self, on: bool) -> None:
        """Fill or empty the chain that hides containers behind the lab's addresses.

        Connections that are tracked already keep their translation; pings do not.

        Raises:
            SystemFailure: the kernel refused.
        """
        requests = [nftables.delete_rules(rules.TABLE, rules.MASQUERADE)]
        if on:
            requests += [
                nftables.new_rule(rules.TABLE, rules.MASQUERADE, expressions, comment)
                for expressions, comment in rules.masquerade_rules()
            ]
        self._commit("cannot switch masquerade", requests)
        from pyminidocker.network import conntrack

        with suppress(OSError):  # without ctnetlink they end by their timeouts
            conntrack.forget_pings(self._netlink)

    def masquerade_on(self, bridge: str = "", ruleset: "Ruleset | None" = None) -> bool:
        """Tell from the kernel's rules whether containers that reach out get another source.

        A rule that somebody else made for it counts as much as ours.

        Args:
            bridge: the network to ask for; empty: whether any is masqueraded.
            ruleset: what was read already.

        Raises:
            SystemFailure: the kernel refused.
        """
        ruleset = ruleset or self.ruleset()
        walks = self._walks(ruleset, "postrouting", bridge)
        return any(walk.source_becomes for walk in walks)

    def set_default_deny(self, on: bool) -> None:
        """Set what becomes of forwarded packets that no rule decides: dropped, or let through.

        Raises:
            SystemFailure: the kernel refused.
        """
        verdict = n.NF_DROP if on else n.NF_ACCEPT
        request = nftables.set_policy(rules.TABLE, rules.FORWARD, verdict)
        self._commit("cannot set the policy", [request])

    def denied_by(self, bridge: str = "") -> str:
        """Tell from the kernel's rules what keeps containers from reaching out, if anything does.

        Args:
            bridge: the network to ask for; empty: the first that is not internal.

        Returns:
            The chain and its rule or policy, ``chain forward: policy drop``; empty if nothing.

        Raises:
            SystemFailure: the kernel refused.
        """
        for walk in self._walks(self.ruleset(), "forward", bridge):
            return walk.decided_by
        return ""

    def _walks(self, ruleset: "Ruleset", hook: str, bridge: str) -> Iterator["Walk"]:
        """Think of a packet from each network (or one) to the outside, and run the rules for it."""
        from pyminidocker.network.nft_walk import Packet, walk

        for network in list(self._networks.values()):
            if network.internal or bridge not in ("", network.bridge):
                continue
            subnet = network.subnet or network.subnet6
            if subnet:
                source = subnet.partition("/")[0]
                outside = _OUTSIDE6 if ":" in source else _OUTSIDE
                yield walk(ruleset, hook, Packet(network.bridge, rules.UPLINK, source, outside))

    # -- reading ------------------------------------------------------------------------------

    def ruleset(self) -> "Ruleset":
        """Read all tables of the namespace from the kernel, with live counters.

        Raises:
            SystemFailure: the kernel refused.
        """
        from pyminidocker.network import nft_read

        try:
            return nft_read.read(self._netlink)
        except OSError as error:
            raise _failure("cannot read the packet filter", error) from error


def _membership(network: NetworkRules, *, remove: bool = False) -> list[bytes]:
    """Compose putting a network into the sets it belongs to, or taking it out."""
    names = [rules.BRIDGES]
    if network.internal:
        names.append(rules.INTERNAL)
    if network.gateway_mode != NAT_UNPROTECTED:
        names.append(rules.PROTECTED)
    requests = [
        nftables.change_name_set(rules.TABLE, name, network.bridge, remove=remove) for name in names
    ]
    if network.icc and not network.internal:
        pair = (network.bridge, network.bridge)
        requests.append(nftables.change_name_set(rules.TABLE, rules.WITHIN, *pair, remove=remove))
    hidden = network.masquerade and network.gateway_mode != ROUTED
    for subnet in filter(None, (network.subnet, network.subnet6)):
        family = family_of(subnet)
        for name in (rules.SUBNETS, rules.MASQUERADED)[: 2 if hidden else 1]:
            chosen = rules.set_name(name, family)
            requests.append(nftables.change_network_set(rules.TABLE, chosen, subnet, remove=remove))
    return requests


def _let_localhost_in(bridge: str) -> None:
    """Let the lab's own processes use published ports by 127.0.0.1 (``route_localnet``).

    The kernel otherwise refuses to send from a loopback address by a link.  That others abuse it is
    prevented by the first rule of chain ``prerouting``.
    """
    sysctl.try_write((f"net/ipv4/conf/{bridge}/route_localnet", "1"))
