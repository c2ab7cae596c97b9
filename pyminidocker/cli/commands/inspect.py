"""``inspect``: everything the engine knows of a thing, as JSON or through a template."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.exit_codes import sentence
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.output import pretty
from pyminidocker.client.json_text import dumps
from pyminidocker.errors import MiniDockerError, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyminidocker.cli.template import Tree
    from pyminidocker.client.engine_client import EngineClient

    Json = dict[str, Any]
    Getter = Callable[[str], Json]

KINDS = ("container", "image", "network", "volume")


def _getter(engine: EngineClient, kind: str, *, size: bool) -> Getter:
    if kind == "container":
        return lambda name: engine.container_inspect(name, size=size)
    getters: dict[str, Getter] = {
        "image": engine.image_inspect,
        "network": engine.network_inspect,
        "volume": engine.volume_inspect,
    }
    return getters[kind]


def _of_any_kind(call: Invocation) -> Getter:
    getters = [_getter(call.engine, kind, size=call.options["size"]) for kind in KINDS]

    def get(name: str) -> Json:
        for getter in getters:
            try:
                return getter(name)
            except NotFound:
                continue
        raise Failure(f"Error: No such object: {name}")

    return get


def show(names: list[str], get: Getter, form: str) -> int:
    """Print what ``get`` returns for every name; report missing ones and return 1 then.

    Raises:
        Failure: the template is wrong.
    """
    found: list[Json] = []
    complaints: list[str] = []
    for name in names:
        try:
            found.append(get(name))
        except Failure as failure:
            complaints.append(failure.message)
        except Unavailable:
            raise
        except MiniDockerError as error:
            complaints.append(sentence(error))
    if form in ("", "json"):
        sys.stdout.write((pretty(found) if not form else dumps(found)) + "\n")
    else:
        tree, text = parsed(form), ""
        for one in found:
            line, complaint = _rendered(tree, one)
            text += line + "\n" if not complaint else ""
            complaints += [complaint] if complaint else []
        sys.stdout.write(text or "\n")
    if complaints:
        sys.stdout.flush()
        print("\n".join(complaints), file=sys.stderr)
    return 1 if complaints else 0


def parsed(form: str) -> Tree:
    """Return the tree of a template.

    Raises:
        Failure: it is none; the message and the exit code are Docker's.
    """
    from pyminidocker.cli.template import TemplateError, parse

    try:
        return parse(form)
    except TemplateError as error:
        raise Failure(f"template parsing error: {error}", 64) from None


def _rendered(tree: Tree, value: Json) -> tuple[str, str]:
    """Return (text, complaint) of one value through a template."""
    from pyminidocker.cli.template import TemplateError

    try:
        return tree.render(value), ""
    except TemplateError as error:
        return "", f"template parsing error: {error}"


def print_formatted(value: Json, form: str) -> int:
    """Print one value as ``--format`` says (``json`` or a template) and return the exit code.

    Raises:
        Failure: the template is wrong.
    """
    text, complaint = _rendered(parsed("{{json .}}" if form == "json" else form), value)
    if complaint:
        raise Failure(complaint)
    print(text)
    return 0


def inspect_any(call: Invocation) -> int:
    """Inspect whatever has the name: a container first, then an image, a network, a volume."""
    kind = call.options["type"]
    if "type" in call.given and kind not in KINDS:
        raise Failure(f'unknown type: "{kind}"', hint=f"one of {', '.join(KINDS)}")
    get = _of_any_kind(call)
    if kind:
        get = _getter(call.engine, kind, size=call.options["size"])
    return show(call.arguments, get, call.options["format"])


def _inspector(kind: str) -> Callable[[Invocation], int]:
    def run(call: Invocation) -> int:
        get = _getter(call.engine, kind, size=call.options.get("size", False))
        return show(call.arguments, get, call.options["format"])

    return run


FORMAT = Option(
    "-f, --format",
    "string",
    "Format output using a custom template:\n"
    "'json':             Print in JSON format\n"
    "'TEMPLATE':         Print output using the given Go template.",
)
SIZE = Option("-s, --size", "bool", "Display total file sizes")
ANY_SIZE = Option("-s, --size", "bool", "Display total file sizes if the type is container")
TYPE = Option("--type", "string", "Only inspect objects of the given type")
VERBOSE = Option("-v, --verbose", "bool", "Verbose output for diagnostics")

ALL = Command("[OPTIONS] NAME|ID [NAME|ID...]", (FORMAT, ANY_SIZE, TYPE), inspect_any, 1, ANY)
CONTAINER = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]", (FORMAT, SIZE), _inspector("container"), 1, ANY
)
IMAGE = Command("[OPTIONS] IMAGE [IMAGE...]", (FORMAT,), _inspector("image"), 1, ANY)
NETWORK = Command(
    "[OPTIONS] NETWORK [NETWORK...]", (FORMAT, VERBOSE), _inspector("network"), 1, ANY
)
VOLUME = Command("[OPTIONS] VOLUME [VOLUME...]", (FORMAT,), _inspector("volume"), 1, ANY)
