"""Take snapshots of a container that has one of everything, and look what came back.

The container is removed between the taking and the looking, with its volume and its network: what
comes back comes from the snapshot.  What is looked for differs on every run, so that nothing can
have been there before.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.doctor.checkpoint import refusal
from pyminidocker.errors import (
    InvalidArgument,
    MiniDockerError,
    NotFound,
    NotImplementedHere,
    Unavailable,
)
from pyminidocker.widgets.snapshots.model import COLUMNS, KEPT, LOST, NONE, UNTRIED, Cost, Outcome

if TYPE_CHECKING:
    from pyminidocker.client.container import Container
    from pyminidocker.client.engine import Engine
    from pyminidocker.client.image import Image

SUBJECT, RESTORED = "snapshot-subject", "snapshot-restored"
VOLUME, NETWORK = "snapshot-data", "snapshot-net"
BASE, MADE = "snapshot-base:1", "snapshot-made:1"
HISTORY = "the image of the experiment"

Found = dict[str, Outcome]
Result = tuple[Found, Cost]

# The number is in the memory of the shell and nowhere else; whoever asks by the first pipe is told
# by the second.
_PROGRAM = (
    "mkdir -p /srv; mkfifo /srv/ask /srv/told 2>/dev/null; "
    "number=$(cat /proc/sys/kernel/random/uuid); "
    "while true; do cat /srv/ask >/dev/null; echo $number >/srv/told; done"
)
COMMAND = ["sh", "-c", _PROGRAM]
_ASK = "timeout 5 sh -c 'echo >/srv/ask; cat /srv/told'"
_IDLE = ["sleep", "1000"]


class Experiment:
    """One container, marked with numbers of this run.

    Args:
        engine: where it runs.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.mark = os.urandom(4).hex()
        self.number = ""  # what the process has in its memory

    def start(self) -> "Container":
        """Make the container, with one of everything."""
        engine = self.engine
        engine.create_network(NETWORK)
        box = engine.run(
            BASE,
            COMMAND,
            name=SUBJECT,
            detach=True,
            env={"MARK": self.mark},
            volumes=[f"{VOLUME}:/data"],
            tmpfs=["/scratch"],
            network=NETWORK,
        )
        self.number = self.ask(box)
        for directory in ("/srv", "/data", "/scratch"):
            box.exec(["sh", "-c", f"echo {self.mark} >{directory}/mark"])
        if not self.number:
            raise Unavailable("the container that was to be kept does not answer")
        return box

    def ask(self, box: "Container") -> str:
        """Return the number that a container's first process remembers."""
        wait_s = time.monotonic() + 5
        while not (said := box.exec(["sh", "-c", f"[ -p /srv/told ] && {_ASK}"]).strip()):
            if time.monotonic() > wait_s:
                break
        return said

    def end(self) -> None:
        """Let everything burn."""
        engine = self.engine
        for name in (SUBJECT, RESTORED):
            with suppress(NotFound):
                engine.container(name).remove(force=True, volumes=True)
        for remove in (
            lambda: engine.api.volume_remove(VOLUME),
            lambda: engine.network(NETWORK).remove(),
            lambda: engine.image(MADE).remove(force=True),
        ):
            with suppress(NotFound):
                remove()

    # -- what is still there -------------------------------------------------------------------

    def look(self, box: "Container", image: "Image") -> Found:
        """Look for everything in a running container."""
        found = {
            "files": self._file(box, "/srv/mark"),
            "volume": self._file(box, "/data/mark"),
            "tmpfs": self._file(box, "/scratch/mark"),
            "settings": self._settings(box),
            "network": self._network(box),
            "history": self._history(image),
        }
        found["memory"] = self._memory(box, runs=found["settings"].kind == KEPT)
        return found

    def _file(self, box: "Container", path: str) -> Outcome:
        said = box.exec(["cat", path])
        if said.strip() == self.mark:
            return Outcome(KEPT, f"{path} holds {self.mark}, as before")
        return Outcome(LOST, said.stderr.strip() or f"{path} holds {said.strip()!r}")

    def _settings(self, box: "Container") -> Outcome:
        config = box.reload().attrs["Config"]
        command = [*(config["Entrypoint"] or ()), *(config["Cmd"] or ())] == COMMAND
        variable = f"MARK={self.mark}" in config["Env"]
        if command and variable:
            return Outcome(KEPT, f"the command is the same, and MARK is {self.mark}")
        what = [text for text, there in (("command", command), ("MARK", variable)) if not there]
        return Outcome(LOST, f"not there any more: {' and '.join(what)}")

    def _network(self, box: "Container") -> Outcome:
        names = [place.network for place in box.networks]
        kind = KEPT if NETWORK in names else LOST
        return Outcome(kind, f"its network is {', '.join(names) or 'none'}")

    def _history(self, image: "Image") -> Outcome:
        comments = [step["Comment"] for step in self.engine.api.image_history(image.ref)]
        steps = f"the history has {len(comments)} step{'s' if len(comments) != 1 else ''}"
        if HISTORY in comments:
            return Outcome(KEPT, f"{steps}, those of the first image among them")
        return Outcome(LOST, f"{steps}, and none of the first image's")

    def _memory(self, box: "Container", *, runs: bool) -> Outcome:
        if not runs:
            return Outcome(LOST, "another program runs, and it knows of no number")
        number = self.ask(box)
        if number and number == self.number:
            return Outcome(KEPT, f"the process remembers {number[:8]}")
        return Outcome(LOST, f"a new process: its number is {number[:8]}, not {self.number[:8]}")


