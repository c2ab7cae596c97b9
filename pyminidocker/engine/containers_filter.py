"""Which containers ``docker ps --filter`` shows (moby daemon/list.go).

Values of one filter are alternatives, filters are combined; all ``label`` values must hold.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import filters as matching
from pyminidocker.engine.container import Container
from pyminidocker.engine.states import STATUSES
from pyminidocker.errors import InvalidArgument, MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
Test = Callable[[Container], bool]

KNOWN = frozenset(
    (
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label",
        "name", "network", "publish", "since", "status", "volume",
    )
)  # fmt: skip


def select(
    engine: "Engine", *, shows_all: bool, limit: int, filters: Filters | None
) -> list[Container]:
    """Return containers, newest first.

    Args:
        engine: whose.
        shows_all: also those that do not run; implied by some filters, as with Docker.
        limit: at most so many of the newest, running or not; 0 = no limit.
        filters: Docker's.

    Raises:
        InvalidArgument: an unknown filter or value.
    """
    wanted = dict(filters or {})
    matching.check_names(wanted, KNOWN)
    tests = [_TESTS[name](engine, values) for name, values in wanted.items() if name in _TESTS]
    shows_all = shows_all or limit > 0 or "status" in wanted or "exited" in wanted
    newest_first = sorted(
        engine.containers.index.by_id.values(), key=lambda item: item.record.created, reverse=True
    )
    found = _between(engine, newest_first, wanted)
    selected = [
        container
        for container in found
        if (shows_all or container.status in ("running", "paused", "restarting"))
        and _passes(container, tests)
    ]
    return selected[:limit] if limit > 0 else selected


def _passes(container: Container, tests: list[Test]) -> bool:
    for test in tests:  # noqa: SIM110 - all() with a generator costs more than it saves
        if not test(container):
            return False
    return True


def _between(engine: "Engine", newest_first: list[Container], wanted: Filters) -> list[Container]:
    before = [engine.containers.get(ref).record.created for ref in wanted.get("before", ())]
    since = [engine.containers.get(ref).record.created for ref in wanted.get("since", ())]
    if not before and not since:
        return newest_first
    return [
        container
        for container in newest_first
        if all(container.record.created < moment for moment in before)
        and all(container.record.created > moment for moment in since)
    ]


def _status(_: "Engine", values: Sequence[str]) -> Test:
    for value in values:
        if value not in STATUSES:
            raise InvalidArgument(f"Invalid filter 'status={value}'")
    return lambda container: container.status in values


def _name(_: "Engine", values: Sequence[str]) -> Test:
    try:
        patterns = [re.compile(value.lstrip("/").replace("^/", "^")) for value in values]
    except re.error as error:
        raise InvalidArgument(f"Invalid filter 'name={values[0]}': {error}") from None
    return lambda container: any(pattern.search(container.name) for pattern in patterns)


def _id(_: "Engine", values: Sequence[str]) -> Test:
    return lambda container: any(container.id.startswith(value) for value in values)


def _label(_: "Engine", values: Sequence[str]) -> Test:
    return lambda container: matching.labels_match(container.record.config.labels, values)


def _exited(_: "Engine", values: Sequence[str]) -> Test:
    try:
        codes = {int(value) for value in values}
    except ValueError:
        raise InvalidArgument(f"Invalid filter 'exited={values[0]}'") from None
    return lambda container: (
        container.status == "exited" and container.record.state.exit_code in codes
    )


def _ancestor(engine: "Engine", values: Sequence[str]) -> Test:
    """Containers whose image is, or descends from, one of these images."""
    chains: list[tuple[str, ...]] = []
    ids: set[str] = set()
    for value in values:
        try:
            image = engine.images.get(value)
        except MiniDockerError:
            continue  # Docker: an unknown ancestor simply matches nothing
        ids.add(image.id)
        chains.append(tuple(layer.chain_id for layer in image.layers))

    def test(container: Container) -> bool:
        if container.record.image_id in ids:
            return True
        try:
            own = engine.images.by_id(container.record.image_id)
        except MiniDockerError:
            return False
        chain_ids = {layer.chain_id for layer in own.layers}
        return any(bool(chain) and chain[-1] in chain_ids for chain in chains)

    return test


def _network(_: "Engine", values: Sequence[str]) -> Test:
    def test(container: Container) -> bool:
        return any(
            endpoint.network_name == value
            or (bool(endpoint.network_id) and endpoint.network_id.startswith(value))
            for value in values
            for endpoint in container.record.endpoints.values()
        )

    return test


def _volume(_: "Engine", values: Sequence[str]) -> Test:
    return lambda container: any(
        value in (mount.name, mount.source, mount.destination)
        for value in values
        for mount in container.record.mounts
    )


def _health(_: "Engine", values: Sequence[str]) -> Test:
    for value in values:
        if value not in ("none", "starting", "healthy", "unhealthy"):
            raise InvalidArgument(f"Unrecognised filter value for health: {value}")

    def test(container: Container) -> bool:
        health = container.record.state.health
        return ("none" if health is None else health.status) in values

    return test


def _is_task(_: "Engine", values: Sequence[str]) -> Test:
    wants_tasks = matching.boolean({"is-task": values}, "is-task", False)
    return lambda _container: not wants_tasks


def _expose(_: "Engine", values: Sequence[str]) -> Test:
    wanted = {value if "/" in value else f"{value}/tcp" for value in values}
    return lambda container: not wanted.isdisjoint(container.record.config.exposed_ports)


def _publish(_: "Engine", values: Sequence[str]) -> Test:
    wanted = {value if "/" in value else f"{value}/tcp" for value in values}
    return lambda container: not wanted.isdisjoint(container.record.host.port_bindings)


_TESTS: dict[str, Callable[["Engine", Sequence[str]], Test]] = {
    "status": _status,
    "name": _name,
    "id": _id,
    "label": _label,
    "exited": _exited,
    "ancestor": _ancestor,
    "network": _network,
    "volume": _volume,
    "health": _health,
    "is-task": _is_task,
    "expose": _expose,
    "publish": _publish,
}
