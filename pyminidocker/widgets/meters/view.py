"""The gauge as a live view."""

import threading
from collections.abc import Callable
from typing import Any

import traitlets

from pyminidocker.widgets.base import script, styles
from pyminidocker.widgets.follow import LiveView
from pyminidocker.widgets.meters.feed import Reader
from pyminidocker.widgets.meters.model import Meter, Run
from pyminidocker.widgets.meters.scene import draw_gauge
from pyminidocker.widgets.meters.twin import gauge_table
from pyminidocker.widgets.meters.words import COURSE, MEANINGS, files_of
from pyminidocker.widgets.scene import Scene

INTERVAL_S = 0.25


class Gauge(LiveView):
    """Memory, processors and processes of one container against their limits, as they change.

    Attributes:
        run: the readings; replaced by the next run's when the container is started again.
        live: read; set it to False to leave the engine alone.
        selected: what is explained: ``memory``, ``cpu``, ``pids`` or ``course``.
    """

    _esm = script("base.js", "grid.js", "gauge.js")
    _css = styles("gauge.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("memory").tag(sync=True)

    def __init__(
        self,
        api: Any,
        container_id: str,
        run: Run,
        *,
        version: str = "none",
        interval_s: float = INTERVAL_S,
        live: bool = True,
    ) -> None:
        super().__init__()
        self.run = run
        self._api, self._id, self._interval_s = api, container_id, interval_s
        self._version = version
        self._showing = threading.Lock()
        self._changed()
        self.live = live

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the readings; all of them are of this run, so a still picture has them too."""
        del still
        return draw_gauge(self.run, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return gauge_table(self.run)

    def until_end(self, timeout_s: float = 30.0) -> "Gauge":
        """Wait until the container does not run any more; return self.

        Raises:
            TimeoutError: it still runs.
        """
        if self._feed is not None and not self._feed.wait(timeout_s):
            raise TimeoutError(f"{self.run.name} still runs after {timeout_s:g} s")
        return self

    def until(self, seconds: float) -> "Gauge":
        """Watch for so many seconds, or until it ends; return self."""
        if self._feed is not None:
            self._feed.wait(seconds)
        return self

    def close(self) -> None:
        """Stop reading and take the view off the page."""
        self.live = False
        super().close()
        self._api.close()

    def _changed(self) -> None:
        with self._showing, self.hold_sync():
            meters = {meter.key: meter for meter in self.run.meters()}
            self.details = {
                **{key: self._detail(meters.get(key), key) for key in MEANINGS},
                "course": {"title": "Memory over time", "meaning": COURSE, "now": "", "files": []},
            }
            self.message = self.run.summary()
            self.draw()

    def _detail(self, meter: Meter | None, key: str) -> dict[str, Any]:
        return {
            "title": meter.title if meter else key,
            "meaning": MEANINGS[key],
            "now": f"{meter.says()}." if meter else "",
            "files": files_of(key, self._version),
        }

    def _make_feed(self, changed: Callable[[], None], failed: Callable[[str], None]) -> Reader:
        return Reader(self._api, self._id, self.run, self._interval_s, changed, failed)


def gauge(
    container: Any, *, engine: Any = None, interval_s: float = INTERVAL_S, live: bool = True
) -> Gauge:
    """Show what a container uses, against its limits, until it ends and beyond.

    Args:
        container: a container, or its name.
        engine: whose, when a name is given; ``pyminidocker.connect()`` by default.
        interval_s: from one reading to the next, 0.1 or more.
        live: read from the beginning.

    Returns:
        The widget.  ``.run`` is the data, ``.until_end()`` waits, ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such container.
    """
    if isinstance(container, str):
        if engine is None:
            from pyminidocker.client import connect

            engine = connect()
        container = engine.container(container)
    attrs = container.reload().attrs
    run = Run(attrs["Name"].removeprefix("/"), attrs["State"]["Status"])
    version = (attrs.get("Minidocker") or {}).get("Cgroup", {}).get("Version", "none")
    api = container.api.onlooker()
    return Gauge(api, container.id, run, version=version, interval_s=interval_s, live=live)
