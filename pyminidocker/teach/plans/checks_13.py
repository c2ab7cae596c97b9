"""Lesson 13: the looks at images, containers and volumes behind its checks."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotFound
from pyminidocker.teach import facts
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.snapshot_faults import LEDGER, contradicts, orders_and_total

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

PRICES = "soup 4\nbread 2\n"
CURRENCY = "CURRENCY=euro"
# What each kind of snapshot of a container brings back (tests/integration/test_snapshots.py).
KEEPS: dict[str, set[str]] = {
    "commit": {"files", "settings", "history", "travels"},
    "export": {"files", "travels"},
    "save": {"history", "travels"},
    "volume": {"volume", "travels"},
    "pause": {"files", "volume", "tmpfs", "memory", "settings", "network", "history"},
}
_NEEDS = (
    {"files"}, {"files", "settings", "travels"}, {"history", "travels"}, {"volume"},
    {"volume", "travels"}, {"memory"}, {"memory", "files", "network"}, {"tmpfs", "travels"},
    {"files", "volume", "travels"}, {"memory", "travels"},
)  # fmt: skip


def _printed(lesson: Lesson, tag: str) -> str | None:
    """Return what a container of an image prints by itself; None when it does not end."""
    with lesson.engine.create(tag) as box:
        box.start()
        with suppress(TimeoutError):
            box.wait(timeout_s=5)
            return box.logs().stdout
    return None


def _config(lesson: Lesson, tag: str) -> dict[str, Any]:
    """Return what an image says about its containers.

    Raises:
        NotFound: there is no such image.
    """
    try:
        return dict(lesson.calls.image_inspect(tag)["Config"])
    except NotFound:
        raise NotFound(
            f"there is no image `{tag}` yet", hint="`engine.images()` lists what is there."
        ) from None


def ready(lesson: Lesson) -> Outcome:
    """till:ready was made of the container till, and prints its prices."""
    config = _config(lesson, "till:ready")
    if lesson.engine.run("till:ready", "cat /etc/prices").stdout != PRICES:
        return not_yet(
            "`till:ready` does not have the prices that were written by hand.",
            "`till.diff()` shows what is in the container's writable layer.",
            "Of which container is the image?",
            "`commit` is a method of the container that holds the files.",
        )
    printed = _printed(lesson, "till:ready")
    if printed != PRICES:
        does = "does not end by itself" if printed is None else f"prints {printed!r}"
        return not_yet(
            f"A container of `till:ready` {does}; its command is {config['Cmd']}.",
            "`engine.image('till:ready').attrs['Config']` is what a container gets to do.",
            "Which instruction of a Dockerfile says what is executed?",
            "`changes=` takes a list of such lines; this one needs to print /etc/prices.",
        )
    return met("`till:ready` has the files of the container, and another command than it had.")


def recipe(lesson: Lesson) -> Outcome:
    """till:recipe has the prices and the currency, and not the note."""
    config = _config(lesson, "till:recipe")
    if (printed := _printed(lesson, "till:recipe")) != PRICES:
        said = "nothing to the end" if printed is None else repr(printed)
        return not_yet(
            f"A container of `till:recipe` prints {said}, not the prices.",
            "`engine.run('till:recipe')` shows it.",
            "Two lines: soup 4, bread 2. Compare with /etc/prices in `till:by-hand`.",
            "RUN or COPY makes the file; CMD says what a container prints.",
        )
    if CURRENCY not in config["Env"]:
        return not_yet(
            f"`till:recipe` does not know {CURRENCY}.",
            "`engine.image('till:recipe').attrs['Config']['Env']` is what its containers get.",
            "How did the container `till` get it?",
            "There is an instruction that sets a variable for all containers.",
        )
    if lesson.engine.run("till:recipe", "cat /tmp/note").exit_code == 0:
        return not_yet(
            "Eva's note is in `till:recipe`.",
            "`engine.run('till:recipe', 'ls /tmp')` shows it.",
            "What does the image stand on?",
            "Begin FROM the image that the container was made from, not from the commit.",
        )
    steps = [str(step["CreatedBy"]) for step in lesson.calls.image_history("till:recipe")]
    if not any("prices" in step for step in steps):
        return not_yet(
            "The history of `till:recipe` does not say where the prices come from.",
            "`engine.image('till:recipe').history()` lists its steps.",
            "Was it built, or committed?",
            "A step that writes or copies /etc/prices names it.",
        )
    return met("`till:recipe` has what `till:by-hand` was kept for, and its history says how.")


def back(lesson: Lesson) -> Outcome:
    """The container till is there again, with files, settings and receipts."""
    state = facts.inspect(lesson, "till")
    facts.running_pid(lesson, "till")
    till = lesson.engine.container("till")
    if till.exec("cat /etc/prices").stdout != PRICES:
        return not_yet(
            "`till` runs, and its prices are not there.",
            "One of the files in `safe` holds an image of the container.",
            "Which verb reads what `engine.save` has written?",
            "Load it, and run the image that it brings.",
        )
    if CURRENCY not in state["Config"]["Env"]:
        return not_yet(
            f"`till` has its prices, but does not know {CURRENCY}.",
            "`engine.container('till').attrs['Config']` shows what it was told.",
            "Which of the three files has settings in it, and which has files only?",
            "An exported tree has none; a saved image has.",
        )
    volumes = {mount["Destination"]: mount.get("Name", "") for mount in state["Mounts"]}
    if volumes.get("/data") != "receipts":
        return not_yet(
            f"`till` has {volumes.get('/data') or 'nothing'} at /data, not the volume `receipts`.",
            "`engine.container('till').attrs['Mounts']` shows it.",
            "An image does not know which volumes its containers had.",
            "`volumes=` says so when the container is made.",
        )
    with tarfile.open(lesson.folder("safe", fresh=False) / "receipts.tar") as archive:
        member = archive.extractfile("./receipt-1")
        receipt = member.read().decode() if member is not None else ""
    found = till.exec("cat /data/receipt-1")
    if found.stdout != receipt:
        return not_yet(
            f"At /data, there is not the receipt of before the fire: {found.stderr.strip()}",
            "`engine.volume('receipts')` is the volume; `safe` has its backup.",
            "A volume that is made anew is empty.",
            "`restore` gives a volume what a backup holds, while no container that uses it runs.",
        )
    return met("`till` is back: its files and settings by the image, its receipts by the backup.")


def choose(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The function names a kind of snapshot that keeps all that is needed, or None."""
    del lesson
    for needed in _NEEDS:
        answer = call(function, set(needed))
        wanted = ", ".join(sorted(needed))
        possible = {kind for kind, kept in KEEPS.items() if needed <= kept}
        if answer is None and not possible:
            continue
        if answer is None:
            return not_yet(
                f"For {{{wanted}}}, your function returns None; one kind keeps all of it.",
                "The table above has a row for each kind.",
                f"Look for a row with {wanted} in it.",
                "A kind may keep more than is needed.",
            )
        if answer not in KEEPS:
            return not_yet(
                f"For {{{wanted}}}, your function returns {answer!r}.",
                f"The answers there are: {', '.join(KEEPS)}, or None.",
                "They are names of rows, as text.",
                "None means that one kind is not enough.",
            )
        if answer not in possible:
            lost = ", ".join(sorted(needed - KEEPS[answer]))
            return not_yet(
                f"For {{{wanted}}}, your function returns {answer!r}, which does not keep {lost}.",
                f"Look at the row of {answer!r} in the table above.",
                "All that is needed has to be in the row.",
                "Where no row has all of it, the answer is None: it takes two snapshots.",
            )
    return met(f"{len(_NEEDS)} wishes, and for each a kind of snapshot that keeps it, or none.")


