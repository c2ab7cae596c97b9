"""The argv calculator as a live view."""

import shlex
import threading
from typing import Any

import traitlets

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.argv.model import Calculation, Command, Observed
from pyminidocker.widgets.argv.scene import draw_calculation
from pyminidocker.widgets.argv.trial import base_config, try_all, try_out
from pyminidocker.widgets.argv.twin import calculation_table
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.scene import Scene


class ArgvCalculator(LearningView):
    """ENTRYPOINT, CMD and the words after the image: what is executed, and what really happens.

    Attributes:
        sum: the model.
        fields: the three texts, as they stand in the fields of the page.
        chosen: the combination that is looked at, ``exec-shell``.
        busy: containers are being tried.

    Args:
        engine: where combinations are tried.
        image: the base image.
        calculation: what to begin with.
    """

    _esm = script("base.js", "argv.js")
    _css = styles("argv.css")

    fields = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)
    columns = traitlets.Int(1).tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, engine: Any, image: str, calculation: Calculation) -> None:
        super().__init__()
        self._engine, self._image = engine, image
        self._lock, self._trying = threading.RLock(), threading.Lock()
        self.sum = calculation
        self._show()
        self.on_msg(self._on_message)
        self.observe(self._on_chosen, "chosen")

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the calculation."""
        del still  # nothing in it differs from run to run
        return draw_calculation(self.sum, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return calculation_table(self.sum)

    @property
    def argv(self) -> tuple[str, ...]:
        """The words of the chosen combination."""
        return self.sum.combination(*self.sum.chosen).argv

    @property
    def observed(self) -> Observed | None:
        """What happened when the chosen combination was tried; None before."""
        return self.sum.seen.get(self.sum.chosen)

    def write(self, entrypoint: str = "", cmd: str = "", args: str = "") -> "ArgvCalculator":
        """Write something else; what was tried before is forgotten.

        Args:
            entrypoint: what stands behind ENTRYPOINT, in either form; "" for none.
            cmd: the same for CMD.
            args: the words after the image's name.

        Raises:
            InvalidArgument: it does not fit into one line, or a quote is open.
        """
        with self._lock:
            self.sum = calculation(entrypoint, cmd, args, self.sum.base)
            self._show()
        return self

    def choose(self, entrypoint: str, cmd: str) -> "ArgvCalculator":
        """Look at another combination.

        Args:
            entrypoint: ``"none"``, ``"exec"`` or ``"shell"``.
            cmd: the same.

        Raises:
            InvalidArgument: there is none like that.
        """
        keys = {one.key: (one.entrypoint, one.cmd) for one in self.sum.all()}
        if f"{entrypoint}-{cmd}" not in keys:
            raise InvalidArgument(
                f"no such combination: {entrypoint}, {cmd}", hint=f"there are: {', '.join(keys)}"
            )
        with self._lock:
            self.sum.chosen = (entrypoint, cmd)
            self._show()
        return self

    def run(self) -> "ArgvCalculator":
        """Try the chosen combination in a container.

        Raises:
            MiniDockerError: the engine does not answer, or the image could not be built.
        """
        with self._trying:
            self.busy = True
            try:
                chosen, now = self.sum.chosen, self.sum
                self._take(now, chosen, try_out(self._engine, now, chosen, self._image))
            finally:
                self.busy = False
        seen = self.observed
        self.message = f"{seen.word}." if seen else ""
        return self

    def run_all(self) -> "ArgvCalculator":
        """Try every combination, each in a container of its own.

        Raises:
            MiniDockerError: the engine does not answer, or an image could not be built.
        """
        with self._trying:
            self.busy = True
            now = self.sum
            try:
                try_all(
                    self._engine, now, self._image, lambda cell, seen: self._take(now, cell, seen)
                )
            finally:
                self.busy = False
        self.message = self.sum.summary()
        return self

    def _take(self, now: Calculation, chosen: tuple[str, str], seen: Observed) -> None:
        with self._lock:
            now.seen[chosen] = seen
            if now is self.sum:  # and was not replaced meanwhile
                self._show()

    def _show(self) -> None:
        now = self.sum
        self.fields = {
            "entrypoint": now.entrypoint.written(now.entrypoint.form),
            "cmd": now.cmd.written(now.cmd.form),
            "args": shlex.join(now.args),
        }
        self.columns = len(now.forms("ENTRYPOINT"))
        self.chosen = "-".join(now.chosen)
        self.draw()

    def _on_chosen(self, change: Any) -> None:
        """Look at what the page selected."""
        entrypoint, _, cmd = str(change["new"]).partition("-")
        if (entrypoint, cmd) != self.sum.chosen:
            try:
                self.choose(entrypoint, cmd)
            except InvalidArgument:
                self.chosen = "-".join(self.sum.chosen)

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        try:
            if what == "write":
                self.write(*(str(content.get(name, "")) for name in ("entrypoint", "cmd", "args")))
                self.message = self.sum.combination(*self.sum.chosen).line
            elif what in ("run", "all") and not self.busy:
                call = self.run if what == "run" else self.run_all
                threading.Thread(
                    target=self._quietly, args=(call,), name="argv-calculator", daemon=True
                ).start()
        except MiniDockerError as error:
            self.message = str(error)

    def _quietly(self, call: Any) -> None:
        """Try for the page, where an exception would end in a log nobody reads."""
        try:
            call()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)


def calculation(entrypoint: str, cmd: str, args: str, base: Any) -> Calculation:
    """Read three texts.

    Raises:
        InvalidArgument: one does not fit into a line, or a quote is open.
    """
    try:
        words = tuple(shlex.split(args))
    except ValueError as error:
        raise InvalidArgument(f"the words after the image: {error}: {args!r}") from error
    first, rest = Command.of("ENTRYPOINT", entrypoint), Command.of("CMD", cmd)
    return Calculation(first, rest, words, base, (first.form, rest.form))


def argv_calculator(
    entrypoint: str = '["say", "hello"]',
    cmd: str = '["world"]',
    args: str = "",
    *,
    image: str = "busybox",
    engine: Any = None,
) -> ArgvCalculator:
    """Show what ENTRYPOINT, CMD and the words after the image make of each other.

    Args:
        entrypoint: what stands behind ENTRYPOINT in the Dockerfile, in either form; "" for none.
            The program ``say`` is there: it prints what it was given, and ends on SIGTERM.
        cmd: the same for CMD.
        args: the words after the image's name, as on the command line.
        image: the base image.
        engine: where it is tried; ``pyminidocker.connect()`` by default.

    Returns:
        The widget.  ``.argv`` is what is executed; ``.run()`` and ``.run_all()`` try it in
        containers; ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such image.
        InvalidArgument: something does not fit into one line.
    """
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    base = base_config(engine, image)
    return ArgvCalculator(engine, image, calculation(entrypoint, cmd, args, base))
