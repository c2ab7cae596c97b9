"""Networks and endpoints: what clients send, and what they read.

Go's decoder takes ``null`` for anything and ignores what it does not know; so do these.
"""

from typing import Any

from msgspec import Struct, field

from pyminidocker.api.schema.times import rfc3339
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import (
    AddressPool,
    EndpointRecord,
    NetworkRecord,
    NetworkRequest,
)

Json = dict[str, Any]
Strings = list[str] | None
Texts = dict[str, str] | None
SHORT_ID = 12  # what dockerd gives every container as an alias


class EndpointAddressesBody(Struct, rename="pascal"):
    """``IPAMConfig`` of an endpoint."""

    ipv4_address: str | None = field(default=None, name="IPv4Address")
    ipv6_address: str | None = field(default=None, name="IPv6Address")
    link_local_ips: Strings = field(default=None, name="LinkLocalIPs")


class EndpointBody(Struct, rename="pascal"):
    """One network of ``NetworkingConfig.EndpointsConfig``."""

    aliases: Strings = None
    links: Strings = None
    ipam: EndpointAddressesBody | None = field(default=None, name="IPAMConfig")
    mac_address: str | None = None
    driver_opts: Texts = None
    gw_priority: int | None = None


class NetworkingBody(Struct, rename="pascal"):
    """``NetworkingConfig``."""

    endpoints_config: dict[str, EndpointBody | None] | None = None


class PoolBody(Struct, rename="pascal"):
    """One of ``IPAM.Config``."""

    subnet: str | None = None
    ip_range: str | None = field(default=None, name="IPRange")
    gateway: str | None = None
    auxiliary_addresses: Texts = None


class IpamBody(Struct, rename="pascal"):
    """``IPAM``."""

    driver: str | None = None
    options: Texts = None
    config: list[PoolBody] | None = None


class ConfigFromBody(Struct, rename="pascal"):
    """``ConfigFrom``."""

    network: str | None = None


class NetworkBody(Struct, rename="pascal"):
    """The body of POST /networks/create."""

    name: str | None = None
    driver: str | None = None
    scope: str | None = None
    internal: bool | None = None
    attachable: bool | None = None
    ingress: bool | None = None
    config_only: bool | None = None
    config_from: ConfigFromBody | None = None
    ipam: IpamBody | None = field(default=None, name="IPAM")
    enable_ipv6: bool | None = field(default=None, name="EnableIPv6")
    options: Texts = None
    labels: Texts = None


class ConnectBody(Struct, rename="pascal"):
    """The body of POST /networks/{name}/connect."""

    container: str | None = None
    endpoint_config: EndpointBody | None = None


class DisconnectBody(Struct, rename="pascal"):
    """The body of POST /networks/{name}/disconnect."""

    container: str | None = None
    force: bool | None = None


def request(body: NetworkBody) -> NetworkRequest:
    """Return what ``network create`` asks for."""
    ipam = body.ipam or IpamBody()
    return NetworkRequest(
        name=body.name or "",
        driver=body.driver or "bridge",
        internal=bool(body.internal),
        attachable=bool(body.attachable),
        enable_ipv6=bool(body.enable_ipv6),
        pools=[
            AddressPool(
                pool.subnet or "",
                pool.ip_range or "",
                pool.gateway or "",
                pool.auxiliary_addresses or {},
            )
            for pool in ipam.config or ()
        ],
        ipam_driver=ipam.driver or "default",
        ipam_options=ipam.options or {},
        options=body.options or {},
        labels=body.labels or {},
        ingress=bool(body.ingress),
        config_only=bool(body.config_only),
        config_from=(body.config_from.network or "") if body.config_from is not None else "",
        scope=body.scope or "",
    )


def endpoints(body: NetworkingBody | None) -> dict[str, EndpointRecord]:
    """Return the networks a create request names, by name."""
    named = (body.endpoints_config if body is not None else None) or {}
    return {name: endpoint(given) for name, given in named.items()}


def endpoint(body: EndpointBody | None) -> EndpointRecord:
    """Return what a container wishes for on one network."""
    body = body or EndpointBody()
    addresses = body.ipam or EndpointAddressesBody()
    return EndpointRecord(
        wish_ip=addresses.ipv4_address or "",
        wish_ip6=addresses.ipv6_address or "",
        link_local_ips=addresses.link_local_ips or [],
        wish_mac=body.mac_address or "",
        aliases=body.aliases or [],
        links=body.links or [],
        driver_opts=body.driver_opts or {},
        gateway_priority=body.gw_priority or 0,
    )


# -- what clients read --------------------------------------------------------------------------


def endpoint_view(container_id: str, given: EndpointRecord) -> Json:
    """Return one of ``NetworkSettings.Networks``.

    Args:
        container_id: whose; dockerd adds its first digits to the aliases on users' networks.
        given: the endpoint.
    """
    aliases = list(given.aliases)
    if given.network_name not in BUILT_IN:
        aliases.append(container_id[:SHORT_ID])
    return {
        "IPAMConfig": _wishes(given),
        "Links": given.links or None,
        "Aliases": aliases or None,
        "NetworkID": given.network_id,
        "EndpointID": given.endpoint_id,
        "Gateway": given.gateway,
        "IPAddress": given.ip_address,
        "IPPrefixLen": given.prefix_len,
        "IPv6Gateway": given.gateway6,
        "GlobalIPv6Address": given.ip6_address,
        "GlobalIPv6PrefixLen": given.prefix6_len,
        "MacAddress": given.mac_address,
        "DriverOpts": given.driver_opts or None,
    }


def _wishes(given: EndpointRecord) -> Json | None:
    wishes: Json = {}
    if given.wish_ip:
        wishes["IPv4Address"] = given.wish_ip
    if given.wish_ip6:
        wishes["IPv6Address"] = given.wish_ip6
    if given.link_local_ips:
        wishes["LinkLocalIPs"] = given.link_local_ips
    return wishes or None


def network(record: NetworkRecord, members: dict[str, tuple[str, EndpointRecord]]) -> Json:
    """Return one network.

    Args:
        record: which.
        members: id of each container on it -> (its name, its endpoint).
    """
    return {
        "Name": record.name,
        "Id": record.id,
        "Created": rfc3339(record.created),
        "Scope": "local",
        "Driver": record.driver,
        "EnableIPv6": record.enable_ipv6,
        "IPAM": {
            "Driver": "default",
            "Options": None if record.name in BUILT_IN else record.ipam_options,
            "Config": _pools(record),
        },
        "Internal": record.internal,
        "Attachable": record.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {
            container_id: {
                "Name": name,
                "EndpointID": given.endpoint_id,
                "MacAddress": given.mac_address,
                "IPv4Address": _with_prefix(given.ip_address, given.prefix_len),
                "IPv6Address": _with_prefix(given.ip6_address, given.prefix6_len),
            }
            for container_id, (name, given) in members.items()
        },
        "Options": record.options,
        "Labels": record.labels,
    }


def _pools(record: NetworkRecord) -> list[Json]:
    found = []
    for subnet, ip_range, gateway, others in (
        (record.subnet, record.ip_range, record.gateway, record.aux_addresses),
        (record.subnet6, record.ip_range6, record.gateway6, record.aux_addresses6),
    ):
        if not subnet:
            continue
        pool: Json = {"Subnet": subnet}
        if ip_range:
            pool["IPRange"] = ip_range
        if gateway:
            pool["Gateway"] = gateway
        if others:
            pool["AuxiliaryAddresses"] = others
        found.append(pool)
    return found


def _with_prefix(address: str, prefix: int) -> str:
    return f"{address}/{prefix}" if address else ""
