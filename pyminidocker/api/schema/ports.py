"""Ports of containers as Docker's clients read them."""

from collections.abc import Sequence
from typing import Any

from pyminidocker.engine.ports import PublishedPort, exposed
from pyminidocker.engine.records import ContainerRecord

Json = dict[str, Any]


def _is_reachable(record: ContainerRecord) -> bool:
    """Tell whether a container runs on a network that leads outside: others show no ports."""
    return bool(record.state.pid) and any(
        endpoint.gateway or endpoint.gateway6 for endpoint in record.endpoints.values()
    )


def port_map(record: ContainerRecord, published: Sequence[PublishedPort]) -> Json:
    """Return ``NetworkSettings.Ports``: published places of each port, null for exposed ones."""
    if not _is_reachable(record):
        return {}
    found: Json = {
        f"{port}/{protocol}": None for port, protocol in exposed(record.config.exposed_ports)
    }
    for one in sorted(published, key=_order):
        places = found.get(one.name) or []
        found[one.name] = [*places, {"HostIp": one.host_ip, "HostPort": str(one.host_port)}]
    return found


def port_rows(record: ContainerRecord, published: Sequence[PublishedPort]) -> list[Json]:
    """Return ``Ports`` of GET /containers/json."""
    if not _is_reachable(record):
        return []
    names = {one.name for one in published}
    rows: list[Json] = [
        {"PrivatePort": port, "Type": protocol}
        for port, protocol in exposed(record.config.exposed_ports)
        if f"{port}/{protocol}" not in names
    ]
    rows += [
        {
            "IP": one.host_ip,
            "PrivatePort": one.port,
            "PublicPort": one.host_port,
            "Type": one.protocol,
        }
        for one in sorted(published, key=_order)
    ]
    return rows


def _order(one: PublishedPort) -> tuple[int, str, bool, int, str]:
    """By port; IPv4 before IPv6, as dockerd lists them."""
    return one.port, one.protocol, ":" in one.host_ip, one.host_port, one.host_ip
