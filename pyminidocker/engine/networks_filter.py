"""``network ls --filter``: which networks are meant."""

from collections.abc import Iterable, Mapping

from pyminidocker.engine import filters as matching
from pyminidocker.engine.network_modes import BUILT_IN
from pyminidocker.engine.records import EndpointRecord, NetworkRecord
from pyminidocker.errors import InvalidArgument

_KNOWN = frozenset(("name", "id", "driver", "type", "scope", "label", "dangling"))
Members = Mapping[str, Mapping[str, EndpointRecord]]


def select(
    records: Iterable[NetworkRecord], members: Members, filters: matching.Filters | None
) -> list[NetworkRecord]:
    """Return the networks that all filters let through.

    Args:
        records: all networks.
        members: network id -> containers that run on it.
        filters: name, id, driver, type, scope, label, dangling.

    Raises:
        InvalidArgument: an unknown filter or value.
    """
    wanted = filters or {}
    matching.check_names(wanted, _KNOWN)
    found = list(records)
    if names := wanted.get("name"):
        found = [record for record in found if any(name in record.name for name in names)]
    if ids := wanted.get("id"):
        found = [record for record in found if any(text in record.id for text in ids)]
    if drivers := wanted.get("driver"):
        found = [record for record in found if record.driver in drivers]
    if kinds := wanted.get("type"):
        for kind in kinds:
            if kind not in ("custom", "builtin"):
                raise InvalidArgument(f"invalid filter: 'type'='{kind}'")
        found = [
            record
            for record in found
            if ("builtin" if record.name in BUILT_IN else "custom") in kinds
        ]
    if scopes := wanted.get("scope"):
        found = found if "local" in scopes else []
    if wanted.get("dangling"):
        is_dangling = matching.boolean(wanted, "dangling", True)
        found = [
            record
            for record in found
            if is_dangling == (record.name not in BUILT_IN and not members[record.id])
        ]
    labels = wanted.get("label", ())
    return [record for record in found if matching.labels_match(record.labels, labels)]
