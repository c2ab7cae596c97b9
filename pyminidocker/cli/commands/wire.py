"""``wire create``, ``ls``, ``stats``, ``change`` and ``rm``: cables between hosts."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure, checked
from pyminidocker.cli.listing import FORMAT_HELP, Listing, print_lines
from pyminidocker.client.wire_sockets import ask, names
from pyminidocker.errors import MiniDockerError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

_MEGABIT = {"bit": 1e-6, "kbit": 1e-3, "mbit": 1.0, "gbit": 1e3}


def _milliseconds(text: str) -> float:
    """Read "5ms", "1.5s" or plain milliseconds."""
    from pyminidocker.cli.times import duration

    if text.replace(".", "", 1).isdigit():
        return float(text)
    return duration(text) * 1000


def _percent(text: str) -> float:
    """Read "1%" or "1"."""
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise ValueError("a percentage such as 1% is expected") from None


def _megabits(text: str) -> float:
    """Read "100mbit", "1gbit" or plain megabits."""
    number = text.lower().rstrip("abcdefghijklmnopqrstuvwxyz/")
    unit = text.lower()[len(number) :].removesuffix("/s").removesuffix("ps")
    try:
        return float(number) * _MEGABIT[unit or "mbit"]
    except (ValueError, KeyError):
        raise ValueError("a rate such as 100mbit is expected") from None


# option -> (the wire's setting, how its value is read)
_READ: dict[str, tuple[str, Any]] = {
    "latency": ("latency_ms", _milliseconds),
    "jitter": ("jitter_ms", _milliseconds),
    "loss": ("loss_percent", _percent),
    "mtu": ("mtu", int),
    "bandwidth": ("bandwidth_mbit", _megabits),
}


def _settings(call: Invocation) -> dict[str, float]:
    found: dict[str, float] = {}
    for option, (setting, read) in _READ.items():
        if option in call.given:
            found[setting] = checked(f"--{option}", str(call.options[option]), read)
    return found


def _local(error: MiniDockerError) -> Failure:
    """What a wire or its client says does not come from an engine."""
    return Failure(str(error), hint=error.hint)


def create(call: Invocation) -> int:
    """Join hosts and print the wire's name."""
    from pyminidocker.cli.hosts import connect
    from pyminidocker.client.wire_start import start

    options = call.options
    try:
        state = start(
            [connect(host) for host in call.arguments],
            _settings(call),
            name=options["name"],
            subnet=options["subnet"],
            seed=options["seed"],
        )
    except MiniDockerError as error:
        raise _local(error) from None
    print(state["Name"])
    return 0


def _states(wanted: list[str]) -> list[Json]:
    found = []
    for name in wanted or names():
        try:
            found.append(ask(name))
        except NotFound as error:
            if wanted:
                raise _local(error) from None
    return found


def _setting(name: str, unit: str = "") -> Any:
    return lambda state: f"{state['Settings'][name]:g}{unit}"


def _ends(state: Json) -> str:
    return ", ".join(f"{end['Host']} {end['Address']} {end['Link']}" for end in state["Ends"])


WIRES = Listing(
    "wireContext",
    {
        "Name": ("NAME", lambda state: str(state["Name"])),
        "Hosts": ("HOSTS", _ends),
        "Latency": ("LATENCY", _setting("latency_ms", "ms")),
        "Jitter": ("JITTER", _setting("jitter_ms", "ms")),
        "Loss": ("LOSS", _setting("loss_percent", "%")),
        "Mtu": ("MTU", _setting("mtu")),
        "Bandwidth": ("BANDWIDTH", _setting("bandwidth_mbit", "mbit")),
        "Pid": ("PID", lambda state: str(state["Pid"])),
    },
)
ENDS = Listing(
    "wireEndContext",
    {
        "Wire": ("WIRE", lambda end: str(end["Wire"])),
        "Host": ("HOST", lambda end: str(end["Host"])),
        "Link": ("LINK", lambda end: str(end["Link"])),
        "Sent": ("SENT", lambda end: str(end["FramesIn"])),
        "SentBytes": ("SENT BYTES", lambda end: str(end["BytesIn"])),
        "Received": ("RECEIVED", lambda end: str(end["FramesOut"])),
        "ReceivedBytes": ("RECEIVED BYTES", lambda end: str(end["BytesOut"])),
        "Lost": ("LOST", lambda end: str(end["Lost"])),
        "TooLong": ("TOO LONG", lambda end: str(end["TooLong"])),
        "Overflowed": ("OVERFLOWED", lambda end: str(end["Overflowed"])),
    },
)


