"""``network rm`` and ``network prune``."""

from typing import TYPE_CHECKING

from pyminidocker.engine import filters as matching
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import NetworkRecord
from pyminidocker.errors import PermissionDenied

if TYPE_CHECKING:
    from pyminidocker.engine.networks import Networks

_PRUNE_FILTERS = frozenset(("until", "label", "label!"))


def remove(networks: "Networks", record: NetworkRecord) -> None:
    """Delete a network that nobody is on; see ``Networks.remove``."""
    engine = networks.engine
    if record.name in BUILT_IN:
        raise PermissionDenied(
            f"{record.name} is a pre-defined network and cannot be removed",
            hint="only networks of your own can: minidocker network ls -f type=custom",
        )
    if members := networks.members[record.id]:
        names = [engine.containers.get(member).name for member in members]
        raise PermissionDenied(
            f"error while removing network: network {record.name} id {record.id} has active"
            " endpoints",
            hint=f"disconnect or stop first: {', '.join(names)}",
        )
    if engine.is_network_ready:
        if record.driver == "overlay":
            engine.overlays.down(record)
        engine.lab_network.remove_bridge(record.bridge)
    networks.forget(record)
    networks.tell("destroy", record)


def prune(networks: "Networks", filters: matching.Filters) -> list[str]:
    """Remove networks that nobody is on; see ``Networks.prune``."""
    matching.check_names(filters, _PRUNE_FILTERS)
    until = matching.moment(filters, "until")
    removed = []
    for record in networks.list({"dangling": ["true"]}):
        if until and record.created > until:
            continue
        if matching.prune_labels_match(record.labels, filters):
            remove(networks, record)
            removed.append(record.name)
    networks.engine.events.emit("network", "prune", "", {"reclaimed": "0"})
    return removed
