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

from pyminidocker.errors import NotImplementedHere, SystemFailure
from pyminidocker.kernel.constants import CLONE_NEWNET
from pyminidocker.kernel.namespaces import setns
from pyminidocker.network import endpoints, messages, nftables, rules
from pyminidocker.network.egress import PROXY_PORT, hand_over
from pyminidocker.network.endpoints import INNER_LINK, LOOPBACK_INDEX
from pyminidocker.network.ipam import format_ipv4, mac_address, parse_subnet
from pyminidocker.network.netlink import NETLINK_NETFILTER, Netlink, NetlinkError
from pyminidocker.network.plans import (
    DEFAULT_MTU_BYTES,
    VXLAN_OVERHEAD_BYTES,
    AddressPlan,
    BridgePlan,
    Prepared,
)

DEFAULT_BRIDGE = "docker0"
_IPV6_OFF = (
    ("net/ipv6/conf/all/disable_ipv6", b"1"),
    ("net/ipv6/conf/default/disable_ipv6", b"1"),
)
_LAB_SETTINGS = (*_IPV6_OFF, ("net/ipv4/ip_forward", b"1"))


def _write_settings(settings: tuple[tuple[str, bytes], ...]) -> list[str]:
    """Set sysctls of the calling thread's network namespace; returns those that could not be set.

    /proc/sys is read-only inside some containers, and has no net/ipv6 where the kernel has none.
    """
    failed = []
    for name, value in settings:
        try:
            fd = os.open(f"/proc/sys/{name}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, value)
            finally:
                os.close(fd)
        except FileNotFoundError:
            continue
        except OSError as error:
            failed.append(f"cannot set {name}: {error.strerror}")
    return failed


def _failure(what: str, error: OSError) -> SystemFailure:
    hint = ""
    if error.errno == errno.EPERM:
        hint = (
            "the lab's network namespace must belong to the engine; see 'minidocker system doctor'"
        )
    return SystemFailure(f"{what}: {error.strerror}", hint=hint)


class LabNetwork:
    """Bridges and endpoints of one lab.

    Attributes:
        dns_server: what containers have as ``nameserver``: the first bridge's address.
        problems: what the host did not allow, one line each; the rest works all the same.
    """

    def __init__(self) -> None:
        self.dns_server = ""
        self.problems: list[str] = []
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._links = Netlink()
        self._bridges: dict[str, tuple[int, str]] = {}  # name -> (index, subnet)
        self._holders: dict[str, Prepared] = {}  # address -> who had it last
        self._has_rules = False

    def close(self) -> None:
        """Close the sockets; links and rules live on in the namespace."""
        self._links.close()
        os.close(self._home)

    def setup_lab(self) -> None:
        """Make the empty namespace a host: lo up, IPv6 off, IPv4 forwarding, uplink and rules.

        The *uplink* is a bridge without ports that holds the default route: packets for the outside
        get that far, and the rules decide what becomes of them.

        Raises:
            SystemFailure: the kernel refused a link; a missing packet filter is only a problem.
        """
        self.problems += _write_settings(_LAB_SETTINGS)
        try:
            self._links.execute([messages.change_link(LOOPBACK_INDEX, up=True)], subject="lo")
        except NetlinkError as error:
            raise _failure("cannot set up the lab's network", error) from error
        try:
            with Netlink(NETLINK_NETFILTER) as netfilter:
                nftables.commit(netfilter, rules.base_requests())
        except OSError as error:
            self.problems.append(f"no packet filter, so no way out for containers: {error}")
            return
        self._has_rules = True
        uplink = self._make_bridge(rules.UPLINK)
        try:
            self._links.execute([messages.default_route(uplink)], subject=rules.UPLINK)
        except NetlinkError as error:
            raise _failure("cannot set the lab's default route", error) from error

    def _make_bridge(self, name: str, mac: str = "") -> int:
        """Make a bridge, or find it when it is there; returns its index.

        Without multicast snooping it floods multicast like a plain switch, and sends none itself.
        """
        attrs: messages.Attributes = [("IFLA_ADDRESS", mac)] if mac else []
        try:
            try:
                bridge = messages.new_link(name, "bridge", attrs, [("IFLA_BR_MCAST_SNOOPING", 0)])
                self._links.execute([bridge], subject=name)
            except NetlinkError as error:
                if error.errno != errno.EEXIST:
                    raise
            reply = self._links.query(messages.get_link(name), subject=name)
        except NetlinkError as error:
            raise _failure(f"cannot make bridge {name}", error) from error
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
        name, subnet, gateway = plan.name, plan.subnet, plan.gateway
        network, prefix = parse_subnet(subnet)
        broadcast = format_ipv4(network | (1 << (32 - prefix)) - 1)
        index = self._make_bridge(name, mac_address(gateway))
        try:
            self._links.execute(
                [messages.add_address(index, gateway, prefix, broadcast)], subject=name
            )
            if self._has_rules:
                with Netlink(NETLINK_NETFILTER) as netfilter:
                    nftables.commit(netfilter, [rules.network_request(subnet)])
        except NetlinkError as error:
            raise _failure(f"cannot give bridge {name} its address {gateway}", error) from error
        self._bridges[name] = (index, subnet)
        self.dns_server = self.dns_server or gateway

    def remove_bridge(self, name: str) -> None:
        """Delete bridge ``name``; a missing one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        _, subnet = self._bridges.pop(name, (0, ""))
        try:
            if subnet and self._has_rules:
                with Netlink(NETLINK_NETFILTER) as netfilter:
                    nftables.commit(netfilter, [rules.network_request(subnet, remove=True)])
            self._links.execute([messages.delete_link(name)], subject=name)
        except NetlinkError as error:
            if error.errno != errno.ENODEV:
                raise _failure(f"cannot delete bridge {name}", error) from error

    @contextmanager
    def inside(self, netns_fd: int) -> Iterator[None]:
        """Put the calling thread, and only it, into another network namespace for a moment."""
        setns(netns_fd, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self._home, CLONE_NEWNET)

    def prepare_endpoint(self, netns_fd: int, bridge: str = DEFAULT_BRIDGE) -> Prepared:
        """Make a veth pair between ``bridge`` and the namespace behind ``netns_fd``, ahead of time.

        Inside, eth0 is up and IPv6 is off when this returns; it has no address yet.  Being up
        early, the bridge port forwards from the container's first packet on.

        Args:
            netns_fd: a network namespace owned by the lab's user namespace.
            bridge: the link to plug the outer end into, made by ``setup_bridge``.

        Raises:
            SystemFailure: the kernel refused, or there is no such bridge.
        """
        index, _ = self._bridges.get(bridge, (0, ""))
        if not index:
            raise SystemFailure(f"cannot connect a container: there is no bridge {bridge}")
        host_link = endpoints.new_link_name()
        try:
            with self.inside(netns_fd):
                _write_settings(_IPV6_OFF)
                inner = Netlink()
            with inner:
                pair = endpoints.make_pair(host_link, index, netns_fd)
                self._links.execute([pair], subject=host_link)
                inner.execute(endpoints.inner_up(), subject=INNER_LINK)
                reply = inner.query(endpoints.find_inner(), subject=INNER_LINK)
        except OSError as error:
            raise _failure(f"cannot connect a container to {bridge}", error) from error
        return Prepared(host_link, INNER_LINK, messages.link_index(reply), bridge)

    def attach(self, netns_fd: int, bridge: str, inner_link: str = "eth1") -> Prepared:
        """Make a veth pair now, for any network, into a parked or a running namespace.

        Args:
            netns_fd: a network namespace owned by the lab's user namespace.
            bridge: a bridge made by ``setup_bridge``.
            inner_link: name of the end inside: ``eth0``, ``eth1`` ...

        Raises:
            SystemFailure: the kernel refused, there is no such bridge, or the name is taken inside.
        """
        raise NotImplementedHere(f"attach {inner_link}")

    def configure(self, prepared: Prepared, netns_fd: int, plan: AddressPlan) -> None:
        """Give an endpoint in a running namespace its addresses and routes, from outside.

        An existing default route stays: it is replaced only by ``set_default_route``.

        Args:
            prepared: what ``attach`` returned.
            netns_fd: the same namespace.
            plan: addresses; without a gateway no default route is added.

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("configure")

    def detach(self, prepared: Prepared, netns_fd: int) -> None:
        """Take an endpoint away from a running namespace; its routes go with it.

        Args:
            prepared: what ``attach`` or ``prepare_endpoint`` returned.
            netns_fd: the same namespace.
        """
        raise NotImplementedHere("detach")

    def set_default_route(self, netns_fd: int, gateway: str, gateway6: str = "") -> None:
        """Set, replace or (both empty) take away the default route of a running namespace.

        Args:
            netns_fd: the container's network namespace.
            gateway: IPv4 next hop, or empty for no IPv4 default route.
            gateway6: IPv6 next hop, or empty for no IPv6 default route.
        """
        raise NotImplementedHere("set_default_route")

    def add_route(self, destination: str, gateway: str) -> None:
        """Add a route in the lab, or change it.

        Args:
            destination: CIDR of either family, or ``default``.
            gateway: next hop, reachable through one of the lab's links (a wire).

        Raises:
            InvalidArgument: not an address; the gateway is not reachable.
        """
        raise NotImplementedHere("add_route")

    def delete_route(self, destination: str, gateway: str = "") -> None:
        """Delete a route of the lab.

        Raises:
            NotFound: there is none like that.
        """
        raise NotImplementedHere("delete_route")

    def routed_subnets(self) -> list[str]:
        """Return the subnets (CIDR) that the lab's routes lead to now, read from the kernel."""
        return []

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
            SystemFailure: the kernel refused.
            Conflict: there is a link of that name.
        """
        raise NotImplementedHere("make_plug")

    def remove_plug(self, link: str) -> None:
        """Take a wire's end away; a missing one is fine."""
        raise NotImplementedHere("remove_plug")

    def make_vxlan(
        self,
        name: str,
        vni: int,
        local: str,
        remotes: Sequence[str],
        bridge: str,
        mtu_bytes: int = DEFAULT_MTU_BYTES - VXLAN_OVERHEAD_BYTES,
    ) -> None:
        """Make a VXLAN device on a bridge that floods to every remote; safe to repeat.

        Args:
            name: link name, e.g. ``vx-42``.
            vni: VXLAN network identifier, 1 to 16777215.
            local: this lab's address on the wire.
            remotes: the peers' addresses.
            bridge: the overlay network's bridge.
            mtu_bytes: longest inner packet: the wire's MTU less 50 (70 over IPv6).

        Raises:
            SystemFailure: the kernel refused.
        """
        raise NotImplementedHere("make_vxlan")

    def set_remotes(self, name: str, remotes: Sequence[str]) -> None:
        """Make exactly ``remotes`` the peers that a VXLAN device floods to."""
        raise NotImplementedHere("set_remotes")

    def remove_link(self, name: str) -> None:
        """Delete a link of the lab; a missing one is fine."""
        raise NotImplementedHere("remove_link")

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
        ip, prefix, gateway, mac = plan.ip, plan.prefix, plan.gateway, plan.mac
        former = self._holders.get(ip)
        if former is not None and former is not prepared:
            try:
                self._links.execute([endpoints.silence(former)])
            except NetlinkError:  # ENODEV: the kernel was faster
                pass
        self._holders[ip] = prepared
        return endpoints.plan_endpoint(prepared, ip=ip, prefix=prefix, gateway=gateway, mac=mac)

    def start_egress(self, agent: socket.socket) -> None:
        """Open the way out: TCP by transparent proxy, DNS by relay on every address of the lab.

        The listening sockets are made here, in the lab, and passed to the host agent, which makes
        the outgoing connections from the real host.

        Args:
            agent: the engine's end of the host agent's socket.

        Raises:
            SystemFailure: the kernel refused a rule or a socket, or the agent has gone; containers
                then stay without a way out, everything else works.
        """
        if not self._has_rules:
            raise SystemFailure(self.problems[-1] if self.problems else "the lab has no rules")
        try:
            hand_over(agent)
            with Netlink(NETLINK_NETFILTER) as netfilter:
                nftables.commit(netfilter, rules.chain_requests(rules.egress_chains(PROXY_PORT)))
        except OSError as error:
            raise _failure("cannot open a way out of the lab", error) from error
