"""The lab's network as a tree of text: for the command line, and for a cell.

See: ``GET /minidocker/topology``; docs/decisions/0011.
"""

from __future__ import annotations

from pyminidocker.client.ports_text import at_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]
    Row = list[str]

_GAP = 3  # columns between a cell and the next


class Picture:
    """The document, with its parts found by what they belong to."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.lab: Json = document["Namespaces"][0]
        self.spaces = {one["Inode"]: one for one in document["Namespaces"]}
        self.networks = {one["Bridge"]: one for one in document["Networks"] if one["Bridge"]}
        self.wires = {one["Link"]: one["PeerName"] for one in document["Wires"]}
        self.ways_out = {
            one["LinkIndex"] for one in self.lab["Routes"] if one["Destination"] == "default"
        }

    def addresses(self, space: Json, index: int) -> str:
        """Return a link's addresses, IPv4 first; those every IPv6 link has by itself are left out.

        A link without any gives a dash.
        """
        found = [
            f"{one['Ip']}/{one['Prefix']}"
            for one in space["Addresses"]
            if one["LinkIndex"] == index and not one["Ip"].startswith("fe80:")
        ]
        return " ".join(sorted(found, key=lambda text: ":" in text)) or "-"

    def far_end(self, space: Json, link: Json) -> tuple[Json | None, Json | None]:
        """Return (namespace, link) of a cable's other end; (None, None) when it is unknown."""
        other = self.spaces.get(link["PeerInode"])
        if other is None:
            return None, None
        for candidate in other["Links"]:
            is_itself = other is space and candidate["Index"] == link["Index"]
            if candidate["Index"] == link["PeerIndex"] and not is_itself:
                return other, candidate
        return other, None


def link_names(picture: Json) -> dict[tuple[int, int], str]:
    """Return (namespace, link index) -> name, with the container behind it in brackets."""
    owners = {one["Inode"]: one["Name"] for one in picture["Namespaces"] if one["Kind"] != "lab"}
    names = {}
    for namespace in picture["Namespaces"]:
        for link in namespace["Links"]:
            owner = owners.get(link["PeerInode"], "") if namespace["Kind"] == "lab" else ""
            names[namespace["Inode"], link["Index"]] = (
                f"{link['Name']}({owner})" if owner else link["Name"]
            )
    return names


def lines(document: Json) -> list[str]:
    """Return the whole picture as lines of text."""
    picture = Picture(document)
    lab = picture.lab
    text = [f"lab {document['Engine']} (network namespace {lab['Inode']})"]
    if lab["SharedBy"]:
        text[0] += f", also of {', '.join(lab['SharedBy'])}"
    text += _aligned(_lab_rows(picture))
    loose = [one for one in document["Namespaces"][1:] if not _is_wired(picture, one)]
    for space in loose:
        text.append(f"{_who(space)} (network namespace {space['Inode']}), not wired to the lab")
        rows = [["  " + link["Name"], "", picture.addresses(space, link["Index"]), _state(link)]
                for link in space["Links"]]  # fmt: skip
        text += _aligned(rows)
    text += _section("routes of the lab", _routes(lab))
    text += _section("published ports", _published(document))
    text += _section("wires", [[one["Link"], one["Address"], f"to {one['PeerName']}"]
                               for one in document["Wires"]])  # fmt: skip
    switches = [f"{name} {'on' if on else 'OFF'}" for name, on in document["Switches"].items()]
    text.append(f"switches: {', '.join(switches)}")
    count = len(document["Rules"])
    text.append(f"packet filter: {count} rules (see them with: minidocker network rules)")
    return [line.rstrip() for line in text]


def _section(title: str, rows: list[Row]) -> list[str]:
    if not rows:
        return []
    return [f"{title}:", *_aligned([["  " + row[0], *row[1:]] for row in rows])]


def _who(space: Json) -> str:
    names = [space["Name"], *space["SharedBy"]]
    return ("container " if len(names) == 1 else "containers ") + ", ".join(names)


