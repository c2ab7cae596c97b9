"""``events``: what happens, as it happens."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.commands.inspect import FORMAT
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.listing import filters
from pyminidocker.cli.times import precise, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.cli.template import Tree

    Json = dict[str, Any]


def line(event: Json) -> str:
    """Return one event as Docker prints it."""
    actor = event.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    text = " ".join(
        (precise(event["timeNano"]), event["Type"], event["Action"], actor.get("ID", ""))
    )
    if attributes:
        text += f" ({', '.join(f'{name}={attributes[name]}' for name in sorted(attributes))})"
    return text


def _template(form: str) -> Tree | None:
    from pyminidocker.cli.template import TemplateError, parse

    if not form:
        return None
    try:
        return parse("{{json .}}" if form == "json" else form)
    except TemplateError as error:
        raise Failure(f"Error parsing format: {error}", 64) from None


def moment(call: Invocation, name: str) -> str:
    """Return ``--since`` or ``--until`` as the API takes it.

    Raises:
        Failure: it is no time.
    """
    try:
        return timestamp(call.options[name])
    except ValueError as error:
        raise Failure(str(error)) from None


def events(call: Invocation) -> int:
    """Print events until the end of ``--until``, or for ever."""
    from pyminidocker.cli.template import TemplateError

    tree = _template(call.options["format"])
    happened = call.engine.events(
        since=moment(call, "since"),
        until=moment(call, "until"),
        filters=filters(call.options["filter"]),
    )
    for event in happened:
        try:
            text = line(event) if tree is None else tree.render({**event, **_plain_names(event)})
        except TemplateError as error:
            raise Failure(str(error)) from None
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    return 0


def _plain_names(event: Json) -> Json:
    """Return the event's lower-case keys under the names that templates use."""
    names = {"status": "Status", "id": "ID", "from": "From", "scope": "Scope", "time": "Time",
             "timeNano": "TimeNano"}  # fmt: skip
    return {title: event[key] for key, title in names.items() if key in event}


EVENTS = Command(
    "[OPTIONS]",
    (
        Option("-f, --filter", "filter", "Filter output based on conditions provided"),
        Option("--format", "string", FORMAT.text),
        Option("--since", "string", "Show all events created since timestamp"),
        Option("--until", "string", "Stream events until this timestamp"),
    ),
    events,
)