@contextmanager
def experiment(engine: "Engine") -> Iterator[Experiment]:
    """Make a marked container; everything of it is gone afterwards."""
    made = Experiment(engine)
    made.end()
    _make_base(engine)
    try:
        made.start()
        yield made
    finally:
        made.end()
        with suppress(NotFound):
            engine.image(BASE).remove(force=True)


def _make_base(engine: "Engine") -> None:
    """Make an image that has a history of its own, and does nothing by itself."""
    with engine.create("busybox", _IDLE) as box:
        box.commit(BASE, message=HISTORY)


# -- the kinds of snapshots -----------------------------------------------------------------------


def _run(
    engine: "Engine", ref: str, command: list[str] | None = None, volumes: tuple[str, ...] = ()
) -> "Container":
    return engine.run(ref, command, name=RESTORED, detach=True, volumes=volumes)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def try_commit(engine: "Engine") -> Result:
    """Commit, then run the new image."""
    with experiment(engine) as made:
        box = engine.container(SUBJECT)
        size = engine.image(BASE).size_bytes
        take_s = _timed(lambda: box.commit(MADE))
        image = engine.image(MADE)
        size = image.size_bytes - size
        _burn(engine)
        restore_s = _timed(lambda: _run(engine, MADE))
        found = made.look(engine.container(RESTORED), image)
    found["travels"] = Outcome(KEPT, "an image: it can be saved and pushed")
    return found, Cost(take_s, restore_s, size)


def try_export(engine: "Engine") -> Result:
    """Export, import, then run the new image; it has to be told what to run."""
    with experiment(engine) as made, tempfile.TemporaryDirectory() as room:
        path = f"{room}/root.tar"
        box = engine.container(SUBJECT)
        take_s = _timed(lambda: box.export(path))
        _burn(engine)
        size = Path(path).stat().st_size
        refused = ""

        def restore() -> None:
            nonlocal refused
            engine.import_image(path, MADE)
            try:
                _run(engine, MADE)
            except InvalidArgument as error:
                refused = str(error)
                _run(engine, MADE, _IDLE)

        restore_s = _timed(restore)
        found = made.look(engine.container(RESTORED), engine.image(MADE))
        if refused:
            found["settings"] = Outcome(LOST, f"run says: {refused}")
    found["travels"] = Outcome(KEPT, "a tar file")
    return found, Cost(take_s, restore_s, size)


def try_save(engine: "Engine") -> Result:
    """Save the container's image, load it, run it."""
    with experiment(engine) as made, tempfile.TemporaryDirectory() as room:
        path = f"{room}/image.tar"
        take_s = _timed(lambda: engine.save(BASE, path=path))
        _burn(engine)
        engine.image(BASE).remove(force=True)

        def restore() -> None:
            engine.load(path)
            _run(engine, BASE)

        restore_s = _timed(restore)
        found = made.look(engine.container(RESTORED), engine.image(BASE))
        size = Path(path).stat().st_size
    found["travels"] = Outcome(KEPT, "a tar file")
    return found, Cost(take_s, restore_s, size)


def try_volume(engine: "Engine") -> Result:
    """Export the volume, import it under a new volume, run the image with it."""
    with experiment(engine) as made, tempfile.TemporaryDirectory() as room:
        path = f"{room}/volume.tar"
        take_s = _timed(lambda: engine.volume(VOLUME).backup(path))
        _burn(engine)

        def restore() -> None:
            engine.volume(VOLUME).restore(path)
            _run(engine, BASE, volumes=(f"{VOLUME}:/data",))

        restore_s = _timed(restore)
        found = made.look(engine.container(RESTORED), engine.image(BASE))
        size = Path(path).stat().st_size
    found["history"] = Outcome(NONE, "a volume has no image")
    found["travels"] = Outcome(KEPT, "a tar file")
    return found, Cost(take_s, restore_s, size)


def try_pause(engine: "Engine") -> Result:
    """Pause, then unpause: the container itself is what is kept."""
    with experiment(engine) as made:
        box = engine.container(SUBJECT)
        try:
            take_s = _timed(box.pause)
        except NotImplementedHere as error:
            return untried(str(error)), Cost()
        restore_s = _timed(box.unpause)
        found = made.look(box, engine.image(BASE))
    found["travels"] = Outcome(LOST, "it stands still in the memory of this machine")
    return found, Cost(take_s, restore_s)


def try_checkpoint(engine: "Engine") -> Result:
    """Ask whether CRIU would work here."""
    del engine
    return untried(refusal()[0]), Cost()


def untried(why: str) -> Found:
    """Return a row that says only why it could not be tried."""
    return {column: Outcome(UNTRIED, why) for column in COLUMNS}


def _burn(engine: "Engine") -> None:
    """Remove the subject, its volume and its network."""
    engine.container(SUBJECT).remove(force=True)
    engine.api.volume_remove(VOLUME)
    engine.network(NETWORK).remove()


TRIALS: dict[str, Callable[["Engine"], Result]] = {
    "commit": try_commit,
    "export": try_export,
    "save": try_save,
    "volume": try_volume,
    "pause": try_pause,
    "checkpoint": try_checkpoint,
}


def attempt(engine: "Engine", row: str) -> Result:
    """Take one kind of snapshot of a container and look what it kept.

    Args:
        engine: where.
        row: a key of ``TRIALS``.
    """
    try:
        return TRIALS[row](engine)
    except MiniDockerError as error:
        return untried(str(error)), Cost()
