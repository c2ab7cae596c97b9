"""Which captured packets belong to one request, and which of them are the first and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a packet comes from and goes to, as it says itself at one point."""

    source: str
    source_port: int
    destination: str
    destination_port: int

    @property
    def mirrored(self) -> "Ends":
        """What an answer would say."""
        return Ends(self.destination, self.destination_port, self.source, self.source_port)

    @property
    def texts(self) -> tuple[str, str]:
        """Return source and destination with their ports, if there are any."""
        return _joined(self.source, self.source_port), _joined(
            self.destination, self.destination_port
        )


def _joined(ip: str, port: int) -> str:
    if not port:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def innermost(event: Event) -> Event:
    """Return the frame inside a VXLAN packet, or the packet itself."""
    inner = event.get("Inner")
    return innermost(inner) if inner else event


def ends_of(event: Event) -> Ends | None:
    """Return the ends of the innermost packet; None when it has no internet header."""
    packet = innermost(event)
    ip = packet.get("Ip")
    if not ip:
        return None
    ports = packet.get("Tcp") or packet.get("Udp") or {}
    return Ends(
        ip["Source"],
        ports.get("SourcePort", 0),
        ip["Destination"],
        ports.get("DestinationPort", 0),
    )


def mark_of(event: Event) -> tuple[Any, ...]:
    """Return what stays the same in a packet wherever it is seen, addresses rewritten or not."""
    packet = innermost(event)
    if tcp := packet.get("Tcp"):
        return (
            "tcp",
            tuple(tcp["Flags"]),
            tcp.get("Sequence"),
            tcp.get("Acknowledgement"),
            tcp.get("PayloadLength"),
        )
    if icmp := packet.get("Icmp"):
        return ("icmp", icmp.get("Name"), icmp.get("Sequence"))
    if udp := packet.get("Udp"):
        return ("udp", udp.get("PayloadLength"), packet.get("Summary", "").partition(": ")[2])
    return ("other", packet.get("Summary"))


def is_request(event: Event, how: str) -> bool:
    """Tell whether a packet opens a conversation: a SYN, or an echo request."""
    packet = innermost(event)
    if how == "ping":
        return (packet.get("Icmp") or {}).get("Name") == "echo request"
    return (packet.get("Tcp") or {}).get("Flags") == ["SYN"]


def is_answer(event: Event, how: str) -> bool:
    """Tell whether a packet answers one: SYN ACK or RST, an echo reply."""
    packet = innermost(event)
    if how == "ping":
        return (packet.get("Icmp") or {}).get("Name") == "echo reply"
    flags = set((packet.get("Tcp") or {}).get("Flags") or ())
    return flags in ({"SYN", "ACK"}, {"RST", "ACK"}, {"RST"})


def complaint_about(event: Event, mark: Ends) -> str:
    """Return the ICMP error that a packet with these ends got, in words; "" when it is none."""
    icmp = innermost(event).get("Icmp") or {}
    quoted = icmp.get("Quoted")
    ends = ends_of(quoted) if quoted else None
    return str(icmp.get("Name")) if ends == mark else ""