def _is_wired(picture: Picture, space: Json) -> bool:
    inode = picture.lab["Inode"]
    return any(link["PeerInode"] == inode for link in space["Links"])


def _state(link: Json) -> str:
    """Return what is out of the ordinary about a link."""
    words = []
    if not link["Up"]:
        words.append("switched off")
    elif not link["Carrier"]:
        words.append("no carrier")
    if link["PortState"] not in ("", "forwarding"):
        words.append(link["PortState"])
    if link["Isolated"]:
        words.append("isolated")
    if link["Mtu"] != 1500 and link["Kind"] != "loopback":
        words.append(f"mtu {link['Mtu']}")
    return ", ".join(words)


def _lab_rows(picture: Picture) -> list[Row]:
    """Return the lab's links, each bridge followed by what is plugged into it."""
    lab = picture.lab
    tops = [link for link in lab["Links"] if not link["Bridge"] and not link["Spare"]]
    rows = []
    for place, link in enumerate(tops):
        is_last = place == len(tops) - 1
        rows.append(_row(picture, link, "└─ " if is_last else "├─ "))
        ports = [one for one in lab["Links"] if one["Bridge"] == link["Index"]]
        used = [one for one in ports if not one["Spare"]]
        spare = len(ports) - len(used)
        stem = "   " if is_last else "│  "
        for number, port in enumerate(used):
            ends = number == len(used) - 1 and not spare
            rows.append(_row(picture, port, stem + ("└─ " if ends else "├─ ")))
        if spare:
            cables = "cable" if spare == 1 else "cables"
            ready = f"{spare} {cables} ready for the next containers"
            rows.append([f"{stem}└─ (spare)", ready, "", ""])
    return rows


def _row(picture: Picture, link: Json, stem: str) -> Row:
    """Return a link's row: name, what it is, addresses, what is out of the ordinary."""
    lab = picture.lab
    what, addresses = link["Kind"], picture.addresses(lab, link["Index"])
    network = picture.networks.get(link["Name"])
    if network is not None:
        what = f"bridge of network {network['Name']}"
        if network["Internal"]:
            what += " (internal)"
    elif link["Kind"] == "vxlan":
        what = f"vxlan {link['Vni']}" + (f" to {link['Remote']}" if link["Remote"] else "")
    elif link["Kind"] == "veth":
        space, far = picture.far_end(lab, link)
        if space is not None and far is not None:
            owner = _who(space).partition(" ")[2] if space is not lab else "the lab"
            what = f"cable to {far['Name']} of {owner}"
            if space is not lab:
                addresses = picture.addresses(space, far["Index"])
        elif link["Index"] in picture.ways_out:
            what = "the way out, served by the host agent"
        else:
            what = "cable to a namespace that is not the engine's"
        if link["Name"] in picture.wires:
            what = f"wire to {picture.wires[link['Name']]}"
    return [stem + link["Name"], what, addresses, _state(link)]


def _routes(space: Json) -> list[Row]:
    names = {link["Index"]: link["Name"] for link in space["Links"]}
    return [
        [
            one["Destination"] + (" (IPv6)" if one["Version"] == 6 and _is_bare(one) else ""),
            f"via {one['Gateway']}" if one["Gateway"] else "directly",
            f"by {names.get(one['LinkIndex'], '?')}",
        ]
        for one in space["Routes"]
        if not one["Destination"].startswith("fe80:")
    ]


def _is_bare(route: Json) -> bool:
    return bool(route["Destination"] == "default")


def _published(document: Json) -> list[Row]:
    return [
        [
            f"{at_port(one['HostIp'], one['HostPort'])}/{one['Protocol']}",
            f"leads to {one['Container']}",
            at_port(one["Ip"], one["Port"]),
        ]
        for one in document["Published"]
    ]


def _aligned(rows: list[Row]) -> list[str]:
    """Return rows of as many cells each as lines with aligned columns."""
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) + _GAP for index in range(len(rows[0]))]
    return ["".join(map(str.ljust, row, widths)).rstrip() for row in rows]
