"""``network rules|flows|switch|fault``: the packet filter, and what can go wrong."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.failures import USAGE_ERROR, Failure
from pyminidocker.cli.output import pretty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

SWITCHES = {"ip-forward": "ip_forward", "masquerade": "masquerade"}


def _wants_json(call: Invocation) -> bool:
    """Tell which of the two formats was asked for.

    Raises:
        Failure: another one.
    """
    form = call.options["format"]
    if form not in ("", "json"):
        raise Failure(f"unknown format {form!r}", USAGE_ERROR, hint="json, or none")
    return bool(form)


def rules(call: Invocation) -> int:
    """Print the rule set, as nft does or as a table with counters."""
    as_json = _wants_json(call)
    found = call.engine.rules()
    if as_json:
        print(pretty(found["Chains"]))
    elif call.options["counters"]:
        for chain in found["Chains"]:
            for rule in chain["Rules"]:
                if rule["Counted"]:
                    where = f"{chain['Table']} {chain['Name']}"
                    print(f"{where:<28} {rule['Packets']:>8} packets  {_said(rule)}")
    else:
        print(found["Text"].rstrip())
    return 0


def _said(rule: Json) -> str:
    return str(rule["Comment"] or rule["Text"])


def flows(call: Invocation) -> int:
    """Print tracked connections; an arrow shows what was rewritten."""
    as_json = _wants_json(call)
    found = call.engine.flows()
    if as_json:
        print(pretty(found))
        return 0
    for flow in found:
        print(f"{flow['Protocol']:<6} {flow['State'] or '-':<12} {described(flow)}")
    return 0


def described(flow: Json) -> str:
    """Return a flow in one line: who talks to whom, and what NAT made of it."""
    from pyminidocker.client.filter_views import way_end

    there, back = flow["Original"], flow["Reply"]
    line = f"{way_end(there, 'Source')} > {way_end(there, 'Destination')}"
    if flow["SourceRewritten"]:
        line += f"  source becomes {way_end(back, 'Destination')}"
    if flow["DestinationRewritten"]:
        line += f"  destination becomes {way_end(back, 'Source')}"
    return line


def switch(call: Invocation) -> int:
    """Show the switches, or set some."""
    wanted: dict[str, bool] = {}
    for word in call.arguments:
        name, equals, value = word.partition("=")
        if name not in SWITCHES or not equals or value not in ("on", "off"):
            raise Failure(
                f"cannot set {word!r}",
                USAGE_ERROR,
                hint="write ip-forward=on, ip-forward=off, masquerade=on or masquerade=off",
            )
        wanted[SWITCHES[name]] = value == "on"
    state = call.engine.switch(**wanted) if wanted else call.engine.switches()
    for shown, name in SWITCHES.items():
        print(f"{shown}={'on' if state[name] else 'off'}")
    return 0


def fault(call: Invocation) -> int:
    """Break, look at or repair one of the faults."""
    if not call.arguments:
        for name in call.engine.fault_names():
            print(name)
        return 0
    name, target = (*call.arguments, "")[:2]
    if call.options["break"] and call.options["repair"]:
        raise Failure("--break and --repair exclude each other", USAGE_ERROR)
    if call.options["break"]:
        state = call.engine.fault_inject(name, target)
    elif call.options["repair"]:
        state = call.engine.fault_repair(name, target)
    else:
        state = call.engine.fault_look(name, target)
    print(f"{name}: {'broken' if state['IsBroken'] else 'in order'} ({state['Evidence']})")
    return 0


_FORMAT = Option("--format", "string", "json: everything the kernel says")

RULES = Command(
    "[OPTIONS]",
    (
        _FORMAT,
        Option("-c, --counters", "bool", "Show only the rules that count, with their numbers"),
    ),
    rules,
    description="Show the lab's packet filter, read from the kernel, as nft(8) writes it.",
)
FLOWS = Command(
    "[OPTIONS]",
    (_FORMAT,),
    flows,
    description="Show the connections the lab keeps track of, and what was rewritten in each.",
)
SWITCH = Command(
    "[NAME=on|off...]",
    (),
    switch,
    0,
    ANY,
    description=(
        "Show or set what decides whether containers reach other hosts: ip-forward (the host\n"
        "passes packets on) and masquerade (it puts its own address on them)."
    ),
)
FAULT = Command(
    "[OPTIONS] [NAME [TARGET]]",
    (
        Option("--break", "bool", "Break it"),
        Option("--repair", "bool", "Repair it"),
    ),
    fault,
    0,
    2,
    description=(
        "Tell whether something is broken, break it on purpose, or repair it. TARGET is the\n"
        "container, or for wrong_vni the network; without NAME the faults are listed."
    ),
)
