"""Eight things that go wrong in networks, made to order, recognised and repaired.

A lesson breaks one of them and shows only what an unlucky person would see.  Whether it is still
broken is always read from the kernel (or from the file a container reads), never remembered: so any
way of repair counts, also one that nobody thought of.

See: docs/decisions/0008.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec import Struct

from pyminidocker.engine import etc_files, networks_connect, switches
from pyminidocker.engine.container import Container
from pyminidocker.engine.netns import netns_of
from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, SystemFailure
from pyminidocker.network import repairs, sysctl
from pyminidocker.network.dns_relay import name_servers
from pyminidocker.network.netlink import Netlink
from pyminidocker.network.topology import Snapshot, take_snapshot

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

# For documentation only (RFC 5737): nobody answers there, and no network of the lab has them.
_NOBODY = "192.0.2.53"
_FAR_AWAY = "198.51.100.1"


class FaultState(Struct):
    """Whether a thing is broken now, and what shows it."""

    name: str
    target: str
    is_broken: bool
    evidence: str


Look = tuple[bool, str]
Done = TypeVar("Done")


class _Fault(NamedTuple):
    inject: "Callable[[Engine, str], None]"
    look: "Callable[[Engine, str], Look]"
    repair: "Callable[[Engine, str], None]"


# -- the whole lab -----------------------------------------------------------------------------


def _turn(**states: bool) -> "Callable[[Engine, str], None]":
    def act(engine: "Engine", target: str) -> None:
        del target
        switches.change(engine, **states)

    return act


def _bridge_of(engine: "Engine", target: str) -> str:
    """Return the bridge of the container that somebody complains about; empty for any."""
    if not target:
        return ""
    listed = engine.networks.of(engine.containers.get(target))
    return next((network.bridge for network, _ in listed if network.bridge), "")


def _shows_itself(engine: "Engine", target: str) -> Look:
    bridge = _bridge_of(engine, target)
    on = engine.lab_network.firewall.masquerade_on(bridge)
    who = f"containers on {bridge}" if bridge else "containers"
    return not on, f"{who} reach out with {'the address of their host' if on else 'their own'}"


def _does_not_forward(engine: "Engine", target: str) -> Look:
    del engine, target
    value = sysctl.read(switches.IP_FORWARD)
    return value != "1", f"net.ipv4.ip_forward is {value}"


def _deny(on: bool) -> "Callable[[Engine, str], None]":
    def act(engine: "Engine", target: str) -> None:
        del target
        engine.lab_network.firewall.set_default_deny(on)

    return act


def _denies(engine: "Engine", target: str) -> Look:
    bridge = _bridge_of(engine, target)
    why = engine.lab_network.firewall.denied_by(bridge)
    return bool(why), why or "what containers send to other hosts is let through"


# -- one container -----------------------------------------------------------------------------


def _place(engine: "Engine", container: Container) -> tuple[NetworkRecord, EndpointRecord]:
    for network, endpoint in engine.networks.of(container):
        if network.bridge:
            return network, endpoint
    raise Conflict(f"container {container.name} is on no bridge")


@contextmanager
def _inside(engine: "Engine", container: Container) -> Iterator[Netlink]:
    with netns_of(container) as netns_fd:
        with engine.lab_network.inside(netns_fd):
            inner = Netlink()
        with inner:
            yield inner


def _seen(engine: "Engine", container: Container) -> Snapshot:
    with netns_of(container) as netns_fd:
        return take_snapshot(netns_fd, engine.lab_network.home_fd)


def _cut_route(engine: "Engine", target: str) -> None:
    with netns_of(engine.containers.get(target)) as netns_fd:
        engine.lab_network.set_default_route(netns_fd, "")


def _lacks_route(engine: "Engine", target: str) -> Look:
    """Ask the container's kernel side how it would go: there are more ways than a default route."""
    container = engine.containers.get(target)
    with _inside(engine, container) as inner:
        gateway = repairs.next_hop(inner, _FAR_AWAY)
    hosts = {network.gateway for network, _ in engine.networks.of(container)}
    if gateway is None:
        return True, f"there is no way to {_FAR_AWAY}: no default route"
    told = f"the way to {_FAR_AWAY} is by {gateway or 'its own link'}"
    return gateway not in hosts, told if gateway in hosts else f"{told}, which is not its host"


def _set_route(engine: "Engine", target: str) -> None:
    container = engine.containers.get(target)
    _place(engine, container)
    with netns_of(container) as netns_fd:
        networks_connect.route(engine, container, netns_fd)


def _misdirect(engine: "Engine", target: str) -> None:
    container = engine.containers.get(target)
    _place(engine, container)
    etc_files.overwrite(engine, container.id, "resolv.conf", f"nameserver {_NOBODY}\n")


def _name_servers(engine: "Engine", target: str) -> Look:
    container = engine.containers.get(target)
    with open(etc_files.path_of(engine, container.id, "resolv.conf"), errors="replace") as file:
        servers = name_servers(file)
    right = name_servers(etc_files.resolv_conf_of(engine, container).splitlines())
    is_wrong = servers[:1] != right[:1]
    return is_wrong, f"nameserver {' '.join(servers) or 'none'}" + (
        f", where {right[0]} would answer" if is_wrong and right else ""
    )


def _redirect(engine: "Engine", target: str) -> None:
    etc_files.rewrite_resolv_conf(engine, engine.containers.get(target))


def _lengthen(excess_bytes: int) -> "Callable[[Engine, str], None]":
    """Return what makes a container's cable take longer packets than its bridge carries."""

    def act(engine: "Engine", target: str) -> None:
        container = engine.containers.get(target)
        network, endpoint = _place(engine, container)
        mtu_bytes = network.mtu_bytes + excess_bytes
        with _inside(engine, container) as inner:
            repairs.set_mtu(inner, endpoint.inner_link, mtu_bytes)
        with Netlink() as lab:
            repairs.set_mtu(lab, endpoint.host_link, mtu_bytes)

    return act


