"""/minidocker/rules, /flows, /switches, /fault: the lab's packet filter, and what can go wrong."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from pyminidocker.api.message import Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine import switches
from pyminidocker.engine.engine import Engine

if TYPE_CHECKING:  # the daemon's socket shall not wait for these
    from pyminidocker.engine.faults import FaultState
    from pyminidocker.network.conntrack import Flow, Tuple
    from pyminidocker.network.nft_read import Chain, Rule

Json = dict[str, object]


class _SwitchBody(msgspec.Struct):
    ip_forward: bool | None = None
    masquerade: bool | None = None


class _FaultBody(msgspec.Struct, rename="pascal"):
    name: str = ""
    target: str = ""


def _rule(rule: "Rule") -> Json:
    return {
        "Handle": rule.handle,
        "Text": rule.text,
        "Comment": rule.comment,
        "Counted": rule.has_counter,
        "Packets": rule.packets,
        "Bytes": rule.bytes,
    }


def _chain(chain: "Chain") -> Json:
    return {
        "Table": chain.table,
        "Family": chain.family,
        "Name": chain.name,
        "Type": chain.type,
        "Hook": chain.hook,
        "Priority": chain.priority,
        "Policy": chain.policy,
        "Comment": chain.comment,
        "Handle": chain.handle,
        "Rules": [_rule(rule) for rule in chain.rules],
    }


async def rules(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/rules: read from the kernel now, with counters."""
    del request
    await engine.network_ready()
    # Some 60 us a rule: with hundreds of published ports nobody else shall wait for it.
    found = await asyncio.to_thread(engine.lab_network.firewall.ruleset)
    return as_json({"Chains": [_chain(chain) for chain in found.chains], "Text": found.text()})


def _tuple(way: "Tuple") -> Json:
    return {
        "Source": way.source,
        "SourcePort": way.source_port,
        "Destination": way.destination,
        "DestinationPort": way.destination_port,
    }


def _flow(flow: "Flow") -> Json:
    return {
        "Protocol": flow.protocol,
        "Original": _tuple(flow.original),
        "Reply": _tuple(flow.reply),
        "State": flow.state,
        "Packets": flow.packets,
        "Bytes": flow.bytes,
        "SourceRewritten": flow.is_source_rewritten,
        "DestinationRewritten": flow.is_destination_rewritten,
        "TimeoutSeconds": flow.timeout_s,
    }


async def flows(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/flows: what connection tracking knows."""
    from pyminidocker.network import conntrack

    del request
    await engine.network_ready()
    return as_json([_flow(flow) for flow in await asyncio.to_thread(conntrack.flows)])


async def show_switches(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/switches."""
    del request
    await engine.network_ready()
    # It runs the rules for a packet, so they are all read: beside the loop, as above.
    return as_json(await asyncio.to_thread(switches.read, engine))


async def set_switches(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/switches."""
    body = await request.document(_SwitchBody)
    await engine.network_ready()
    return as_json(switches.change(engine, ip_forward=body.ip_forward, masquerade=body.masquerade))


def _fault(state: "FaultState") -> Json:
    return {
        "Name": state.name,
        "Target": state.target,
        "IsBroken": state.is_broken,
        "Evidence": state.evidence,
    }


def _named(request: Request) -> tuple[str, str]:
    return request.query.get("name", ""), request.query.get("target", "")


async def show_fault(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/fault: whether it is broken now."""
    from pyminidocker.engine import faults

    await engine.network_ready()
    return as_json(_fault(faults.look(engine, *_named(request))))


def list_faults(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/faults: the names there are."""
    from pyminidocker.engine import faults

    del engine, request
    return as_json(list(faults.FAULTS))


async def inject(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/fault: break it."""
    from pyminidocker.engine import faults

    body = await request.document(_FaultBody)
    await engine.network_ready()
    return as_json(_fault(faults.inject(engine, body.name, body.target)))


async def repair(engine: Engine, request: Request) -> Outcome:
    """DELETE /minidocker/fault: repair it."""
    from pyminidocker.engine import faults

    await engine.network_ready()
    return as_json(_fault(faults.repair(engine, *_named(request))))


ROUTES: list[Route] = [
    ("GET", "/minidocker/rules", rules),
    ("GET", "/minidocker/flows", flows),
    ("GET", "/minidocker/switches", show_switches),
    ("POST", "/minidocker/switches", set_switches),
    ("GET", "/minidocker/faults", list_faults),
    ("GET", "/minidocker/fault", show_fault),
    ("POST", "/minidocker/fault", inject),
    ("DELETE", "/minidocker/fault", repair),
]
