"""What of a start concerns the network: which kind of child, what it shares, what it is given.

A child's network is ``new`` (a namespace of its own: eth0, eth1 ... or only lo), ``host`` (the
lab's), ``machine`` (the real machine's, where the engine was told that "host" means it) or ``join``
(another container's: ``--network container:NAME``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyminidocker.engine import network_modes, networks_join
from pyminidocker.engine.container import Container
from pyminidocker.engine.netns import netns_of
from pyminidocker.errors import Conflict, InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.networks import Places
    from pyminidocker.network.plans import Prepared
    from pyminidocker.runtime.zygote import ParkedChild

_DEFAULT_BRIDGE = "docker0"
_CHILD_OF = {"join": "host"}  # such a child has no network of its own, and enters another


class NetworkPart:
    """How a container that starts is to be connected.

    Attributes:
        kind: as in ``ContainerSpec.network``.
        child_kind: which kind of parked child serves.
        linked: a child that has an interface on the default bridge already serves best.
        target: the container whose network is shared, or None.
    """

    __slots__ = ("child_kind", "kind", "linked", "target")

    def __init__(self, kind: str, *, linked: bool = False, target: Container | None = None) -> None:
        self.kind = kind
        self.child_kind = _CHILD_OF.get(kind, kind)
        self.linked = linked
        self.target = target


def survey(engine: "Engine", container: Container) -> NetworkPart:
    """Find out what a container needs before it is given anything.

    Raises:
        NotFound: a network, or the container whose network is shared, is gone.
        Conflict: that container does not run.
    """
    record = container.record
    if record.host.network_mode.startswith("container:"):
        target = _target(engine, container)
        return NetworkPart(host_kind(engine, target) or "join", target=target)
    if kind := host_kind(engine, container):
        return NetworkPart(kind)
    bridges = [
        networks_join.find(engine.networks, name, endpoint).bridge
        for name, endpoint in record.endpoints.items()
    ]
    return NetworkPart("new", linked=bool(bridges) and bridges[0] == _DEFAULT_BRIDGE)


def owner_of(engine: "Engine", container: Container) -> Container:
    """Return the container whose network a container lives in: mostly itself."""
    seen = {container.id}
    while shared := network_modes.shared_with(container.record.host.network_mode):
        if shared in seen or shared not in engine.containers.index.by_id:
            break
        seen.add(shared)
        container = engine.containers.index.by_id[shared]
    return container


def host_kind(engine: "Engine", container: Container) -> str:
    """Return ``host`` or ``machine`` for a container in host mode, or that shares such a one's."""
    if owner_of(engine, container).record.host.network_mode != "host":
        return ""
    return "machine" if engine.lab.has_machine_network else "host"


def _target(engine: "Engine", container: Container) -> Container:
    host = container.record.host
    target = engine.containers.get(network_modes.shared_with(host.network_mode))
    host.network_mode = f"container:{target.id}"  # a name that meant nobody when it was created
    if target is container:
        raise InvalidArgument("cannot join own network")
    if not target.is_running:
        raise Conflict(
            f"cannot join network of a non running container: {target.id}",
            hint=f"start it first: minidocker start {target.name}",
        )
    if target.status == "restarting":
        raise Conflict(f"Container {target.id} is restarting, wait until the container is running")
    return target


def plug(
    engine: "Engine",
    container: Container,
    places: "Places",
    child: "ParkedChild",
    prepared: "Prepared | None",
) -> list[str]:
    """Connect a parked child to a container's networks.

    Args:
        engine: whose.
        container: who starts.
        places: its networks, with addresses.
        child: has a network namespace of its own.
        prepared: the interface on the default bridge that it has already, if so.

    Returns:
        Requests that configure the interfaces from inside, for ``ContainerSpec.netlink``.

    Raises:
        SystemFailure: the kernel refused.
    """
    networks, lab_network = engine.networks, engine.lab_network
    wired = [place for place in places if place[0].bridge]
    if not wired:
        return networks.loopback_plan()
    requests: list[str] = []
    plans = networks_join.address_plans(wired)
    for (network, endpoint), plan in zip(wired, plans, strict=True):
        if prepared is None:
            prepared = lab_network.attach(child.netns_fd, network.bridge, endpoint.inner_link)
        networks.links[endpoint.endpoint_id] = prepared
        endpoint.host_link = prepared.host_link
        requests += [message.hex() for message in lab_network.plan_endpoint(prepared, plan)]
        prepared = None
    if any(networks.is_user_defined(network) for network, _ in wired):
        engine.dns.open(container, child.netns_fd)
    return requests


def share(engine: "Engine", container: Container, target: Container) -> str:
    """Note that a container shares another's network, and has its host name.

    Returns:
        The id of the container whose /etc/hosts and its like it shares too.
    """
    config = container.record.config
    config.hostname = target.record.config.hostname
    config.domainname = target.record.config.domainname
    owner = owner_of(engine, target)
    engine.networks.sharers.setdefault(owner.id, set()).add(container.id)
    return owner.id


def release(engine: "Engine", container: Container) -> None:
    """Take back a container's networks at its end; safe to repeat.

    Its interfaces go with its namespace, unless others share that: then they are taken away, since
    their addresses will be given to somebody else.
    """
    networks = engine.networks
    if network_modes.shared_with(container.record.host.network_mode):
        for sharers in networks.sharers.values():
            sharers.discard(container.id)
    for other in networks.sharers.pop(container.id, ()):
        sharer = engine.containers.index.by_id.get(other)
        if sharer is not None and sharer.is_running:
            for _, endpoint in networks.of(container):
                engine.lab_network.detach(networks.links[endpoint.endpoint_id])
            break  # they all live in the same one
    networks.leave(container)


@contextmanager
def shared_namespace(part: NetworkPart) -> Iterator[int]:
    """Open the network namespace that a container shares, for a moment; -1 if it shares none.

    Raises:
        Conflict: the other container has ended.
    """
    if part.target is None or part.kind != "join":
        yield -1
        return
    with netns_of(part.target) as netns_fd:
        yield netns_fd
