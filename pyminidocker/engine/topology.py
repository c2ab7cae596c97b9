"""The lab as it is: every network namespace read from the kernel, with the names the engine gave.

The kernel knows links, addresses, routes and rules; the engine knows which namespace is which
container's and which bridge is which network's.  Nothing is cached: every picture is read anew, in
a thread (some 30 ms for 200 containers), while the engine goes on.

See: docs/decisions/0011.
"""

import asyncio
import os
from typing import TYPE_CHECKING

from msgspec import Struct, field

from pyminidocker.engine.container import Container
from pyminidocker.engine.topology_changes import ChangeStream
from pyminidocker.errors import MiniDockerError, Unavailable

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.topology import Address, Learned, Link, Neighbour, Route, Snapshot

MOST_LISTENERS = 32
_FORWARDING = "/proc/sys/net/ipv4/ip_forward"


class NamespaceView(Struct, rename="pascal"):
    """One network namespace: the lab's, or that of a container and those that share it.

    Attributes:
        inode: its identity, as ``readlink /proc/PID/ns/net`` shows it.
        kind: ``lab`` or ``container``.
        name: the engine's name for the lab, else the container's.
        container_id: empty for the lab.
        pid: the container's first process on the real machine, or the engine.
        shared_by: names of the other containers that live in it (``--network container:x``, and
            ``host`` for the lab).
    """

    inode: int
    kind: str
    name: str
    container_id: str
    pid: int
    shared_by: list[str]
    links: "list[Link]"
    addresses: "list[Address]"
    routes: "list[Route]"
    neighbours: "list[Neighbour]"
    learned: "list[Learned]"


class NetworkView(Struct, rename="pascal"):
    """A network and the link in the lab that it is."""

    id: str
    name: str
    driver: str
    bridge: str
    subnets: list[str]
    internal: bool
    icc: bool
    vni: int


class RuleView(Struct, rename="pascal"):
    """One rule of the packet filter, with what it has counted."""

    chain: str
    hook: str
    text: str
    comment: str
    packets: int
    bytes: int
    handle: int


class PublishedView(Struct, rename="pascal"):
    """A port of the real machine and the container port it leads to."""

    protocol: str
    host_ip: str
    host_port: int
    ip: str
    port: int
    container: str


class WireView(Struct, rename="pascal"):
    """A cable to another lab host."""

    link: str
    address: str
    peer_name: str


class TopologyView(Struct, rename="pascal"):
    """The whole picture."""

    engine: str
    namespaces: list[NamespaceView]
    networks: list[NetworkView]
    rules: list[RuleView] = field(default_factory=list)
    published: list[PublishedView] = field(default_factory=list)
    switches: dict[str, bool] = field(default_factory=dict)
    wires: list[WireView] = field(default_factory=list)


