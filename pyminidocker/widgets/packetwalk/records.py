"""Everything that is noted while a request is made, and the names of where packets were seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyminidocker.widgets.packetwalk.packets import Ends, Event
from pyminidocker.widgets.wiring.model import Host, Rule
from pyminidocker.widgets.wiring.words import bridge_name


@dataclass(frozen=True, slots=True)
class Flow:
    """An entry of the kernel's table of connections: as it was sent, and what answers look like."""

    protocol: str
    original: Ends
    reply: Ends

    @property
    def text(self) -> str:
        """The entry in a line."""
        sent, answered = " to ".join(self.original.texts), " to ".join(self.reply.texts)
        return f"{self.protocol} {sent}; answers {answered}"


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that was noted while the request was made.

    Args:
        hosts: the lab hosts before it.
        events: (engine, packet), in the order of time.
        before: rules by engine.
        after: the same, when the request was over.
        flows: the tables of connections, by engine, when it was over.
        asked: the ends of our own socket, for a request from the machine.
        from_ips: addresses of the container that asked; empty for the machine.
    """

    hosts: tuple[Host, ...]
    events: Sequence[tuple[str, Event]]
    before: Mapping[str, tuple[Rule, ...]]
    after: Mapping[str, tuple[Rule, ...]]
    flows: Mapping[str, tuple[Flow, ...]]
    asked: Ends | None = None
    from_ips: frozenset[str] = frozenset()


def places(hosts: tuple[Host, ...]) -> dict[tuple[str, int, str], str]:
    """Return what to call an interface, by (engine, namespace inode, link name)."""
    found: dict[tuple[str, int, str], str] = {}
    for host in hosts:
        lab = host.lab.inode
        for cable in host.cables():
            where = bridge_name(host, cable.bridge) if cable.bridge else "no bridge"
            name = cable.container.name
            found[host.name, cable.container.inode, cable.inner.name] = f"{name} {cable.inner.name}"
            found[host.name, lab, cable.port.name] = f"port of {name} on {where}"
        for bridge in host.bridges:
            found[host.name, lab, bridge.name] = f"bridge {bridge_name(host, bridge)}"
        for tunnel in host.tunnels:
            found[host.name, lab, tunnel.name] = f"tunnel VXLAN {tunnel.vni}"
        if host.uplink is not None:
            found[host.name, lab, host.uplink.name] = host.uplink.name
        for wire in host.wires:
            found[host.name, lab, wire.link] = f"wire {wire.link} to {wire.peer}"
    return found


def counted(before: Sequence[Rule], after: Sequence[Rule]) -> list[tuple[Rule, int]]:
    """Return the rules whose counters went up, and by how many packets."""
    old = {(rule.chain, rule.handle, rule.text): rule.packets for rule in before}
    grown = [
        (rule, rule.packets - old.get((rule.chain, rule.handle, rule.text), 0)) for rule in after
    ]
    return [(rule, more) for rule, more in grown if more > 0]
