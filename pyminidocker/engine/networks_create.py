"""``network create``: from what the user said to a record, or to the reason why not.

Everything that can be refused is refused before anything is made.  The texts are moby's.
"""

import time
from collections.abc import Iterable, Mapping

from pyminidocker.engine.network_addresses import Addresses
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.network_subnets import add_subnets
from pyminidocker.engine.records import NetworkRecord, NetworkRequest
from pyminidocker.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    PermissionDenied,
    Unavailable,
)
from pyminidocker.ids import new_id
from pyminidocker.network.ipam import parse_ip
from pyminidocker.network.plans import DEFAULT_MTU_BYTES
from pyminidocker.units import whole_number

DRIVERS = ("bridge", "overlay")
MTU = "com.docker.network.driver.mtu"
ICC = "com.docker.network.bridge.enable_icc"
MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
BRIDGE_NAME = "com.docker.network.bridge.name"
HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4"
GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv4"
_GATEWAY_MODES = ("nat", "nat-unprotected", "routed")
_LONGEST_LINK_NAME = 15  # IFNAMSIZ of netdevice(7), less the final NUL
_TAKEN_PREFIXES = ("eth", "veth", "vx-")  # wires, endpoints, overlays
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
    add_subnets(record, request.pools, others, list(reserved))
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
    _check_address(options, HOST_BINDING)
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
            hint=f"at most {_LONGEST_LINK_NAME} letters, digits, . - and _; the lab gives the names"
            f" lo, uplink and {', '.join(f'{start}...' for start in _TAKEN_PREFIXES)} itself",
        )
    for other in others:
        if other.bridge == name:
            raise PermissionDenied(
                f"cannot create network {record.id} ({name}): conflicts with network {other.id}"
                f" ({other.bridge}): networks have same bridge name"
            )


def _is_link_name(name: str) -> bool:
    if name in ("lo", "uplink", ".", "..") or name.startswith(_TAKEN_PREFIXES):
        return False
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return plain.isascii() and plain.isalnum()


def _mtu(options: Mapping[str, str], enable_ipv6: bool) -> int:
    text = options.get(MTU, "")
    if not text:
        return DEFAULT_MTU_BYTES
    if whole_number(text.removeprefix("-")) < 0:
        raise InvalidArgument(
            f'failed to parse {MTU} value: {text} (strconv.Atoi: parsing "{text}": invalid syntax)'
        )
    number = int(text)
    smallest = _SMALLEST_MTU_IPV6 if enable_ipv6 else _SMALLEST_MTU
    if not smallest <= number <= _LARGEST_MTU:
        raise InvalidArgument(
            f"invalid MTU number: {text}", hint=f"from {smallest} to {_LARGEST_MTU} bytes"
        )
    return number


def _check_address(options: Mapping[str, str], name: str) -> None:
    text = options.get(name, "")
    try:
        if text and parse_ip(text)[1] == 32:
            return
    except InvalidArgument:
        pass
    if text:
        raise InvalidArgument(
            f"failed to parse {name} value: {text} (nil ip)", hint="write it as 127.0.0.1"
        )


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
