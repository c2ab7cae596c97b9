"""``registry serve``, ``ls`` and ``stop``: a registry for classrooms without internet."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.listing import FORMAT_HELP, Listing
from pyminidocker.client.registry_start import DEFAULT_PORT, PROGRAM, REGISTRIES, Plan
from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.paths import state_root
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Json = dict[str, Any]


def serve(call: Invocation) -> int:
    """Become a registry, or start one in the background and print its address."""
    from pyminidocker.client.registry_start import start

    options = call.options
    root = options["root"] or state_root(".registry")
    try:
        plan = Plan(
            root,
            host=options["address"],
            port=options["port"],
            name=options["name"],
            read_only=options["read-only"],
            users=dict(map(_user, options["user"])),
            certificate=_path(options["tls-certificate"]),
            key=_path(options["tls-key"]),
        )
        if options["detach"]:
            print(start(plan, detached=True)["Address"])
            return 0
    except MiniDockerError as error:
        raise _local(error) from None
    return _become(plan, log_requests=not options["quiet"])


def _become(plan: Plan, *, log_requests: bool) -> NoReturn:
    """Run the registry in place of this process."""
    told = plan.told(background=False, log_requests=log_requests)
    for fd in (told, plan.listener.fileno(), plan.control.fileno()):
        os.set_inheritable(fd, True)
    os.execv(sys.executable, [sys.executable, "-P", PROGRAM, "--told", str(told)])  # noqa: S606


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not colon:
        raise Failure(f"invalid user {text!r}", hint="write it as NAME:PASSWORD")
    return name, password


def _path(text: str) -> str:
    return os.path.abspath(text) if text else ""


def _local(error: MiniDockerError) -> Failure:
    """What a registry or its client says does not come from an engine."""
    return Failure(str(error), hint=error.hint)


def _name(record: Json) -> str:
    """Return what stands before the tag in ``docker pull``."""
    start = f"{record['Registry']}/" if record["Registry"] else ""
    return f"{start}{record['Repository']}"


IMAGES = Listing(
    "registryContext",
    {
        "Repository": ("REPOSITORY", _name),
        "Tag": ("TAG", lambda record: str(record["Tag"])),
        "Digest": ("DIGEST", lambda record: str(record["Digest"])),
        "ShortDigest": ("DIGEST", lambda record: str(record["Digest"])[:19]),
        "Size": ("SIZE", lambda record: human_size(record["Size"])),
        "Images": ("IMAGES", lambda record: str(record["Images"])),
        "MediaType": ("MEDIA TYPE", lambda record: str(record["MediaType"])),
    },
)


def ls(call: Invocation) -> int:
    """List what is in registries: the ones that run here, or the ones that were named."""
    from pyminidocker.client.registry_list import contents

    found: list[Json] = []
    failed: list[MiniDockerError] = []
    for where in call.arguments or _running():
        try:
            found += contents(where, call.options["user"])
        except MiniDockerError as error:
            failed.append(error)
    # One that is away or wants a user does not hide what the others have.
    if found or not failed:
        digest = "Digest" if call.options["no-trunc"] else "ShortDigest"
        columns = ("Repository", "Tag", digest, "Size", "Images")
        IMAGES.show(found, columns, call.options["format"])
        sys.stdout.flush()
    for told in failed[:-1]:
        print(f"{told}\nhint: {told.hint}" if told.hint else told, file=sys.stderr)
    if failed:
        raise _local(failed[-1])
    return 0


def _running() -> list[str]:
    """Return the addresses of the registries that run.

    Raises:
        Failure: there is none.
    """
    found = []
    for name in REGISTRIES.names():
        try:
            state = REGISTRIES.ask(name)
        except NotFound:  # it was killed
            continue
        found.append(f"https://{state['Address']}" if state["IsTls"] else str(state["Address"]))
    if not found:
        raise Failure(
            "no registry runs here",
            hint="start one: minidocker registry serve; or name one, by address or directory",
        )
    return found


def stop(call: Invocation) -> int:
    """End registries that run in the background."""
    from pyminidocker.client.registry_start import stop as end

    def one(name: str) -> None:
        try:
            REGISTRIES.ask(name)
        except NotFound as error:
            known = ", ".join(REGISTRIES.names()) or "none"
            raise NotFound(str(error), hint=f"there are: {known}") from error
        end(name)

    return each(call.arguments or REGISTRIES.names(), one)


SERVE = Command(
    "[OPTIONS]",
    (
        Option("--address", "string", "Address to listen at; 0.0.0.0 lets others in", "127.0.0.1"),
        Option("-d, --detach", "bool", "Run in the background and print the address"),
        Option("--name", "string", "What it is called, for 'registry stop'"),
        Option("-p, --port", "int", "TCP port; 0 takes a free one", DEFAULT_PORT),
        Option("-q, --quiet", "bool", "Do not log requests"),
        Option("--read-only", "bool", "Refuse everything that changes it"),
        Option("--root", "string", "Directory of its content; made when it is missing"),
        Option("--tls-certificate", "string", "Serve HTTPS with this certificate (PEM)"),
        Option("--tls-key", "string", "Key of the certificate (PEM)"),
        Option("--user", "list", "Let in only NAME:PASSWORD; may be repeated"),
    ),
    serve,
    description=(
        "docker, podman, skopeo and minidocker push to it and pull from it, without internet:\n"
        "  minidocker registry serve --address 0.0.0.0\n"
        "  minidocker tag busybox 127.0.0.1:5000/busybox\n"
        "  minidocker push 127.0.0.1:5000/busybox"
    ),
)
LS = Command(
    "[OPTIONS] [ADDRESS|DIRECTORY...]",
    (
        Option("--format", "string", FORMAT_HELP),
        Option("--no-trunc", "bool", "Do not truncate digests"),
        Option("-u, --user", "string", "NAME:PASSWORD, where a registry asks for it"),
    ),
    ls,
    0,
    ANY,
    description="Without an argument: what is in the registries that run here.",
)
STOP = Command("[REGISTRY...]", (), stop, 0, ANY)
