"""/minidocker/topology and /minidocker/capture: the lab as it is, and what travels through it."""

from math import isfinite, nan

import msgspec

from pyminidocker.api.message import Answer, Outcome, Request, Streaming
from pyminidocker.api.router import Route
from pyminidocker.engine.captures import CaptureRequest
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument

_FORMS = {"events": "application/json", "pcap": "application/x-pcapng"}


async def topology(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/topology."""
    del request
    return Answer(200, msgspec.json.encode(await engine.topology.take()) + b"\n")


async def changes(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/topology/changes: a line whenever it is time to look again."""
    del request
    return Streaming(await engine.topology.watch())


async def capture(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/capture: JSON lines, or a file for Wireshark."""
    query = request.query
    form = query.get("format", "events")
    if form not in _FORMS:
        raise InvalidArgument(f"invalid format {form!r} of a capture", hint="events or pcap")
    stream = await engine.captures.open(
        CaptureRequest(
            link=query.get("link") or "any",
            container=query.get("container", ""),
            words=[word for word in query.get("filter", "").split(",") if word],
            direction=query.get("direction", ""),
            form="pcap" if form == "pcap" else "events",
            limit=request.number("limit", 0) or 0,
            seconds=_seconds(query.get("seconds", "")),
            rate=request.number("rate", 0) or 0,
        )
    )
    return Streaming(stream, content_type=_FORMS[form])


def _seconds(text: str) -> float:
    try:
        seconds = float(text or 0)
    except ValueError:
        seconds = nan
    if not isfinite(seconds):
        raise InvalidArgument(f"invalid time {text!r}: seconds of a capture")
    return seconds


ROUTES: list[Route] = [
    ("GET", "/minidocker/topology", topology),
    ("GET", "/minidocker/topology/changes", changes),
    ("GET", "/minidocker/capture", capture),
]
