"""``info``: what the engine is, and what it is missing."""

from __future__ import annotations

import sys

from pyminidocker import __version__
from pyminidocker.cli.command import Command, Invocation
from pyminidocker.cli.commands.inspect import FORMAT, print_formatted
from pyminidocker.units import binary_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _flag(value: object) -> str:
    return "true" if value else "false"


def _lines(facts: Json) -> list[str]:
    lines = [f"{title}: {facts[key]}" for title, key in (
        ("Containers", "Containers"), (" Running", "ContainersRunning"),
        (" Paused", "ContainersPaused"), (" Stopped", "ContainersStopped"),
        ("Images", "Images"), ("Server Version", "ServerVersion"), ("Storage Driver", "Driver"),
    ) if key in facts]  # fmt: skip
    lines += [f" {name}: {value}" for name, value in facts.get("DriverStatus") or []]
    lines += [f"{title}: {facts[key]}" for title, key in (
        ("Logging Driver", "LoggingDriver"), ("Cgroup Driver", "CgroupDriver"),
        ("Cgroup Version", "CgroupVersion"),
    ) if facts.get(key)]  # fmt: skip
    plugins = facts.get("Plugins") or {}
    if plugins:
        lines.append("Plugins:")
        for kind in ("Volume", "Network", "Authorization", "Log"):
            if plugins.get(kind):
                lines.append(f" {kind}: {' '.join(plugins[kind])}")
    swarm = (facts.get("Swarm") or {}).get("LocalNodeState")
    lines += [f"Swarm: {swarm}"] if swarm else []
    runtimes = facts.get("Runtimes") or {}
    lines += [f"Runtimes: {' '.join(sorted(runtimes))}"] if runtimes else []
    lines += _named(facts, ("Default Runtime", "DefaultRuntime"), ("Init Binary", "InitBinary"))
    lines += _security(facts)
    lines += _named(
        facts,
        ("Kernel Version", "KernelVersion"), ("Operating System", "OperatingSystem"),
        ("OSType", "OSType"), ("Architecture", "Architecture"), ("CPUs", "NCPU"),
    )  # fmt: skip
    if facts.get("MemTotal"):
        lines.append(f"Total Memory: {binary_size(facts['MemTotal'])}")
    lines += _named(facts, ("Name", "Name"), ("ID", "ID"), ("Docker Root Dir", "DockerRootDir"))
    lines.append(f"Debug Mode: {_flag(facts.get('Debug'))}")
    lines += [f"{name}: {facts[key]}" for name, key in (("HTTP Proxy", "HttpProxy"),
        ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy")) if facts.get(key)]  # fmt: skip
    lines.append(f"Experimental: {_flag(facts.get('ExperimentalBuild'))}")
    lines.append(f"Live Restore Enabled: {_flag(facts.get('LiveRestoreEnabled'))}")
    return lines


def _named(facts: Json, *names: tuple[str, str]) -> list[str]:
    return [f"{title}: {facts[key]}" for title, key in names if facts.get(key) not in (None, "")]


def _security(facts: Json) -> list[str]:
    lines = []
    for text in facts.get("SecurityOptions") or []:
        pairs = dict(part.partition("=")[::2] for part in text.split(","))
        lines.append(f" {pairs.pop('name', text)}")
        lines += [f"  {key.capitalize()}: {value}" for key, value in pairs.items()]
    return ["Security Options:", *lines] if lines else []


def info(call: Invocation) -> int:
    """Show facts about client and engine."""
    facts = call.engine.info()
    if call.options["format"]:
        facts["ClientInfo"] = {
            "Version": __version__,
            "Context": "default",
            "Socket": call.engine.socket_path,
        }
        return print_formatted(facts, call.options["format"])
    print("Client:")
    print(f" Version:    {__version__}")
    print(f" Socket:     {call.engine.socket_path}")
    print("\nServer:")
    print("\n".join(f" {line}" for line in _lines(facts)))
    sys.stdout.flush()
    for warning in facts.get("Warnings") or []:
        print(warning, file=sys.stderr)
    return 0


INFO = Command("[OPTIONS]", (FORMAT,), info)
