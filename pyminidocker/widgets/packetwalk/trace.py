"""From evidence to steps: captures, counters before and after, and the table of connections."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    innermost,
    is_answer,
    is_request,
    mark_of,
)
from pyminidocker.widgets.packetwalk.records import Flow, Records, counted, places
from pyminidocker.widgets.wiring.model import Rule

_TO = re.compile(r"\b(dnat|redirect)\b")
_FROM = re.compile(r"\b(masquerade|snat)\b")
_STOPS = re.compile(r"\b(drop|reject)\b")
_CONDITION = re.compile(r"\bct status \S+")  # asks about a translation, does none
BEYOND = (
    "Beyond the uplink the host agent takes it over with a connection of its own on the real "
    "machine, which no capture in the lab can see."
)


def _spot(pair: tuple[str, Event]) -> tuple[Any, ...]:
    engine, event = pair
    return engine, event.get("Namespace"), event.get("Link"), event.get("Direction")


def once(sights: Sequence[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """Return the sights up to the point where the same packet was sent again."""
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for pair in sights:
        if _spot(pair) in seen:
            break
        seen.add(_spot(pair))
        kept.append(pair)
    return kept


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
            every = [pair for pair in self.records.events if mark_of(pair[1]) == mark_of(first)]
            sights = once(every)
            if again := sum(_spot(pair) == _spot(every[0]) for pair in every) - 1:
                times = "once" if again == 1 else f"{again} times"
                notes.append(f"It was sent again {times}, because nothing came back.")
            there += self.steps(sights)
            back = self.steps(once(self.answers(sights)), there)
            notes += self._complaints(there)
            if self._left_by_uplink(there):
                notes.append(BEYOND)
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

    def answers(self, sights: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
        """Return the sights of the answer to a request that was seen at ``sights``."""
        sent = {ends for _, event in sights if (ends := ends_of(event))}
        said = {ends.mirrored for ends in sent}
        for flows in self.records.flows.values():
            said |= {flow.reply for flow in flows if flow.original in sent}
        found = [
            pair
            for pair in self.records.events
            if (is_answer(pair[1], self.how) and ends_of(pair[1]) in said)
            or any(complaint_about(pair[1], ends) for ends in sent)
        ]
        return [pair for pair in found if mark_of(pair[1]) == mark_of(found[0][1])]

    def steps(self, sights: list[tuple[str, Event]], there: Sequence[Step] = ()) -> list[Step]:
        """Return the steps of one packet, with what happened between two sights.

        Args:
            sights: where it was seen, in order.
            there: for an answer: the steps of what it answers.
        """
        steps: list[Step] = []
        before: Ends | None = None
        for engine, event in sights:
            ends = ends_of(event)
            place = self.places.get((engine, event.get("Namespace") or 0, event.get("Link") or ""))
            if ends is None or place is None:
                continue
            if before is not None and ends != before:
                steps += self._rewrites(engine, before, ends, there)
            steps.append(self._sight(engine, event, place, ends, steps))
            before = ends
        if before is not None and sights and is_request(sights[0][1], self.how):
            steps += self._vanished(sights[-1][0], before)
        return steps

    def _sight(self, engine: str, event: Event, place: str, ends: Ends, sofar: list[Step]) -> Step:
        source, destination = ends.texts
        verb = "leaves by" if event.get("Direction") == "out" else "enters by"
        notes = []
        outer = None
        if vxlan := event.get("Vxlan"):
            outer = (event["Ip"]["Source"], event["Ip"]["Destination"], vxlan["Vni"])
        ttl = _ttl(event)
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
            outer=outer,
        )

    def _rewrites(
        self, engine: str, before: Ends, after: Ends, there: Sequence[Step]
    ) -> list[Step]:
        """Return the steps that explain how ``before`` became ``after``."""
        if there:  # an answer: no rule is asked again, the table of connections says it all
            undone = self._undoing(engine, before) or self._subject(engine, there)
            seen = [Evidence("conntrack", undone.text)] if undone else []
            step = _rewriting(engine, before, after, tuple(seen), is_answer=True)
            source, destination = after.mirrored.texts
            pairs = {(s.was_source or s.source, s.was_destination or s.destination) for s in there}
            note = "the reverse of the way there" if (source, destination) in pairs else step.note
            return [replace(step, note=note)]
        # the kernel changes the destination before it looks for a route, the source afterwards
        between = replace(
            before, destination=after.destination, destination_port=after.destination_port
        )
        entry = self._entry(engine, before)
        known = [Evidence("conntrack", entry.text)] if entry else []
        steps = []
        for old, new, words in ((before, between, _TO), (between, after, _FROM)):
            if old != new:
                evidence = (*self._rules(engine, words), *known)
                steps.append(_rewriting(engine, old, new, evidence, is_answer=False))
        return steps

    def _rules(self, engine: str, verbs: re.Pattern[str]) -> list[Evidence]:
        """Return the rules that counted and do one of ``verbs``."""
        found = dict.fromkeys(
            f"{rule.chain}: {rule.text}{_comment(rule)} (+{more})"
            for rule, more in self.counted.get(engine, [])
            if verbs.search(_CONDITION.sub("", rule.text))
        )
        return [Evidence("rule", text) for text in found]

    def _entry(self, engine: str, ends: Ends) -> Flow | None:
        return next((f for f in self.records.flows.get(engine, ()) if f.original == ends), None)

    def _undoing(self, engine: str, ends: Ends) -> Flow | None:
        """Return the entry by which an answer's addresses are put back."""
        return next((f for f in self.records.flows.get(engine, ()) if f.reply == ends), None)

    def _subject(self, engine: str, there: Sequence[Step]) -> Flow | None:
        """Return the entry of the request itself: an ICMP error is put back along with it."""
        sent = {(step.source, step.destination) for step in there}
        flows = self.records.flows.get(engine, ())
        return next((flow for flow in flows if flow.original.texts in sent), None)

    def _vanished(self, engine: str, last: Ends) -> list[Step]:
        """Return what the table of connections knows of a packet that no capture saw again."""
        entry = self._entry(engine, last)
        if entry is None or entry.reply.mirrored == last:
            return []
        steps = self._rewrites(engine, last, entry.reply.mirrored, ())
        note = "delivered in the lab host; what is behind it opens a connection of its own"
        end = replace(
            steps[-1],
            kind=ENDED,
            place="a socket of the lab host",
            note=note,
            was_source="",
            was_destination="",
            evidence=(Evidence("conntrack", entry.text),),
        )
        return [*steps, end]

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
                    "a second connection",
                    new_source,
                    new_destination,
                    was_source=source,
                    was_destination=destination,
                    note="bytes are copied, no packet is rewritten",
                    evidence=(Evidence("capture", str(first.get("Summary")) if first else ""),),
                )
            )
        return steps

    def _complaints(self, there: list[Step]) -> list[str]:
        """Return the ICMP errors that this request got, in words."""
        said = {(step.source, step.destination) for step in there}
        sent = {
            ends
            for _, event in self.records.events
            if (ends := ends_of(event)) and ends.texts in said
        }
        found: dict[str, None] = {}
        for _, event in self.records.events:
            if words := next((w for ends in sent if (w := complaint_about(event, ends))), ""):
                who = (ends_of(event) or next(iter(sent))).source
                found[f"An ICMP error came from {who}: {words}."] = None
        return list(found)

    def _left_by_uplink(self, there: list[Step]) -> bool:
        """Tell whether the last that was seen of the packet is its way out."""
        last = there[-1] if there else None
        host = next((h for h in self.records.hosts if last and h.name == last.host), None)
        if last is None or host is None or host.uplink is None:
            return False
        return last.kind == SEEN and last.place == f"leaves by {host.uplink.name}"

    def _end(self, last: Step) -> Step:
        dropped = self._rules(last.host, _STOPS)
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


def _ttl(event: Event) -> int:
    """Return the time to live of the innermost packet, 0 when it has none."""
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
