"""What a selected element of the topology says about itself, and where one can read it."""

from typing import Any

from pyminidocker.widgets.wiring.model import Cable, Host, Link, Namespace
from pyminidocker.widgets.wiring.plan import (
    bridge_road,
    cable_road,
    key_of,
    tunnel_road,
    uplink_road,
    wire_road,
)
from pyminidocker.widgets.wiring.words import bridge_name

Facts = dict[str, Any]
MOST_RULES = 40


def _facts(title: str, what: str, rows: list[tuple[str, str]], source: str) -> Facts:
    return {
        "title": title,
        "what": what,
        "rows": [[name, value] for name, value in rows if value],
        "source": source,
    }


def _container(container: Namespace) -> Facts:
    if container.is_guest:
        what = (
            "It has no network namespace of its own: it sees, binds and uses the lab host's "
            "interfaces. The lab host is not the real machine."
        )
        return _facts(
            f"container {container.name}", what, [("network", "host")], "ls -l /proc/PID/ns/net"
        )
    names = {link.index: link.name for link in container.links}
    rows = [
        (
            link.name,
            ", ".join(
                [*(link.addresses or ("no address",)), link.mac, "" if link.is_up else "down"]
            ).strip(", "),
        )
        for link in container.links
    ]
    rows += [
        (
            "route",
            f"{r.destination} via {r.gateway}"
            if r.gateway
            else f"{r.destination} straight out of {names.get(r.link, '?')}",
        )
        for r in container.routes
        if ":" not in r.destination
    ]
    rows += [
        ("neighbour", f"{ip} is at {mac} ({state})" if mac else f"{ip}: {state}")
        for ip, mac, state in container.neighbours
        if ":" not in ip
    ]
    rows.append(("namespace", f"net:[{container.inode}]"))
    what = "A network namespace of its own: interfaces, addresses and routes that nobody else sees."
    return _facts(
        f"container {container.name}", what, rows, "ip addr, ip route and ip neigh inside"
    )


def _cable(host: Host, cable: Cable) -> Facts:
    bridge = bridge_name(host, cable.bridge) if cable.bridge else "nothing"
    learned = [mac for mac, port in host.lab.learned if port == cable.port.index]
    rows = [
        ("inner end", f"{cable.inner.name} (index {cable.inner.index}) in {cable.container.name}"),
        ("outer end", f"{cable.port.name} (index {cable.port.index}) in the lab host"),
        ("plugged into", bridge),
        ("port", cable.port.port_state + (", isolated" if cable.port.is_isolated else "")),
        ("learned here", ", ".join(learned)),
        ("MTU", f"{cable.port.mtu_bytes} bytes"),
        ("carrier", "yes" if cable.port.has_carrier and cable.inner.is_up else "no"),
    ]
    what = "A veth pair: what enters one end leaves the other. The bridge's end has no address."
    return _facts(
        f"cable {cable.inner.name} to {cable.port.name}", what, rows, "ip -d link, bridge link"
    )


def _bridge(host: Host, bridge: Link) -> Facts:
    ports = {link.index for link in host.lab.links if link.bridge == bridge.index}
    spare = sum(port.bridge == bridge.index for port in host.spare_ports())
    rows = [
        ("interface", bridge.name),
        ("addresses", ", ".join(bridge.addresses) or "none"),
        ("MAC", bridge.mac),
        ("ports", f"{len(ports)}" + (f", {spare} of them wait for containers" if spare else "")),
        ("learned MACs", str(sum(port in ports for _, port in host.lab.learned))),
        ("MTU", f"{bridge.mtu_bytes} bytes"),
        ("state", "up" if bridge.is_up else "down"),
    ]
    what = (
        "A switch made of software: it learns which MAC is behind which port, and floods what it "
        "does not know. Its own address makes the host a neighbour of the containers."
    )
    if host.is_internal(bridge.name):
        what += " This network is internal: the filter lets nothing in or out."
    return _facts(f"bridge {bridge_name(host, bridge)}", what, rows, "ip -d link, bridge fdb")


