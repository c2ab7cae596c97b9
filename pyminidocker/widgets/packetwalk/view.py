"""The packet walk as a live view."""

import threading
from typing import Any

import traitlets

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.packetwalk.ask import Asker
from pyminidocker.widgets.packetwalk.model import Walk
from pyminidocker.widgets.packetwalk.scene import draw_walk
from pyminidocker.widgets.packetwalk.words import step_details, walk_table
from pyminidocker.widgets.scene import Scene


class PacketWalk(LearningView):
    """One request, hop by hop.

    Attributes:
        walk: the model.
        selected: the step whose evidence is shown, ``step-1`` ...

    Args:
        walk: what is known about the request.
        again: makes the request once more; None when that is not possible.
    """

    _esm = script("base.js", "packetwalk.js")
    _css = styles("packetwalk.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("step-1").tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, walk: Walk, again: Any = None) -> None:
        super().__init__()
        self._again = again
        self._asking = threading.Lock()
        self.walk = walk
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the walk; the saved picture leaves out times and the ports the kernel picked."""
        return draw_walk(self.walk, still=still, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return walk_table(self.walk)

    def refresh(self) -> Walk:
        """Make the same request again and show how it goes now.

        Raises:
            MiniDockerError: an engine or the container is gone.
        """
        with self._asking:
            if self._again is not None:
                self.busy = True
                try:
                    self.walk = self._again()
                finally:
                    self.busy = False
                self._show()
                self.message = self.walk.outcome
        return self.walk

    def _show(self) -> None:
        self.details = step_details(self.walk)
        if self.selected not in self.details:
            self.selected = "step-1"
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict) and content.get("do") == "refresh" and not self.busy:
            threading.Thread(target=self._refresh_quietly, name="packet-walk", daemon=True).start()

    def _refresh_quietly(self) -> None:
        """Ask for the page, where an exception would end in a log nobody reads."""
        try:
            self.refresh()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)


def packet_walk(
    source: Any, destination: str, *others: Any, engine: Any = None, label: str = ""
) -> PacketWalk:
    """Make one request for real and show its way, with every rewritten address and its reason.

    Args:
        source: a container, its name, or ``"machine"`` (this notebook).
        destination: ``"web:80"``, ``"172.17.0.2:80"``, ``"127.0.0.1:8080"`` ...; without a port it
            is pinged.
        others: engines of other lab hosts on the way, where it is looked for too.
        engine: whose container the source is; ``pyminidocker.connect()`` by default.
        label: what to call the source.

    Returns:
        The widget.  ``.walk`` is the data, ``.refresh()`` asks again, ``str(widget)`` is the text
        twin.

    Raises:
        NotFound: no such container.
        InvalidArgument: the destination cannot be read.
    """
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()

    def ask() -> Walk:
        return Asker([engine, *others]).follow(source, destination, label=label)

    return PacketWalk(ask(), ask)
