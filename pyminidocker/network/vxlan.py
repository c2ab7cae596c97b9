"""VXLAN: a bridge stretched over several hosts, by putting its frames into UDP packets.

A VXLAN device is a port of an overlay network's bridge.  Frames it has to send are wrapped (outer
Ethernet, IP, UDP to port 4789, and eight bytes with the network's number, the VNI) and sent to a
peer host, whose device of the same VNI unwraps them.  Which peer: the one behind which the
destination's MAC address was seen; for unknown ones, broadcasts and multicasts all of them, by
forwarding entries of the all-zero MAC address (head-end replication), so that no multicast is
needed on the way.

See: RFC 7348; Documentation/networking/vxlan.rst in the kernel's sources; ip-link(8), bridge(8).
"""

import errno
from collections.abc import Sequence

from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.network import messages
from pyminidocker.network.ipam import parse_ip
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import HIGHEST_VNI
from pyminidocker.network.refusals import failure

PORT = 4789  # assigned by IANA
_NO_MAC = "00:00:00:00:00:00"


def make(links: Netlink, name: str, vni: int, local: str, bridge_index: int, mtu_bytes: int) -> int:
    """Make a VXLAN device and plug it into a bridge; returns its index.

    Args:
        links: a socket of the namespace.
        name: link name.
        vni: VXLAN network identifier.
        local: source address of the outer packets; empty: the one of the link that leads to each
            peer (hosts that are joined by several wires have several).
        bridge_index: interface index of the bridge.
        mtu_bytes: longest inner packet.

    Raises:
        InvalidArgument: a VNI that cannot be, ``local`` is no address.
        Conflict: a link of that name, or another device of that VNI.
        SystemFailure: the kernel refused, or has no VXLAN.
    """
    if not 0 < vni <= HIGHEST_VNI:
        raise InvalidArgument(f"invalid VNI {vni}: it must be from 1 to {HIGHEST_VNI}")
    data: messages.Attributes = [
        ("IFLA_VXLAN_ID", vni),
        ("IFLA_VXLAN_PORT", PORT),
        ("IFLA_VXLAN_LEARNING", 1),
    ]
    if local:
        _, bits = parse_ip(local)
        data.append(("IFLA_VXLAN_LOCAL" if bits == 32 else "IFLA_VXLAN_LOCAL6", local))
    device = messages.new_link(
        name, "vxlan", [("IFLA_MTU", mtu_bytes), ("IFLA_MASTER", bridge_index)], data
    )
    try:
        links.execute([device], subject=name)
        return messages.find_link(links, name)
    except NetlinkError as error:
        what = f"cannot make VXLAN device {name} (VNI {vni})"
        if error.errno == errno.EEXIST:
            raise Conflict(
                f"{what}: {error.strerror}", hint="take another VNI, or remove the other network"
            ) from error
        raise failure(what, error) from error


def remotes(links: Netlink, index: int) -> list[str]:
    """Return the peers that a device floods to, read from the kernel, in the kernel's order."""
    found = []
    request = messages.dump_request("ndmsg", messages.RTM_GETNEIGH, messages.AF_BRIDGE)
    for reply in links.dump(request):
        entry = messages.decode("ndmsg", reply)
        if entry["ifindex"] == index and entry.get("NDA_LLADDR") == _NO_MAC:
            address = entry.get("NDA_DST")
            if address:
                found.append(str(address))
    return found


def set_remotes(links: Netlink, index: int, wanted: Sequence[str]) -> None:
    """Make exactly ``wanted`` the peers that a device floods to.

    Raises:
        InvalidArgument: one of them is no address.
        SystemFailure: the kernel refused.
    """
    for address in wanted:
        parse_ip(address)
    present = remotes(links, index)
    requests = [
        messages.flood_entry(index, address, remove=True)
        for address in present
        if address not in wanted
    ]
    requests += [
        messages.flood_entry(index, address)
        for address in dict.fromkeys(wanted)
        if address not in present
    ]
    if not requests:
        return
    try:
        links.execute(requests)
    except NetlinkError as error:
        raise failure(f"cannot set the peers {', '.join(wanted)}", error) from error
