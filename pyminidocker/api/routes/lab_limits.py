"""/minidocker/lab/limits: what all containers together may use."""

import asyncio

import msgspec

from pyminidocker.api.message import Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument
from pyminidocker.kernel.cgroup.limits import UNLIMITED, Limits

_PERIOD_US = 100_000
_NANO_PER_US_OF_PERIOD = 1_000_000_000 // _PERIOD_US


class _LimitsBody(msgspec.Struct, rename="pascal"):
    memory: int = 0
    memory_swap: int = 0
    nano_cpus: int = 0
    pids_limit: int = 0


def _view(engine: Engine) -> dict[str, object]:
    cgroups = engine.cgroups
    found: dict[str, object] = {"Version": cgroups.kind, "Paths": cgroups.lab_paths()}
    if cgroups.kind == "none":
        reason, remedy = cgroups.why_not("memory") or ("", "")
        return {**found, "Reason": reason, "Remedy": remedy}
    limits, usage = cgroups.lab_limits(), cgroups.lab_usage()
    return {
        **found,
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_swap_bytes,
        "NanoCpus": max(limits.cpu_quota_us, 0) * _NANO_PER_US_OF_PERIOD,
        "PidsLimit": limits.pids_max,
        "Usage": {"Memory": usage.memory_bytes, "Pids": usage.pids, "CpuNanoseconds": usage.cpu_ns},
    }


def show(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/lab/limits: the limits, and what is used now."""
    del request
    return as_json(_view(engine))


async def change(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/lab/limits: 0 leaves a limit as it is, -1 takes it away."""
    body = await request.document(_LimitsBody)
    if min(body.memory, body.memory_swap, body.pids_limit) < UNLIMITED:
        raise InvalidArgument(
            "invalid limits for the lab", hint="0 leaves one as it is, -1 is none"
        )
    quota_us = max(body.nano_cpus // _NANO_PER_US_OF_PERIOD, UNLIMITED)
    await asyncio.to_thread(
        engine.cgroups.limit_lab,
        Limits(
            memory_bytes=body.memory,
            memory_swap_bytes=body.memory_swap,
            cpu_quota_us=quota_us,
            cpu_period_us=_PERIOD_US if body.nano_cpus > 0 else 0,
            pids_max=body.pids_limit,
        ),
    )
    return as_json(_view(engine))


ROUTES: list[Route] = [
    ("GET", "/minidocker/lab/limits", show),
    ("POST", "/minidocker/lab/limits", change),
]
