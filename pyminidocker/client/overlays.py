"""One network across several hosts, made on all of them in one call.

    wire = pyminidocker.wire("a", "b")
    multi = pyminidocker.overlay("multi", "a", "b", subnet="10.99.0.0/24", vni=42)
    a.run("busybox", "httpd -f", network="multi", name="web", detach=True)
    print(b.run("busybox", "wget -qO- http://web", network="multi"))
    multi.remove()

See: RFC 7348; docs/decisions/0012.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Self

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.network import Network
from pyminidocker.client.table import html_table
from pyminidocker.client.wire_start import label
from pyminidocker.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyminidocker.client.engine import Engine

DEFAULT_SUBNET = "10.99.0.0/24"
DEFAULT_VNI = 4096


def overlay(
    name: str,
    *hosts: str | Engine,
    subnet: str = DEFAULT_SUBNET,
    vni: int = DEFAULT_VNI,
    fresh: bool = False,
) -> Overlay:
    """Make an overlay network on hosts that wires join.

    Each host gets an equal part of the subnet to give addresses from, and the first address of
    that part as its gateway.

    Args:
        name: the network's name, the same on every host.
        hosts: two or more engines, by name or as ``connect`` returned them.
        subnet: the network's IPv4 addresses.
        vni: VXLAN network identifier.
        fresh: remove a network of that name first; containers on it are disconnected.

    Raises:
        InvalidArgument: the hosts are not joined; a subnet or number that makes no sense.
        Conflict: a host has a network of that name.
    """
    clients = [EngineClient(host) if isinstance(host, str) else host.api for host in hosts]
    if len(clients) < 2:
        raise InvalidArgument("an overlay network needs two hosts at least")
    ranges = _ranges(subnet, len(clients))
    gateways = [str(part.network_address + 1) for part in ranges]
    plugs = [client.plug_list() for client in clients]
    made = Overlay(name, {})
    try:
        for index, client in enumerate(clients):
            if fresh:
                with suppress(NotFound):
                    Network(client, client.network_inspect(name)).remove(force=True)
            others = [other for other in range(len(clients)) if other != index]
            peers = [_address(plugs, index, other, label(clients[other])) for other in others]
            body = {
                "Name": name,
                "Driver": "overlay",
                "CheckDuplicate": True,
                "IPAM": {
                    "Config": [
                        {
                            "Subnet": subnet,
                            "IPRange": str(ranges[index]),
                            "Gateway": gateways[index],
                        }
                    ]
                },
                "Options": {
                    "vni": str(vni),
                    "peers": ",".join(peers),
                    "peer_gateways": ",".join(gateways[other] for other in others),
                },
            }
            network_id = client.network_create(body)["Id"]
            made.networks[label(client)] = Network(client, client.network_inspect(network_id))
    except BaseException:
        made.remove()
        raise
    finally:
        for client in clients:
            client.close()  # idle connections; the next call opens another
    return made


def _ranges(subnet: str, count: int) -> list[IPv4Network]:
    """Cut ``subnet`` into equal parts, one a host."""
    try:
        whole = IPv4Network(subnet)
        parts = whole.subnets(prefixlen_diff=(count - 1).bit_length())
        found = [part for part, _ in zip(parts, range(count), strict=False)]
    except ValueError as error:
        raise InvalidArgument(
            f"invalid subnet {subnet}: {error}", hint="write it as 10.99.0.0/24"
        ) from None
    if found[0].prefixlen > 30:
        raise InvalidArgument(f"the subnet {subnet} is too small for {count} hosts")
    return found


def _address(plugs: Sequence[list[dict[str, Any]]], here: int, there: int, name: str) -> str:
    """Return the address under which one host reaches another: on a common wire, or else any."""
    wires = {plug["Wire"] for plug in plugs[here]}
    ranked = sorted(plugs[there], key=lambda plug: plug["Wire"] not in wires)
    if not ranked or not plugs[here]:
        raise InvalidArgument(
            f"no wire leads to host {name}",
            hint='join the hosts first: pyminidocker.wire("a", "b")',
        )
    return str(ranked[0]["Address"]).partition("/")[0]


class Overlay:
    """An overlay network as it is on all of its hosts.

    Attributes:
        name: its name.
        networks: host -> the network there.
    """

    def __init__(self, name: str, networks: dict[str, Network]) -> None:
        self.name = name
        self.networks = networks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it from every host; no container may be on it."""
        for network in self.networks.values():
            with suppress(NotFound):
                network.api.network_remove(network.id)
            network.api.close()

    def _facts(self) -> list[list[str]]:
        facts = []
        for host, network in self.networks.items():
            pool = network.attrs["IPAM"]["Config"][0]
            facts.append([host, f"{pool.get('IPRange', '')}, gateway {pool.get('Gateway', '')}"])
        return facts

    def __repr__(self) -> str:
        facts = "; ".join(f"{host}: {text}" for host, text in self._facts())
        return f"<Overlay {self.name}: {facts}>"

    def _repr_html_(self) -> str:
        return html_table(["overlay", self.name], self._facts())
