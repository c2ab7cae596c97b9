"""``top``: the processes of a container, read from /proc and laid out as ps(1) does.

The engine sees the container's processes with their host pids, so no ps is run anywhere; only the
layouts people use are there: ``-ef`` (default), ``aux`` and ``-o``/``-eo`` with the columns below.
"""

import os
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import states
from pyminidocker.engine.container import Container
from pyminidocker.engine.results import TopResult
from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.kernel import procfs

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_LAYOUTS = {
    "-ef": ("uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd"),
    "aux": (
        "user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "time", "command",
    ),
}  # fmt: skip
_ALIASES = {"": "-ef", "ef": "-ef", "-e -f": "-ef", "-aux": "aux", "axu": "aux"}
_TITLES = {
    "%cpu": "%CPU",
    "%mem": "%MEM",
    "args": "COMMAND",
    "comm": "COMMAND",
    "nice": "NI",
    "pcpu": "%CPU",
    "pmem": "%MEM",
    "stime": "STIME",
    "tty": "TTY",
}


class _Process:
    """One process as /proc shows it."""

    def __init__(self, pid: int, boot_time: float, memory_kb: int) -> None:
        with open(f"/proc/{pid}/stat", "rb") as file:
            head, _, tail = file.read().decode(errors="replace").rpartition(")")
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").decode(errors="replace").split("\0")
        owner = os.stat(f"/proc/{pid}").st_uid
        fields = tail.split()
        name = head.partition("(")[2]
        command = " ".join(words) if words != [""] else f"[{name}]"
        started = boot_time + int(fields[19]) / _TICKS
        used_s = (int(fields[11]) + int(fields[12])) / _TICKS
        share = 100 * used_s / max(time.time() - started, 0.01)
        start = time.localtime(started)
        is_old = time.time() - started > 86400
        begun = time.strftime("%b%d" if is_old else "%H:%M", start)
        resident_kb = int(fields[21]) * _PAGE_KB
        memory_share = f"{100 * resident_kb / memory_kb:.1f}"
        clock = f"{int(used_s) // 3600:02d}:{int(used_s) // 60 % 60:02d}:{int(used_s) % 60:02d}"
        user = "root" if owner == 0 else str(owner)
        self.columns = {
            "uid": user,
            "user": user,
            "pid": str(pid),
            "ppid": fields[1],
            "pgid": fields[2],
            "sid": fields[3],
            "c": str(min(99, int(share))),
            "stime": begun,
            "start": begun,
            "tty": _terminal(int(fields[4])),
            "tt": _terminal(int(fields[4])),
            "time": clock,
            "cmd": command,
            "args": command,
            "command": command,
            "comm": name,
            "%cpu": f"{share:.1f}",
            "pcpu": f"{share:.1f}",
            "%mem": memory_share,
            "pmem": memory_share,
            "vsz": str(int(fields[20]) // 1024),
            "rss": str(resident_kb),
            "stat": fields[0],
            "s": fields[0],
            "ni": fields[16],
            "nice": fields[16],
            "nlwp": fields[17],
        }


def _terminal(number: int) -> str:
    major, minor = number >> 8 & 0xFFF, (number & 0xFF) | (number >> 12 & 0xFFF00)
    return f"pts/{minor}" if 136 <= major <= 143 else "?"


def columns_of(ps_args: str) -> list[str]:
    """Read ps arguments as a list of column names.

    Raises:
        InvalidArgument: a layout or column that is not there.
    """
    text = " ".join(ps_args.split())
    layout = _LAYOUTS.get(_ALIASES.get(text, text))
    if layout is not None:
        return list(layout)
    words = text.replace("-eo ", "-o ").split()
    names: list[str] = []
    for index in range(0, len(words), 2):
        if words[index] not in ("-o", "o") or index + 1 == len(words):
            raise InvalidArgument(
                f"unsupported ps arguments: {ps_args!r}; supported are -ef, aux and -o <columns>"
            )
        names += [name.strip().lower() for name in words[index + 1].split(",")]
    for name in names:
        if name not in _COLUMNS:
            raise InvalidArgument(f"unknown ps column: {name!r}")
    if "pid" not in names:
        raise InvalidArgument("Couldn't find PID field in ps output")
    return names


_COLUMNS = frozenset(
    (
        "%cpu", "%mem", "args", "c", "cmd", "comm", "command", "ni", "nice", "nlwp", "pcpu", "pgid",
        "pid", "pmem", "ppid", "rss", "s", "sid", "start", "stat", "stime", "time", "tt", "tty",
        "uid", "user", "vsz",
    )
)  # fmt: skip


async def top(engine: "Engine", container: Container, ps_args: str) -> TopResult:
    """List a container's processes; see ``Containers.top``."""
    columns = columns_of(ps_args)
    states.check("top", container.status, container_id=container.id, name=container.name)
    try:
        namespace = os.readlink(f"/proc/{container.record.state.pid}/ns/pid")
    except FileNotFoundError:  # not yet, or no longer: its start or end is being booked
        raise Conflict(f"Container {container.id} is not running") from None
    engine.events.emit("container", "top", container.id, container.event_attributes())
    return TopResult(
        [_TITLES.get(name, name.upper()) for name in columns], _rows(namespace, columns)
    )


def _rows(namespace: str, columns: list[str]) -> list[list[str]]:
    """Return one row per process of a pid namespace, lowest pid first."""
    with open("/proc/stat") as file:
        boot_time = float(file.read().partition("btime ")[2].split(maxsplit=1)[0])
    memory_kb = os.sysconf("SC_PHYS_PAGES") * _PAGE_KB
    rows = []
    for pid in procfs.processes_in(namespace):
        try:
            found = _Process(pid, boot_time, memory_kb)
        except OSError:
            continue  # gone meanwhile
        rows.append([found.columns[name] for name in columns])
    return rows
