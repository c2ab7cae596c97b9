"""The namespace lens as a live view."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import traitlets

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.namespaces.model import Lens, Subject
from pyminidocker.widgets.namespaces.reading import read_lens, read_subject, start_ticks
from pyminidocker.widgets.namespaces.scene import draw_lens
from pyminidocker.widgets.namespaces.targets import NOTEBOOK, find_subject
from pyminidocker.widgets.namespaces.twin import lens_details, lens_table
from pyminidocker.widgets.scene import Scene

MOST_SUBJECTS = 4
FOLLOW_S = 1.0


class NamespaceLens(LearningView):
    """Processes side by side with their eight namespaces.

    Attributes:
        model: what was read last.
        follow: read again every second until set to False or the view is closed.
        selected: the kind of namespace whose details are shown.

    Args:
        subjects: two to four processes.
        numbers: say inode numbers and pids also in the saved forms.
    """

    _esm = script("base.js", "grid.js", "namespaces.js")
    _css = styles("namespaces.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("pid").tag(sync=True)
    follow = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, subjects: Sequence[Subject], *, numbers: bool = False) -> None:
        super().__init__()
        self._numbers = numbers
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self.model: Lens = read_lens(tuple(subjects))
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the lens; the saved picture keeps out what differs from run to run."""
        keep_out = still and not self._numbers
        return draw_lens(self.model, still=keep_out, narrow=narrow, numbers=self._numbers)

    def text(self) -> str:
        """Return the text twin."""
        return lens_table(self.model, numbers=self._numbers)

    def refresh(self) -> Lens:
        """Read the kernel again and show what it says now."""
        with self._reading:
            before = self.model
            ended = [s.label for s in before.subjects if start_ticks(s.host_pid) != s.start_ticks]
            if ended:
                self.follow = False
                self.message = f"{' and '.join(ended)} ended: this is the last that was seen."
                return before
            self.model = read_lens(tuple(self._again(subject) for subject in before.subjects))
            changed = [
                row.meaning.key
                for row, old in zip(self.model.rows(), before.rows(), strict=True)
                if row.numbers != old.numbers
            ]
            self.message = f"Changed: {', '.join(changed)}." if changed else "Nothing changed."
            if self.model != before:
                self._show()
            return self.model

    def close(self) -> None:
        """Stop following and take the view off the page."""
        self._closed.set()
        super().close()

    def _again(self, subject: Subject) -> Subject:
        fresh = read_subject(subject.host_pid, subject.label)
        uts = subject.facts.get("uts")
        if uts and fresh.namespaces.get("uts") == subject.namespaces.get("uts"):
            fresh = replace(fresh, facts={**fresh.facts, "uts": uts})  # only the engine knows it
        return fresh

    def _show(self) -> None:
        self.details = lens_details(self.model)
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict) and content.get("do") == "refresh":
            self._refresh_quietly()

    def _refresh_quietly(self) -> None:
        """Refresh for the page, where an exception would end in a log nobody reads."""
        try:
            self.refresh()
        except (MiniDockerError, OSError) as error:
            self.follow = False
            self.message = f"{error}"

    @traitlets.observe("follow")
    def _follow_changed(self, change: Any) -> None:
        if change["new"]:
            threading.Thread(target=self._follow, name="namespace-lens", daemon=True).start()

    def _follow(self) -> None:
        while self.follow and not self._closed.wait(FOLLOW_S):
            if self.follow:
                self._refresh_quietly()


def namespace_lens(
    *targets: Any, engine: Any = None, labels: Sequence[str] = (), numbers: bool = False
) -> NamespaceLens:
    """Show up to four processes side by side with their eight namespaces.

    Args:
        targets: what to look at: ``"notebook"`` (this Python), a host pid, a container's name or
            a container object of the client.  One target is compared with the notebook.
        engine: whose containers names refer to; ``pyminidocker.connect()`` by default.
        labels: what to call the targets; their own names by default.
        numbers: also print inode numbers and host pids in the text twin and the still picture
            (they differ from run to run).

    Returns:
        The widget.  ``.model`` is the data, ``.refresh()`` reads the kernel again,
        ``.follow`` (a bool) does so every second, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: no target, or more than four, or something that is neither.
        NotFound: no such process or container.
        Conflict: the container does not run.
    """
    wanted = list(targets)
    if len(wanted) == 1:
        wanted.insert(0, NOTEBOOK)
        labels = ["", *labels]
    if not 2 <= len(wanted) <= MOST_SUBJECTS:
        raise InvalidArgument(
            f"the lens compares 2 to {MOST_SUBJECTS} processes, not {len(wanted)}",
            hint='for example: namespace_lens("notebook", "web")',
        )
    names = [*labels, *[""] * len(wanted)]
    return NamespaceLens(
        [find_subject(t, engine=engine, label=n) for t, n in zip(wanted, names, strict=False)],
        numbers=numbers,
    )
