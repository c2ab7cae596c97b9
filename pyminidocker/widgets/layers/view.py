"""The layer microscope as a live view."""

from typing import Any

import traitlets

from pyminidocker.errors import MiniDockerError
from pyminidocker.units import human_size
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.layers.fetch import (
    Resurrected,
    choices,
    fetch,
    foundation,
    ref_of,
    resurrect,
)
from pyminidocker.widgets.layers.model import GLYPHS, HUES, KINDS, Comparison, Entry, counted
from pyminidocker.widgets.layers.scene import draw_comparison, draw_stack
from pyminidocker.widgets.layers.twin import comparison_table
from pyminidocker.widgets.scene import Scene

MOST_PATHS = 4000  # sent to the page; about 0.4 MB


def _row(entry: Entry) -> dict[str, Any]:
    """Return what the page needs to list and explain one path."""
    is_file = entry.type == "file"
    modes = (entry.mode_a, entry.mode_b)
    return {
        "path": entry.path,
        "kind": entry.kind,
        "type": entry.type,
        "layer": entry.layer + 1,
        "weight": entry.weight if is_file else 0,
        "size": human_size(entry.weight) if is_file else entry.type,
        "before": human_size(entry.size_a) if is_file and entry.kind != "added" else "",
        "after": human_size(entry.size_b) if is_file and entry.kind != "deleted" else "",
        "modes": [f"{mode:04o}" if mode else "" for mode in modes],
        "marks": list(entry.marks),
        "flags": [
            flag
            for flag, is_set in (
                ("whiteout", entry.whiteout),
                ("opaque", entry.opaque),
                ("copied", entry.copied_up > 0),
            )
            if is_set
        ],
        "says": entry.explanation(),
        "old": is_file and entry.kind != "added",  # an older version may be read
    }


class LayerMicroscope(LearningView):
    """Two stacks of layers, and every path in which they differ.

    Attributes:
        model: the comparison on show.

    Args:
        api: the engine's calls (``Engine.api``).
        a: image, container, ``image@N`` or "".
        b: the same.
    """

    _esm = script("base.js", "layers.js")
    _css = styles("layers.css")

    refs = traitlets.List().tag(sync=True)  # what may be chosen for A and B
    facts = traitlets.Dict().tag(sync=True)  # everything about the comparison except its paths
    paths = traitlets.List().tag(sync=True)
    raised = traitlets.Dict().tag(sync=True)  # the file that was resurrected last

    def __init__(self, api: Any, a: str, b: str) -> None:
        super().__init__()
        self._api = api
        self.model: Comparison = fetch(api, a, b)
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the stack (live) or the whole comparison (still)."""
        if still:
            return draw_comparison(self.model)
        return draw_stack(self.model, width=400.0 if narrow else 300.0)

    def text(self) -> str:
        """Return the text twin."""
        return comparison_table(self.model)

    def compare(self, a: str, b: str) -> Comparison:
        """Put two other things under the microscope.

        Raises:
            NotFound: no such image or container.
        """
        self.model = fetch(self._api, a, b)
        self._show()
        self.message = self.model.summary() + "."
        return self.model

    def resurrect(self, path: str) -> Resurrected:
        """Read a deleted (or replaced) file out of the layer that still holds it.

        Raises:
            NotFound: no lower layer holds it.
        """
        found = resurrect(self._api, self.model, path)
        form, shown = found.shown()
        size = human_size(len(found.data))
        self.raised = {
            "path": path,
            "source": f"{size}, read from layer {found.layer} of {found.ref}",
            "form": form,
            "text": shown,
        }
        return found

    def _show(self) -> None:
        model = self.model
        listed = model.heaviest(MOST_PATHS)
        refs = {"", *choices(self._api), model.a, model.b}
        self.refs = sorted(refs)
        self.raised = {}
        self.facts = {
            "a": model.a,
            "b": model.b,
            "total": len(model.entries),
            "kinds": [
                {"kind": kind, "glyph": GLYPHS[kind], "hue": HUES[kind], "count": model.count(kind)}
                for kind in KINDS
            ],
            "flags": [
                {
                    "flag": flag,
                    "label": counted(model.count(flag), one, many),
                    "count": model.count(flag),
                }
                for flag, one, many in (
                    ("whiteout", "whiteout", "whiteouts"),
                    ("opaque", "opaque directory", "opaque directories"),
                    ("copied", "copied up", "copied up"),
                )
            ],
            "copied": human_size(model.copied_up_bytes),
            "wasted": human_size(model.wasted_bytes),
        }
        self.paths = [_row(entry) for entry in listed]
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        try:
            if content.get("do") == "compare":
                self.compare(str(content.get("a", "")), str(content.get("b", "")))
            elif content.get("do") == "resurrect":
                self.resurrect(str(content.get("path", "")))
        except (MiniDockerError, OSError) as error:  # say it where the learner looks
            self.message = str(error)


def layer_microscope(a: Any, b: Any = None, *, engine: Any = None) -> LayerMicroscope:
    """Show what ``b`` changed relative to ``a``: files added, changed, deleted, hidden, copied up.

    Args:
        a: an image, a container, ``image@N`` (its first N layers) or "" (nothing).
        b: the same; without it, ``a`` is compared with what it stands on: a container with its
            image, an image with nothing.
        engine: whose images; ``pyminidocker.connect()`` by default.

    Returns:
        The widget.  ``.model`` is the data, ``.resurrect(path)`` reads a deleted file out of the
        layer that still holds it, ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such image or container.
    """
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    api = getattr(engine, "api", engine)
    first = ref_of(a)
    if b is None:
        return LayerMicroscope(api, foundation(api, first), first)
    return LayerMicroscope(api, first, ref_of(b))
