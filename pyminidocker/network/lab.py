"""The lab's network as the engine sees it: bridges, endpoints, and the way out.

``LabNetwork`` acts in the network namespace of the thread that made it, which for the engine is the
lab's.  All calls are short and blocking (a netlink round trip takes 20-500 us), none uses asyncio,
all may be made from any thread.  The first one loads pyroute2's message classes (10 ms), so the
engine makes it from the background once its socket answers.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network import bridges, endpoints, messages, routes, sysctl
from pyminidocker.network.egress import PROXY_PORT, hand_over, hand_over_dns
from pyminidocker.network.endpoints import INNER_LINK, LOOPBACK_INDEX
from pyminidocker.network.firewall import Firewall, NetworkRules
from pyminidocker.network.lab_links import LabLinks
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.outside import Outside
from pyminidocker.network.plans import AddressPlan, BridgePlan, Prepared
from pyminidocker.network.refusals import failure

DEFAULT_BRIDGE = "docker0"


class LabNetwork(LabLinks):
    """Bridges and endpoints of one lab, and (``LabLinks``) what joins it with others.

    Attributes:
        dns_server: what containers have as ``nameserver``: the first bridge's address.
        problems: what the host did not allow, one line each; the rest works all the same.
        firewall: the packet filter.
    """

    def __init__(self) -> None:
        self.dns_server = ""
        self.problems: list[str] = []
        self.firewall = Firewall()
        super().__init__()
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._outside = Outside(self._home)
        self._bridges: dict[str, tuple[int, BridgePlan]] = {}  # name -> (index, plan)
        self._holders: dict[str, Prepared] = {}  # address -> who had it last
        self._has_rules = False

    def close(self) -> None:
        """Close the sockets; links and rules live on in the namespace."""
        super().close()
        self.firewall.close()
        self._outside.close()
        os.close(self._home)

    def setup_lab(self) -> None:
        """Make the empty namespace a host: lo up, IPv6 off, IPv4 forwarding, uplink and rules.

        The *uplink* holds the default route; what becomes of packets beyond it, ``outside`` says.

        Raises:
            SystemFailure: the kernel refused a link; a missing packet filter is only a problem.
        """
        self.problems += sysctl.switch_off_ipv6()
        self.problems += sysctl.try_write(("net/ipv4/ip_forward", "1"), *sysctl.PLAIN_BRIDGES)
        try:
            self._links.execute([messages.change_link(LOOPBACK_INDEX, up=True)], subject="lo")
        except NetlinkError as error:
            raise failure("cannot set up the lab's network", error) from error
        try:
            self.firewall.setup()
        except SystemFailure as error:
            self.problems.append(f"no packet filter, so no way out for containers: {error}")
            return
        self._has_rules = True
        try:
            self._outside.make(self._links)
        except OSError as error:
            raise failure("cannot make the lab's uplink", error) from error

    def setup_bridge(self, plan: BridgePlan) -> None:
        """Make a network's bridge with its addresses and rules, and set it up; safe to repeat.

        Raises:
            InvalidArgument: an MTU that cannot be.
            Conflict: there is another kind of link of that name.
            SystemFailure: the kernel refused.
        """
        index = bridges.make(self._links, plan)
        try:
            bridges.set_addresses(self._links, index, plan)
            self._filter_network(plan)
        except BaseException:
            self.remove_link(plan.name)
            raise
        self._bridges[plan.name] = (index, plan)
        self.dns_server = self.dns_server or plan.gateway

    def _filter_network(self, plan: BridgePlan) -> None:
        if self._has_rules:
            self.firewall.add_network(
                NetworkRules(
                    bridge=plan.name,
                    subnet=plan.subnet,
                    subnet6=plan.subnet6,
                    internal=plan.internal,
                    masquerade=plan.masquerade,
                    gateway_mode=plan.gateway_mode,
                    icc=plan.icc,
                )
            )

    def remove_bridge(self, name: str) -> None:
        """Delete bridge ``name`` and its rules; a missing one is fine.

        When this returns the bridge is no longer there; what the kernel still has to do for it
        (50 ms) is waited for in the background.

        Raises:
            SystemFailure: the kernel refused.
        """
        _, plan = self._bridges.pop(name, (0, None))
        if plan is not None:
            if self._has_rules:
                self.firewall.remove_network(name)
            for address, holder in list(self._holders.items()):
                if holder.bridge == name:
                    del self._holders[address]
        self.remove_link(name)

    @property
    def home_fd(self) -> int:
        """The lab's own network namespace; borrowed."""
        return self._home

    @contextmanager
    def inside(self, netns_fd: int) -> Iterator[None]:
        """Put the calling thread, and only it, into another network namespace for a moment."""
        setns(netns_fd, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self._home, CLONE_NEWNET)

    def prepare_endpoint(self, netns_fd: int, bridge: str = DEFAULT_BRIDGE) -> Prepared:
        """Make a veth pair between ``bridge`` and a parked child's namespace, ahead of time.

        Inside, eth0 is up and IPv6 is off when this returns; it has no address yet.  Being up
        early, the bridge port forwards from the container's first packet on.

        Args:
            netns_fd: a network namespace owned by the lab's user namespace.
            bridge: the link to plug the outer end into, made by ``setup_bridge``.

        Raises:
            SystemFailure: the kernel refused, or there is no such bridge.
        """
        return self.attach(netns_fd, bridge, INNER_LINK)

    def attach(self, netns_fd: int, bridge: str, inner_link: str = "eth1") -> Prepared:
        """Make a veth pair for any network, into a parked or a running namespace.

        The inner end is up when this returns; it has no address yet.

        Args:
            netns_fd: a network namespace owned by the lab's user namespace.
            bridge: a bridge made by ``setup_bridge``.
            inner_link: name of the end inside: ``eth0``, ``eth1`` ...

        Raises:
            SystemFailure: the kernel refused, there is no such bridge, or the name is taken inside.
        """
        index, plan = self._bridges.get(bridge, (0, None))
        if plan is None:
            raise SystemFailure(f"cannot connect a container: there is no bridge {bridge}")
        host_link = endpoints.new_link_name()
        pair = [endpoints.make_pair(host_link, index, netns_fd, inner_link, plan.mtu_bytes)]
        if not plan.icc:
            pair.append(endpoints.isolate(host_link))
        try:
            with self.inside(netns_fd):
                sysctl.switch_off_ipv6()
                inner = Netlink()
            with inner:
                self._links.execute(pair, subject=host_link)
                try:
                    if plan.subnet6:
                        self._switch_on_ipv6(netns_fd, inner_link)
                    inner.execute(endpoints.inner_up(inner_link), subject=inner_link)
                    inner_index = self._settle(host_link, bridge)
                except BaseException:
                    self.remove_link(host_link)
                    raise
        except OSError as error:
            raise failure(
                f"cannot connect a container to {bridge} as {inner_link}", error
            ) from error
        return Prepared(host_link, inner_link, inner_index, bridge)

    def _settle(self, host_link: str, bridge: str) -> int:
        """See to it that the very next packet passes; returns the inner end's index.

        The bridge lets a port forward, and the kernel gives the link its queue, when a worker of
        its own has handled the news that the other end is up.  Asking for the link makes it handle
        them at once (Linux 6.6); before, it is a matter of some hundred microseconds.
        """
        outer = self._links.query(endpoints.find_outer(host_link), subject=host_link)
        self._links.query(endpoints.find_bridge(bridge), subject=bridge)
        return messages.peer_index(outer)

    def _switch_on_ipv6(self, netns_fd: int, inner_link: str) -> None:
        with self.inside(netns_fd):
            for link in ("lo", inner_link):
                sysctl.switch_on_ipv6(link)

    def configure(self, prepared: Prepared, netns_fd: int, plan: AddressPlan) -> None:
        """Give an endpoint in a running namespace its addresses and routes, from outside.

        Args:
            prepared: what ``attach`` returned.
            netns_fd: the same namespace.
            plan: addresses; with a gateway, the default route becomes this one.

        Raises:
            SystemFailure: the kernel refused.
        """
        self._take_over(prepared, plan)
        requests = endpoints.compose(prepared.inner_index, plan)
        if not requests:
            return
        try:
            with self._netlink_inside(netns_fd) as inner:
                inner.execute(requests, subject=prepared.inner_link)
        except OSError as error:
            raise failure(f"cannot configure {prepared.inner_link}", error) from error

    def _netlink_inside(self, netns_fd: int) -> Netlink:
        with self.inside(netns_fd):
            return Netlink()

    def detach(self, prepared: Prepared) -> None:
        """Take an endpoint away from a running namespace; its routes go with it.

        Args:
            prepared: what ``attach`` or ``prepare_endpoint`` returned.

        Raises:
            SystemFailure: the kernel refused.
        """
        for address, holder in list(self._holders.items()):
            if holder is prepared:
                del self._holders[address]
        self.remove_link(prepared.host_link)

    def set_default_route(self, netns_fd: int, gateway: str, gateway6: str = "") -> None:
        """Set, replace or (both empty) take away the default route of a running namespace.

        Args:
            netns_fd: the container's network namespace.
            gateway: IPv4 next hop, or empty for no IPv4 default route.
            gateway6: IPv6 next hop, or empty for no IPv6 default route.

        Raises:
            InvalidArgument: no link of the namespace leads to a gateway.
            SystemFailure: the kernel refused otherwise.
        """
        with self._netlink_inside(netns_fd) as inner:
            routes.set_default(inner, gateway, gateway6)

    def plan_endpoint(self, prepared: Prepared, plan: AddressPlan) -> list[bytes]:
        """Compose what init plays inside; see ``endpoints.plan_endpoint``.

        Several endpoints of one container: the lists joined.

        Whoever had the address before is silenced.  A dead container's links go with its namespace,
        in the background and some 20 ms later; until then its kernel side would answer ARP and
        refuse connections, under an address and a MAC that are now another's.  Deleting its pair
        would block for 40 ms, because the kernel waits for readers on other CPUs; closing its
        bridge port to deliveries takes 30 us.
        """
        self._take_over(prepared, plan)
        return endpoints.plan_endpoint(prepared, plan)

    def _take_over(self, prepared: Prepared, plan: AddressPlan) -> None:
        for address in (plan.ip, plan.ip6):
            if not address:
                continue
            former = self._holders.get(address)
            if former is not None and former is not prepared:
                try:
                    self._links.execute([endpoints.silence(former)])
                except NetlinkError:  # ENODEV: the kernel was faster
                    pass
            self._holders[address] = prepared

    def start_egress(self, agent: socket.socket) -> None:
        """Open the way out: TCP by transparent proxy, DNS by relay on every address of the lab.

        The listening sockets are made here, beyond the lab's uplink, and passed to the host agent,
        which makes the outgoing connections from the real host.

        Args:
            agent: the engine's end of the host agent's socket.

        Raises:
            SystemFailure: the kernel refused a rule or a socket, or the agent has gone; containers
                then stay without a way out, everything else works.
        """
        if not self._has_rules:
            raise SystemFailure(self.problems[-1] if self.problems else "the lab has no rules")
        try:
            hand_over_dns(agent)
            with self._outside.inside():
                hand_over(agent)
            self._outside.open(PROXY_PORT)
        except OSError as error:
            raise failure("cannot open a way out of the lab", error) from error
