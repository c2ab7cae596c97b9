"""Packets as they were seen: which road, which way, what kind, and what belongs together.

One packet is seen several times: when it enters a port, when it leaves by another, when it reaches
the host's own stack.  Each sight travels one road.  Sights of one conversation are played one after
the other, because the kernel needs microseconds for what an eye needs a second for; copies of one
frame that leave by several ports at once (a flood) are one burst and travel together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyminidocker.widgets.wiring.model import Host
from pyminidocker.widgets.wiring.plan import tracks
from pyminidocker.widgets.wiring.words import bridge_name

KINDS = ("arp", "icmp", "dns", "tcp", "udp", "vxlan", "other")
BURST_S = 0.005
_QUIET = ("router solicitation", "multicast listener report", "multicast listener query")
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Sight:
    """A packet on one road.

    Args:
        number: counted from 1.
        time_s: seconds since the epoch, by the capturing kernel.
        road: its key; "" when the picture has no such road.
        along: it travels from the road's first point to its last.
        kind: one of ``KINDS``.
        label: a few letters to travel with it.
        where: the interface, for people: ``web eth0 to docker0``.
        summary: the packet in a line.
        flow: what conversation it belongs to.
        burst: equal for the copies of one flooded frame.
    """

    number: int
    time_s: float
    road: str
    along: bool
    kind: str
    label: str
    where: str
    summary: str
    flow: str
    burst: int

    def record(self) -> list[Any]:
        """Return what the page needs, as a short list."""
        return [
            self.number,
            round(self.time_s, 6),
            self.road,
            int(self.along),
            self.kind,
            self.label,
            self.where,
            self.summary,
            self.flow,
            self.burst,
        ]


def kind_of(event: Mapping[str, Any]) -> str:
    """Return which of ``KINDS`` a captured packet is."""
    if event.get("Arp"):
        return "arp"
    for name in ("Vxlan", "Dns", "Tcp", "Udp", "Icmp"):
        if event.get(name):
            return name.lower()
    return "other"


def _arp_label(arp: Mapping[str, Any]) -> str:
    last = str(arp["TargetIp" if arp["Operation"] == "request" else "SenderIp"]).rpartition(".")[2]
    return f"who has .{last}?" if arp["Operation"] == "request" else f".{last} is here"


def label_of(event: Mapping[str, Any]) -> str:
    """Return a few letters that tell a packet from others of its kind."""
    if arp := event.get("Arp"):
        return _arp_label(arp)
    if vxlan := event.get("Vxlan"):
        inner = event.get("Inner")
        return f"VXLAN {vxlan['Vni']}" + (f" [{label_of(inner)}]" if inner else "")
    if dns := event.get("Dns"):
        name = str(dns.get("Question", ""))
        if not dns.get("IsResponse"):
            return f"{name}?"
        answers = dns.get("Answers") or [dns.get("Rcode") or "nothing"]
        return str(answers[0])
    if tcp := event.get("Tcp"):
        flags = [flag for flag in tcp["Flags"] if flag != "PSH"]
        size = tcp.get("PayloadLength") or 0
        return f"{size} bytes" if size and flags == ["ACK"] else " ".join(flags) or "TCP"
    if icmp := event.get("Icmp"):
        name = str(icmp.get("Name") or "ICMP")
        return {"echo request": "ping", "echo reply": "pong"}.get(name, name)
    if udp := event.get("Udp"):
        return f"UDP {udp.get('PayloadLength', 0)} bytes"
    return str(event.get("Type") or "frame")


def flow_of(event: Mapping[str, Any]) -> str:
    """Return what conversation a packet belongs to: the same for both directions.

    Ports and identifiers survive a rewritten address, so they are what a flow is known by.
    """
    if arp := event.get("Arp"):
        return "arp " + " ".join(sorted((arp["SenderIp"], arp["TargetIp"])))
    if inner := event.get("Inner"):
        return flow_of(inner)
    for name in ("Tcp", "Udp"):
        if ports := event.get(name):
            ends = sorted((ports["SourcePort"], ports["DestinationPort"]))
            return f"{name.lower()} {ends[0]} {ends[1]}"
    ip = event.get("Ip") or {}
    if (icmp := event.get("Icmp")) and icmp.get("Id"):
        return f"icmp {icmp['Id']}"
    ends = sorted((str(ip.get("Source")), str(ip.get("Destination"))))
    return f"{kind_of(event)} {ends[0]} {ends[1]}"


def is_housekeeping(event: Mapping[str, Any]) -> bool:
    """Tell whether it is what every IPv6 interface says by itself, asked or not."""
    icmp, ip = event.get("Icmp"), event.get("Ip") or {}
    if not icmp or ip.get("Version") != 6:
        return False
    name = icmp.get("Name") or ""
    source = str(ip.get("Source"))
    return name in _QUIET or (name.startswith("neighbour") and source.startswith(("::", "fe80:")))


class Watcher:
    """Turns captured packets into sights on the roads of a picture.

    Attributes:
        seen: packets looked at.
        lost: packets the engine reports as not shown.
        spare: sights on ports that wait for containers to come: they are flooded like the others.
        elsewhere: sights on interfaces the picture does not have (loopback, say).
    """

    def __init__(self) -> None:
        self.seen = self.lost = self.spare = self.elsewhere = 0
        self._waiting: set[tuple[str, int, str]] = set()
        self._tracks: dict[tuple[str, int, str], tuple[str, bool]] = {}
        self._names: dict[str, tuple[str, str, str]] = {}
        self._bursts: dict[tuple[str, str, bool], tuple[float, int]] = {}
        self._burst = 0

    def look_at(self, hosts: tuple[Host, ...]) -> None:
        """Learn the roads of (a new state of) the lab hosts."""
        self._tracks = tracks(hosts)
        self._waiting = {
            (host.name, host.lab.inode, port.name) for host in hosts for port in host.spare_ports()
        }
        names: dict[str, tuple[str, str, str]] = {}
        for host in hosts:
            mark = f"{host.name}: " if len(hosts) > 1 else ""
            for cable in host.cables():
                road, _ = self._tracks[host.name, host.lab.inode, cable.port.name]
                plugged = bridge_name(host, cable.bridge) if cable.bridge else "nothing"
                names[road] = (mark, f"{cable.container.name} {cable.inner.name}", plugged)
            for bridge in host.bridges:
                road, _ = self._tracks[host.name, host.lab.inode, bridge.name]
                names[road] = (mark, f"bridge {bridge_name(host, bridge)}", "routing")
            for tunnel in host.tunnels:
                road, _ = self._tracks[host.name, host.lab.inode, tunnel.name]
                names[road] = (mark, "bridge", f"tunnel VXLAN {tunnel.vni}")
            if host.uplink is not None:
                road, _ = self._tracks[host.name, host.lab.inode, host.uplink.name]
                names[road] = (mark, "routing", host.uplink.name)
            for wire in host.wires:
                road, _ = self._tracks[host.name, host.lab.inode, wire.link]
                names[road] = (mark, "routing", f"wire {wire.link}")
        self._names = names

    def take(self, host: str, event: Mapping[str, Any]) -> Sight | None:
        """Return the sight of a captured packet.

        Args:
            host: the engine that captured it.
            event: as from GET /minidocker/capture.

        Returns:
            None for a report of losses, for housekeeping, and for interfaces without a road.
        """
        if "Dropped" in event:
            self.lost += event["Dropped"]
            return None
        if is_housekeeping(event):
            return None
        self.seen += 1
        place = (host, event.get("Namespace") or 0, event.get("Link") or "")
        road, along_in = self._tracks.get(place, ("", True))
        if not road:
            self.spare += place in self._waiting
            self.elsewhere += place not in self._waiting
            return None
        along = along_in == (event.get("Direction") == "in")
        mark, start, end = self._names[road]
        kind, label = kind_of(event), label_of(event)
        flow = flow_of(event)
        is_away = along != ("/cable/" in road)  # out of the bridge: one of possibly many copies
        time_s = float(event.get("Time") or 0)
        return Sight(
            number=self.seen,
            time_s=time_s,
            road=road,
            along=along,
            kind=kind,
            label=label,
            where=mark + (f"{start} to {end}" if along else f"{end} to {start}"),
            summary=str(event.get("Summary") or label),
            flow=flow,
            burst=self._burst_of(flow, label, time_s, is_copy=is_away),
        )

    def _burst_of(self, flow: str, label: str, time_s: float, *, is_copy: bool) -> int:
        """Number a sight; copies that leave a bridge within moments share a number."""
        key = (flow, label, is_copy)
        at, number = self._bursts.get(key, (0.0, 0))
        if is_copy and number == self._burst and abs(time_s - at) < BURST_S:
            return number
        self._burst += 1
        if len(self._bursts) > _REMEMBERED:
            self._bursts.clear()
        self._bursts[key] = (time_s, self._burst)
        return self._burst


def packet_table(sights: Iterable[Sight]) -> str:
    """Return sights as text, one line each, with times since the first."""
    listed = list(sights)
    if not listed:
        return "no packet seen yet"
    start = listed[0].time_s
    return "\n".join(
        f"{(s.time_s - start) * 1000:9.3f} ms  {s.where:<34}  {s.summary}" for s in listed
    )
