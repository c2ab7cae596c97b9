"""From evidence to steps: captures, counters before and after, and the table of connections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyminidocker.widgets.packetwalk.model import (
    ENDED,
    PROXIED,
    REWRITTEN,
    SEEN,
    Evidence,
    Step,
    Walk,
)
from pyminidocker.widgets.packetwalk.packets import (
    Ends,
    Event,
    complaint_about,
    ends_of,
    is_answer,
    is_request,
    mark_of,
)
from pyminidocker.widgets.wiring.model import Host, Rule
from pyminidocker.widgets.wiring.words import bridge_name

_TO = ("dnat", "redirect")
_FROM = ("masquerade", "snat")


@dataclass(frozen=True, slots=True)
class Flow:
    """An entry of the kernel's table of connections: as it was sent, and what answers look like."""

    protocol: str
    original: Ends
    reply: Ends

    @property
    def text(self) -> str:
        """The entry in a line."""
        sent, answered = " to ".join(self.original.texts), " to ".join(self.reply.texts)
        return f"{self.protocol} {sent}; answers {answered}"


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that was noted while the request was made.

    Args:
        hosts: the lab hosts before it.
        events: (engine, packet), in the order of time.
        before: rules by engine.
        after: the same, when the request was over.
        flows: the tables of connections, by engine, when it was over.
        asked: the ends of our own socket, for a request from the machine.
        from_ips: addresses of the container that asked; empty for the machine.
        took_s: when the request began, seconds since the epoch.
    """

    hosts: tuple[Host, ...]
    events: Sequence[tuple[str, Event]]
    before: Mapping[str, tuple[Rule, ...]]
    after: Mapping[str, tuple[Rule, ...]]
    flows: Mapping[str, tuple[Flow, ...]]
    asked: Ends | None = None
    from_ips: frozenset[str] = frozenset()


def places(hosts: tuple[Host, ...]) -> dict[tuple[str, int, str], str]:
    """Return what to call an interface, by (engine, namespace inode, link name)."""
    found: dict[tuple[str, int, str], str] = {}
    for host in hosts:
        lab = host.lab.inode
        for cable in host.cables():
            where = bridge_name(host, cable.bridge) if cable.bridge else "no bridge"
            name = cable.container.name
            found[host.name, cable.container.inode, cable.inner.name] = f"{name} {cable.inner.name}"
            found[host.name, lab, cable.port.name] = f"port of {name} on {where}"
        for bridge in host.bridges:
            found[host.name, lab, bridge.name] = f"bridge {bridge_name(host, bridge)}"
        for tunnel in host.tunnels:
            found[host.name, lab, tunnel.name] = f"tunnel VXLAN {tunnel.vni}"
        for wire in host.wires:
            found[host.name, lab, wire.link] = f"wire {wire.link} to {wire.peer}"
    return found


def counted(before: Sequence[Rule], after: Sequence[Rule]) -> list[tuple[Rule, int]]:
    """Return the rules whose counters went up, and by how many packets."""
    old = {(rule.chain, rule.handle, rule.text): rule.packets for rule in before}
    grown = [
        (rule, rule.packets - old.get((rule.chain, rule.handle, rule.text), 0)) for rule in after
    ]
    return [(rule, more) for rule, more in grown if more > 0]


class Tracer:
    """Builds the walk of one request.

    Args:
        records: what was noted.
        how: ``tcp`` or ``ping``.
    """

    def __init__(self, records: Records, how: str) -> None:
        self.records, self.how = records, how
        self.places = places(records.hosts)
        self.counted = {
            name: counted(records.before.get(name, ()), records.after.get(name, ()))
            for name in records.after
        }

    def walk(self, source: str, destination: str, outcome: str, *, succeeded: bool) -> Walk:
        """Return the request, followed.

        Args:
            source: who asked, for people.
            destination: what for.
            outcome: what became of it.
            succeeded: it was answered as wished.
        """
        first = self.first()
        there = self._from_socket()
        back: list[Step] = []
        notes: list[str] = []
        if first is None:
            notes.append("No packet of this request was seen in any lab host.")
        else:
            sights = [pair for pair in self.records.events if mark_of(pair[1]) == mark_of(first)]
            there += self.steps(sights)
            back = self.steps(self.answers(first, sights))
            complaint = self._complaint(there)
            if complaint:
                notes.append(complaint)
            if not back and not succeeded:
                there.append(self._end(there[-1]))
        start = next((s.at_us for s in there if s.at_us >= 0), 0.0)
        return Walk(
            source,
            destination,
            self.how,
            outcome,
            succeeded,
            tuple(_timed(step, start) for step in there),
            tuple(_timed(step, start) for step in back),
            tuple(
                (rule.chain, rule.text, more)
                for name in self.counted
                for rule, more in self.counted[name]
            ),
            tuple(notes),
        )

    def first(self) -> Event | None:
        """Return the request's first packet as it was seen first."""
        for name, event in self.records.events:
            ends = ends_of(event)
            if ends is None or not is_request(event, self.how):
                continue
            if self.records.from_ips:
                if ends.source in self.records.from_ips:
                    return event
            elif self._is_published(name, ends):
                return event
        return None

    def _is_published(self, engine: str, ends: Ends) -> bool:
        """Tell whether a packet goes where the port leads that the machine was asked on."""
        asked = self.records.asked
        host = next((h for h in self.records.hosts if h.name == engine), None)
        if asked is None or host is None:
            return False
        return any(
            port.host_port == asked.destination_port
            and (port.ip, port.port) == (ends.destination, ends.destination_port)
            for port in host.published
        )

    def answers(self, first: Event, sights: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
        """Return the sights of the answer to a request that was seen at ``sights``."""
        said = {ends.mirrored for _, event in sights if (ends := ends_of(event))}
        said |= {
            flow.reply
            for flows in self.records.flows.values()
            for flow in flows
            if flow.original.mirrored in said or flow.original in {e.mirrored for e in said}
        }
        found = [
            pair
            for pair in self.records.events
            if is_answer(pair[1], self.how) and ends_of(pair[1]) in said
        ]
        if not found:
            return []
        mark = mark_of(found[0][1])
        del first
        return [pair for pair in found if mark_of(pair[1]) == mark]

    def steps(self, sights: list[tuple[str, Event]]) -> list[Step]:
        """Return the steps of one packet, with what happened between two sights."""
        steps: list[Step] = []
        before: Ends | None = None
        for engine, event in sights:
            ends = ends_of(event)
            place = self.places.get((engine, event.get("Namespace") or 0, event.get("Link") or ""))
            if ends is None or place is None:
                continue
            if before is not None and ends != before:
                steps += self._rewrites(engine, before, ends)
            steps.append(self._sight(engine, event, place, ends, steps))
            before = ends
        if before is not None and sights and is_request(sights[0][1], self.how):
            steps += self._vanished(sights[-1][0], before)
        return steps

    def _sight(self, engine: str, event: Event, place: str, ends: Ends, sofar: list[Step]) -> Step:
        source, destination = ends.texts
        verb = "leaves by" if event.get("Direction") == "out" else "enters by"
        notes = []
        if vxlan := event.get("Vxlan"):
            outer = event["Ip"]
            notes.append(
                f"packed into UDP, {outer['Source']} to {outer['Destination']}, VNI {vxlan['Vni']}"
            )
        ttl = innermost_ttl(event)
        last = next((s for s in reversed(sofar) if s.kind == SEEN), None)
        if last is not None and ttl and f"ttl {ttl + 1}" in last.note:
            notes.append("forwarded by routing")
        if ttl:
            notes.append(f"ttl {ttl}")
        return Step(
            SEEN,
            engine,
            f"{verb} {place}",
            source,
            destination,
            note=", ".join(notes),
            evidence=(Evidence("capture", str(event.get("Summary") or "")),),
            at_us=float(event.get("Time") or 0) * 1e6,
        )

    def _rewrites(self, engine: str, before: Ends, after: Ends) -> list[Step]:
        """Return the steps that explain how ``before`` became ``after``."""
        evidence: list[Evidence] = []
        if (before.destination, before.destination_port) != (
            after.destination,
            after.destination_port,
        ):
            evidence += self._rules(engine, _TO)
        if (before.source, before.source_port) != (after.source, after.source_port):
            evidence += self._rules(engine, _FROM)
        entry = self._entry(engine, before) or self._entry(engine, after.mirrored)
        undone = None
        if entry is None:
            undone = self._undoing(engine, before)
            entry = undone
        if entry is not None:
            evidence.append(Evidence("conntrack", entry.text))
        if undone is not None:  # an answer: no rule is asked again, the entry says it all
            evidence = [e for e in evidence if e.kind == "conntrack"]
        return [_rewriting(engine, before, after, tuple(evidence), is_answer=undone is not None)]

    def _rules(self, engine: str, words: tuple[str, ...]) -> list[Evidence]:
        return [
            Evidence("rule", f"{rule.chain}: {rule.text}" + _comment(rule) + f" (+{more})")
            for rule, more in self.counted.get(engine, [])
            if any(word in rule.text for word in words)
        ]

    def _entry(self, engine: str, ends: Ends) -> Flow | None:
        return next((f for f in self.records.flows.get(engine, ()) if f.original == ends), None)

    def _undoing(self, engine: str, ends: Ends) -> Flow | None:
        """Return the entry by which an answer's addresses are put back."""
        return next((f for f in self.records.flows.get(engine, ()) if f.reply == ends), None)

    def _vanished(self, engine: str, last: Ends) -> list[Step]:
        """Return what the table of connections knows of a packet that no capture saw again."""
        entry = self._entry(engine, last)
        if entry is None or entry.reply.mirrored == last:
            return []
        evidence = (*self._rules(engine, (*_TO, *_FROM)), Evidence("conntrack", entry.text))
        step = _rewriting(engine, last, entry.reply.mirrored, evidence, is_answer=False)
        note = "delivered in the lab host; what is behind it opens a connection of its own"
        return [step, replace(step, kind=ENDED, place="a socket of the lab host", note=note,
                              was_source="", was_destination="",
                              evidence=(Evidence("conntrack", entry.text),))]  # fmt: skip

    def _from_socket(self) -> list[Step]:
        asked = self.records.asked
        if asked is None:
            return []
        source, destination = asked.texts
        own = Evidence("socket", f"our socket: {source} to {destination}")
        steps = [
            Step(SEEN, "the machine", "leaves our socket", source, destination, evidence=(own,))
        ]
        first = self.first()
        ends = ends_of(first) if first else None
        if ends is not None:
            new_source, new_destination = ends.texts
            steps.append(
                Step(
                    PROXIED,
                    "host agent",
                    "accepts it and opens a connection of its own in the lab",
                    new_source,
                    new_destination,
                    was_source=source,
                    was_destination=destination,
                    note="two connections, not a rewritten packet",
                    evidence=(Evidence("capture", str(first.get("Summary")) if first else ""),),
                )
            )
        return steps

    def _complaint(self, there: list[Step]) -> str:
        said = {(step.source, step.destination) for step in there}
        for _, event in self.records.events:
            for ends in [e for _, ev in self.records.events if (e := ends_of(ev))]:
                if ends.texts in said and (words := complaint_about(event, ends)):
                    who = (ends_of(event) or ends).source
                    return f"An ICMP error came from {who}: {words}."
        return ""

    def _end(self, last: Step) -> Step:
        dropped = [
            Evidence("rule", f"{rule.chain}: {rule.text}{_comment(rule)} (+{more})")
            for rule, more in self.counted.get(last.host, [])
            if "drop" in rule.text or "reject" in rule.text
        ]
        note = "a rule dropped it" if dropped else "here it was seen last; nothing answered"
        return replace(
            last,
            kind=ENDED,
            place="seen no more",
            note=note,
            was_source="",
            was_destination="",
            evidence=tuple(dropped),
            at_us=-1.0,
        )


def innermost_ttl(event: Event) -> int:
    """Return the time to live of the innermost packet, 0 when it has none."""
    from pyminidocker.widgets.packetwalk.packets import innermost

    ip: Mapping[str, Any] = innermost(event).get("Ip") or {}
    return int(ip.get("Ttl") or 0)


def _comment(rule: Rule) -> str:
    return f' "{rule.comment}"' if rule.comment and rule.comment not in rule.text else ""


def _timed(step: Step, start: float) -> Step:
    return replace(step, at_us=round(step.at_us - start, 1)) if step.at_us >= 0 else step


def _rewriting(
    engine: str, before: Ends, after: Ends, evidence: tuple[Evidence, ...], *, is_answer: bool
) -> Step:
    (source, destination), (new_source, new_destination) = before.texts, after.texts
    parts = [
        *(["source"] if source != new_source else []),
        *(["destination"] if destination != new_destination else []),
    ]
    verb = "put back" if is_answer else "rewritten"
    note = "" if evidence else "the captures differ; no rule that counted explains it"
    return Step(
        REWRITTEN,
        engine,
        f"{' and '.join(parts)} {verb}",
        new_source,
        new_destination,
        was_source=source if source != new_source else "",
        was_destination=destination if destination != new_destination else "",
        note=note,
        evidence=evidence,
    )
