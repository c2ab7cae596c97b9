"""Which addresses of a network are given out, IPv4 and IPv6 together.

A container has its addresses while it runs; a stopped one keeps only its wish.
"""

from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import InvalidArgument, PermissionDenied
from pyminidocker.network.ipam import Pool, mac_address, parse_ip, parse_network


class Addresses:
    """The pools of one network.

    Attributes:
        gateway: the bridge's own IPv4 address, or empty.
        gateway6: likewise for IPv6.

    Args:
        record: the network; without a gateway in it, one is chosen.

    Raises:
        InvalidArgument: its subnets make no sense.
    """

    __slots__ = ("_pool", "_pool6", "_record", "gateway", "gateway6")

    def __init__(self, record: NetworkRecord) -> None:
        self._record = record
        self._pool = self._pool6 = None
        self.gateway = self.gateway6 = ""
        title = f"{record.name} ({record.id})"
        if record.subnet:
            self._pool = Pool(
                record.subnet,
                record.gateway,
                title,
                ip_range=record.ip_range,
                aux_addresses=record.aux_addresses,
            )
            self.gateway = self._pool.gateway
        if record.subnet6:
            self._pool6 = Pool(
                record.subnet6,
                record.gateway6,
                title,
                ip_range=record.ip_range6,
                aux_addresses=record.aux_addresses6,
            )
            self.gateway6 = self._pool6.gateway

    def give(self, endpoint: EndpointRecord) -> None:
        """Give an endpoint its addresses and its MAC: the ones it wishes for, or the next free.

        Raises:
            InvalidArgument: an address that is not one of this network's.
            PermissionDenied: somebody has it.
            Unavailable: no address is free.
        """
        record = self._record
        if self._pool is not None:
            endpoint.ip_address = _take(self._pool, endpoint.wish_ip)
            endpoint.prefix_len = self._pool.prefix
            endpoint.gateway = "" if record.internal else self.gateway
        if self._pool6 is not None:
            try:
                endpoint.ip6_address = _take(self._pool6, endpoint.wish_ip6)
            except BaseException:
                self.take_back(endpoint)
                raise
            endpoint.prefix6_len = self._pool6.prefix
            endpoint.gateway6 = "" if record.internal else self.gateway6
        endpoint.mac_address = endpoint.wish_mac
        if not endpoint.mac_address and endpoint.ip_address:
            endpoint.mac_address = mac_address(endpoint.ip_address)

    def take_back(self, endpoint: EndpointRecord) -> None:
        """Make an endpoint's addresses free again."""
        if self._pool is not None and endpoint.ip_address:
            self._pool.release(endpoint.ip_address)
        if self._pool6 is not None and endpoint.ip6_address:
            self._pool6.release(endpoint.ip6_address)


def _take(pool: Pool, wish: str) -> str:
    if not wish:
        return pool.allocate()
    check_inside(wish, pool.subnet)
    try:
        return pool.reserve(wish)
    except PermissionDenied as error:
        hint = f"{wish} belongs to another container, or to the network itself"
        raise PermissionDenied("Address already in use", hint=hint) from error


def check_inside(address: str, subnet: str) -> None:
    """Refuse an address that is not of a subnet.

    Raises:
        InvalidArgument: with dockerd's words.
    """
    if not contains(subnet, address):
        raise InvalidArgument(
            f"Invalid address {address}: It does not belong to any of this network's subnets",
            hint=f"choose one of {subnet}" if subnet else "",
        )


def contains(subnet: str, address: str) -> bool:
    """Tell whether ``address`` is one of ``subnet`` (CIDR); never for two families.

    Raises:
        InvalidArgument: one of them is malformed.
    """
    if not subnet:
        return False
    number, bits = parse_ip(address)
    network = parse_network(subnet)
    shift = network.bits - network.prefix
    return bits == network.bits and number >> shift == network.base >> shift