def whole(lesson: Lesson) -> Outcome:
    """The volume copy has a copy of the ledger whose two files agree, and the ledger runs."""
    orders, _ = orders_and_total(lesson, "copy")
    if contradicts(lesson, "copy"):
        return not_yet(
            "In `copy`, the total does not say how many orders there are.",
            "Both files are of the ledger, and neither is damaged.",
            "What was the ledger doing between the reading of the first file and of the second?",
            "It has to stand still while it is read: `backup` has an option for that.",
        )
    try:
        facts.running_pid(lesson, LEDGER)
    except NotFound:
        return not_yet(
            "`copy` agrees with itself, but the ledger is gone.",
            "`!minidocker ps -a` shows what is there.",
            "Nobody asked for the end of the ledger.",
            "Run the cell that starts it, and make the copy of that one.",
        )
    own = lesson.engine.container(LEDGER).exec("cat /data/orders").stdout.splitlines()
    if not orders or own[: len(orders)] != orders:
        return not_yet(
            "`copy` agrees with itself, but it is not a copy of the ledger.",
            "`engine.volume('ledger')` is what the ledger writes to.",
            "Which orders does it have that the copy has not?",
            "A backup of the one volume can be restored into the other.",
        )
    return met("In `copy`, orders and total are of one moment; and the ledger runs on.")
