"""Lesson 09: real builds of what the learner wrote, and looks at the images that came out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import faults
from pyminidocker.teach.build_faults import MENU
from pyminidocker.teach.checks import Outcome, call, met, not_yet

if TYPE_CHECKING:
    from pyminidocker.client.build import Build
    from pyminidocker.teach.lesson import Lesson

DISH = "pie of the day"
SMALL = 0.4  # of the fat image
_TRIAL = "kitchen"


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    """Yield a copy of the learner's context, so that trying it leaves theirs alone."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "context"
        shutil.copytree(folder, copy)
        yield copy


def _build(lesson: Lesson, folder: Path) -> Build:
    return lesson.engine.build(folder, tag=_TRIAL, progress="quiet")


def _run_steps(build: Build) -> list[Any]:
    return [step for step in build.steps if step.text.startswith("RUN")]


def quick(lesson: Lesson) -> Outcome:
    """After an edit of menu.txt the build takes RUN from the cache, and serves the new menu."""
    folder = lesson.folder("kitchen", fresh=False)
    if not (folder / "Dockerfile").exists():
        raise NotFound("there is no Dockerfile in the kitchen", hint="run the cells above first")
    # A dish that no build has seen yet: the same one again would come from the cache.
    dish = f"{DISH}, number {os.urandom(4).hex()}"
    with _copied(folder) as copy:
        first = _build(lesson, copy)
        if not _run_steps(first):
            return not_yet(
                "The Dockerfile has no RUN step any more; the tools have to be installed.",
                "Compare it with the one at the top of this section.",
                "The same eight instructions are needed, in another order.",
                "COPY may also stand there twice, for different files.",
            )
        (copy / "menu.txt").write_text(f"{dish}\n")
        second = _build(lesson, copy)
        again = [step for step in _run_steps(second) if not step.cached]
        shown = lesson.engine.run(_TRIAL).stdout
    if again:
        why = ", ".join(again[0].reasons) or "a step above it was done again"
        return not_yet(
            f"After an edit of menu.txt, `{again[0].text}` was done again ({why}).",
            "`build_tree(engine.build(kitchen))` shows the steps, and why they were done.",
            "Which step above RUN looks at menu.txt?",
            "What changes often belongs below what takes long.",
        )
    if dish not in shown:
        return not_yet(
            f"RUN comes from the cache, but the container shows {shown.strip()[:40]!r} and not "
            "the new menu.",
            "`engine.run('kitchen')` shows what the container prints.",
            "Is menu.txt still copied, and is CMD still the last word?",
            "The copied files have to be in the image; only later.",
        )
    return met("After an edit RUN came from the cache, and the container shows the new menu.")


def tidy(lesson: Lesson) -> Outcome:
    """Image tidy has the menu, and neither the log nor the token, in any layer."""
    layers = lesson.calls.layers("tidy")
    found: set[str] = set()
    for number in range(len(layers)):
        for name in ("menu.txt", "big.log", "token"):
            try:
                lesson.calls.layer_file("tidy", number, f"/kitchen/{name}")
            except MiniDockerError:
                continue
            found.add(name)
    unwanted = sorted(found - {"menu.txt"})
    if unwanted:
        return not_yet(
            f"A layer of `tidy` holds {' and '.join(unwanted)}.",
            "`layer_microscope('tidy')` shows the layers with their files.",
            "What is deleted by a later step is still in the layer of the earlier one.",
            "The file .dockerignore in the context names what is not to be sent, one per line.",
        )
    if "menu.txt" not in found:
        return not_yet(
            "`tidy` holds neither log nor token, but the menu is missing as well.",
            "`engine.run('tidy', 'ls /kitchen')` shows what was copied.",
            "Does a pattern in .dockerignore name more than it should?",
            "An exception may follow: a line that begins with an exclamation mark.",
        )
    return met("`tidy` has the menu; log and token were never sent, and are in no layer.")


_TRIALS: tuple[tuple[list[str] | None, list[str] | None, list[str]], ...] = (
    (["echo", "one"], ["two"], []),
    (["echo", "one"], ["two"], ["three"]),
    (None, ["echo", "two"], []),
    (None, ["echo", "two"], ["echo", "three"]),
    (["echo", "one"], None, []),
)


