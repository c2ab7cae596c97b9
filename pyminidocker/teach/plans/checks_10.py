"""Lesson 10: the looks at pages, images and volumes behind its checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyminidocker.errors import NotFound
from pyminidocker.teach import facts, faults
from pyminidocker.teach.app_faults import front_port, volume_of
from pyminidocker.teach.checks import Outcome, met, not_yet
from pyminidocker.teach.web import Page, fetch

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

APP, TAG, CAFE, KIOSK = "friendly", "friendly_docker", "cafe", "kiosk"
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_BY_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{12,64}|.+@sha256:[0-9a-f]{64}")


def page_of(lesson: Lesson, container: str, path: str = "/") -> Page:
    """Return a page that a container serves to this machine.

    Raises:
        NotFound: no such container, or no port leads to it.
        Conflict: it does not run.
        Unavailable: nobody answers.
    """
    return fetch(front_port(lesson, container), path)


def cafe(lesson: Lesson) -> Outcome:
    """A second container of the same image greets somebody else."""
    page = page_of(lesson, CAFE)
    if facts.inspect(lesson, CAFE)["Image"] != facts.inspect(lesson, APP)["Image"]:
        return not_yet(
            f"`{CAFE}` is made from another image than `{APP}`.",
            "`engine.containers()` shows the image of each.",
            "One image is enough for any number of containers.",
            f"Which image did `{APP}` get?",
        )
    greeting = page.text.splitlines()[0] if page.text else ""
    if page.status != 200 or not greeting.startswith("Hello "):
        return not_yet(
            f"`{CAFE}` answers with status {page.status}: {greeting}",
            f"`engine.container('{CAFE}').logs()` is what the program says.",
            f"How was `{APP}` started?",
            "Nothing but the name needs to differ.",
        )
    if "Hello Café" not in page.text:
        return not_yet(
            f"`{CAFE}` says “{greeting}”.",
            "app.py has the line that decides whom to greet.",
            "Where does the program find the name, and who gives it the one that it has now?",
            "An environment variable of the image may have another value in one container.",
        )
    if volume_of(lesson, CAFE) == volume_of(lesson, APP):
        return not_yet(
            f"`{CAFE}` counts in the same volume as `{APP}`.",
            f"`engine.container('{CAFE}').attrs['Mounts']` shows it.",
            "Are the two to count together?",
            "Without a word about volumes, a container gets one of its own.",
        )
    return met(f"`{CAFE}` greets the café, and counts its own visits: two containers, one image.")


def keep(lesson: Lesson) -> Outcome:
    """HTTP 200, and the counter goes on after a restart, in a volume that has a name."""
    volume = volume_of(lesson, APP)
    if _ANONYMOUS.fullmatch(volume):
        return not_yet(
            f"`{APP}` has a volume that nobody gave a name: {volume[:12]}….",
            f"`engine.container('{APP}').attrs['Mounts']` shows it.",
            "How will the next container say which volume it wants?",
            "`volumes=` takes what `-v` takes: a name, a colon, and the place in the container.",
        )
    before = page_of(lesson, APP)
    if before.status != 200:
        return not_yet(
            f"`{APP}` answers with status {before.status}.",
            f"`engine.container('{APP}').logs()` is what the program says.",
            "Who may write into the volume?",
            "Start from the image as it was built above.",
        )
    lesson.engine.container(APP).restart(timeout_s=5)
    first, second = (int(page.value("Visits")) for page in (before, page_of(lesson, APP)))
    kept = lesson.engine.container(APP).exec("cat /data/visits").stdout.strip()
    if second != first + 1 or kept != str(second):
        return not_yet(
            f"`{APP}` counted {first}, and {second} after a restart; the volume has "
            f"{kept or 'no number'}.",
            "Where does the program keep its number?",
            f"`engine.container('{APP}').attrs['Mounts']` shows what is mounted where.",
            "The volume has to be at /data.",
        )
    return met(f"HTTP 200, and the counter goes on after a restart: it is in `{volume}`.")


def rolled_back(lesson: Lesson) -> Outcome:
    """The container friendly runs a good image, and was told so by digest."""
    page = page_of(lesson, APP)
    if page.status != 200:
        return not_yet(
            f"`{APP}` still answers with status {page.status}.",
            "`good` is the id of the image that worked.",
            "Which image does the running container have? `engine.container('friendly').image`",
            "Replace the container, with the id in the place of the tag.",
        )
    ref = str(facts.inspect(lesson, APP)["Config"]["Image"])
    if not _BY_DIGEST.fullmatch(ref):
        return not_yet(
            f"`{APP}` works again, but was started as {ref}, and a tag may move tomorrow.",
            "`engine.container('friendly').image` is what it was started as.",
            "What names these bytes, and no others?",
            "An image's id is the digest of its configuration, and may stand wherever a tag may.",
        )
    if _ANONYMOUS.fullmatch(volume_of(lesson, APP)):
        return _counts_anew(f"`{APP}` works again, but it has begun to count anew.")
    return met(f"`{APP}` is back at the image {ref.removeprefix('sha256:')[:12]}, named by digest.")


def _counts_anew(reason: str) -> Outcome:
    return not_yet(
        reason,
        f"`engine.container('{APP}').attrs['Mounts']` shows its volume.",
        "What did the container before it have at /data?",
        "A new container has to be told about the volume again.",
    )


def fixed(lesson: Lesson) -> Outcome:
    """The tag names an image that works with and without a name, and friendly runs it."""
    tagged = lesson.calls.image_inspect(TAG)["Id"]
    if facts.inspect(lesson, APP)["Image"] != tagged:
        return not_yet(
            f"`{APP}` does not run the image that `{TAG}` names now.",
            f"Compare `engine.image('{TAG}').id` with the image of the container.",
            "What happens to a container when its image is built anew?",
            "After the build, the container has to be replaced.",
        )
    plain = page_of(lesson, APP)
    if plain.status != 200 or "Hello World" not in plain.text:
        said = plain.text.splitlines()[0] if plain.text else "nothing"
        return not_yet(
            f"Without a name in the address, `{APP}` answers with status {plain.status}: {said}",
            f"`engine.container('{APP}').logs()` ends with what went wrong.",
            "What shall the program say when the address has no name? What did it say before?",
            "`bottle.request.query.get('name')` is None where there is none.",
        )
    named = page_of(lesson, APP, "/?name=Ada")
    if named.status != 200 or "Hello Ada" not in named.text:
        return not_yet(
            "With ?name=Ada in the address, the page does not greet Ada.",
            "The new version was made for that.",
            "Compare the function `home` with the one of the version before.",
            "The name in the address comes first, the one in the environment second.",
        )
    if _ANONYMOUS.fullmatch(volume_of(lesson, APP)):
        return _counts_anew(f"The page is right, but `{APP}` has begun to count anew.")
    return met("The page greets Ada, and the world when nobody says a name; the counter goes on.")


def well(lesson: Lesson) -> Outcome:
    """After the fault: visits are counted again, and none is lost."""
    if faults.find("foreign_files").broken(lesson, KIOSK):
        owner = _owner(lesson)
        return not_yet(
            f"`{KIOSK}` still cannot count; its files in the volume belong to {owner}.",
            "`ls -ln /data` in the container shows owners by number, `id -u` who the program is.",
            "Who may give files to somebody else? Not the program itself.",
            "Any container that gets the volume and runs as root can change the owner.",
        )
    visits = int(page_of(lesson, KIOSK).value("Visits"))
    if visits <= 2 or _ANONYMOUS.fullmatch(volume_of(lesson, KIOSK)):
        return not_yet(
            f"`{KIOSK}` counts again, but from the beginning: {visits}.",
            f"`engine.container('{KIOSK}').attrs['Mounts']` shows its volume.",
            "The data was never lost; it only belonged to somebody else.",
            "The cell above that breaks it may be run again; keep the volume this time.",
        )
    return met(f"`{KIOSK}` counts again, and no visit was lost.")


def _owner(lesson: Lesson) -> str:
    listed = lesson.engine.container(KIOSK).exec("stat -c %u /data/visits")
    if not listed.ok:
        raise NotFound("the counter is not there any more", hint="run the cells above first")
    return "root" if listed.strip() == "0" else f"user {listed.strip()}"
