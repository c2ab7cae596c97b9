"""The subnets of a new network: what was asked for is checked, what was not is chosen.

The texts are those of newer moby (ValidateIPAM of 25) where dockerd 20.10 would quietly make
something else of a wrong subnet.
"""

from collections.abc import Callable

from pyminidocker.engine.network_addresses import contains
from pyminidocker.engine.records import AddressPool, NetworkRecord
from pyminidocker.errors import InvalidArgument, PermissionDenied
from pyminidocker.network import subnets
from pyminidocker.network.ipam import format_ip, parse_ip, parse_network
from pyminidocker.network.outside import SUBNET as UPLINK_SUBNET


def add_subnets(
    record: NetworkRecord,
    pools: list[AddressPool],
    others: list[NetworkRecord],
    reserved: list[str],
) -> None:
    """Give a new network its subnets: the ones asked for, or free ones.

    Args:
        record: the network; what is filled in are subnets, ranges, gateways as far as they were
            asked for, and auxiliary addresses.
        pools: what was asked for.
        others: all networks there are.
        reserved: subnets that are elsewhere.

    Raises:
        InvalidArgument: a pool makes no sense.
        PermissionDenied: it overlaps, or there are too many.
    """
    pools = [pool for pool in pools if pool != AddressPool()]
    for pool in pools:
        check_pool(pool, enable_ipv6=record.enable_ipv6)
    four = [pool for pool in pools if ":" not in (pool.subnet or pool.gateway)]
    six = [pool for pool in pools if pool not in four]
    if len(four) > 1 or len(six) > 1:
        raise PermissionDenied(
            f"{record.driver} driver doesn't support multiple subnets",
            hint="one IPv4 and one IPv6 subnet; make a second network for another",
        )
    # The uplink's is always in use: a bridge with it would be the lab's way out, to nowhere.
    reserved = [*reserved, UPLINK_SUBNET]
    taken = [*reserved, *(other.subnet for other in others if other.subnet)]
    taken6 = [*reserved, *(other.subnet6 for other in others if other.subnet6)]
    own = four[0] if four else AddressPool()
    record.has_own_subnet = bool(own.subnet)
    record.subnet = _subnet(own, taken, lambda: subnets.choose_subnet(taken))
    record.gateway, record.ip_range = own.gateway, own.ip_range
    record.aux_addresses = own.aux_addresses
    if record.enable_ipv6:
        own = six[0] if six else AddressPool()
        record.has_own_subnet6 = bool(own.subnet)
        record.subnet6 = _subnet(own, taken6, lambda: subnets.choose_subnet6(record.id, taken6))
        record.gateway6, record.ip_range6 = own.gateway, own.ip_range
        record.aux_addresses6 = own.aux_addresses


def _subnet(pool: AddressPool, taken: list[str], choose: Callable[[], str]) -> str:
    if not pool.subnet:
        return choose()
    subnets.check_free(pool.subnet, taken)
    return pool.subnet


def check_pool(pool: AddressPool, *, enable_ipv6: bool) -> None:
    """Refuse a subnet, range, gateway or auxiliary address that makes no sense.

    Raises:
        InvalidArgument: with the words of moby's ValidateIPAM.
    """
    if not pool.subnet:
        raise _wrong(
            "every ip-range or gateway must have a corresponding subnet", "give --subnet as well"
        )
    _check_cidr("subnet", pool.subnet)
    subnet = parse_network(pool.subnet)
    if subnet.bits == 128 and not enable_ipv6:
        raise _wrong(
            f"invalid subnet {pool.subnet}: IPv6 has not been enabled for this network",
            "add --ipv6",
        )
    if pool.ip_range:
        _check_cidr("ip-range", pool.ip_range)
        part = parse_network(pool.ip_range)
        if part.bits == subnet.bits and part.prefix < subnet.prefix:
            raise _wrong(
                f"invalid ip-range {pool.ip_range}: CIDR block is bigger than its parent subnet"
                f" {pool.subnet}"
            )
        if not contains(pool.subnet, format_ip(part.base, part.bits)):
            raise _wrong(
                f"invalid ip-range {pool.ip_range}: parent subnet {pool.subnet} doesn't contain"
                " ip-range"
            )
    if pool.gateway:
        _check_member("gateway", pool.gateway, pool.subnet)
    for address in pool.aux_addresses.values():
        _check_member("auxiliary address", address, pool.subnet)


def _check_cidr(what: str, text: str) -> None:
    try:
        network = parse_network(text)
        number, _ = parse_ip(text.partition("/")[0])
    except InvalidArgument:
        raise _wrong(
            f"invalid {what} {text}: invalid CIDR block notation",
            "write it as 172.20.0.0/16 or fd00:20::/64",
        ) from None
    if number != network.base:
        raise _wrong(
            f"invalid {what} {text}: it should be"
            f" {format_ip(network.base, network.bits)}/{network.prefix}",
            "the bits after the prefix length must be zero",
        )


def _check_member(what: str, address: str, subnet: str) -> None:
    try:
        parse_ip(address)
    except InvalidArgument:
        raise _wrong(f"invalid {what} {address}: invalid address") from None
    if not contains(subnet, address):
        raise _wrong(
            f"invalid {what} {address}: parent subnet {subnet} doesn't contain this address"
        )


def _wrong(text: str, hint: str = "") -> InvalidArgument:
    return InvalidArgument(f"invalid network config: {text}", hint=hint)
