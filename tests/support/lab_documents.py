"""Topology documents and captured packets as an engine would send them, built by hand."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
LAB = 4026532000


class Lab:
    """A lab host under construction.

    Args:
        name: the engine's.
        inode: of the lab's namespace; containers get the numbers after it.
    """

    def __init__(self, name: str = "default", inode: int = LAB) -> None:
        self.name, self.inode = name, inode
        self.links: list[Json] = [_link(1, "lo", "loopback")]
        self.addresses: list[Json] = []
        self.containers: list[Json] = []
        self.networks: list[Json] = []
        self.wires: list[Json] = []
        self.published: list[Json] = []
        self.rules: list[Json] = []
        self.guests: list[str] = []
        self.switches = {"ip_forward": True, "masquerade": True}
        uplink = self._add("uplink", "veth")
        self._address(uplink, "192.0.0.2", 29)

    def _add(self, name: str, kind: str, **more: Any) -> int:
        index = len(self.links) + 1
        self.links.append(_link(index, name, kind, **more))
        return index

    def _address(self, index: int, ip: str, prefix: int = 16) -> None:
        self.addresses.append({"LinkIndex": index, "Ip": ip, "Prefix": prefix})

    def bridge(self, network: str, octet: int, *, internal: bool = False) -> int:
        """Add a network and its bridge 172.OCTET.0.1/16; return its index."""
        name = "docker0" if network == "bridge" else f"br-{octet:012x}"
        index = self._add(name, "bridge")
        self._address(index, f"172.{octet}.0.1")
        self.networks.append(
            {"Id": "n", "Name": network, "Driver": "bridge", "Bridge": name, "Internal": internal}
        )
        return index

    def container(self, name: str, *plugs: tuple[int, str], **port: Any) -> Json:
        """Add a container with a cable for each (bridge index, address)."""
        inode = self.inode + len(self.containers) + 1
        links, addresses = [_link(1, "lo", "loopback")], []
        for number, (bridge, ip) in enumerate(plugs):
            more = {"Bridge": bridge, "PortState": "forwarding", **port}
            outer = self._add(f"veth{len(self.links):07x}", "veth", **more)
            inner = number + 2
            self.links[outer - 1] |= {"PeerIndex": inner, "PeerInode": inode}
            mac = f"02:42:{''.join(f'{int(part):02x}:' for part in ip.split('.'))[:-1]}"
            links.append(_link(inner, f"eth{number}", "veth", PeerIndex=outer, Mac=mac))
            links[-1]["PeerInode"] = self.inode
            addresses.append({"LinkIndex": inner, "Ip": ip, "Prefix": 16})
        gateway = plugs[0][1].rpartition(".")[0] + ".1" if plugs else ""
        routes = [{"Destination": "default", "Gateway": gateway, "LinkIndex": 2}] if plugs else []
        record = {
            "Inode": inode, "Kind": "container", "Name": name, "ContainerId": f"id-{name}",
            "Links": links, "Addresses": addresses, "Routes": routes,
        }  # fmt: skip
        self.containers.append(record)
        return record

    def wire(self, link: str, address: str, peer: str) -> None:
        """Add a wire to another lab host."""
        index = self._add(link, "veth")
        self._address(index, address.partition("/")[0], 24)
        self.wires.append({"Link": link, "Address": address, "PeerName": peer})

    def tunnel(self, vni: int, bridge: int) -> None:
        """Add a vxlan device to a bridge."""
        self._add(f"vx-{vni}", "vxlan", Bridge=bridge, PortState="forwarding", Vni=vni)

    def publish(
        self, host_port: int, container: str, ip: str, port: int, host_ip: str = ""
    ) -> None:
        """Publish a port."""
        self.published.append(
            {"Protocol": "tcp", "HostIp": host_ip, "HostPort": host_port, "Ip": ip, "Port": port,
             "Container": container}
        )  # fmt: skip

    def rule(self, chain: str, text: str, packets: int = 0, comment: str = "") -> None:
        """Add a rule of the packet filter."""
        self.rules.append(
            {"Chain": chain, "Hook": "", "Text": text, "Comment": comment, "Packets": packets,
             "Bytes": 60 * packets, "Handle": len(self.rules) + 1}
        )  # fmt: skip

    def port_of(self, name: str, number: int = 0) -> str:
        """Return the name of a container's port in the lab."""
        record = next(one for one in self.containers if one["Name"] == name)
        index = record["Links"][number + 1]["PeerIndex"]
        return str(self.links[index - 1]["Name"])

    def document(self) -> Json:
        """Return the document."""
        lab = {
            "Inode": self.inode, "Kind": "lab", "Name": self.name, "SharedBy": self.guests,
            "Links": self.links, "Addresses": self.addresses,
            "Routes": [{"Destination": "default", "Gateway": "192.0.0.1", "LinkIndex": 2}],
        }  # fmt: skip
        return {
            "Engine": self.name, "Namespaces": [lab, *self.containers], "Networks": self.networks,
            "Rules": self.rules, "Published": self.published, "Switches": self.switches,
            "Wires": self.wires,
        }  # fmt: skip


def _link(index: int, name: str, kind: str, **more: Any) -> Json:
    return {
        "Index": index, "Name": name, "Kind": kind, "Mac": f"02:00:00:00:00:{index % 256:02x}",
        "Mtu": 1500, "Up": True, "Carrier": True, "Bridge": 0, "PortState": "", "PeerIndex": 0,
        "PeerInode": 0, "Vni": 0, **more,
    }  # fmt: skip


