"""``history``: which instruction made which layer of an image."""

from __future__ import annotations

import time

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing, print_lines
from pyminidocker.cli.output import shorten
from pyminidocker.cli.times import ago
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

COLUMNS = ("ID", "CreatedSince", "CreatedBy", "Size", "Comment")


def _listing(*, trunc: bool, human: bool) -> Listing:
    def layer_id(record: Json) -> str:
        text = str(record["Id"])
        return text.removeprefix("sha256:")[:12] if trunc and text != "<missing>" else text

    def created_at(record: Json) -> str:
        moment = time.localtime(record["Created"])
        zone = time.strftime("%z", moment)
        zone = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
        return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + zone

    def created_since(record: Json) -> str:
        if record["Created"] <= 0:
            return "N/A"
        return ago(record["Created"]) if human else created_at(record)

    def created_by(record: Json) -> str:
        text = str(record.get("CreatedBy") or "").replace("\t", " ")
        return shorten(text, 45) if trunc else text

    def size(record: Json) -> str:
        return human_size(record["Size"]) if human else str(record["Size"])

    return Listing(
        "historyContext",
        {
            "ID": ("IMAGE", layer_id),
            "CreatedSince": ("CREATED" if human else "CREATED AT", created_since),
            "CreatedAt": ("CREATED AT", created_at),
            "CreatedBy": ("CREATED BY", created_by),
            "Size": ("SIZE", size),
            "Comment": ("COMMENT", lambda one: str(one.get("Comment") or "")),
        },
    )


def history(call: Invocation) -> int:
    """Show the layers of an image, the newest first."""
    options = call.options
    found = call.engine.image_history(call.arguments[0])
    trunc = not options["no-trunc"]
    shown = _listing(trunc=trunc, human=options["human"])
    if options["quiet"] and options["format"] in ("", "table"):
        return print_lines([shown.fields["ID"][1](one) for one in found])
    return shown.show(found, COLUMNS, options["format"])


HISTORY = Command(
    "[OPTIONS] IMAGE",
    (
        Option("--format", "string", FORMAT_HELP),
        Option("-H, --human", "bool", "Print sizes and dates in human readable format", True),
        Option("--no-trunc", "bool", "Don't truncate output"),
        Option("-q, --quiet", "bool", "Only show image IDs"),
    ),
    history,
    1,
    1,
)
