"""Publishing: the real machine's ports that lead to containers.

reserve   before the process starts: the machine's ports are bound, nobody is let in yet
activate  the container has its addresses: connections are let through, the lab has its rule
follow    its networks have changed: the same ports, another address behind them
release   the container has ended: the ports are free again

A port has two halves with the same number.  On the real machine the host agent listens and carries
what comes to the container; in the lab, for other containers and hosts, the packet filter rewrites
the destination.  Both lead to the network that gives the container its default route.

See: docs/decisions/0009.
"""

import logging
from typing import TYPE_CHECKING

from pyminidocker.engine import networks_join
from pyminidocker.engine.container import Container
from pyminidocker.engine.host_ports import HostPorts
from pyminidocker.engine.ports import ANY_IPV4, ANY_IPV6, PublishedPort, wishes
from pyminidocker.errors import MiniDockerError, SystemFailure
from pyminidocker.ids import new_id

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.records import NetworkRecord
    from pyminidocker.network.firewall import Publication

LOG = logging.getLogger("minidockerd")
_HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4"


class _Live:
    """What one running container has published.

    Attributes:
        ports: its ports; the agent's id of each is the key.
        publications: its rules in the lab.
    """

    __slots__ = ("ports", "publications")

    def __init__(self) -> None:
        self.ports: dict[str, PublishedPort] = {}
        self.publications: list[Publication] = []


class Publishing:
    """All published ports of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._live: dict[str, _Live] = {}  # container id -> ...
        self._machine = HostPorts(engine)

    # -- the verbs ----------------------------------------------------------------------------

    async def reserve(self, container: Container) -> None:
        """Take the ports a container wants to have published; nothing when it wants none.

        Called before ``ContainerProcess.begin``.  Connections that come in wait for ``activate``.

        Raises:
            SystemFailure: a port cannot be had; with dockerd's words.
        """
        network = self._network_for(container)
        if network is None or container.id in self._live:
            return
        wanted = wishes(container.record.config, container.record.host)
        if not wanted:
            return
        live = self._live[container.id] = _Live()
        try:
            for wish in wanted:
                live.ports.update(await self._machine.reserve(wish, _default_ips(network)))
        except BaseException as error:
            self.release(container)
            if isinstance(error, SystemFailure):
                raise SystemFailure(
                    "driver failed programming external connectivity on endpoint"
                    f" {container.name} ({new_id()}): {error}",
                    hint=error.hint,
                ) from error
            raise
        container.published = list(live.ports.values())

    def activate(self, container: Container) -> None:
        """Let connections through: the container has joined its networks and knows its addresses.

        Raises:
            SystemFailure: the lab's packet filter refused, or the host agent has gone.
        """
        live = self._live.get(container.id)
        if live is None:
            return
        ip, ip6, bridge, bridge6 = self.addresses(container)
        for name, port in live.ports.items():
            chosen = (ip6 or ip) if ":" in port.host_ip else ip or ip6
            self._machine.aim(name, (chosen, port.port) if chosen else None)
        self._set_rules(container, live, ip, ip6, bridge, bridge6)

    def follow(self, container: Container) -> None:
        """Send connections to where the container is now: after a connect or disconnect."""
        ip, ip6, *_ = self.addresses(container)
        if not (ip or ip6):
            self.release(container)  # on no network that leads outside
        elif container.id in self._live:
            self.activate(container)
        elif container.is_running:
            self.engine.background(self._publish_late(container))

    async def _publish_late(self, container: Container) -> None:
        """Publish the ports of a container that has come to a network only now."""
        async with container.lock:
            if not container.is_running:
                return
            try:
                await self.reserve(container)
                self.activate(container)
            except MiniDockerError as error:
                LOG.warning("container %s keeps its ports to itself: %s", container.name, error)

    def release(self, container: Container) -> None:
        """Give the container's ports back; safe to repeat, and without effect when it has none."""
        live = self._live.pop(container.id, None)
        if live is None:
            return
        if live.publications:
            try:
                self.engine.lab_network.firewall.unpublish(live.publications)
            except SystemFailure as error:
                LOG.warning("%s", error)
        self._machine.release(live.ports)
        container.published = []

    # -- what is asked ------------------------------------------------------------------------

    def published(self, container: Container) -> list[PublishedPort]:
        """Return the container's published ports."""
        return list(container.published)

    # -- the lab's half -----------------------------------------------------------------------

    def _network_for(self, container: Container) -> "NetworkRecord | None":
        """Return a network by which the container can be reached, or None: host, none, internal."""
        networks = self.engine.networks
        for name, endpoint in container.record.endpoints.items():
            network = networks_join.find(networks, name, endpoint)
            if network.bridge and not network.internal:
                return network
        return None

    def addresses(self, container: Container) -> tuple[str, str, str, str]:
        """Return the addresses connections go to, IPv4 and IPv6, and the bridges they are behind.

        See: libnetwork, where only the gateway network's driver programs external connectivity.
        """
        places = self.engine.networks.of(container)
        first = networks_join.first_for_default(places)
        first6 = networks_join.first_for_default(places, ipv6=True)
        bridges = {endpoint.endpoint_id: network.bridge for network, endpoint in places}
        return (
            first.ip_address if first else "",
            first6.ip6_address if first6 else "",
            bridges[first.endpoint_id] if first else "",
            bridges[first6.endpoint_id] if first6 else "",
        )

    def _set_rules(
        self, container: Container, live: _Live, ip: str, ip6: str, bridge: str, bridge6: str
    ) -> None:
        from pyminidocker.network.firewall import Publication

        wanted = []
        for port in live.ports.values():
            target, behind = (ip6, bridge6) if ":" in port.host_ip else (ip, bridge)
            if target:  # the filter cannot turn one family into the other; the agent can
                wanted.append(
                    Publication(
                        port.protocol, port.host_ip, port.host_port,
                        target, port.port, behind, container.name,
                    )
                )  # fmt: skip
        firewall = self.engine.lab_network.firewall
        if not firewall.is_set_up:
            return  # a kernel without packet filter: the machine's half works all the same
        former = [one for one in live.publications if one not in wanted]
        if former:
            firewall.unpublish(former)
        live.publications = wanted
        firewall.publish(wanted)


def _default_ips(network: "NetworkRecord") -> tuple[str, ...]:
    """Return where ``-p 8080:80`` publishes: everywhere, unless the network says otherwise."""
    wanted = network.options.get(_HOST_BINDING, "")
    return (wanted,) if wanted not in ("", ANY_IPV4) else (ANY_IPV4, ANY_IPV6)
