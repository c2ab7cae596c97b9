"""Overlay networks: one subnet on several hosts, by VXLAN over the wires between them.

Each host has its own record of the network, with the same subnet and VXLAN network identifier
(VNI), but with an address range and a gateway of its own, so that no address is given out twice.
There is no cluster that agrees on anything: ``--opt peers=...`` says where the other hosts are.
The VXLAN device is a port of the network's bridge while a wire leads to a peer.

See: RFC 7348; docs/decisions/0012.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.engine.records import NetworkRecord

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

VNI_OPTION = "com.docker.network.driver.overlay.vxlanid_list"  # Docker's; ours is "vni"
DEFAULT_VNI = 4096  # where Docker's own overlay driver begins to count


class OverlayOptions(NamedTuple):
    """What the ``--opt`` of an overlay network say.

    Attributes:
        vni: ``vni`` or Docker's ``com.docker.network.driver.overlay.vxlanid_list``.
        peers: ``peers``: addresses of the other hosts, separated by commas.
        gateways: ``peer_gateways``: the network's gateways on those hosts.
    """

    vni: int
    peers: list[str]
    gateways: list[str]


def read_options(options: Mapping[str, str]) -> OverlayOptions:
    """Read an overlay network's options.

    Raises:
        InvalidArgument: a number or an address that makes no sense.
    """
    del options
    return OverlayOptions(DEFAULT_VNI, [], [])


class Overlays:
    """The VXLAN devices of one host."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def prepare(self, record: NetworkRecord) -> None:
        """Fill in what a new overlay network's options say: ``vni``, ``peers``, ``mtu_bytes``.

        To be called by ``Networks.create`` before the record is written.

        Raises:
            InvalidArgument: an option makes no sense.
            Conflict: another network of this host has that VNI.
        """

    def up(self, record: NetworkRecord) -> None:
        """Plug the VXLAN device into the network's bridge, which is there; safe to repeat.

        Nothing happens while no wire leads to a peer: ``refresh`` will.
        """

    def down(self, record: NetworkRecord) -> None:
        """Take the VXLAN device away; to be called before the bridge goes."""

    def refresh(self) -> None:
        """Look again at every overlay network: wires or routes have changed."""

    def name_servers(self, record: NetworkRecord) -> list[str]:
        """Return where to ask for names of containers on the other hosts, inside the overlay.

        The peers' gateways where the options name them; otherwise the subnet's broadcast address,
        which reaches every peer (the asking socket needs SO_BROADCAST, the answering one must be
        bound to the wildcard address).
        """
        del record
        return []
