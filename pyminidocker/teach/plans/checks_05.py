"""Lesson 05: the looks at kernel and engine behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson
    from pyminidocker.teach.puzzle import Ordering


TOKEN = "/root/token"  # noqa: S105 - the path of the lesson's make-believe secret


def recover(lesson: Lesson, recover: Callable[..., Any]) -> Outcome:
    """The learner's function reads a deleted file from the layer that still holds it."""
    for path in (TOKEN, "/root/other"):
        truth = _from_some_layer(lesson, "secret:removed", path)
        answer = call(recover, "secret:removed", path)
        if answer is None and truth is not None:
            return not_yet(
                f"`recover` returned nothing for {path}.",
                "`engine.api.layers(image)` lists the layers, the lowest first.",
                "`engine.api.layer_file(image, number, path)` reads one layer alone; it raises "
                "NotFound where the layer does not hold the file.",
                "Try the layers one after the other, and return what the first success gives.",
            )
        if answer != truth:
            return not_yet(
                f"For {path} the function returned {_short(answer)}; no layer holds that.",
                "A layer's file comes back as bytes, exactly as it was stored.",
                "Return the bytes themselves, without changing them.",
                "For a file that no layer holds the function should return None.",
            )
    return met(
        "The function reads the token out of the layer below, and says None where there is nothing."
    )


def clean_image(lesson: Lesson) -> Outcome:
    """Image secret:clean works and holds the token in none of its layers."""
    try:
        layers = lesson.calls.layers("secret:clean")
    except NotFound:
        return not_yet(
            "There is no image `secret:clean` yet.",
            "Any container can become an image: `container.commit('secret:clean')`.",
            "The image `secret:removed` cannot be cleaned from above: its lower layer stays.",
            "Which image has everything that is wanted, and never had the token?",
        )
    if _from_some_layer(lesson, "secret:clean", TOKEN) is not None:
        return not_yet(
            f"One of the {len(layers)} layers of `secret:clean` still holds {TOKEN}.",
            "`layer_microscope('', 'secret:clean')` shows all layers.",
            "A container started from `secret:removed` stands on the layer with the token.",
            "Start from an image below the one in which the token came in.",
        )
    if _from_some_layer(lesson, "secret:clean", "/srv/report") is None:
        return not_yet(
            "`secret:clean` holds no token, but /srv/report is missing as well.",
            "The report is what the image is for; it has to be in the new image, too.",
            "Write the report in the container before you commit it.",
            "The cell that made `secret:added` shows how the report was written.",
        )
    return met("`secret:clean` has the report, and no layer of it ever held the token.")


def copied(lesson: Lesson, copied_up: Callable[..., Any]) -> Outcome:
    """The learner's function tells how many bytes a container copied up from its image."""
    with lesson.engine.run("busybox", "sleep 60", detach=True, name="idle", fresh=True):
        pairs = (("busybox", "idle"), ("big", "editor"))
        for image, container in pairs:
            truth = lesson.calls.compare(image, container)["Summary"]["CopiedUpBytes"]
            answer = call(copied_up, image, container)
            if answer != truth:
                return not_yet(
                    f"For container `{container}` the function returned {_short(answer)}, and the "
                    "engine counts another number of bytes.",
                    "`engine.compare(image, container)` is a dictionary with a `Summary`.",
                    "Print the summary of `editor`: one of its entries counts what was copied up.",
                    "Return that number alone; for a container that wrote nothing it is 0.",
                )
    return met(
        "The function counts what each container copied up: 0 for `idle`, 8 MB for `editor`."
    )


STEPS = {
    "paint": "mkdir -p /house && echo red > /house/door",
    "strip": "rm -rf /house",
    "build": "mkdir -p /house && echo plain > /house/door && echo tiles > /house/roof",
}
WANTED = "door: red"


def three_layers(lesson: Lesson, ordering: Ordering) -> Outcome:
    """Make the layers in the learner's order, and look at the tree a container sees."""
    base = "busybox"
    try:
        for number, step in enumerate(ordering.order, 1):
            with lesson.engine.create(base, ["sh", "-c", STEPS[step]]) as box:
                box.start()
                box.wait(timeout_s=20)
                box.commit(f"stack:{number}", message=step)
            base = f"stack:{number}"
        script = 'cd /house 2>/dev/null && for f in *; do [ -e "$f" ] && echo "$f: $(cat $f)"; done'
        seen = ", ".join(lesson.engine.run(base, ["sh", "-c", script]).split("\n")).rstrip(", ")
    finally:
        for number in (3, 2, 1):
            with suppress(MiniDockerError):
                lesson.calls.image_remove(f"stack:{number}", force=True)
    if seen != WANTED:
        return not_yet(
            f"Real layers in this order give: {seen or 'no /house at all'}. Wanted: {WANTED}.",
            "Go through the wanted tree name by name, and ask which layer decides about it.",
            "The topmost layer that mentions a name decides. `strip` mentions /house and all "
            "below it.",
            "The roof has to go and the door has to be red: what may lie on top of `strip`, and "
            "what may not?",
        )
    return met("The layers were made in your order, and a container sees one file: the red door.")


def repaired(lesson: Lesson) -> Outcome:
    """After the fault: greeter prints again."""
    try:
        result = lesson.engine.run("greeter", [faults.PROGRAM, "hello"])
    except NotFound:
        raise
    except MiniDockerError as error:
        return not_yet(
            f"`greeter` does not start its program: {error}",
            "`layer_microscope('greeter')` shows what its newest layer changed.",
            "One layer below, the same file is still as it was.",
            "An image is not repaired in place: tag or commit a good one as `greeter`.",
        )
    if result.exit_code != 0 or result.strip() != "hello":
        return not_yet(
            f"`greeter` runs {faults.PROGRAM} and gets exit code {result.exit_code}.",
            f"The program {faults.PROGRAM} should print the words it is given.",
            "The image `greeter:good` does that.",
            "Which command gives an image a second name?",
        )
    return met("`greeter` starts its program again, and it says hello.")


def _from_some_layer(lesson: Lesson, image: str, path: str) -> bytes | None:
    for number in range(len(lesson.calls.layers(image))):
        with suppress(MiniDockerError):
            return lesson.calls.layer_file(image, number, path)
    return None


def _short(answer: object) -> str:
    text = repr(answer)
    return text if len(text) <= 40 else text[:39] + "…"
