"""Start a wire: plug it into every host, then leave the plugs to a process of its own.

Nothing has to be waited for: the wire's socket listens before the process exists, and frames that
come early wait in the packet sockets.

See: unix(7), SCM_RIGHTS; docs/decisions/0012.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.wire_sockets import WIRES, check_settings
from pyminidocker.errors import InvalidArgument, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Json = dict[str, Any]

_PROGRAM = f"{__file__.removesuffix('client/wire_start.py')}network/wire.py"
_FIRST_SUBNET = "192.168.50.0/24"
MOST_HOSTS = 16


def label(client: EngineClient) -> str:
    """Return what people call the host behind ``client``."""
    return client.engine_name or client.socket_path.rpartition("/")[0].rpartition("/")[2]


def start(
    clients: Sequence[EngineClient],
    settings: Mapping[str, float],
    *,
    name: str = "",
    subnet: str = "",
    seed: int = 0,
) -> Json:
    """Join hosts with a wire; returns its state.

    Args:
        clients: two or more.
        settings: see ``LIMITS``; what is missing has the default: no latency, no loss, MTU 1500.
        name: the wire's; by default the hosts' names with a dash between.
        subnet: of which the hosts get the first addresses, in order; by default a free one.
        seed: of what is lost and jitters: the same seed loses the same frames.

    Raises:
        InvalidArgument: a setting, name, subnet or number of hosts that makes no sense.
        Conflict: the name is taken, or the subnet overlaps with a host's networks.
        Unavailable: an engine, or the wire's own process, could not be started.
    """
    from pyminidocker.client.json_text import dumps

    settings = {"mtu": 1500, **settings}
    check_settings(settings)
    hosts = [label(client) for client in clients]
    if not 2 <= len(hosts) <= MOST_HOSTS:
        raise InvalidArgument(f"a wire joins 2 to {MOST_HOSTS} hosts, not {len(hosts)}")
    if len({client.socket_path for client in clients}) != len(clients):
        raise InvalidArgument(
            f"a wire joins different hosts, not {hosts[0]} with itself",
            hint="another host is another engine: minidocker --host b system start",
        )
    held: list[socket.socket] = []
    lock = WIRES.take_lock()
    try:
        addresses = _addresses(subnet or _free_subnet(clients), len(hosts))
        name = name or WIRES.free_name("-".join(hosts))
        path = WIRES.path_of(name)
        listener = WIRES.listen(name)
        held.append(listener)
        try:
            ends = []
            for client, host, address in zip(clients, hosts, addresses, strict=True):
                peers = ", ".join(other for other in hosts if other != host)
                plug, connection, packets = client.plug(
                    address, mtu=int(settings["mtu"]), wire=name, peer=peers
                )
                held += [connection, packets]
                about = {"Host": host, "Link": plug["Link"], "Address": plug["Address"]}
                ends.append(
                    {
                        "socket": packets.fileno(),
                        "connection": connection.fileno(),
                        "about": about,
                    }
                )
            told = {"name": name, "path": path, "listener": listener.fileno(), "seed": seed}
            argument = dumps({**told, "settings": settings, "ends": ends})
            WIRES.spawn(["-S", _PROGRAM, argument], [sock.fileno() for sock in held], set())
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
    finally:
        for sock in held:
            sock.close()
        os.close(lock)
    try:
        return WIRES.ask(name)
    except NotFound as error:
        raise Unavailable(f"the wire {name} ended at once", hint=f"see {WIRES.log}") from error


def _addresses(subnet: str, count: int) -> list[str]:
    """Return the first ``count`` host addresses of ``subnet``, with its prefix length.

    Raises:
        InvalidArgument: it is no subnet, or too small.
    """
    from ipaddress import ip_network

    try:
        network = ip_network(subnet)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid subnet {subnet}: {error}", hint="write it as 192.168.50.0/24"
        ) from None
    found = []
    for address in network.hosts():
        found.append(f"{address}/{network.prefixlen}")
        if len(found) == count:
            return found
    raise InvalidArgument(f"the subnet {subnet} has no {count} addresses for hosts")


def _free_subnet(clients: Sequence[EngineClient]) -> str:
    """Return the first subnet from 192.168.50.0/24 on that none of the hosts uses."""
    from ipaddress import ip_network

    taken = []
    for client in clients:
        taken += [plug["Subnet"] for plug in client.plug_list()]
        taken += [route["Destination"] for route in client.route_list()]
        for network in client.network_list():
            pools = (network.get("IPAM") or {}).get("Config") or []
            taken += [pool["Subnet"] for pool in pools if pool.get("Subnet")]
    used = [ip_network(text, strict=False) for text in taken]
    first = ip_network(_FIRST_SUBNET)
    for number in range(256):
        candidate = ip_network((int(first.network_address) + (number << 8), first.prefixlen))
        if not any(other.version == 4 and candidate.overlaps(other) for other in used):
            return str(candidate)
    raise InvalidArgument("no free subnet from 192.168.50.0/24 on", hint="choose one: --subnet")