def argv(lesson: Lesson, argv: Callable[..., Any]) -> Outcome:
    """The learner's function agrees with what containers really execute."""
    for entrypoint, cmd, arguments in _TRIALS:
        truth = _executed(lesson, entrypoint, cmd, arguments)
        answer = call(argv, entrypoint, cmd, arguments)
        if answer != truth:
            return not_yet(
                f"For ENTRYPOINT {entrypoint}, CMD {cmd} and arguments {arguments} the function "
                f"returned {answer!r}, and the container executed {truth}.",
                "The calculator above shows this case, too.",
                "Which of the three is replaced by which, and which are put together?",
                "Arguments replace CMD. What is left is put behind the ENTRYPOINT, if there is "
                "one.",
            )
    return met(f"The function agrees with {len(_TRIALS)} real containers.")


def _executed(
    lesson: Lesson, entrypoint: list[str] | None, cmd: list[str] | None, arguments: list[str]
) -> list[str]:
    """Return what a container with these settings executes."""
    lines = ["FROM busybox", "CMD []"]
    lines += [f"ENTRYPOINT {dumps(entrypoint)}"] if entrypoint else []
    lines += [f"CMD {dumps(cmd)}"] if cmd else []
    lesson.engine.build(text="\n".join(lines), tag="words", progress="quiet")
    with lesson.engine.create("words", arguments) as box:
        inspected = lesson.calls.container_inspect(box.id)
        return [inspected["Path"], *inspected["Args"]]


def lean(lesson: Lesson) -> Outcome:
    """Image lean has the product of fat, is much smaller, and runs as somebody without rights."""
    fat = lesson.calls.image_inspect("fat")
    try:
        lean = lesson.calls.image_inspect("lean")
    except NotFound:
        return not_yet(
            "There is no image `lean` yet.",
            "`engine.images()` lists the images.",
            "`fat` is built from the folder `factory`; `lean` can be, too, from another recipe.",
            "Write the Dockerfile anew and build it with the tag `lean`.",
        )
    wanted = lesson.engine.run("fat", "cat /product").stdout
    made = lesson.engine.run("lean", "cat /product")
    if not made.ok or made.stdout != wanted:
        return not_yet(
            "`lean` has no /product like the one in `fat`.",
            "`engine.run('lean', 'ls -l /')` shows what is there.",
            "The second stage begins with nothing but its base image.",
            "COPY --from=NAME copies from the stage that was called NAME by `FROM ... AS NAME`.",
        )
    base = int(lesson.calls.image_inspect("busybox")["Size"])
    added = (int(lean["Size"]) - base) / (int(fat["Size"]) - base)
    if added > SMALL:
        return not_yet(
            f"`lean` has the product, and {added:.0%} of what `fat` adds to busybox.",
            "`engine.image('lean').history()` shows which step is how big.",
            "A file that is deleted later still takes its place.",
            "The last FROM decides what the image stands on; what is above it is left behind.",
        )
    user = lean["Config"].get("User", "")
    if user.partition(":")[0] in ("", "0", "root"):
        return not_yet(
            "`lean` is small, and its program runs as root.",
            "`engine.run('lean', 'id')` shows as whom it runs.",
            "Which instruction names the user for all that follows?",
            "A number will do; it needs no entry in /etc/passwd.",
        )
    return met(f"`lean` has the product in {added:.1%} of the space, and runs as user {user}.")


def menu(lesson: Lesson) -> Outcome:
    """After the fault: shop shows the menu."""
    if faults.find("inherited").broken(lesson, "shop"):
        shown = lesson.engine.run("shop").stdout.strip()
        return not_yet(
            f"`shop` prints {shown!r}; the menu would be {MENU!r}.",
            "`engine.image('shop').attrs['Config']` shows Entrypoint and Cmd.",
            "Which of the two is not written in the Dockerfile of `shop`?",
            "An empty list is a value, too: it replaces what was inherited.",
        )
    return met("`shop` shows the menu again.")
