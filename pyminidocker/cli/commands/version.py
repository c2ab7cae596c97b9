"""``version``: who is talking to whom."""

from __future__ import annotations

import sys

from pyminidocker import __version__
from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.commands.inspect import FORMAT, print_formatted
from pyminidocker.cli.exit_codes import sentence
from pyminidocker.errors import MiniDockerError

API_VERSION = "1.41"  # of Docker's Engine API, which the client speaks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _client() -> Json:
    import os

    machine = os.uname().machine
    return {
        "Version": __version__,
        "ApiVersion": API_VERSION,
        "PythonVersion": sys.version.partition(" ")[0],
        "Os": "linux",
        "Arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
    }


def _block(pairs: list[tuple[str, object]], indent: str) -> str:
    width = max(len(title) for title, _ in pairs) + 2
    return "\n".join(f"{indent}{title + ':':{width}} {value}" for title, value in pairs)


def _component_lines(server: Json) -> list[str]:
    lines = []
    for component in server.get("Components") or [{"Name": "Engine", "Details": server}]:
        details = component.get("Details") or {}
        version = component.get("Version", server.get("Version", ""))
        pairs: list[tuple[str, object]] = [("Version", version)]
        if "ApiVersion" in details:
            least = details.get("MinAPIVersion", "")
            pairs.append(("API version", f"{details['ApiVersion']} (minimum version {least})"))
        names = (
            ("Go version", "GoVersion"), ("Python version", "PythonVersion"),
            ("Git commit", "GitCommit"), ("Built", "BuildTime"),
        )  # fmt: skip
        pairs += [(title, details[key]) for title, key in names if details.get(key)]
        if "Os" in details:
            pairs.append(("OS/Arch", f"{details['Os']}/{details.get('Arch', '')}"))
        if "Experimental" in details:
            pairs.append(("Experimental", details["Experimental"]))
        lines += [f" {component['Name']}:", _block(pairs, "  ")]
    return lines


def version(call: Invocation) -> int:
    """Show the versions of both sides; the client's too when no engine answers."""
    client = _client()
    if call.options["short"]:
        print(f"minidocker version {__version__}")
        return 0
    server: Json | None = None
    complaint = ""
    try:
        server = call.engine.version()
    except MiniDockerError as error:
        complaint = sentence(error) + (f"\nhint: {error.hint}" if error.hint else "")
    code = 0
    if call.options["format"]:
        code = print_formatted({"Client": client, "Server": server}, call.options["format"])
    else:
        print("Client:")
        print(_block([
            ("Version", client["Version"]), ("API version", client["ApiVersion"]),
            ("Python version", client["PythonVersion"]),
            ("OS/Arch", f"{client['Os']}/{client['Arch']}"),
        ], " "))  # fmt: skip
        if server is not None:
            platform = (server.get("Platform") or {}).get("Name", "")
            print(f"\nServer:{' ' + platform if platform else ''}")
            print("\n".join(_component_lines(server)))
    if complaint:
        sys.stdout.flush()
        print(complaint, file=sys.stderr)
        return 1
    return code


VERSION = Command("[OPTIONS]", (FORMAT, Option("--short", "bool", "")), version)
