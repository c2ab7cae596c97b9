"""``network create``: from what the user said to a record, or to the reason why not.

Everything that can be refused is refused before anything is made.  The texts are moby's: those of
dockerd 20.10 where it says something, newer ones (ValidateIPAM of 25) where 20.10 would quietly
make something else of a wrong subnet.
"""

import time
from collections.abc import Callable, Iterable, Mapping

from pyminidocker.engine.network_addresses import Addresses, contains
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import AddressPool, NetworkRecord, NetworkRequest
from pyminidocker.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    PermissionDenied,
    Unavailable,
)
from pyminidocker.ids import new_id
from pyminidocker.network import subnets
from pyminidocker.network.ipam import format_ip, parse_ip, parse_network
from pyminidocker.network.plans import DEFAULT_MTU_BYTES

DRIVERS = ("bridge", "overlay")
MTU = "com.docker.network.driver.mtu"
ICC = "com.docker.network.bridge.enable_icc"
MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
BRIDGE_NAME = "com.docker.network.bridge.name"
GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv4"
_GATEWAY_MODES = ("nat", "nat-unprotected", "routed")
_LONGEST_LINK_NAME = 15  # IFNAMSIZ of netdevice(7), less the final NUL
_SMALLEST_MTU = 68  # RFC 791: every host must be able to take a packet of this size
_SMALLEST_MTU_IPV6 = 1280  # RFC 8200 section 5
_LARGEST_MTU = 65535
_TRUE = ("1", "t", "T", "true", "TRUE", "True")  # Go's strconv.ParseBool
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


def new_record(
    request: NetworkRequest, others: Iterable[NetworkRecord], reserved: Iterable[str] = ()
) -> NetworkRecord:
    """Return the record of the network that ``request`` describes, complete with its addresses.

    Args:
        request: what the user said.
        others: all networks there are.
        reserved: subnets that are elsewhere: of wires, and behind routes.

    Raises:
        MiniDockerError: see ``Networks.create``.
    """
    others = list(others)
    _check_names(request, others)
    record = NetworkRecord(
        id=new_id(),
        name=request.name,
        driver=request.driver or "bridge",
        created=time.time(),
        internal=request.internal,
        attachable=request.attachable,
        enable_ipv6=request.enable_ipv6,
        labels=request.labels,
        options=request.options,
        ipam_options=request.ipam_options,
    )
    _read_options(record, others)
    _add_subnets(record, request.pools, others, list(reserved))
    addresses = Addresses(record)
    record.gateway, record.gateway6 = addresses.gateway, addresses.gateway6
    return record


def _check_names(request: NetworkRequest, others: list[NetworkRecord]) -> None:
    if not request.name.strip():
        raise InvalidArgument("invalid name: ", hint="give the network a name")
    if request.name in ("default", *BUILT_IN):
        raise PermissionDenied(
            f"operation is not permitted on predefined {request.name} network ",
            hint="it is there already; choose another name",
        )
    if any(other.name == request.name for other in others):
        raise Conflict(
            f"network with name {request.name} already exists",
            hint=f"choose another name, or remove it: minidocker network rm {request.name}",
        )
    if request.scope == "swarm":
        raise Unavailable("cannot create a swarm scoped network when swarm is not active")
    if request.ingress:
        raise PermissionDenied("Ingress network can only be global scope network")
    if request.config_only or request.config_from:
        raise NotImplementedHere("configuration-only networks are not supported by this engine")
    driver = request.driver or "bridge"
    if driver in ("host", "null"):
        raise PermissionDenied(f'only one instance of "{driver}" network is allowed')
    if driver not in DRIVERS:
        raise NotFound(f'plugin "{driver}" not found', hint=f"drivers: {', '.join(DRIVERS)}")
    if request.ipam_driver not in ("", "default"):
        raise NotFound(f'plugin "{request.ipam_driver}" not found', hint="leave --ipam-driver out")


# -- options -------------------------------------------------------------------------------------


def _read_options(record: NetworkRecord, others: list[NetworkRecord]) -> None:
    options = record.options
    record.mtu_bytes = _mtu(options, record.enable_ipv6)
    record.icc = _flag(options, ICC)
    record.masquerade = _flag(options, MASQUERADE)
    record.gateway_mode = options.get(GATEWAY_MODE) or "nat"
    if record.gateway_mode not in _GATEWAY_MODES:
        raise InvalidArgument(
            f"unknown gateway mode {record.gateway_mode}",
            hint=f"{GATEWAY_MODE} is one of {', '.join(_GATEWAY_MODES)}",
        )
    record.bridge = options.get(BRIDGE_NAME) or f"br-{record.id[:12]}"
    name = record.bridge
    if len(name.encode()) > _LONGEST_LINK_NAME or not _is_link_name(name):
        raise InvalidArgument(
            f"invalid bridge name {name!r}",
            hint=f"at most {_LONGEST_LINK_NAME} letters, digits, . - and _",
        )
    for other in others:
        if other.bridge == name:
            raise PermissionDenied(
                f"cannot create network {record.id} ({name}): conflicts with network {other.id}"
                f" ({other.bridge}): networks have same bridge name"
            )


def _is_link_name(name: str) -> bool:
    reserved = ("lo", "uplink", ".", "..")
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return name not in reserved and plain.isascii() and plain.isalnum()


def _mtu(options: Mapping[str, str], enable_ipv6: bool) -> int:
    text = options.get(MTU, "")
    if not text:
        return DEFAULT_MTU_BYTES
    try:
        number = int(text)
    except ValueError:
        raise InvalidArgument(
            f'failed to parse {MTU} value: {text} (strconv.Atoi: parsing "{text}": invalid syntax)'
        ) from None
    smallest = _SMALLEST_MTU_IPV6 if enable_ipv6 else _SMALLEST_MTU
    if not smallest <= number <= _LARGEST_MTU:
        raise InvalidArgument(
            f"invalid MTU number: {text}", hint=f"from {smallest} to {_LARGEST_MTU} bytes"
        )
    return number


def _flag(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "true")
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidArgument(
        f"failed to parse {name} value: {text}"
        f' (strconv.ParseBool: parsing "{text}": invalid syntax)'
    )


# -- subnets -------------------------------------------------------------------------------------


def _add_subnets(
    record: NetworkRecord,
    pools: list[AddressPool],
    others: list[NetworkRecord],
    reserved: list[str],
) -> None:
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
