"""``network capture``: packets of the lab or of a container, as lines or as a file."""

from __future__ import annotations

import sys
import time

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.failures import USAGE_ERROR, Failure
from pyminidocker.client.json_text import dumps
from pyminidocker.client.lab_tree import link_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = dict[str, Any]

KINDS = ("arp", "icmp", "dns", "tcp", "udp", "vxlan")
_FILTER_HINT = "words: arp icmp dns tcp udp vxlan, host ADDRESS, port NUMBER"
_OFFLOAD = {
    "checksum": "checksum left to the link",
    "segmentation": "to be cut up by the link",
}


def read_words(words: list[str]) -> list[str]:
    """Return tcpdump's way of writing a filter as the engine takes it.

    Raises:
        Failure: a word that has no meaning, or one that lacks its value.
    """
    found = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word in ("host", "port"):
            if not rest:
                raise Failure(f"filter word {word!r} needs a value", hint=_FILTER_HINT)
            found.append(f"{word}={rest.pop()}")
        elif word in KINDS or word.startswith(("host=", "port=")):
            found.append(word)
        elif word not in ("and", "or"):
            raise Failure(f"unknown filter word {word!r}", hint=_FILTER_HINT)
    return found


class Names:
    """What to call a link: a cable's end in the lab says whose container is at the other."""

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self._known: dict[tuple[int, int], str] = {}

    def of(self, packet: Json) -> str:
        """Return the link's name for the line about ``packet``."""
        key = (packet["Namespace"], packet["LinkIndex"])
        if key not in self._known:
            self._known.update(link_names(self._call.engine.topology()))
        return self._known.setdefault(key, packet["Link"])


def line(packet: Json, name: str, *, macs: bool = False) -> str:
    """Return one packet as a line.

    Args:
        packet: as the engine describes it.
        name: of the link.
        macs: begin with who sent the frame to whom.
    """
    moment = packet["Time"]
    clock = time.strftime("%H:%M:%S", time.localtime(moment))
    text = f"{clock}.{int(moment % 1 * 1e6):06d} {name} {packet['Direction']:<3} "
    if macs and packet.get("Source"):
        text += f"{packet['Source']} > {packet['Destination']} "
    text += packet["Summary"]
    notes = [_OFFLOAD[word] for word in packet.get("Offload", ())] if macs else []
    return f"{text} ({', '.join(notes)})" if notes else text


def capture(call: Invocation) -> int:
    """Print packets, or write a file, until the limit or ctrl-c."""
    options = call.options
    if options["format"] not in ("", "json"):
        raise Failure(f"unknown format {options['format']!r}", USAGE_ERROR, hint="json, or none")
    if options["count"] < 0:
        raise Failure("the number of packets cannot be negative", USAGE_ERROR)
    what = {
        "link": options["link"],
        "container": options["container"],
        "words": read_words(call.arguments),
        "limit": options["count"],
        "seconds": options["seconds"] or 0.0,
        "direction": options["direction"],
    }
    if options["write"]:
        return _write(call.engine.capture_pcap(**what), options["write"])
    return _print(call, call.engine.capture(**what, rate=options["rate"]))


def _print(call: Invocation, packets: Iterable[Json]) -> int:
    names = Names(call)
    macs, as_json = call.options["ethernet"], call.options["format"] == "json"
    seen = lost = 0
    try:
        for packet in packets:
            if "Dropped" in packet:
                lost += packet["Dropped"]
            else:
                seen += 1
            if as_json:
                text = dumps(packet)
            elif "Dropped" in packet:
                text = f"... {packet['Dropped']} packets not shown"
            else:
                text = line(packet, names.of(packet), macs=macs)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    more = f", {lost} not shown (too many at once)" if lost else ""
    print(f"{seen} packets{more}", file=sys.stderr)
    return 0


def _write(pieces: Iterable[bytes], path: str) -> int:
    is_ours = path != "-"
    size = 0
    with open(path if is_ours else sys.stdout.fileno(), "wb", closefd=is_ours) as out:
        try:
            for piece in pieces:
                out.write(piece)
                out.flush()  # so that the file is good whatever ends us
                size += len(piece)
        except KeyboardInterrupt:
            pass
    print(f"{size} bytes written to {path}", file=sys.stderr)
    return 0


CAPTURE = Command(
    "[OPTIONS] [FILTER...]",
    (
        Option("--container", "string", "Look inside this container, at its links and loopback"),
        Option("-c, --count", "int", "End after so many packets"),
        Option("--direction", "string", "Only packets going in or out, as seen from the link"),
        Option("-e, --ethernet", "bool", "Show MAC addresses, and what is left to the link"),
        Option("--format", "string", "json: every packet as a JSON object with all its headers"),
        Option("-i, --link", "string", "Only this link", "any"),
        Option("--rate", "int", "Show at most so many packets a second (default: 1000)"),
        Option("--seconds", "decimal", "End after this time"),
        Option("-w, --write", "string", "Write a file for Wireshark or tcpdump; - is the output"),
    ),
    capture,
    0,
    ANY,
    description=(
        "Show packets as they travel over the links of the lab. A packet that crosses several\n"
        "links is shown on each: in from the container's cable, out to the next one's.\n"
        "\n"
        "A filter is made of the words arp, icmp, dns, tcp, udp, vxlan (of several one must fit),\n"
        "host ADDRESS and port NUMBER (which must fit as well)."
    ),
)
