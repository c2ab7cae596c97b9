"""``update``: change the limits and the restart policy of a container, also while it runs.

The order is that of the kernel's files: what the group does not take is not recorded either.

See: moby daemon/update.go, container/container_unix.go (UpdateContainer).
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from pyminidocker.engine import create_checks, limits, limits_checks
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import HostOptions, RestartPolicy
from pyminidocker.engine.resources import Resources
from pyminidocker.errors import Conflict, InvalidArgument, MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.kernel.cgroup.limits import Limits

# (asked for, in the way, moby's words)
_CONFLICTS = (
    ("nano_cpus", "cpu_period_us", "Nano CPUs cannot be updated as CPU Period"),
    ("nano_cpus", "cpu_quota_us", "Nano CPUs cannot be updated as CPU Quota"),
    ("cpu_period_us", "nano_cpus", "CPU Period cannot be updated as NanoCPUs"),
    ("cpu_quota_us", "nano_cpus", "CPU Quota cannot be updated as NanoCPUs"),
)


async def update(
    engine: "Engine", container: Container, restart: RestartPolicy | None, asked: Resources
) -> list[str]:
    """Change limits and restart policy; see ``Containers.update``."""
    limits_checks.check(asked, is_update=True)
    if restart is not None and restart.name:
        create_checks.check_host(HostOptions(restart=restart))
    try:
        async with container.lock:  # a start, which reads what is changed here, comes first
            await _update(engine, container, restart, asked)
    except MiniDockerError as error:
        text = f"Cannot update container {container.id}: {error}"
        raise type(error)(text, hint=error.hint) from error
    engine.events.emit("container", "update", container.id, container.event_attributes())
    return []


async def _update(
    engine: "Engine", container: Container, restart: RestartPolicy | None, asked: Resources
) -> None:
    if container.status in ("removing", "dead"):
        raise Conflict('container is marked for removal and cannot be "update"')
    host = container.record.host
    if restart is not None and restart.name and host.auto_remove and restart.name != "no":
        raise Conflict(
            "Restart policy cannot be updated because AutoRemove is enabled for the container"
        )
    memory_alone = asked.memory_bytes and not asked.memory_swap_bytes
    if memory_alone and engine.cgroups.why_not("swap") is not None:
        asked.memory_swap_bytes = limits.UNLIMITED  # as run has it where nothing counts swap
    if asked != limits.NONE:
        merged = merge(host.resources, asked)
        limits.refuse(engine, merged)
        if container.is_running:
            await _apply(engine, container, _changes(engine, merged, asked))
        host.resources = merged
    if restart is not None and restart.name:
        host.restart = restart
    container.save()


async def _apply(engine: "Engine", container: Container, changes: "Limits") -> None:
    """Set limits in a thread: memory that is in use must be taken back, which can take seconds.

    What was set before the kernel refused the rest is set back, as runc does (container_linux.go,
    Set).

    Raises:
        InvalidArgument: the kernel does not take a value.
    """
    group = engine.cgroups.group_of(container)
    try:
        await asyncio.to_thread(limits.apply, engine, container, changes)
    except InvalidArgument:
        if engine.cgroups.group_of(container) is not group:
            return  # it has ended meanwhile; its next life begins with the new limits
        before = limits.kernel_limits(container.record.host.resources)
        with suppress(InvalidArgument):
            await asyncio.to_thread(limits.apply, engine, container, before)
        raise


def merge(present: Resources, asked: Resources) -> Resources:
    """Return the limits after an update: what was not asked for stays.

    Raises:
        Conflict: what was asked for contradicts what is there; in moby's words.
        InvalidArgument: together they make no sense.
    """
    for name, other, text in _CONFLICTS:
        if getattr(asked, name) > 0 and getattr(present, other) > 0:
            raise Conflict(f"Conflicting options: {text} has already been set")
    if (
        asked.memory_bytes
        and asked.memory_bytes > present.memory_swap_bytes
        and not asked.memory_swap_bytes
    ):
        raise Conflict(
            "Memory limit should be smaller than already set memoryswap limit, update the"
            " memoryswap at the same time",
            hint="--memory-swap -1 is unlimited; with twice the memory it is as run makes it",
        )
    merged = structs.replace(present)
    for name in Resources.__struct_fields__:
        value = getattr(asked, name)
        if value not in (0, "", None, []) or (name == "pids_limit" and value is not None):
            setattr(merged, name, value)
    if 0 < merged.memory_swap_bytes < merged.memory_bytes:
        raise InvalidArgument(
            "Minimum memoryswap limit should be larger than memory limit, see usage"
        )
    if merged.memory_swap_bytes > 0 and not merged.memory_bytes:
        raise InvalidArgument(
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        )
    if 0 < merged.memory_bytes < merged.memory_reservation_bytes:
        raise InvalidArgument(
            "Minimum memory limit can not be less than memory reservation limit, see usage"
        )
    return merged


def _changes(engine: "Engine", merged: Resources, asked: Resources) -> "Limits":
    """Return what to write: what was asked for, and what belongs with it in the same file."""
    found = limits.kernel_limits(asked)
    if asked.memory_bytes or asked.memory_swap_bytes:
        swap = merged.memory_swap_bytes
        if swap == limits.UNLIMITED and engine.cgroups.why_not("swap") is not None:
            swap = 0
        found = replace(found, memory_bytes=merged.memory_bytes, memory_swap_bytes=swap)
    if found.cpu_quota_us or found.cpu_period_us:
        whole = limits.kernel_limits(merged)
        found = replace(found, cpu_quota_us=whole.cpu_quota_us, cpu_period_us=whole.cpu_period_us)
    return found
