"""Overlay networks: one subnet on several hosts, by VXLAN over the wires between them.

Each host has its own record of the network, with the same subnet and VXLAN network identifier
(VNI), but with an address range and a gateway of its own, so that no address is given out twice.
There is no cluster that agrees on anything: ``--opt peers=...`` says where the other hosts are.
The VXLAN device is a port of the network's bridge while a wire leads to a peer; without one the
network is a bridge like any other.

See: RFC 7348; docs/decisions/0012.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.engine.records import NetworkRecord
from pyminidocker.errors import Conflict, InvalidArgument, MiniDockerError
from pyminidocker.network.ipam import format_ip, parse_ip, parse_network
from pyminidocker.network.plans import (
    DEFAULT_MTU_BYTES,
    HIGHEST_VNI,
    VXLAN_OVERHEAD_BYTES,
    VXLAN_OVERHEAD_IPV6_BYTES,
)
from pyminidocker.units import whole_number

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Addresses = list[str]

VNI, PEERS, PEER_GATEWAYS = "vni", "peers", "peer_gateways"
VNI_OF_DOCKER = "com.docker.network.driver.overlay.vxlanid_list"
MTU = "com.docker.network.driver.mtu"
DEFAULT_VNI = 4096  # where Docker's own overlay driver begins to count


class OverlayOptions(NamedTuple):
    """What the ``--opt`` of an overlay network say.

    Attributes:
        vni: ``vni``, or the first of Docker's
            ``com.docker.network.driver.overlay.vxlanid_list``; 0: not said.
        peers: ``peers``: the other hosts' addresses on wires.
        gateways: ``peer_gateways``: the network's gateways on those hosts.
    """

    vni: int
    peers: Addresses
    gateways: Addresses


def read_options(options: Mapping[str, str]) -> OverlayOptions:
    """Read an overlay network's options; lists are separated by commas.

    Raises:
        InvalidArgument: a number or an address that makes no sense.
    """
    text = options.get(VNI) or options.get(VNI_OF_DOCKER, "").partition(",")[0]
    vni = 0
    if text:
        vni = whole_number(text)
        if not 0 < vni <= HIGHEST_VNI:
            raise InvalidArgument(
                f"invalid VXLAN network identifier {text!r}: it must be from 1 to {HIGHEST_VNI}",
                hint="--opt vni=42, the same on every host",
            )
    return OverlayOptions(vni, _addresses(options, PEERS), _addresses(options, PEER_GATEWAYS))


def _addresses(options: Mapping[str, str], name: str) -> Addresses:
    found = [text.strip() for text in options.get(name, "").split(",") if text.strip()]
    for address in found:
        try:
            parse_ip(address)
        except InvalidArgument as error:
            raise InvalidArgument(
                f"invalid option {name}: {error}",
                hint=f"--opt {name}=192.168.50.2 (or several, separated by commas)",
            ) from None
    return list(dict.fromkeys(found))


class _Device(NamedTuple):
    """A VXLAN device as it was made."""

    link: str
    local: str
    remotes: tuple[str, ...]


class Overlays:
    """The VXLAN devices of one host."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._devices: dict[str, _Device] = {}  # network id -> ..

    def prepare(self, record: NetworkRecord) -> None:
        """Fill in what a new overlay network's options say: ``vni``, ``peers``, ``mtu_bytes``.

        Raises:
            InvalidArgument: an option makes no sense.
            Conflict: another network of this host has that VNI.
        """
        said = read_options(record.options)
        taken = {other.vni: other.name for other in self._records() if other.id != record.id}
        record.vni = said.vni or next(
            vni for vni in range(DEFAULT_VNI, HIGHEST_VNI) if vni not in taken
        )
        if record.vni in taken:
            raise Conflict(
                f"network {taken[record.vni]} of this host has VXLAN network identifier"
                f" {record.vni} already",
                hint="choose another: --opt vni=43, the same on every host",
            )
        record.peers = said.peers
        if not record.options.get(MTU):
            record.mtu_bytes = self._mtu_bytes(record.peers)

    def _mtu_bytes(self, peers: Addresses) -> int:
        """Return what of the wires' packets is left for ours."""
        room = []
        for peer in peers:
            plug = self.engine.wires.way_to(peer)
            if plug is not None:
                overhead = VXLAN_OVERHEAD_IPV6_BYTES if ":" in peer else VXLAN_OVERHEAD_BYTES
                room.append(plug.mtu_bytes - overhead)
        return min(room, default=DEFAULT_MTU_BYTES - VXLAN_OVERHEAD_BYTES)

    def _records(self) -> list[NetworkRecord]:
        return self.engine.networks.list({"driver": ["overlay"]})

    def up(self, record: NetworkRecord) -> None:
        """Plug the VXLAN device into the network's bridge, which is there; safe to repeat.

        Nothing happens while no wire leads to a peer: ``refresh`` will.

        Raises:
            MiniDockerError: the kernel refused.
        """
        ways = {peer: self.engine.wires.way_to(peer) for peer in record.peers}
        found = {peer: plug for peer, plug in ways.items() if plug is not None}
        if not found:
            self.down(record)
            return
        # Behind different wires this host has different addresses: then the kernel chooses.
        own = {plug.address.partition("/")[0] for plug in found.values()}
        wanted = _Device(f"vx-{record.vni}", own.pop() if len(own) == 1 else "", tuple(found))
        present = self._devices.get(record.id)
        if present == wanted:
            return
        lab = self.engine.lab_network
        if present is not None and present[:2] == wanted[:2]:
            lab.set_remotes(wanted.link, wanted.remotes)
        else:
            self.down(record)
            lab.make_vxlan(
                wanted.link,
                record.vni,
                wanted.local,
                wanted.remotes,
                record.bridge,
                record.mtu_bytes,
            )
        self._devices[record.id] = wanted

    def down(self, record: NetworkRecord) -> None:
        """Take the VXLAN device away; to be called before the bridge goes."""
        device = self._devices.pop(record.id, None)
        if device is not None:
            self.engine.lab_network.remove_link(device.link)

    def remake(self, record: NetworkRecord, vni: int) -> None:
        """Make the VXLAN device anew, with a number that may not be the network's.

        Raises:
            Conflict: no wire leads to a peer, so there is no device.
            MiniDockerError: the kernel refused.
        """
        device = self._devices.get(record.id)
        if device is None:
            raise Conflict(f"no wire leads from network {record.name} to another host")
        lab = self.engine.lab_network
        lab.remove_link(device.link)
        lab.make_vxlan(
            device.link, vni, device.local, device.remotes, record.bridge, record.mtu_bytes
        )

    def refresh(self) -> None:
        """Look again at every overlay network: wires or routes have changed."""
        for record in self._records():
            try:
                self.up(record)
            except MiniDockerError as error:
                self.engine.report(f"network {record.name} does not reach other hosts: {error}")

    def name_servers(self, record: NetworkRecord) -> Addresses:
        """Return where to ask for names of containers on the other hosts, inside the overlay.

        The peers' gateways where the options name them; otherwise the subnet's broadcast address,
        which reaches every peer (the asking socket needs SO_BROADCAST, the answering one must be
        bound to the wildcard address).  Empty while no wire leads to a peer.
        """
        if record.id not in self._devices:
            return []
        gateways = _addresses(record.options, PEER_GATEWAYS)
        if gateways or not record.subnet:
            return gateways
        network = parse_network(record.subnet)
        return [format_ip(network.last, network.bits)]
