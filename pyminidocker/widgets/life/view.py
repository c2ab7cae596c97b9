"""The life of a container as a live view."""

import threading
import time
from collections.abc import Callable
from typing import Any

import traitlets

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.base import script, styles
from pyminidocker.widgets.follow import LiveView
from pyminidocker.widgets.life.feed import Biographer, Follower
from pyminidocker.widgets.life.model import STATES, Life
from pyminidocker.widgets.life.scene import draw_life, hue_of
from pyminidocker.widgets.life.twin import life_table
from pyminidocker.widgets.life.words import COMMANDS, KEPT, MEANINGS, VERBS
from pyminidocker.widgets.scene import Scene

MOST_HAPPENINGS = 12  # in the list on the page


class Lifecycle(LiveView):
    """The states of one container, as they change.

    Attributes:
        life: what is known of it.
        live: follow its events; set it to False to leave the engine alone.
        selected: the state that is explained.
        busy: the verb that a button has asked for and that goes on; empty otherwise.

    Args:
        biographer: who keeps the life up to date.
        live: follow from the beginning.
    """

    _esm = script("base.js", "lifecycle.js")
    _css = styles("lifecycle.css")

    details = traitlets.Dict().tag(sync=True)
    seconds = traitlets.List().tag(sync=True)  # [[state, seconds, hue], ...], first visit first
    happenings = traitlets.List().tag(sync=True)  # [[seconds since the first, state, words], ...]
    state = traitlets.Unicode("").tag(sync=True)
    verbs = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Unicode("").tag(sync=True)

    def __init__(self, biographer: Biographer, *, live: bool = True) -> None:
        super().__init__()
        self._biographer = biographer
        self._showing = threading.RLock()  # whoever observes may ask again
        self.selected = self.life.state
        self._show()
        self.on_msg(self._on_message)
        self.live = live

    @property
    def life(self) -> Life:
        """What is known of it."""
        return self._biographer.life

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the states; times are told beside the picture."""
        del still  # nothing in it differs from run to run
        return draw_life(self.life, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return life_table(self.life)

    def refresh(self) -> Life:
        """Ask the engine what happened until now, and show it.

        Raises:
            MiniDockerError: it does not answer.
        """
        if self._biographer.refresh():
            self._changed()
        return self.life

    def close(self) -> None:
        """Stop following and take the view off the page."""
        self.live = False
        super().close()
        self._biographer.api.close()

    def __repr__(self) -> str:
        self._refresh_quietly()
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self._refresh_quietly()  # a cell shows what its own lines have done
        return super()._repr_mimebundle_(**kwargs)

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)

    def _changed(self) -> None:
        self.message = self.life.summary()
        if self.selected == self.state:  # whoever reads about another state goes on reading
            self.selected = self.life.state
        self._show()

    def _show(self) -> None:
        with self._showing, self.hold_sync():
            life, now = self.life, time.time()
            self.state = life.state
            self.verbs = [*VERBS.get(life.state, ())]
            self.seconds = [
                [state, round(spent, 3), hue_of(life, state)]
                for state, spent in life.seconds(now).items()
            ]
            first = life.stays[0].since if life.stays else now
            self.happenings = [
                [round(stay.since - first, 3), stay.state, stay.says()]
                for stay in life.stays[-MOST_HAPPENINGS:]
            ]
            self.details = {state: self._detail(state) for state in STATES}
            self.draw()

    def _detail(self, state: str) -> dict[str, Any]:
        """Return what the page says about one state."""
        last = self.life.last(state)
        return {
            "meaning": MEANINGS[state],
            "kept": KEPT[state],
            "visits": self.life.visits(state),
            "last": last.says() if last else "",
            "error": self.life.error if state in ("created", "exited") else "",
            "commands": [COMMANDS[verb] for verb in VERBS[state]],
        }

    def _make_feed(self, changed: Callable[[], None], failed: Callable[[str], None]) -> Follower:
        return Follower(self._biographer, changed, failed)

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        verb = content.get("do") if isinstance(content, dict) else None
        if verb in VERBS.get(self.life.state, ()) and not self.busy:
            self.busy = str(verb)  # ``stop`` may take ten seconds
            threading.Thread(
                target=self._do, args=(verb,), name=f"lifecycle-{verb}", daemon=True
            ).start()

    def _do(self, verb: str) -> None:
        api, ref = self._biographer.api, self._biographer.id
        try:
            if verb == "remove":
                api.call("DELETE", f"/containers/{ref}")
            else:
                api.call("POST", f"/containers/{ref}/{verb}")
        except (MiniDockerError, OSError) as error:
            self.message = str(error)
        else:
            self._refresh_quietly()
        finally:
            self.busy = ""


def lifecycle(container: Any, *, engine: Any = None, live: bool = True) -> Lifecycle:
    """Draw the states of a container and follow what happens to it.

    Args:
        container: a container, or its name.
        engine: whose, when a name is given; ``pyminidocker.connect()`` by default.
        live: follow its events from the beginning.

    Returns:
        The widget.  ``.life`` is the data, ``.refresh()`` asks again, ``.live`` (a bool) follows,
        ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such container.
    """
    if isinstance(container, str):
        if engine is None:
            from pyminidocker.client import connect

            engine = connect()
        container = engine.container(container)
    return Lifecycle(Biographer(container.api.onlooker(), container.id), live=live)
