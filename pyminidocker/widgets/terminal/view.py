"""The terminal as a live view."""

import atexit
import shlex
import weakref
from collections.abc import Sequence
from typing import Any

import traitlets

from pyminidocker.widgets.base import STATIC, LearningView, styles
from pyminidocker.widgets.metrics import shorten
from pyminidocker.widgets.scene import Box, Label, Scene
from pyminidocker.widgets.terminal.process import Process, find_process
from pyminidocker.widgets.terminal.session import Session
from pyminidocker.widgets.terminal.transcript import plain_text

_STILL_LINES = 24
_OPEN: "weakref.WeakSet[Terminal]" = weakref.WeakSet()


class Terminal(LearningView):
    """A terminal in the page, connected to a process in a container.

    Attributes:
        exit_code: None while the process runs.

    Args:
        process: what to start.
        screen_reader: put the terminal's lines where a screen reader finds them.
    """

    _esm = STATIC / "terminal.js"
    _css = styles("terminal.css", "xterm.css")

    title = traitlets.Unicode().tag(sync=True)
    exit_code = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    screen_reader = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, process: Process, *, screen_reader: bool = False) -> None:
        self._session = Session(process, self._on_output, self._on_end)
        super().__init__(title=process.title, screen_reader=screen_reader)
        self._session.start()
        self.on_msg(self._on_message)
        _OPEN.add(self)

    @property
    def transcript(self) -> str:
        """All output so far, as plain text."""
        return plain_text(self._session.output)

    def type(self, text: str) -> None:
        r"""Type ``text``, as if on the keyboard; ``"\n"`` is the Enter key."""
        self._session.write(text.replace("\n", "\r").encode())

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the process to end; return its exit code, or None when time is up first."""
        self._session.wait(timeout_s)
        return self._session.exit_code

    def close(self) -> None:
        """End the process and take the terminal off the page."""
        self._session.close()
        super().close()

    def text(self) -> str:
        """Return the transcript of an ended terminal; of a running one, what it is.

        What a running process has written depends on the moment, and a saved notebook should not.
        """
        if self._session.exit_code is None:
            return f"Terminal: {self.title} (interactive; run this cell to use it)"
        return f"Terminal: {self.title}\n{self.transcript}\n(exit code {self._session.exit_code})"

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the text twin as a sheet of terminal paper."""
        del still, narrow  # there is one picture: the live view is the terminal itself
        head, *lines = self.text().split("\n")
        lines = lines[-_STILL_LINES:]
        height = 50.0 + 19.0 * len(lines) + (16 if lines else 0)
        scene = Scene(800, height, head, " ".join(lines) or "not ended yet")
        scene.add(Box(8, 8, 784, height - 16, "panel", "line", 1, 9))
        scene.add(Label(24, 31, shorten(head, 740, 13, weight=600), 13, 600))
        for index, line in enumerate(lines):
            text = shorten(line, 840, 12.5, mono=True)
            scene.add(Label(24, 58 + 19 * index, text, 12.5, 400, mono=True))
        return scene

    def _on_output(self, batch: bytes) -> None:
        self.send({"do": "output"}, buffers=[batch])

    def _on_end(self, exit_code: int) -> None:
        self.exit_code = exit_code

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        if what == "input":
            self._session.write(str(content["data"]).encode("utf-8", "surrogateescape"))
        elif what == "resize":
            self._session.resize(int(content["rows"]), int(content["cols"]))
        elif what == "ready":  # a view has opened: it gets the past first, then what follows
            view = content.get("view")
            self._session.replay(
                lambda past: self.send({"do": "replay", "view": view}, buffers=[past])
            )
            self._session.resize(int(content["rows"]), int(content["cols"]))
        elif what == "end":
            self._session.close()


def close_all(wait_s: float = 0.0) -> None:
    """End what still runs, e.g. when the notebook's kernel ends: nobody could type any more.

    Args:
        wait_s: how long to wait for the end of each.
    """
    for terminal in list(_OPEN):
        terminal._session.close()
        terminal._session.wait(wait_s)


atexit.register(close_all)


def open_terminal(
    engine: Any,
    target: Any,
    command: str | Sequence[str] | None = None,
    *,
    screen_reader: bool = False,
) -> Terminal:
    """Open an interactive terminal in the page.

    Args:
        engine: the client (``pyminidocker.connect()``).
        target: a running container (name or object): the command runs in it; or an image: a new
            container is made and removed when the command ends.
        command: what to run; ``sh``, or the image's own command, by default.
        screen_reader: make the terminal's lines readable to a screen reader.

    Returns:
        The widget.  ``.type(text)`` types, ``.wait(timeout_s)`` waits for the end, ``.exit_code``
        is None until then, ``.transcript`` is all output as plain text, ``.close()`` ends it.

    Raises:
        NotFound: neither a running container nor an image has this name.
    """
    argv = shlex.split(command) if isinstance(command, str) else list(command or []) or None
    process = find_process(getattr(engine, "api", engine), target, argv)
    return Terminal(process, screen_reader=screen_reader)
