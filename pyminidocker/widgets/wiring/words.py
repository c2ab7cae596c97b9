"""What a topology says in words: a title, a description for screen readers, a text twin."""

from pyminidocker.widgets.tables import text_table
from pyminidocker.widgets.wiring.model import Cable, Host, Link, steady


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 bridge`` or ``2 bridges``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def title(hosts: tuple[Host, ...]) -> str:
    """Return the picture's name."""
    names = " and ".join(host.name for host in hosts)
    return f"Topology of lab host{'s' if len(hosts) > 1 else ''} {names}"


def _sentence(host: Host) -> str:
    parts = [
        counted(len(host.containers), "container"),
        counted(len(host.bridges), "bridge"),
        counted(len(host.cables()), "cable"),
    ]
    if host.published:
        parts.append(counted(len(host.published), "published port"))
    if host.wires:
        parts.append("a wire to " + " and ".join(wire.peer for wire in host.wires))
    off = [name for name, on in sorted(host.switches.items()) if not on]
    return f"{host.name}: {', '.join(parts)}" + (f"; {' and '.join(off)} off" if off else "")


def describe(hosts: tuple[Host, ...]) -> str:
    """Say in words what the picture shows."""
    parts = [_sentence(host) for host in hosts]
    for host in hosts:
        for bridge in host.bridges:
            on_it = [c for c in host.cables() if c.bridge is bridge]
            names = ", ".join(f"{c.container.name} {c.inner.ip}".strip() for c in on_it[:12])
            more = f" and {len(on_it) - 12} more" if len(on_it) > 12 else ""
            if on_it:
                parts.append(f"on {bridge_name(host, bridge)}: {names}{more}")
    return ". ".join(parts) + "."


def bridge_name(host: Host, bridge: Link) -> str:
    """Return what to call a bridge on every run: its network's name, or docker0."""
    network = host.network_of(bridge.name)
    return bridge.name if network in (bridge.name, "bridge") else network


def _row(host: Host, cable: Cable) -> list[str]:
    bridge = bridge_name(host, cable.bridge) if cable.bridge else "(unplugged)"
    state = "up" if cable.inner.is_up and cable.port.has_carrier else "no carrier"
    if cable.port.is_isolated:
        state += ", isolated"
    return [
        cable.container.name,
        cable.inner.name,
        cable.inner.addresses[0] if cable.inner.addresses else "none",
        cable.container.gateway or "none",
        f"{steady(cable.port.name)} on {bridge}",
        state,
    ]


def topology_table(hosts: tuple[Host, ...]) -> str:
    """Return the text twin: the same content as the picture, the same on every run."""
    parts = []
    for host in hosts:
        rows = [_row(host, cable) for cable in host.cables()]
        wired = {cable.container.inode for cable in host.cables()}
        rows += [
            [c.name, "(lab host's)" if c.is_guest else "(no cable)", "", "", "", ""]
            for c in host.containers
            if c.inode not in wired
        ]
        head = ["container", "interface", "address", "default via", "cable to port", "state"]
        parts.append(f"lab host {host.name}")
        if rows:
            parts.append(text_table(head, sorted(rows)))
        parts.append("\n".join(_facts(host)))
    return "\n\n".join(parts)


def _facts(host: Host) -> list[str]:
    lines = []
    for bridge in host.bridges:
        internal = ", internal: no way out" if host.is_internal(bridge.name) else ""
        where = ", ".join(bridge.addresses) or "no address"
        lines.append(f"bridge {bridge_name(host, bridge)}: {where}{internal}")
    for tunnel in host.tunnels:
        plugged = host.lab.link(tunnel.bridge)
        where = f" on {bridge_name(host, plugged)}" if plugged else ""
        lines.append(f"tunnel VXLAN {tunnel.vni}{where}")
    lines += [
        f"published {p.outer}/{p.protocol} -> {p.container or p.ip}:{p.port}"
        for p in host.published
    ]
    if host.uplink is not None:
        lines.append(f"uplink {host.uplink.name}: {', '.join(host.uplink.addresses)}")
    lines += [f"wire {w.link} {w.address} to {w.peer}" for w in host.wires]
    lines += [f"{name}: {'on' if on else 'off'}" for name, on in sorted(host.switches.items())]
    return lines


def _elements(host: Host) -> dict[str, str]:
    """Return what can come and go, in words, by identity."""
    found = {f"c{c.inode}": f"container {c.name}" for c in host.containers}
    for cable in host.cables():
        bridge = bridge_name(host, cable.bridge) if cable.bridge else "nothing"
        found[f"v{cable.container.inode} {cable.inner.index} {bridge}"] = (
            f"cable from {cable.container.name} {cable.inner.name} to {bridge}"
        )
    found |= {f"b{b.index}": f"bridge {bridge_name(host, b)}" for b in host.bridges}
    found |= {f"t{t.index}": f"tunnel VXLAN {t.vni}" for t in host.tunnels}
    found |= {f"w{w.link}": f"wire to {w.peer}" for w in host.wires}
    found |= {f"p{p}": f"published port {p.outer}" for p in host.published}
    return found


def changes(before: tuple[Host, ...], after: tuple[Host, ...]) -> str:
    """Say what came, what went and what was switched; "" when only numbers changed."""
    said = []
    for old, new in zip(before, after, strict=True):
        was, now = _elements(old), _elements(new)
        came = [now[key] for key in now if key not in was]
        went = [was[key] for key in was if key not in now]
        switched = [
            f"{name} is {'on' if on else 'OFF'}"
            for name, on in sorted(new.switches.items())
            if old.switches.get(name) != on
        ]
        for verb, what in (("New", came), ("Gone", went), ("Switched", switched)):
            if what:
                more = f" and {len(what) - 4} more" if len(what) > 4 else ""
                said.append(f"{verb}: {', '.join(what[:4])}{more}.")
    return " ".join(said)