def _too_long(engine: "Engine", target: str) -> Look:
    container = engine.containers.get(target)
    network, endpoint = _place(engine, container)
    links = {link.name: link.mtu_bytes for link in _seen(engine, container).links}
    found = links.get(endpoint.inner_link, 0)
    limit = network.mtu_bytes
    told = f"{endpoint.inner_link} of {container.name} has MTU {found}, its network {limit}"
    return found > limit, told


def _neighbours(engine: "Engine", container: Container) -> Iterator[tuple[Container, str]]:
    """Return the other running containers on the same network, with their address."""
    network, _ = _place(engine, container)
    for other_id, endpoint in engine.networks.endpoints(network.id).items():
        if other_id != container.id and endpoint.ip_address:
            yield engine.containers.get(other_id), endpoint.ip_address


def _double(engine: "Engine", target: str) -> None:
    container = engine.containers.get(target)
    _, endpoint = _place(engine, container)
    victim = next(_neighbours(engine, container), None)
    if victim is None:
        raise Conflict(
            f"container {container.name} is alone on its network",
            hint="start another one there, whose address it can take as well",
        )
    with _inside(engine, container) as inner:
        repairs.add_address(inner, endpoint.inner_link, victim[1], endpoint.prefix_len)


def _doubled(engine: "Engine", container: Container) -> list[tuple[str, str]]:
    taken = {address.ip for address in _seen(engine, container).addresses}
    return [(one.name, ip) for one, ip in _neighbours(engine, container) if ip in taken]


def _is_double(engine: "Engine", target: str) -> Look:
    container = engine.containers.get(target)
    found = _doubled(engine, container)
    told = "; ".join(f"{container.name} and {name} both have {ip}" for name, ip in found)
    return bool(found), told or f"no other container has an address of {container.name}"


def _single(engine: "Engine", target: str) -> None:
    container = engine.containers.get(target)
    _, endpoint = _place(engine, container)
    for _, ip in _doubled(engine, container):
        with _inside(engine, container) as inner:
            repairs.delete_address(inner, endpoint.inner_link, ip, endpoint.prefix_len)


# -- an overlay network ------------------------------------------------------------------------


def _vni(engine: "Engine", target: str) -> tuple[NetworkRecord, int]:
    """Return an overlay network and the number its device has in the kernel; 0 without one."""
    record = engine.networks.get(target)
    if record.driver != "overlay":
        raise InvalidArgument(f"network {target} is no overlay network")
    links = take_snapshot().links
    bridge = next((link.index for link in links if link.name == record.bridge), -1)
    return record, next((link.vni for link in links if link.vni and link.bridge_index == bridge), 0)


def _misnumber(engine: "Engine", target: str) -> None:
    record, _ = _vni(engine, target)
    engine.overlays.remake(record, record.vni + 1)


def _has_wrong_vni(engine: "Engine", target: str) -> Look:
    record, found = _vni(engine, target)
    return found != record.vni, f"the device has VNI {found}, network {record.name} {record.vni}"


def _renumber(engine: "Engine", target: str) -> None:
    record, _ = _vni(engine, target)
    engine.overlays.remake(record, record.vni)


FAULTS: dict[str, _Fault] = {
    "masquerade": _Fault(_turn(masquerade=False), _shows_itself, _turn(masquerade=True)),
    "ip_forward": _Fault(_turn(ip_forward=False), _does_not_forward, _turn(ip_forward=True)),
    "default_deny": _Fault(_deny(True), _denies, _deny(False)),
    "default_route": _Fault(_cut_route, _lacks_route, _set_route),
    "dns": _Fault(_misdirect, _name_servers, _redirect),
    "mtu": _Fault(_lengthen(50), _too_long, _lengthen(0)),
    "duplicate_address": _Fault(_double, _is_double, _single),
    "wrong_vni": _Fault(_misnumber, _has_wrong_vni, _renumber),
}


def find(name: str) -> _Fault:
    """Return a fault.

    Raises:
        NotFound: there is none of that name.
    """
    if name not in FAULTS:
        raise NotFound(f"no such fault: {name}", hint=f"there are: {', '.join(FAULTS)}")
    return FAULTS[name]


def inject(engine: "Engine", name: str, target: str = "") -> FaultState:
    """Break something.

    Args:
        engine: whose lab.
        name: which fault.
        target: the container or (``wrong_vni``) network; what concerns the whole lab ignores it.

    Raises:
        NotFound: no such fault, container or network.
        Conflict: the container does not run, or has nothing that could be broken so.
    """
    _act(find(name).inject, engine, target)
    return look(engine, name, target)


def repair(engine: "Engine", name: str, target: str = "") -> FaultState:
    """Repair it the plain way; what is not broken stays as it is.

    Raises:
        NotFound: as for ``inject``.
    """
    if look(engine, name, target).is_broken:
        _act(find(name).repair, engine, target)
    return look(engine, name, target)


def look(engine: "Engine", name: str, target: str = "") -> FaultState:
    """Tell from the kernel's state whether it is broken.

    Raises:
        NotFound: as for ``inject``.
    """
    is_broken, evidence = _act(find(name).look, engine, target)
    return FaultState(name, target, is_broken, evidence)


def _act(action: "Callable[[Engine, str], Done]", engine: "Engine", target: str) -> Done:
    try:
        return action(engine, target)
    except OSError as error:
        raise SystemFailure(f"the kernel refused: {os.strerror(error.errno or 0)}") from error
