"""``--subnet``, ``--ip-range``, ``--gateway`` and ``--aux-address``: which belongs to which.

See: docker/cli cli/command/network/create.go (createIPAMConfig).
"""

from __future__ import annotations

from pyminidocker.cli.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network
    from typing import Any

    Json = dict[str, Any]
    Network = IPv4Network | IPv6Network


def pools(
    subnets: list[str], ranges: list[str], gateways: list[str], others: dict[str, str]
) -> list[Json]:
    """Return Docker's ``IPAM.Config``: every subnet with what lies in it.

    A subnet that is none is left to the engine, which says what is wrong with it.

    Raises:
        Failure: something lies in no subnet, or two things where one can be.
    """
    if not subnets and not ranges and not gateways and not others:
        return []
    if len(subnets) < len(ranges) or len(subnets) < len(gateways):
        raise Failure(
            "every ip-range or gateway must have a corresponding subnet",
            hint="give --subnet as well",
        )
    found: dict[str, Json] = {}
    networks: dict[str, Network | None] = {}
    for subnet in subnets:
        network = _network(subnet)
        for other in networks.values():
            if network is not None and other is not None and network.overlaps(other):
                raise Failure("multiple overlapping subnet configuration is not supported")
        networks[subnet] = network
        found[subnet] = {"Subnet": subnet}
    for text in ranges:
        part = _network(text)
        if part is None:
            raise Failure(f"invalid CIDR address: {text}")
        _put(found, networks, "IPRange", "ranges", text, str(part.network_address), "range")
    for text in gateways:
        _put(found, networks, "Gateway", "gateways", text, text, "gateway")
    for name, text in others.items():
        pool = found[_home(networks, text, f"aux-address {text}")]
        pool.setdefault("AuxiliaryAddresses", {})[name] = text
    return list(found.values())


def _put(
    found: dict[str, Json],
    networks: dict[str, Network | None],
    key: str,
    plural: str,
    text: str,
    address: str,
    what: str,
) -> None:
    subnet = _home(networks, address, f"{what} {text}")
    pool = found[subnet]
    if key in pool:
        raise Failure(
            f"cannot configure multiple {plural} ({text}, {pool[key]}) on the same subnet"
            f" ({subnet})"
        )
    pool[key] = text


def _home(networks: dict[str, Network | None], address: str, what: str) -> str:
    from ipaddress import ip_address

    try:
        number = ip_address(address)
    except ValueError:
        number = None
    for subnet, network in networks.items():
        if network is None or (number is not None and number in network):
            return subnet
    raise Failure(f"no matching subnet for {what}", hint=f"subnets: {', '.join(networks)}")


def _network(text: str) -> Network | None:
    from ipaddress import ip_network

    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
