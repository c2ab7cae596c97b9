"""What joins a lab with other labs: ends of wires, VXLAN devices, routes.

All calls act in the network namespace of the thread that made the object, short and blocking.
"""

import errno
import socket
from collections.abc import Sequence

from pyminidocker.network import messages, plug, removal, routes, vxlan
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import DEFAULT_MTU_BYTES, VXLAN_OVERHEAD_BYTES
from pyminidocker.network.refusals import failure


class LabLinks:
    """The links and routes of one lab."""

    def __init__(self) -> None:
        self._links = Netlink()

    def close(self) -> None:
        """Close the socket; links and routes live on in the namespace."""
        self._links.close()

    def _index(self, name: str, what: str) -> int:
        try:
            return messages.find_link(self._links, name)
        except NetlinkError as error:
            raise failure(what, error) from error

    def remove_link(self, name: str) -> None:
        """Delete a link of the lab (a VXLAN device, a veth); a missing one is fine.

        Raises:
            SystemFailure: the kernel refused.
        """
        try:
            index = messages.find_link(self._links, name)
        except NetlinkError as error:
            if error.errno == errno.ENODEV:
                return
            raise failure(f"cannot delete link {name}", error) from error
        removal.remove(index)

    def add_route(self, destination: str, gateway: str) -> None:
        """Add a route in the lab, or change it.

        Args:
            destination: CIDR of either family, or ``default``.
            gateway: next hop, reachable through one of the lab's links (a wire).

        Raises:
            InvalidArgument: not an address; the gateway is not reachable.
        """
        routes.add(self._links, destination, gateway)

    def delete_route(self, destination: str, gateway: str = "") -> None:
        """Delete a route of the lab.

        Raises:
            NotFound: there is none like that.
        """
        routes.delete(self._links, destination, gateway)

    def make_plug(
        self, link: str, address_cidr: str, mtu_bytes: int = DEFAULT_MTU_BYTES
    ) -> socket.socket:
        """Make one end of a wire: a veth pair ``link``/``<link>-plug`` and a socket on the plug.

        The socket is AF_PACKET with PACKET_VNET_HDR: each frame read or written has a
        ``struct virtio_net_hdr`` (10 bytes) before it, which says whether its checksum is still to
        be completed; handed on as it is, the receiving kernel does it.

        Args:
            link: name of the end that is the lab's, e.g. ``eth1``.
            address_cidr: its address with prefix length, e.g. ``192.0.2.1/24``; empty for none.
            mtu_bytes: longest packet.

        Returns:
            The socket; non-blocking.

        Raises:
            InvalidArgument: the name is too long, the address or the MTU makes no sense.
            Conflict: there is a link of that name.
            SystemFailure: the kernel refused.
        """
        return plug.make(self._links, link, address_cidr, mtu_bytes)

    def remove_plug(self, link: str) -> None:
        """Take a wire's end away; a missing one is fine."""
        self.remove_link(link)

    def make_vxlan(
        self,
        name: str,
        vni: int,
        local: str,
        remotes: Sequence[str],
        bridge: str,
        mtu_bytes: int = DEFAULT_MTU_BYTES - VXLAN_OVERHEAD_BYTES,
    ) -> None:
        """Make a VXLAN device on a bridge that floods to every remote; replaces one of that name.

        Args:
            name: link name, e.g. ``vx-42``.
            vni: VXLAN network identifier, 1 to 16777215.
            local: this lab's address on the wire; empty when peers are behind different ones.
            remotes: the peers' addresses.
            bridge: the overlay network's bridge.
            mtu_bytes: longest inner packet: the wire's MTU less 50 (70 over IPv6).

        Raises:
            InvalidArgument: an address or the VNI makes no sense.
            Conflict: another device has that VNI.
            SystemFailure: the kernel refused, or there is no such bridge.
        """
        bridge_index = self._index(bridge, f"cannot plug {name} into bridge {bridge}")
        self.remove_link(name)
        index = vxlan.make(self._links, name, vni, local, bridge_index, mtu_bytes)
        try:
            vxlan.set_remotes(self._links, index, remotes)
        except BaseException:
            self.remove_link(name)
            raise

    def set_remotes(self, name: str, remotes: Sequence[str]) -> None:
        """Make exactly ``remotes`` the peers that a VXLAN device floods to.

        Raises:
            InvalidArgument: one of them is no address.
            SystemFailure: the kernel refused, or there is no such device.
        """
        index = self._index(name, f"cannot set the peers of {name}")
        vxlan.set_remotes(self._links, index, remotes)