def small() -> Lab:
    """Two networks; web on both, db and app on one each, web published."""
    lab = Lab()
    default, front = lab.bridge("bridge", 17), lab.bridge("front", 18)
    lab.container("web", (default, "172.17.0.2"), (front, "172.18.0.2"))
    lab.container("db", (default, "172.17.0.3"))
    lab.container("app", (front, "172.18.0.3"))
    lab.publish(8080, "web", "172.17.0.2", 80)
    lab.rule("masquerade", "oifname != @bridges counter masquerade", 3, "with the lab's address")
    return lab


def crowd(count: int = 50) -> Lab:
    """Many containers on the default bridge."""
    lab = Lab()
    default = lab.bridge("bridge", 17)
    for n in range(count):
        lab.container(f"web{n}", (default, f"172.17.{n // 250}.{n % 250 + 2}"))
    return lab


def pair() -> tuple[Lab, Lab]:
    """Two lab hosts with a wire and an overlay network."""
    a, b = Lab("a", LAB), Lab("b", LAB + 1000)
    for lab, peer, host in ((a, "b", 1), (b, "a", 2)):
        over = lab.bridge("over", 20)
        lab.container(f"c{host}", (over, f"172.20.0.{host + 1}"))
        lab.wire("eth1", f"10.0.0.{host}/24", peer)
        lab.tunnel(42, over)
    return a, b


class Quiet:
    """An engine that answers with one document and otherwise says nothing."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def topology(self) -> Json:
        return self.lab.document()

    def changes(self, _stopped: Any) -> Iterator[Any]:
        return iter(())

    def packets(self, _stopped: Any) -> Iterator[Json]:
        return iter(())

    def stop(self) -> None:
        """Nothing runs."""


def seen(lab: Lab, link: str, direction: str, time: float, packet: Json, inode: int = 0) -> Json:
    """Return ``packet`` as it is captured on a link of ``lab`` (or of a container's namespace)."""
    place = {"Namespace": inode or lab.inode, "Link": link, "Direction": direction, "Time": time}
    return {**packet, **place}


def arp(operation: str, sender: str, target: str) -> Json:
    """Return an ARP packet."""
    asks = operation == "request"
    says = f"ARP: who has {target}? Tell {sender}" if asks else f"ARP: {sender} is at 02:42:00"
    return {
        "Type": "ARP",
        "Arp": {"Operation": operation, "SenderIp": sender, "TargetIp": target},
        "Summary": says,
    }


def tcp(source: str, destination: str, *flags: str, size: int = 0, ttl: int = 64) -> Json:
    """Return a TCP segment between ``ip:port`` and ``ip:port``."""
    (from_ip, from_port), (to_ip, to_port) = source.split(":"), destination.split(":")
    return {
        "Type": "IPv4",
        "Ip": {
            "Version": 4, "Source": from_ip, "Destination": to_ip, "Protocol": "TCP", "Ttl": ttl
        },
        "Tcp": {
            "SourcePort": int(from_port), "DestinationPort": int(to_port), "Flags": list(flags),
            "Sequence": 1000 * len(flags) + int(from_port), "Acknowledgement": 0,
            "PayloadLength": size,
        },
        "Summary": f"{source} > {destination}: TCP {' '.join(flags)}",
    }  # fmt: skip


def ping(source: str, destination: str, name: str = "echo request", ttl: int = 64) -> Json:
    """Return an ICMP echo."""
    return {
        "Type": "IPv4",
        "Ip": {
            "Version": 4, "Source": source, "Destination": destination, "Protocol": "ICMP",
            "Ttl": ttl,
        },
        "Icmp": {"Type": 8, "Code": 0, "Name": name, "Id": 7, "Sequence": 0},
        "Summary": f"{source} > {destination}: ICMP {name}, id 7, seq 0, ttl {ttl}",
    }  # fmt: skip


def vxlan(source: str, destination: str, vni: int, inner: Json) -> Json:
    """Return ``inner`` packed into UDP."""
    return {
        "Type": "IPv4",
        "Ip": {
            "Version": 4, "Source": source, "Destination": destination, "Protocol": "UDP", "Ttl": 64
        },
        "Udp": {"SourcePort": 50000, "DestinationPort": 4789, "PayloadLength": 100},
        "Vxlan": {"Vni": vni},
        "Inner": inner,
        "Summary": f"{source} > {destination}: VXLAN {vni} carries [{inner['Summary']}]",
    }  # fmt: skip


def handshake(lab: Lab, one: str, other: str, start: float = 1000.0) -> list[Json]:
    """Return what is seen when the first container asks for the other's MAC and connects."""
    p1, p2 = lab.port_of(one), lab.port_of(other)
    ips = {c["Name"]: c["Addresses"][0]["Ip"] for c in lab.containers}
    others = [lab.port_of(c["Name"]) for c in lab.containers if c["Name"] != one and c["Addresses"]]
    bridge = next(link for link in lab.links if link["Name"] == p1)["Bridge"]
    flooded = [p for p in others if _bridge_of(lab, p) == bridge]
    asks, tells = arp("request", ips[one], ips[other]), arp("reply", ips[other], ips[one])
    packets = [(p1, "in", asks), *((p, "out", asks) for p in flooded)]
    packets += [(lab.links[bridge - 1]["Name"], "in", asks), (p2, "in", tells), (p1, "out", tells)]
    a, b = f"{ips[one]}:40000", f"{ips[other]}:80"
    for source, target, flags in ((a, b, ["SYN"]), (b, a, ["SYN", "ACK"]), (a, b, ["ACK"])):
        near, far = (p1, p2) if source == a else (p2, p1)
        segment = tcp(source, target, *flags)
        packets += [(near, "in", segment), (far, "out", segment)]
    return [seen(lab, *where, start + n * 1e-5, what) for n, (*where, what) in enumerate(packets)]


def _bridge_of(lab: Lab, port: str) -> int:
    return int(next(link for link in lab.links if link["Name"] == port)["Bridge"])