def ls(call: Invocation) -> int:
    """List wires, by name."""
    found = _states([])
    if call.options["quiet"]:
        return print_lines([state["Name"] for state in found])
    columns = ("Name", "Hosts", "Latency", "Loss", "Mtu")
    return WIRES.show(found, columns, call.options["format"])


def stats(call: Invocation) -> int:
    """Show what went over wires, end by end."""
    rows = [
        {**end, "Wire": state["Name"]} for state in _states(call.arguments) for end in state["Ends"]
    ]
    columns = ("Wire", "Host", "Link", "Sent", "Received", "Lost", "TooLong", "Overflowed")
    return ENDS.show(rows, columns, call.options["format"])


def change(call: Invocation) -> int:
    """Change what a wire does to packets."""
    from pyminidocker.client.wire_sockets import check_settings

    settings = _settings(call)
    if not settings:
        raise Failure("nothing to change", usage="pointer", hint="give --latency, --loss or --mtu")
    try:
        check_settings(settings)
        ask(call.arguments[0], {"change": settings})
    except MiniDockerError as error:
        raise _local(error) from None
    print(call.arguments[0])
    return 0


def rm(call: Invocation) -> int:
    """Cut wires."""

    def cut(name: str) -> None:
        try:
            ask(name, {"cut": True})
        except NotFound as error:
            raise NotFound(str(error), hint=error.hint) from error  # not an engine's answer

    return each(call.arguments, cut, forgive=call.options["force"])


_CHARACTER = (
    Option("--bandwidth", "rate", "Most that it carries each way, such as 100mbit"),
    Option("--jitter", "duration", "How much the latency varies, such as 1ms"),
    Option("--latency", "duration", "How long a frame is under way, such as 5ms"),
    Option("--loss", "percent", "How many frames get lost, such as 1%"),
)
CREATE = Command(
    "[OPTIONS] HOST HOST [HOST...]",
    (
        *_CHARACTER,
        Option("--mtu", "int", "Longest packet, in bytes", 1500),
        Option("--name", "string", "Name of the wire (by default the hosts' names)"),
        Option("--seed", "int", "What is lost is the same for the same seed"),
        Option("--subnet", "string", "Subnet of which the hosts get the first addresses"),
    ),
    create,
    2,
    ANY,
    description=(
        "A host is an engine: a, b, ... as in 'minidocker --host b ps'.  Each gets a new\n"
        "interface, eth1 (then eth2 and so on).  With three hosts or more the wire is a\n"
        "switch.  When an engine ends, its wires end."
    ),
)
LS = Command(
    "[OPTIONS]",
    (
        Option("--format", "string", FORMAT_HELP),
        Option("-q, --quiet", "bool", "Only display names"),
    ),
    ls,
)
STATS = Command("[OPTIONS] [WIRE...]", (Option("--format", "string", FORMAT_HELP),), stats, 0, ANY)
CHANGE = Command(
    "[OPTIONS] WIRE",
    (
        *_CHARACTER,
        Option("--mtu", "int", "Longest packet, in bytes; the hosts do not hear of it", 1500),
    ),
    change,
    1,
    1,
)
RM = Command(
    "[OPTIONS] WIRE [WIRE...]",
    (Option("-f, --force", "bool", "Do not mind wires that are not there"),),
    rm,
    1,
    ANY,
)
