"""From an engine's topology document (GET /minidocker/topology) to the model."""

from collections.abc import Mapping
from typing import Any

from pyminidocker.widgets.wiring.model import (
    Host,
    Link,
    Namespace,
    Network,
    Published,
    Route,
    Rule,
    Wire,
)


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
