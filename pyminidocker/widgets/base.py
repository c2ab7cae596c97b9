"""What all live views have in common: the saved form, the styles, the page-side code.

A view answers Jupyter with three forms of itself: the live widget, a PNG for places that run no
script, and a text table for readers, diffs and nbval.  ``publish`` removes the first before a
notebook is committed.
"""

from abc import abstractmethod
from base64 import b64encode
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from pyminidocker.widgets.palette import page_css
from pyminidocker.widgets.picture import to_png
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.svg import to_svg

STATIC = Path(__file__).parent / "static"


def script(*names: str) -> str:
    """Return page-side modules joined into one (a widget's script cannot import a neighbour)."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


def styles(*names: str) -> str:
    """Return the palette and the style sheets ``names`` as one style sheet."""
    return page_css() + "\n" + script("base.css", *names)


class LearningView(anywidget.AnyWidget):
    """A live view with a still picture and a text twin; subclasses say what they show."""

    pictures = traitlets.Dict().tag(sync=True)  # {"wide": svg, "narrow": svg}
    message = traitlets.Unicode().tag(sync=True)  # for the view's live region

    @abstractmethod
    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the model.

        Args:
            still: for a saved picture: leave out what differs from run to run.
            narrow: for a narrow cell.
        """

    @abstractmethod
    def text(self) -> str:
        """Return the text twin: the same content as the picture, the same on every run."""

    def draw(self) -> None:
        """Send the pictures of the present model to the page."""
        self.pictures = {
            "wide": to_svg(self.scene(still=False), live="option"),
            "narrow": to_svg(self.scene(still=False, narrow=True), live="option"),
        }

    def png(self, *, dark: bool = False) -> bytes:
        """Return the still picture as PNG.

        Args:
            dark: with the colours for dark pages.
        """
        return to_png(self.scene(still=True), dark=dark)

    def svg(self) -> str:
        """Return the still picture as an SVG document."""
        return to_svg(self.scene(still=True))

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        scene = self.scene(still=True)
        live = super()._repr_mimebundle_(**kwargs)
        data, metadata = live if isinstance(live, tuple) else (live or {}, {})
        data = {
            **data,
            "text/plain": self.text(),
            "image/png": b64encode(to_png(scene)).decode("ascii"),
        }
        picture = {
            "alt": f"{scene.title}. {scene.desc}",
            "width": round(scene.width),
            "height": round(scene.height),
            "needs_background": "light",
        }
        return data, {**metadata, "image/png": picture}
