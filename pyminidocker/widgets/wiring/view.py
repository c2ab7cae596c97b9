"""The topology as a live view."""

import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any

import traitlets

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.svg import to_svg
from pyminidocker.widgets.wiring.facts import element_facts
from pyminidocker.widgets.wiring.feed import EngineSource, Feed, Source
from pyminidocker.widgets.wiring.model import Host
from pyminidocker.widgets.wiring.plan import make_plan
from pyminidocker.widgets.wiring.reading import read_host
from pyminidocker.widgets.wiring.scene import draw_plan, draw_topology
from pyminidocker.widgets.wiring.sights import Sight, Watcher, packet_table
from pyminidocker.widgets.wiring.words import changes, topology_table

MOST_HOSTS = 3
REMEMBERED = 500
BYTES_PER_S = 400_000

_live: "weakref.WeakSet[Topology]" = weakref.WeakSet()


class Topology(LearningView):
    """Lab hosts with everything in them, followed live, with packets travelling on the cables.

    Attributes:
        hosts: what the kernel said last.
        packets: the last packets that were seen (``Sight``), oldest first.
        live: follow changes and packets; set it to False to leave the kernel alone.
        selected: the element whose facts are shown.

    Args:
        sources: one to three engines.
        live: follow from the beginning.
    """

    _esm = script("base.js", "packets.js", "topology.js")
    _css = styles("topology.css")

    roads = traitlets.Dict().tag(sync=True)  # {"wide": {key: [[x, y], ...]}, "narrow": ...}
    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    live = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, sources: Sequence[Source], *, live: bool = True) -> None:
        super().__init__()
        self._reading = threading.Lock()
        self._watcher = Watcher()
        self._sources: dict[str, Source] = {}
        self._feed: Feed | None = None
        self.packets: deque[Sight] = deque(maxlen=REMEMBERED)
        found = []
        for source in sources:
            host = read_host(source.topology())
            self._sources[host.name] = source
            found.append(host)
        self.hosts: tuple[Host, ...] = tuple(found)
        self._show()
        self.on_msg(self._on_message)
        self.live = live

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the lab hosts; the saved picture leaves out random names."""
        return draw_topology(self.hosts, still=still, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return topology_table(self.hosts)

    def packet_table(self, last: int = 40) -> str:
        """Return the last packets as text, with times since the first of them.

        Args:
            last: how many lines at most.
        """
        return packet_table(list(self.packets)[-last:])

    def refresh(self) -> tuple[Host, ...]:
        """Read the kernel again and show what it says now.

        Raises:
            MiniDockerError: an engine does not answer.
        """
        with self._reading:
            before = self.hosts
            self.hosts = tuple(read_host(source.topology()) for source in self._sources.values())
            if self.hosts != before:
                said = changes(before, self.hosts)
                if said:
                    self.message = said
                self._show()
            return self.hosts

    def draw(self) -> None:
        """Send the pictures of the present model, and the roads on them, to the page."""
        pictures, roads = {}, {}
        for form in ("wide", "narrow"):
            plan = make_plan(self.hosts, narrow=form == "narrow")
            pictures[form] = to_svg(draw_plan(plan, self.hosts, still=False), live="option")
            roads[form] = {
                key: [[round(x, 1), round(y, 1)] for x, y in points]
                for key, points in plan.roads.items()
            }
        with self.hold_sync():
            self.roads = roads
            self.pictures = pictures

    def close(self) -> None:
        """Stop following and take the view off the page."""
        self.live = False
        for source in self._sources.values():
            source.stop()
        super().close()

    def _show(self) -> None:
        self._watcher.look_at(self.hosts)
        self.details = element_facts(self.hosts)
        if self.selected not in self.details:
            self.selected = next(iter(self.details), "")
        self.draw()

    @traitlets.observe("live")
    def _live_changed(self, change: Any) -> None:
        if not change["new"]:
            _live.discard(self)
            feed, self._feed = self._feed, None
            if feed is not None:
                feed.stop()
            return
        for other in list(_live):  # one picture at a time keeps the engine's work small
            if set(other._sources) & set(self._sources):
                other.live = False
                other.message = "A newer picture follows now; press Live to take over."
        _live.add(self)
        self._feed = Feed(
            self._sources, changed=self._refresh_quietly, batch=self._take, failed=self._complain
        )
        self._feed.start()

    def _refresh_quietly(self) -> float:
        """Refresh for a thread, whose exception nobody would read.

        Returns:
            How long the page should be left alone, seconds: a notebook server drops what is above
            a megabyte a second.
        """
        try:
            self.refresh()
        except (MiniDockerError, OSError, ValueError) as error:
            self._complain(str(error))
        return sum(map(len, self.pictures.values())) / BYTES_PER_S

    def _complain(self, what: str) -> None:
        self.message = what

    def _take(self, batch: list[tuple[str, dict[str, Any]]]) -> None:
        sights = [s for name, event in batch if (s := self._watcher.take(name, event))]
        self.packets.extend(sights)
        watcher = self._watcher
        self.send(
            {
                "sights": [sight.record() for sight in sights],
                "seen": watcher.seen,
                "lost": watcher.lost,
                "spare": watcher.spare,
                "elsewhere": watcher.elsewhere,
            }
        )

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict) and content.get("do") == "refresh":
            self._refresh_quietly()


def topology(*engines: Any, live: bool = True, words: Sequence[str] = ()) -> Topology:
    """Draw the network of one or more engines as the kernel has it, with packets on their way.

    Args:
        engines: of the client, one to three; ``pyminidocker.connect()`` by default.
        live: follow changes and packets from the beginning.
        words: show only these packets: ``arp``, ``icmp``, ``dns``, ``tcp``, ``udp``, ``vxlan``,
            ``host=ADDRESS``, ``port=NUMBER``; everything by default.

    Returns:
        The widget.  ``.hosts`` is the data, ``.packets`` what was seen, ``.refresh()`` reads the
        kernel again, ``.live`` (a bool) follows, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: more than three engines.
        Unavailable: an engine does not answer.
    """
    wanted = list(engines)
    if not wanted:
        from pyminidocker.client import connect

        wanted = [connect()]
    if len(wanted) > MOST_HOSTS:
        raise InvalidArgument(
            f"a topology shows 1 to {MOST_HOSTS} lab hosts, not {len(wanted)}",
            hint="for example: topology(a, b)",
        )
    sources = []
    for engine in wanted:
        calls = getattr(engine, "api", engine)
        calls.ping()  # whoever asks for the picture may start the engine; the picture may not
        sources.append(EngineSource(calls.onlooker(), tuple(words)))
    return Topology(sources, live=live)
