"""What a topology knows: lab hosts with their namespaces, links, cables, rules and switches.

Everything comes from one document per engine (GET /minidocker/topology), which the engine reads
from the kernel at the moment of asking.  A cable is never guessed: its ends name each other by
interface index and namespace inode, as rtnetlink(7) does (IFLA_LINK, IFLA_LINK_NETNSID).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_RANDOM_NAME = re.compile(r"^(veth|br-)[0-9a-f]{6,}$")


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface.

    Args:
        index: unique in its namespace.
        name: ``eth0``, ``docker0`` ...
        kind: ``veth``, ``bridge``, ``vxlan``, ``loopback`` or another of the kernel's.
        mac: Ethernet address.
        mtu_bytes: longest packet.
        is_up: switched on.
        has_carrier: something is plugged in at the other end.
        bridge: index of the bridge it is a port of, 0 when none.
        port_state: what the bridge does with it.
        is_isolated: a port that may not talk to other isolated ports.
        peer_index: of a veth, the other end's index.
        peer_inode: of a veth, the namespace of the other end.
        vni: of a vxlan device.
        addresses: ``172.17.0.2/16`` ..., IPv4 first.
    """

    index: int
    name: str
    kind: str
    mac: str = ""
    mtu_bytes: int = 1500
    is_up: bool = True
    has_carrier: bool = True
    bridge: int = 0
    port_state: str = ""
    is_isolated: bool = False
    peer_index: int = 0
    peer_inode: int = 0
    vni: int = 0
    addresses: tuple[str, ...] = ()

    @property
    def ip(self) -> str:
        """Its first address without the prefix, "" when it has none."""
        return self.addresses[0].partition("/")[0] if self.addresses else ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to ``destination`` (CIDR or ``default``) go."""

    destination: str
    gateway: str
    link: int


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace: the lab host's own, or a container's.

    Args:
        inode: its number.
        name: the lab's or the container's name; containers that share it are joined by "+".
        is_lab: it is the lab host.
        links: by index.
        routes: as the kernel lists them.
        neighbours: (address, MAC, state) it knows.
        learned: (MAC, port index) its bridges have learned.
        is_guest: no namespace of its own: a container that lives in the lab host's.
    """

    inode: int
    name: str
    is_lab: bool
    links: tuple[Link, ...]
    routes: tuple[Route, ...] = ()
    neighbours: tuple[tuple[str, str, str], ...] = ()
    learned: tuple[tuple[str, int], ...] = ()
    is_guest: bool = False

    def link(self, index: int) -> Link | None:
        """Return the link with that index, None when there is none."""
        return next((link for link in self.links if link.index == index), None)

    def named(self, name: str) -> Link | None:
        """Return the link of that name, None when there is none."""
        return next((link for link in self.links if link.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the containers that share it, the one it was made for first."""
        return tuple(self.name.split(" + "))

    @property
    def gateway(self) -> str:
        """The next hop of its default route, "" when it has none."""
        routes = [r for r in self.routes if r.destination in ("default", "0.0.0.0/0")]
        return routes[0].gateway if routes else ""


@dataclass(frozen=True, slots=True)
class Cable:
    """A veth pair between a container and a bridge.

    Args:
        container: the namespace at one end.
        inner: the end inside it.
        port: the end in the lab host.
        bridge: what the port is plugged into; None when it is plugged into nothing.
    """

    container: Namespace
    inner: Link
    port: Link
    bridge: Link | None


@dataclass(frozen=True, slots=True)
class Published:
    """A published port: the machine's, and the container's behind it."""

    protocol: str
    host_ip: str
    host_port: int
    ip: str
    port: int
    container: str

    @property
    def outer(self) -> str:
        """``8080`` or, when it is not for everybody, ``127.0.0.1:8080``."""
        everybody = self.host_ip in ("", "0.0.0.0", "::")  # noqa: S104 - nothing is bound
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        return str(self.host_port) if everybody else f"{host}:{self.host_port}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the packet filter with its counter."""

    chain: str
    text: str
    comment: str
    packets: int
    size_bytes: int
    handle: int = 0
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """A simulated wire to another lab host, or to several."""

    link: str
    address: str
    peer: str

    @property
    def peers(self) -> tuple[str, ...]:
        """The names of the hosts at its other ends."""
        return tuple(name.strip() for name in self.peer.split(","))


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the engine: what people call a bridge."""

    name: str
    driver: str
    bridge: str
    subnets: tuple[str, ...]
    is_internal: bool


@dataclass(frozen=True, slots=True)
class Host:
    """One engine's lab host and everything in it.

    Args:
        name: the engine's.
        lab: its own namespace.
        containers: the others, in the order of the engine.
        networks: as the engine lists them.
        rules: of the packet filter.
        published: ports.
        switches: ``ip_forward``, ``masquerade``: on or off.
        wires: to other lab hosts.
    """

    name: str
    lab: Namespace
    containers: tuple[Namespace, ...]
    networks: tuple[Network, ...] = ()
    rules: tuple[Rule, ...] = ()
    published: tuple[Published, ...] = ()
    switches: Mapping[str, bool] = field(default_factory=dict)
    wires: tuple[Wire, ...] = ()
    wired: tuple[Cable, ...] = field(init=False, compare=False, repr=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "wired", tuple(_match(self.lab, self.containers)))

    @property
    def bridges(self) -> tuple[Link, ...]:
        """The bridges, the default one first, then by the name people know."""
        found = [link for link in self.lab.links if link.kind == "bridge"]
        return tuple(sorted(found, key=lambda b: (b.name != "docker0", self.network_of(b.name))))

    @property
    def tunnels(self) -> tuple[Link, ...]:
        """The vxlan devices."""
        return tuple(link for link in self.lab.links if link.kind == "vxlan")

    def network_of(self, bridge: str) -> str:
        """Return the name of the network whose bridge that is; the link's own name otherwise."""
        return next((n.name for n in self.networks if n.bridge == bridge), bridge)

    def is_internal(self, bridge: str) -> bool:
        """Tell whether that bridge's network has no way out."""
        return any(n.is_internal for n in self.networks if n.bridge == bridge)

    def cables(self) -> tuple[Cable, ...]:
        """Return the cables whose two ends are both known."""
        return self.wired

    def spare_ports(self) -> list[Link]:
        """Return the ports whose other end waits in the namespace of a container to come."""
        known = {cable.port.index for cable in self.cables()}
        return [
            link
            for link in self.lab.links
            if link.kind == "veth" and link.bridge and link.index not in known
        ]

    @property
    def uplink(self) -> Link | None:
        """The interface by which the lab host's default route leaves; None when it has none."""
        wired = {wire.link for wire in self.wires}
        for route in self.lab.routes:
            link = self.lab.link(route.link)
            if route.destination in ("default", "0.0.0.0/0") and link and link.name not in wired:
                return link
        return None

    def is_on(self, switch: str) -> bool | None:
        """Return the state of a switch, None when the kernel did not say."""
        return self.switches.get(switch)


def _match(lab: Namespace, containers: tuple[Namespace, ...]) -> Iterator[Cable]:
    """Put the ends of cables together."""
    links = {link.index: link for link in lab.links}
    for container in containers:
        for inner in container.links:
            port = links.get(inner.peer_index)
            if inner.kind == "veth" and inner.peer_inode == lab.inode and port is not None:
                yield Cable(container, inner, port, links.get(port.bridge))


def steady(name: str) -> str:
    """Return a link's name without what is random in it: ``veth3f2a…`` is ``veth…``."""
    return _RANDOM_NAME.sub(lambda match: f"{match[1]}…", name)