class Topology:
    """Reads the lab's network, and tells when it has changed."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._listeners: set[ChangeStream] = set()

    async def watch(self) -> ChangeStream:
        """Return a stream that says whenever the picture has changed.

        Raises:
            Unavailable: too many listen already.
            SystemFailure: the kernel refused.
        """
        await self.engine.network_ready()
        from pyminidocker.network.changes import Changes

        if len(self._listeners) >= MOST_LISTENERS:
            raise Unavailable(
                f"{MOST_LISTENERS} clients listen for changes already", hint="end one of them first"
            )
        return ChangeStream(self.engine, Changes(), self._listeners)

    def close(self) -> None:
        """End all streams: the engine ends."""
        for stream in list(self._listeners):
            stream.close()

    async def take(self) -> TopologyView:
        """Read everything from the kernel.

        Raises:
            SystemFailure: the kernel refused, or the lab's network could not be made.
        """
        engine = self.engine
        await engine.network_ready()
        # One that is about to start has no process to look at yet.
        alive = [one for one in engine.containers.list() if one.is_running]
        running = sorted(alive, key=_place)
        # A descriptor of our own: a container that ends meanwhile has its pidfd closed, and the
        # number may be another's before the thread gets to it.
        pidfds = [os.dup(one.pidfd) for one in running]
        names = [(one.name, one.id, one.record.state.pid) for one in running]
        try:
            spare = engine.supervisor.spare_links()
            namespaces, rules, switches = await asyncio.to_thread(self._read, pidfds, names, spare)
        finally:
            for pidfd in pidfds:
                os.close(pidfd)
        return TopologyView(
            engine=engine.name,
            namespaces=namespaces,
            networks=self._networks(),
            rules=rules,
            published=[view for one in running for view in self._published(one)],
            switches=switches,
            wires=[WireView(one.link, one.address, one.peer) for one in engine.wires.list()],
        )

    def _read(
        self, pidfds: list[int], names: list[tuple[str, str, int]], spare: set[str]
    ) -> tuple[list[NamespaceView], list[RuleView], dict[str, bool]]:
        """Ask the kernel; runs in a thread, which visits the namespaces and comes back."""
        from pyminidocker.network.topology import take_snapshots

        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            lab, *others = take_snapshots(home, pidfds)
        finally:
            os.close(home)
        assert lab is not None
        for link in lab.links:
            link.is_spare = link.name in spare
        views = {lab.inode: _view(lab, "lab", self.engine.name, "", os.getpid())}
        for snapshot, (name, container_id, pid) in zip(others, names, strict=True):
            if snapshot is None:
                continue
            if (shared := views.get(snapshot.inode)) is not None:
                shared.shared_by.append(name)
                continue
            views[snapshot.inode] = _view(snapshot, "container", name, container_id, pid)
        rules, masquerade = self._filter()
        return list(views.values()), rules, {"ip_forward": _forwards(), "masquerade": masquerade}

    def _filter(self) -> tuple[list[RuleView], bool]:
        firewall = getattr(self.engine.lab_network, "firewall", None)
        if firewall is None:
            return [], False
        try:
            ruleset = firewall.ruleset()
            masquerade = firewall.masquerade_on(ruleset=ruleset)
        except MiniDockerError:  # a host without a packet filter; the lab's problems say so
            return [], False
        rules = [
            RuleView(
                chain=chain.name,
                hook=str(chain.hook),
                text=rule.text,
                comment=rule.comment,
                packets=rule.packets,
                bytes=rule.bytes,
                handle=rule.handle,
            )
            for chain in ruleset.chains
            for rule in chain.rules
        ]
        return rules, masquerade

    def _networks(self) -> list[NetworkView]:
        return [
            NetworkView(
                id=one.id,
                name=one.name,
                driver=one.driver,
                bridge=one.bridge,
                subnets=[subnet for subnet in (one.subnet, one.subnet6) if subnet],
                internal=one.internal,
                icc=one.icc,
                vni=one.vni,
            )
            for one in self.engine.networks.list()
        ]

    def _published(self, container: Container) -> list[PublishedView]:
        ip, ip6, *_ = self.engine.publishing.addresses(container)
        return [
            PublishedView(
                protocol=port.protocol,
                host_ip=port.host_ip,
                host_port=port.host_port,
                ip=(ip6 or ip) if ":" in port.host_ip else ip or ip6,
                port=port.port,
                container=container.name,
            )
            for port in self.engine.publishing.published(container)
        ]


def _view(snapshot: "Snapshot", kind: str, name: str, container_id: str, pid: int) -> NamespaceView:
    return NamespaceView(
        inode=snapshot.inode,
        kind=kind,
        name=name,
        container_id=container_id,
        pid=pid,
        shared_by=[],
        links=snapshot.links,
        addresses=snapshot.addresses,
        routes=snapshot.routes,
        neighbours=snapshot.neighbours,
        learned=snapshot.learned,
    )


def _place(container: Container) -> tuple[bool, float]:
    """Order containers by age, those that live in another's namespace behind the others."""
    record = container.record
    return record.host.network_mode.startswith("container:"), record.created


def _forwards() -> bool:
    try:
        with open(_FORWARDING, "rb") as file:
            return file.read(1) == b"1"
    except OSError:
        return False