def _router(host: Host) -> Facts:
    rows = [(name, "on" if on else "off") for name, on in sorted(host.switches.items())]
    names = {link.index: link.name for link in host.lab.links}
    for r in host.lab.routes:
        if ":" not in r.destination:
            way = f"via {r.gateway}" if r.gateway else f"out of {names.get(r.link, '?')}"
            rows.append(("route", f"{r.destination} {way}"))
    rows += [
        (
            rule.chain,
            f"{rule.text}  ({rule.packets} packets)"
            + (f"  # {rule.comment}" if rule.comment and rule.comment not in rule.text else ""),
        )
        for rule in host.rules[:MOST_RULES]
    ]
    if len(host.rules) > MOST_RULES:
        rows.append(("and", f"{len(host.rules) - MOST_RULES} more rules"))
    what = (
        "The lab host's own network code: it forwards between its interfaces when ip_forward is "
        "on, and the packet filter decides what may pass and which addresses are rewritten."
    )
    return _facts("routing and NAT", what, rows, "ip route; minidocker network rules")


def _tunnel(host: Host, link: Link) -> Facts:
    plugged = host.lab.link(link.bridge)
    rows = [
        ("interface", link.name),
        ("network number", f"VNI {link.vni}"),
        ("plugged into", bridge_name(host, plugged) if plugged else "nothing"),
        ("MTU", f"{link.mtu_bytes} bytes"),
        ("state", "up" if link.is_up else "down"),
    ]
    what = (
        "A port that leads to another host: every frame is packed whole into a UDP packet to port "
        "4789 of the other host, and unpacked there."
    )
    return _facts(f"tunnel {link.name}", what, rows, "ip -d link show " + link.name)


def _uplink(host: Host, link: Link) -> Facts:
    rows = [
        ("addresses", ", ".join(link.addresses) or "none"),
        ("MAC", link.mac),
        ("MTU", f"{link.mtu_bytes} bytes"),
        ("next hop", host.lab.gateway),
    ]
    what = (
        "The lab host's own interface to the outside. What leaves by it carries the lab host's "
        "address: masquerade rewrites the container's."
    )
    return _facts(f"uplink {link.name}", what, rows, "ip addr; ip route")


def element_facts(hosts: tuple[Host, ...]) -> dict[str, Facts]:
    """Return what each element says, by the key it is selected with."""
    found: dict[str, Facts] = {}
    for host in hosts:
        for container in host.containers:
            found[key_of(host, "container", container.name)] = _container(container)
        for cable in host.cables():
            found[cable_road(host, cable)] = _cable(host, cable)
        for bridge in host.bridges:
            found[bridge_road(host, bridge)] = _bridge(host, bridge)
            on_it = [c for c in host.cables() if c.bridge is bridge]
            found[key_of(host, "more", bridge_name(host, bridge))] = _facts(
                f"all containers on {bridge_name(host, bridge)}",
                "Too many to draw one by one.",
                [(c.container.name, c.inner.ip) for c in on_it],
                "minidocker network inspect",
            )
        for tunnel in host.tunnels:
            found[tunnel_road(host.name, tunnel.name)] = _tunnel(host, tunnel)
        found[key_of(host, "router", "NAT")] = _router(host)
        found[key_of(host, "outside", "out")] = _facts(
            "outside: the host agent",
            "A namespace that stands for the outside. What arrives there is handed to a process on "
            "the real machine, which opens a connection of its own: TCP and DNS only. So no "
            "privilege is needed. Everything else is answered as unreachable.",
            [("reached by", host.uplink.name if host.uplink else "")],
            "minidocker network topology",
        )
        if host.uplink is not None:
            found[uplink_road(host.name, host.uplink.name)] = _uplink(host, host.uplink)
        for wire in host.wires:
            link = host.lab.named(wire.link)
            rows = [("interface", wire.link), ("address", wire.address), ("leads to", wire.peer)]
            if link is not None:
                rows.append(("MTU", f"{link.mtu_bytes} bytes"))
            what = "A simulated cable to another lab host; a relay copies the frames between them."
            facts = _facts(f"wire to {wire.peer}", what, rows, "minidocker wire ls")
            found[wire_road(host.name, wire.link)] = facts
    return found
