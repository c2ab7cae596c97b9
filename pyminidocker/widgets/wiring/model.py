"""What a topology knows: lab hosts with their namespaces, links, cables, rules and switches.

Everything comes from one document per engine (GET /minidocker/topology), which the engine reads
from the kernel at the moment of asking.  A cable is never guessed: its ends name each other by
interface index and namespace inode, as rtnetlink(7) does (IFLA_LINK, IFLA_LINK_NETNSID).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """A simulated wire to another lab host."""

    link: str
    address: str
    peer: str


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

    def cables(self) -> list[Cable]:
        """Return the cables whose two ends are both known."""
        found = []
        for container in self.containers:
            for inner in container.links:
                if inner.kind != "veth" or inner.peer_inode != self.lab.inode:
                    continue
                port = self.lab.link(inner.peer_index)
                if port is not None:
                    found.append(Cable(container, inner, port, self.lab.link(port.bridge)))
        return found

    def spare_ports(self, bridge: int) -> int:
        """Count ports whose other end waits in the namespace of a container to come."""
        known = {cable.port.index for cable in self.cables()}
        return sum(
            link.kind == "veth" and link.bridge == bridge and link.index not in known
            for link in self.lab.links
        )

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


def steady(name: str) -> str:
    """Return a link's name without what is random in it: ``veth3f2a…`` is ``veth…``."""
    return _RANDOM_NAME.sub(lambda match: f"{match[1]}…", name)


def _links(record: Mapping[str, Any]) -> tuple[Link, ...]:
    addresses: dict[int, list[str]] = {}
    for row in record.get("Addresses") or ():
        addresses.setdefault(row["LinkIndex"], []).append(f"{row['Ip']}/{row['Prefix']}")

    def ordered(found: list[str]) -> tuple[str, ...]:
        wanted = [ip for ip in found if not ip.startswith("fe80:")]  # every link has one of those
        return tuple(sorted(wanted, key=lambda ip: ":" in ip))

    return tuple(
        Link(
            index=row["Index"],
            name=row["Name"],
            kind=row.get("Kind") or "",
            mac=row.get("Mac") or "",
            mtu_bytes=row.get("Mtu") or 0,
            is_up=bool(row.get("Up", True)),
            has_carrier=bool(row.get("Carrier", True)),
            bridge=row.get("Bridge") or 0,
            port_state=row.get("PortState") or "",
            is_isolated=bool(row.get("Isolated")),
            peer_index=row.get("PeerIndex") or 0,
            peer_inode=row.get("PeerInode") or 0,
            vni=row.get("Vni") or 0,
            addresses=ordered(addresses.get(row["Index"], [])),
        )
        for row in record.get("Links") or ()
    )


def _namespace(record: Mapping[str, Any], name: str) -> Namespace:
    return Namespace(
        inode=record["Inode"],
        name=name,
        is_lab=record.get("Kind") == "lab",
        links=_links(record),
        routes=tuple(
            Route(
                r.get("Destination") or "default", r.get("Gateway") or "", r.get("LinkIndex") or 0
            )
            for r in record.get("Routes") or ()
        ),
        neighbours=tuple(
            (n.get("Ip") or "", n.get("Mac") or "", n.get("State") or "")
            for n in record.get("Neighbours") or ()
        ),
        learned=tuple(
            (n.get("Mac") or "", n.get("LinkIndex") or 0) for n in record.get("Learned") or ()
        ),
    )


def _name(record: Mapping[str, Any]) -> str:
    """Return a namespace's name: with ``--network container:NAME`` several containers share one."""
    return " + ".join([record.get("Name") or "?", *(record.get("SharedBy") or ())])


def _guests(lab: Mapping[str, Any]) -> tuple[Namespace, ...]:
    """Return the containers with network ``host``."""
    return tuple(
        Namespace(inode=-1 - n, name=name, is_lab=False, links=(), is_guest=True)
        for n, name in enumerate(lab.get("SharedBy") or ())
    )


def read_host(document: Mapping[str, Any]) -> Host:
    """Turn an engine's topology document into a Host.

    Raises:
        ValueError: the document has no lab host.
    """
    records = document["Namespaces"]
    lab = next((r for r in records if r.get("Kind") == "lab"), None)
    if lab is None:
        raise ValueError("the topology names no lab host")
    others = [record for record in records if record["Inode"] != lab["Inode"]]
    return Host(
        name=document.get("Engine") or "default",
        lab=_namespace(lab, lab.get("Name") or "lab host"),
        containers=(*(_namespace(record, _name(record)) for record in others), *_guests(lab)),
        networks=tuple(
            Network(
                n["Name"],
                n.get("Driver") or "",
                n.get("Bridge") or "",
                tuple(n.get("Subnets") or ()),
                bool(n.get("Internal")),
            )
            for n in document.get("Networks") or ()
        ),
        rules=tuple(
            Rule(
                r.get("Chain") or "",
                r.get("Text") or "",
                r.get("Comment") or "",
                r.get("Packets") or 0,
                r.get("Bytes") or 0,
                r.get("Handle") or 0,
                r.get("Hook") or "",
            )
            for r in document.get("Rules") or ()
        ),
        published=tuple(
            Published(
                p.get("Protocol") or "tcp",
                p.get("HostIp") or "",
                p["HostPort"],
                p.get("Ip") or "",
                p["Port"],
                p.get("Container") or "",
            )
            for p in document.get("Published") or ()
        ),
        switches=dict(document.get("Switches") or {}),
        wires=tuple(
            Wire(w["Link"], w.get("Address") or "", w.get("PeerName") or "")
            for w in document.get("Wires") or ()
        ),
    )
