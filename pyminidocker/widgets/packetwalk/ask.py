"""Make one request for real, and note everything that can be known about it.

Captures run in every lab host given and inside the containers at both ends; counters are read
before and after; the table of connections afterwards, while the entry is still there.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from heapq import merge
from typing import Any, Self

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.packetwalk.model import Walk
from pyminidocker.widgets.packetwalk.packets import Ends
from pyminidocker.widgets.packetwalk.records import Flow, Records
from pyminidocker.widgets.packetwalk.trace import Tracer
from pyminidocker.widgets.vantage.tries import REASONS, InContainer, Machine, Target, Try
from pyminidocker.widgets.wiring.feed import hang_up
from pyminidocker.widgets.wiring.model import Host, Namespace, Rule
from pyminidocker.widgets.wiring.reading import read_host

MACHINE = "machine"
QUIET_S, MOST_WAIT_S = 0.25, 2.0


Seen = tuple[str, Mapping[str, Any]]


def _when(pair: Seen) -> float:
    return float(pair[1].get("Time") or 0)


def merged(captures: Sequence[Sequence[Seen]]) -> list[Seen]:
    """Return the packets of several captures in the order of time.

    A frame keeps its time stamp from one end of a cable to the other: at the same time it leaves
    before it enters, wherever that was captured.
    """
    ordered = [sorted(capture, key=_when) for capture in captures]
    return list(merge(*ordered, key=lambda pair: (_when(pair), pair[1].get("Direction") == "in")))


class _Recorder:
    """Captures that run while the request is made; a context, so that none outlives a failure."""

    def __init__(self) -> None:
        self._captures: list[list[Seen]] = []
        self._threads: list[threading.Thread] = []
        self._streams: list[Any] = []
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        streams, self._streams = self._streams, []
        hang_up(streams)

    def record(self, engine: str, api: Any, container: str = "") -> None:
        """Start one capture; it is running when this returns."""
        stream = api.capture_stream(container=container)
        self._streams.append(stream)
        seen: list[Seen] = []
        self._captures.append(seen)
        thread = threading.Thread(
            target=self._read, args=(engine, stream, seen), name="packet-walk", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def stop(self) -> list[Seen]:
        """Wait until no more packets come, end the captures, return what was seen in order."""
        end = time.monotonic() + MOST_WAIT_S
        while time.monotonic() < min(end, self._last + QUIET_S):
            time.sleep(0.02)
        self._hang_up()
        for thread in self._threads:
            thread.join(MOST_WAIT_S)
        return merged(self._captures)

    def _read(self, engine: str, stream: Any, seen: list[Seen]) -> None:
        try:
            with stream:
                for event in stream.json_lines():
                    if "Dropped" not in event:
                        seen.append((engine, event))
                        self._last = time.monotonic()
        except (MiniDockerError, OSError, ValueError):
            return  # stopped, or the engine went


def _ends(record: Mapping[str, Any], *, has_ports: bool) -> Ends:
    return Ends(
        record["Source"],
        record["SourcePort"] if has_ports else 0,
        record["Destination"],
        record["DestinationPort"] if has_ports else 0,
    )


def read_flows(api: Any) -> tuple[Flow, ...]:
    """Return an engine's table of connections; empty where the kernel does not show it."""
    try:
        rows = api.flows()
    except MiniDockerError:
        return ()
    return tuple(
        Flow(
            row["Protocol"],
            _ends(row["Original"], has_ports=not row["Protocol"].startswith("icmp")),
            _ends(row["Reply"], has_ports=not row["Protocol"].startswith("icmp")),
        )
        for row in rows
    )


class Asker:
    """The engines in which one request may be seen.

    Args:
        engines: of the client; the first one's containers are meant when names repeat.
    """

    def __init__(self, engines: Sequence[Any]) -> None:
        self.engines = {}
        hosts = []
        for engine in engines:
            host = read_host(engine.api.topology())
            self.engines[host.name] = engine
            hosts.append(host)
        self.hosts: tuple[Host, ...] = tuple(hosts)

    def follow(self, source: Any, destination: str, *, label: str = "") -> Walk:
        """Make the request and return its walk.

        Args:
            source: a container, its name, or ``"machine"``.
            destination: ``NAME:PORT`` or ``ADDRESS:PORT``; without a port it is pinged.
            label: what to call the source.

        Raises:
            InvalidArgument: the machine is asked to ping.
            NotFound: no such container.
        """
        target = Target.of(destination)
        how = "tcp" if target.port else "ping"
        if source == MACHINE:
            if how == "ping":
                raise InvalidArgument(
                    "the machine cannot ping into the lab",
                    hint='name a published port, e.g. "127.0.0.1:8080"',
                )
            return self._walk(Machine().attempt, None, target, how, label or "the machine")
        point = self._container(source)
        return self._walk(point.attempt, point, target, how, label or point.label)

    def _container(self, source: Any) -> InContainer:
        if not isinstance(source, str):
            return InContainer(source)
        holders = [
            engine
            for host in self.hosts
            for engine in [self.engines[host.name]]
            if any(source in c.names for c in host.containers)
        ]
        first = next(iter(self.engines.values()))
        return InContainer((holders or [first])[0].container(source))

    def _walk(
        self,
        attempt: Callable[[Target], Try],
        point: InContainer | None,
        target: Target,
        how: str,
        label: str,
    ) -> Walk:
        with _Recorder() as recorder:
            for host in self.hosts:
                engine = self.engines[host.name]
                recorder.record(host.name, engine.api)
                for container in self._ends_in(host, point, target):
                    recorder.record(host.name, engine.api, container.names[0])
            before = self._rules()
            result = attempt(target)
            flows = {name: read_flows(engine.api) for name, engine in self.engines.items()}
            events = recorder.stop()
        records = Records(
            hosts=self.hosts,
            events=events,
            before=before,
            after=self._rules(),
            flows=flows,
            asked=Ends(*result.asked) if result.asked else None,
            from_ips=self._addresses(point),
        )
        outcome = f"{result.reason}: {REASONS[result.reason]}"
        if result.said:
            outcome += f'. It said "{result.said}"'
        return Tracer(records, how).walk(label, str(target), outcome, succeeded=result.reached)

    def _ends_in(self, host: Host, point: InContainer | None, target: Target) -> list[Namespace]:
        """Return the containers of a lab host that are at one end of the request."""
        published = {p.container for p in host.published if p.host_port == target.port}
        own = point.container.name if point else ""
        found = []
        for container in host.containers:
            names = set(container.names)
            ips = {ip.partition("/")[0] for link in container.links for ip in link.addresses}
            wanted = target.host in ips - {"127.0.0.1", "::1"} or target.host in names
            if not container.is_guest and (own in names or wanted or names & published):
                found.append(container)
        return found

    def _addresses(self, point: InContainer | None) -> frozenset[str]:
        if point is None:
            return frozenset()
        name = point.container.name
        return frozenset(
            ip.partition("/")[0]
            for host in self.hosts
            for container in host.containers
            if name in container.names
            for link in container.links
            for ip in link.addresses
            if link.kind != "loopback"
        )

    def _rules(self) -> dict[str, tuple[Rule, ...]]:
        return {
            name: read_host(engine.api.topology()).rules for name, engine in self.engines.items()
        }
