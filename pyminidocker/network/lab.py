"""The lab's network as the engine sees it: bridges, endpoints, and the way out.

``LabNetwork`` acts in the network namespace of the thread that made it, which for the engine is the
lab's.  All calls are short and blocking (a netlink round trip takes 20-500 us), none uses asyncio,
all may be made from any thread.  The first one loads pyroute2's message classes (10 ms), so the
engine makes it from the background once its socket answers.
"""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pyminidocker.errors import Conflict, SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network import (
    endpoints,
    messages,
    plug,
    removal,
    routes,
    sysctl,
    vxlan,
)
from pyminidocker.network.egress import PROXY_PORT, hand_over, hand_over_dns
from pyminidocker.network.endpoints import INNER_LINK, LOOPBACK_INDEX
from pyminidocker.network.firewall import Firewall, NetworkRules
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_network
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.outside import Outside
from pyminidocker.network.plans import (
    DEFAULT_MTU_BYTES,
    VXLAN_OVERHEAD_BYTES,
    AddressPlan,
    BridgePlan,
    Prepared,
)
from pyminidocker.network.refusals import failure

DEFAULT_BRIDGE = "docker0"


class LabNetwork:
    """Bridges and endpoints of one lab.

    Attributes:
        dns_server: what containers have as ``nameserver``: the first bridge's address.
        problems: what the host did not allow, one line each; the rest works all the same.
        firewall: the packet filter.
    """

    def __init__(self) -> None:
        self.dns_server = ""
        self.problems: list[str] = []
        self.firewall = Firewall()
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._links = Netlink()
        self._outside = Outside(self._home)
        self._bridges: dict[str, tuple[int, BridgePlan]] = {}  # name -> (index, plan)
        self._holders: dict[str, Prepared] = {}  # address -> who had it last
        self._has_rules = False

    def close(self) -> None:
        """Close the sockets; links and rules live on in the namespace."""
        self._links.close()
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

    def _make_bridge(self, name: str, mac: str = "", mtu_bytes: int = DEFAULT_MTU_BYTES) -> int:
        """Make a bridge, or find it when it is there; returns its index.

        Without multicast snooping it floods multicast like a plain switch, and sends none itself.
        """
        attrs: messages.Attributes = [("IFLA_ADDRESS", mac)] if mac else []
        # A bridge that is not told takes its ports' least; ours keeps what it was told.
        attrs.append(("IFLA_MTU", mtu_bytes))
        try:
            try:
                bridge = messages.new_link(name, "bridge", attrs, [("IFLA_BR_MCAST_SNOOPING", 0)])
                self._links.execute([bridge], subject=name)
            except NetlinkError as error:
                if error.errno != errno.EEXIST:
                    raise
                self._links.execute([messages.change_link(name=name, up=True, attrs=attrs)])
            reply = self._links.query(messages.get_link(name), subject=name)
        except NetlinkError as error:
            raise failure(f"cannot make bridge {name}", error) from error
        return messages.link_index(reply)

    def setup_bridge(self, plan: BridgePlan | str, subnet: str = "", gateway: str = "") -> None:
        """Make a network's bridge with its addresses and rules, and set it up; safe to repeat.

        Its MAC is fixed: a bridge without one of its own takes its lowest port's, and changes it as
        containers come and go.

        Args:
            plan: all about it.
            subnet: only with a bare name as ``plan``: its subnet, CIDR.
            gateway: likewise its own address inside ``subnet``.

        Raises:
            SystemFailure: the kernel refused.
        """
        if isinstance(plan, str):
            plan = BridgePlan(plan, subnet, gateway)
        name = plan.name
        own = plan.gateway or plan.gateway6
        index = self._make_bridge(name, mac_address(own) if own else "", plan.mtu_bytes)
        try:
            if plan.gateway6:
                sysctl.forward_ipv6()
                sysctl.switch_on_ipv6(name)
            requests = _bridge_addresses(index, plan)
            if requests:
                self._links.execute(requests, subject=name)
        except OSError as error:
            self.remove_link(name)
            raise failure(f"cannot give bridge {name} its address {own}", error) from error
        self._filter_network(plan)
        self._bridges[name] = (index, plan)
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

    def remove_link(self, name: str) -> None:
        """Delete a link of the lab (a VXLAN device, a veth); a missing one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        try:
            index = messages.link_index(self._links.query(messages.get_link(name), subject=name))
        except NetlinkError as error:
            if error.errno == errno.ENODEV:
                return
            raise failure(f"cannot delete link {name}", error) from error
        removal.remove(index)

    def change_mtu(self, name: str, mtu_bytes: int) -> None:
        """Change the longest packet a link of the lab carries.

        Raises:
            SystemFailure: the kernel refused, or there is no such link.
        """
        try:
            request = messages.change_link(name=name, attrs=[("IFLA_MTU", mtu_bytes)])
            self._links.execute([request], subject=name)
        except NetlinkError as error:
            raise failure(f"cannot set the MTU of {name} to {mtu_bytes}", error) from error

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
                    reply = inner.query(endpoints.find_inner(inner_link), subject=inner_link)
                except BaseException:
                    self.remove_link(host_link)
                    raise
        except OSError as error:
            raise failure(
                f"cannot connect a container to {bridge} as {inner_link}", error
            ) from error
        return Prepared(host_link, inner_link, messages.link_index(reply), bridge)

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

    def detach(self, prepared: Prepared, netns_fd: int = -1) -> None:  # noqa: ARG002
        """Take an endpoint away from a running namespace; its routes go with it.

        Args:
            prepared: what ``attach`` or ``prepare_endpoint`` returned.
            netns_fd: not needed: a veth pair is deleted by either end.

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

    def add_route(self, destination: str, gateway: str) -> None:
        """Add a route in the lab, or change it.

        Args:
            destination: CIDR of either family, or ``default``.
            gateway: next hop, reachable through one of the lab's links (a wire).

        Raises:
            InvalidArgument: not an address; the gateway is not reachable.
        """
        routes.add(self._links, destination, gateway)

    def delete_route(self, destination: str, gateway: str = "") -> None:
        """Delete a route of the lab.

        Raises:
            NotFound: there is none like that.
        """
        routes.delete(self._links, destination, gateway)

    def routed_subnets(self) -> list[str]:
        """Return the subnets (CIDR) that the lab's routes lead to now, read from the kernel."""
        return routes.subnets(self._links)

    def make_plug(
        self, link: str, address_cidr: str, mtu_bytes: int = DEFAULT_MTU_BYTES
    ) -> socket.socket:
        """Make one end of a wire: a veth pair ``link``/``<link>-plug`` and a socket on the plug.

        The socket is AF_PACKET with PACKET_VNET_HDR: each frame read or written has a
        ``struct virtio_net_hdr`` (10 bytes) before it, which says whether its checksum is still to
        be completed; handed on as it is, the receiving kernel does it.

        Args:
            link: name of the end that is the lab's, e.g. ``eth1``.
            address_cidr: its address with prefix length, e.g. ``192.0.2.1/24``; empty for none.
            mtu_bytes: longest packet.

        Returns:
            The socket; non-blocking.

        Raises:
            InvalidArgument: the name is too long, the address or the MTU makes no sense.
            Conflict: there is a link of that name.
            SystemFailure: the kernel refused.
        """
        try:
            return plug.make(self._links, link, address_cidr, mtu_bytes)
        except Conflict:
            raise
        except BaseException:
            self.remove_link(link)
            raise

    def add_address(self, link: str, address_cidr: str) -> None:
        """Give a link of the lab an address more; with an IPv6 one, IPv6 is switched on for it.

        Raises:
            InvalidArgument: it is not like ``192.0.2.1/24``.
            SystemFailure: the kernel refused, or there is no such link.
        """
        plug.add_address(self._links, link, address_cidr)

    def remove_plug(self, link: str) -> None:
        """Take a wire's end away; a missing one is fine."""
        self.remove_link(link)

    def make_vxlan(
        self,
        name: str,
        vni: int,
        local: str,
        remotes: Sequence[str],
        bridge: str,
        mtu_bytes: int = DEFAULT_MTU_BYTES - VXLAN_OVERHEAD_BYTES,
    ) -> None:
        """Make a VXLAN device on a bridge that floods to every remote; replaces one of that name.

        Args:
            name: link name, e.g. ``vx-42``.
            vni: VXLAN network identifier, 1 to 16777215.
            local: this lab's address on the wire.
            remotes: the peers' addresses.
            bridge: the overlay network's bridge.
            mtu_bytes: longest inner packet: the wire's MTU less 50 (70 over IPv6).

        Raises:
            InvalidArgument: an address or the VNI makes no sense.
            Conflict: another device has that VNI.
            SystemFailure: the kernel refused, or there is no such bridge.
        """
        bridge_index, _ = self._bridges.get(bridge, (0, None))
        if not bridge_index:
            raise SystemFailure(f"cannot make {name}: there is no bridge {bridge}")
        self.remove_link(name)
        index = vxlan.make(self._links, name, vni, local, bridge_index, mtu_bytes)
        try:
            vxlan.set_remotes(self._links, index, remotes)
        except BaseException:
            self.remove_link(name)
            raise

    def set_remotes(self, name: str, remotes: Sequence[str]) -> None:
        """Make exactly ``remotes`` the peers that a VXLAN device floods to.

        Raises:
            InvalidArgument: one of them is no address.
            SystemFailure: the kernel refused, or there is no such device.
        """
        try:
            index = messages.link_index(self._links.query(messages.get_link(name), subject=name))
        except NetlinkError as error:
            raise failure(f"cannot set the peers of {name}", error) from error
        vxlan.set_remotes(self._links, index, remotes)

    def plan_endpoint(
        self,
        prepared: Prepared,
        plan: AddressPlan | None = None,
        *,
        ip: str = "",
        prefix: int = 0,
        gateway: str = "",
        mac: str = "",
    ) -> list[bytes]:
        """Compose what init plays inside; see ``endpoints.plan_endpoint``.

        Several endpoints of one container: the lists joined.

        Whoever had the address before is silenced.  A dead container's links go with its namespace,
        in the background and some 20 ms later; until then its kernel side would answer ARP and
        refuse connections, under an address and a MAC that are now another's.  Deleting its pair
        would block for 40 ms, because the kernel waits for readers on other CPUs; closing its
        bridge port to deliveries takes 30 us.
        """
        plan = plan or AddressPlan(ip, prefix, gateway, mac=mac)
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


def _bridge_addresses(index: int, plan: BridgePlan) -> list[bytes]:
    requests = []
    if plan.gateway:
        base, prefix, bits = parse_network(plan.subnet)
        broadcast = format_ipv4(base | (1 << bits - prefix) - 1)
        requests.append(messages.add_address(index, plan.gateway, prefix, broadcast))
    if plan.gateway6:
        _, prefix, _ = parse_network(plan.subnet6)
        requests.append(messages.add_address(index, plan.gateway6, prefix))
    return requests
