"""Wires between hosts, as objects to hold in a notebook.

    wire = pyminidocker.wire("a", "b", latency_ms=5)
    wire.change(loss_percent=10)
    print(wire.stats())
    wire.cut()

See: docs/decisions/0012.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.table import Table, html_table
from pyminidocker.client.wire_sockets import ask, check_settings, names
from pyminidocker.errors import NotFound
from pyminidocker.units import human_size

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine

STATS_COLUMNS = [
    ("HOST", lambda end: str(end["Host"])),
    ("LINK", lambda end: str(end["Link"])),
    ("SENT", lambda end: f"{end['FramesIn']} ({human_size(end['BytesIn'])})"),
    ("RECEIVED", lambda end: f"{end['FramesOut']} ({human_size(end['BytesOut'])})"),
    ("LOST", lambda end: str(end["Lost"])),
    ("TOO LONG", lambda end: str(end["TooLong"])),
    ("OVERFLOWED", lambda end: str(end["Overflowed"])),
]


def wire(
    *hosts: str | Engine,
    name: str = "",
    subnet: str = "",
    latency_ms: float = 0,
    jitter_ms: float = 0,
    loss_percent: float = 0,
    mtu: int = 1500,
    bandwidth_mbit: float = 0,
    seed: int = 0,
    fresh: bool = False,
) -> Wire:
    """Join hosts with a wire; each gets a new interface (``eth1``, then ``eth2`` ...) for it.

    Args:
        hosts: two engines, by name or as ``connect`` returned them; with more, the wire is a
            switch.  Engines that do not run are started.
        name: by default the hosts' names with a dash between.
        subnet: the hosts get its first addresses, in order; by default 192.168.50.0/24 or the next
            one that is free.
        latency_ms: how long a frame is under way, in each direction.
        jitter_ms: how much that varies, up or down; frames keep their order.
        loss_percent: how many frames get lost.
        mtu: longest packet, bytes: of the interfaces, and of the wire.
        bandwidth_mbit: megabits per second in each direction; 0 is as fast as it goes.
        seed: the same seed loses the same frames.
        fresh: cut the wire of that name first, if there is one.

    Raises:
        Conflict: the name is taken, or the subnet overlaps with a network of a host.
        InvalidArgument: a value that makes no sense.
        Unavailable: an engine could not be started.
    """
    from pyminidocker.client import wire_start

    settings = {
        "latency_ms": latency_ms,
        "jitter_ms": jitter_ms,
        "loss_percent": loss_percent,
        "mtu": mtu,
        "bandwidth_mbit": bandwidth_mbit,
    }
    clients = [EngineClient(host) if isinstance(host, str) else host.api for host in hosts]
    if fresh:
        name = name or "-".join(map(wire_start.label, clients))
        with suppress(NotFound):
            Wire(name).cut()
    try:
        state = wire_start.start(clients, settings, name=name, subnet=subnet, seed=seed)
    finally:
        for client, host in zip(clients, hosts, strict=True):
            if isinstance(host, str):
                client.close()
    return Wire(state["Name"], state)


def wires() -> Table[Wire]:
    """Return the wires there are, between any of your hosts."""
    found = []
    for name in names():
        with suppress(NotFound):  # it was killed
            found.append(Wire(name, ask(name)))
    columns = [
        ("NAME", lambda wire: wire.name),
        ("HOSTS", lambda wire: wire.described_hosts()),
        ("CHARACTER", lambda wire: described(wire.settings)),
    ]
    return Table(found, columns)


def described(settings: dict[str, float]) -> str:
    """Return what a wire does to packets, in words: "5 ms, 1% lost, MTU 1500"."""
    words = []
    if settings["latency_ms"] or settings["jitter_ms"]:
        jitter = f" ± {settings['jitter_ms']:g}" if settings["jitter_ms"] else ""
        words.append(f"{settings['latency_ms']:g}{jitter} ms")
    if settings["loss_percent"]:
        words.append(f"{settings['loss_percent']:g}% lost")
    if settings["bandwidth_mbit"]:
        words.append(f"{settings['bandwidth_mbit']:g} Mbit/s")
    return ", ".join([*words, f"MTU {settings['mtu']:g}"])


class Wire:
    """A wire that joins two (or more) hosts.

    Args:
        name: the name of one that is there.
        state: what it said of itself, when that is known already.

    Attributes:
        name: its name, such as ``a-b``.

    Raises:
        NotFound: there is no such wire.
    """

    def __init__(self, name: str, state: dict[str, Any] | None = None) -> None:
        self.name = name
        self._state = ask(name) if state is None else state
        self._is_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    @property
    def hosts(self) -> list[str]:
        """The hosts it joins."""
        return [end["Host"] for end in self._state["Ends"]]

    @property
    def addresses(self) -> dict[str, str]:
        """Host -> its address on the wire."""
        return {end["Host"]: end["Address"].partition("/")[0] for end in self._state["Ends"]}

    @property
    def links(self) -> dict[str, str]:
        """Host -> the name of its interface: ``eth1`` ..."""
        return {end["Host"]: end["Link"] for end in self._state["Ends"]}

    @property
    def settings(self) -> dict[str, float]:
        """What it does to packets: latency_ms, jitter_ms, loss_percent, mtu, bandwidth_mbit."""
        return dict(self._state["Settings"])

    @property
    def is_up(self) -> bool:
        """Whether it is there now; it goes with the first of its hosts that ends."""
        try:
            self._state = ask(self.name)
        except NotFound:
            return False
        return True

    def change(
        self,
        *,
        latency_ms: float | None = None,
        jitter_ms: float | None = None,
        loss_percent: float | None = None,
        mtu: int | None = None,
        bandwidth_mbit: float | None = None,
    ) -> Self:
        """Change what the wire does to packets; what is not named stays.

        Args:
            latency_ms: how long a frame is under way, in each direction.
            jitter_ms: how much that varies, up or down.
            loss_percent: how many frames get lost.
            mtu: longest packet, bytes.  The hosts do not hear of it, as when a device half way has
                a smaller one than they: packets that are too long vanish.
            bandwidth_mbit: megabits per second in each direction; 0 is as fast as it goes.

        Raises:
            InvalidArgument: a value it cannot have.
            NotFound: it has been cut.
        """
        wanted = {
            "latency_ms": latency_ms,
            "jitter_ms": jitter_ms,
            "loss_percent": loss_percent,
            "mtu": mtu,
            "bandwidth_mbit": bandwidth_mbit,
        }
        settings = {setting: value for setting, value in wanted.items() if value is not None}
        check_settings(settings)
        self._state = ask(self.name, {"change": settings})
        return self

    def stats(self) -> Table[dict[str, Any]]:
        """Return what each host sent and received, and what became of the rest."""
        self._state = ask(self.name)
        return Table(self._state["Ends"], STATS_COLUMNS)

    def cut(self) -> None:
        """Cut it: its hosts lose the interface, with its address and the routes over it."""
        self._is_cut = True
        with suppress(NotFound):
            ask(self.name, {"cut": True})

    def described_hosts(self) -> str:
        """Return its ends: "a 192.168.50.1 (eth1) -- b 192.168.50.2 (eth1)"."""
        links, addresses = self.links, self.addresses
        return " -- ".join(f"{host} {addresses[host]} ({links[host]})" for host in self.hosts)

    def __repr__(self) -> str:
        if self._is_cut or not self.is_up:
            return f"<Wire {self.name}: cut>"
        return f"<Wire {self.name}: {self.described_hosts()}, {described(self.settings)}>"

    def _repr_html_(self) -> str:
        if self._is_cut or not self.is_up:
            return html_table(["wire", self.name], [["", "cut"]])
        rows = [
            [end["Host"], f"{end['Link']}, {end['Address']}, sent {end['FramesIn']} frames"]
            for end in self._state["Ends"]
        ]
        return html_table(["wire", self.name], [*rows, ["in between", described(self.settings)]])
