"""Lesson 12: the looks at processes, filters and rights behind its checks."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.attacks import LEVELS, find, sweep
from pyminidocker.errors import MiniDockerError
from pyminidocker.teach import facts, faults
from pyminidocker.teach.app_faults import front_port
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.hardening_faults import NEEDED
from pyminidocker.teach.web import fetch

if TYPE_CHECKING:
    from pyminidocker.client.confinement import Confinement
    from pyminidocker.teach.lesson import Lesson

BOX, SHOP, GATE = "box", "shop", "gate"
# Attacks whose first wall is asked for: one for each of four levels.
ASKED = ("host-path", "interface-down", "user-namespace", "packet-socket", "call-home")
_MODES = ("chmod", "fchmod", "fchmodat", "fchmodat2")
_TRY_MODES = """
import json, os
open("/dev/shm/a", "w").close()
fd = os.open("/dev/shm/a", os.O_RDONLY)
here = os.open("/dev/shm", os.O_RDONLY)
found = {}
for name, act in (
    ("chmod", lambda: os.chmod("/dev/shm/a", 0o600)),
    ("fchmod", lambda: os.fchmod(fd, 0o600)),
    ("fchmodat", lambda: os.chmod("a", 0o600, dir_fd=here)),
    ("mkdir", lambda: os.mkdir("/dev/shm/d")),
    ("rename", lambda: os.rename("/dev/shm/a", "/dev/shm/b")),
    ("getpid", lambda: os.getppid()),
):
    try:
        act()
        found[name] = ""
    except OSError as error:
        found[name] = error.strerror
print(json.dumps(found))
"""


def whose(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function tells the uid of a container's root as the machine has it."""
    pid = facts.running_pid(lesson, BOX)
    actual = Path(f"/proc/{pid}").stat().st_uid
    said = call(function, lesson.engine.container(BOX))
    if not isinstance(said, int) or isinstance(said, bool):
        return not_yet(
            f"Your function returned {said!r}, which is no uid.",
            "A user is a number; `os.getuid()` tells yours.",
            "The machine shows each process as a directory below /proc.",
            "A directory has an owner: `os.stat(path).st_uid`.",
        )
    if said != actual:
        return not_yet(
            f"Your function says {said}; the machine says that process {pid} belongs to {actual}.",
            f"/proc/{pid} is that process, as the machine sees it.",
            "What `id -u` says inside is the number inside.",
            f"`box.pid` is {pid}; who owns the directory of that name?",
        )
    who = "you" if actual == os.getuid() else f"user {actual}"
    return met(f"Root of `{BOX}` is uid {actual} of the machine: {who}.")


def walls(lesson: Lesson, given: Any) -> Outcome:
    """The learner says which level stops each of five attacks first; they are tried."""
    said = call(given) if callable(given) else given
    if not isinstance(said, dict) or set(said) != set(ASKED):
        return not_yet(
            f"What is asked for is a dictionary with these keys: {', '.join(ASKED)}.",
            "The matrix has a row for each.",
            "Which is the first green cell of the row?",
            "The value is the name of that level: none, capabilities, default, dropped or strict.",
        )
    matrix = sweep(lesson.engine, [find(name) for name in ASKED])
    for name in ASKED:
        first = next((one.name for one in LEVELS if matrix.at(name, one.name).stopped), "")
        if said[name] != first:
            got = matrix.at(name, said[name]) if said[name] in {x.name for x in LEVELS} else None
            seen = f": {got.outcome}, {got.evidence}" if got else ", which is no level"
            return not_yet(
                f"`{name}` at the level {said[name]!r}{seen}.",
                "The matrix has a row for it; a click shows the evidence.",
                "Compare the cell you named with the one to its left.",
                "What is asked for is the first level that stops it, not any.",
            )
    return met("Five attacks, and the first wall that stops each, tried once more now.")


def filter_(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's profile refuses to change modes, and nothing else."""
    profile = call(function)
    try:
        text = json.dumps(profile)
    except TypeError:
        text = ""
    if not isinstance(profile, dict) or not text:
        return not_yet(
            f"Your function returned {profile!r}, which is no profile.",
            "A profile is a dictionary; the cell above shows one.",
            "What has to be in it: `defaultAction`, and `syscalls`, a list of rules.",
            "A rule has `names` and an `action`.",
        )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        said = lesson.engine.run(
            "python", ["python3", "-c", _TRY_MODES], security_opt=[f"seccomp={file.name}"]
        )
    try:
        found = json.loads(said.stdout)
    except ValueError:
        last = (said.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return not_yet(
            f"Under your filter Python does not even start: {last}",
            "What becomes of a call that no rule names?",
            "`defaultAction` decides that.",
            "All but a few calls are to be allowed.",
        )
    open_ = [name for name in _MODES if found.get(name, "x") == ""]
    shut = [name for name in ("mkdir", "rename", "getpid") if found[name]]
    if shut:
        return not_yet(
            f"Your filter refuses {', '.join(shut)} as well: {found[shut[0]]}.",
            "Which of your rules has that name?",
            "What does `defaultAction` say?",
            "A rule is for the calls that are refused; the default is for the rest.",
        )
    if open_:
        return not_yet(
            f"A mode can still be changed, by {', '.join(open_)}.",
            "`man 2 chmod` names the relatives of the call.",
            "One takes a path, one an open file, one a directory and a name.",
            f"All of {', '.join(_MODES)} change modes.",
        )
    return met("No call that changes a mode gets through; mkdir and rename do.")


def least(lesson: Lesson) -> Outcome:
    """The container shop has nothing it does not need, and its page counts."""
    pages = [fetch(front_port(lesson, SHOP)) for _ in range(2)]
    if any(page.status != 200 for page in pages):
        said = pages[-1].text.splitlines()[0] if pages[-1].text else "nothing"
        return not_yet(
            f"`{SHOP}` answers with status {pages[-1].status}: {said}",
            f"`engine.container('{SHOP}').logs()` is what the program says.",
            "Where does it want to write?",
            "Its data belongs into a volume at /data.",
        )
    first, second = (int(page.value("Visits")) for page in pages)
    if second != first + 1:
        return not_yet(
            f"`{SHOP}` answers, but does not count: {first}, then {second}.",
            "Where is its counter?", "Its data belongs into a volume.", "The volume is at /data.",
        )  # fmt: skip
    held = lesson.engine.container(SHOP).confinement()
    if missing := _too_much(held):
        return missing
    return met(
        "The page counts, and the program has no capability, no way to gain one, a filter, and "
        "nothing to write to but its volume."
    )


def _too_much(held: Confinement) -> Outcome | None:
    """Return what a container has that the friendly app does not need."""
    if rights := sorted({*held.capabilities["effective"], *held.capabilities["bounding"]}):
        shown = ", ".join(name.removeprefix("CAP_").lower() for name in rights[:3])
        return not_yet(
            f"`{SHOP}` has {len(rights)} capabilities, {shown} among them, or could gain them.",
            "`.confinement()` lists them.",
            "Which of them does a web server need that runs as user 10001?",
            "`cap_drop` takes names, and one name that stands for all.",
        )
    if not held.no_new_privileges:
        return not_yet(
            f"A program of `{SHOP}` with a set-user-id bit could become root.",
            "`.confinement()` has a line about it.",
            "Which row of the matrix is that?",
            "It is one of the values of `security_opt`.",
        )
    if "/" not in held.read_only:
        return not_yet(
            f"Whoever takes `{SHOP}` over can put programs into it.",
            "`.confinement()` lists what is read-only.",
            "Which row of the matrix is that?",
            "The root file system can be mounted read-only; volumes stay as they are.",
        )
    if held.seccomp != "filtering":
        return not_yet(
            f"`{SHOP}` may make every system call there is.",
            "`.confinement()` says what seccomp does.",
            "By default there is a filter.",
            "Leave it as it is.",
        )
    return None


def gate(lesson: Lesson) -> Outcome:
    """After the fault: the program runs, with the one right that it needs."""
    if faults.find("too_strict").broken(lesson, GATE):
        said = (lesson.engine.container(GATE).logs().stderr.strip().splitlines() or ["nothing"])[-1]
        return not_yet(
            f"`{GATE}` does not answer; its last word was: {said}",
            f"`engine.container('{GATE}').logs()` says which call was refused.",
            "capabilities(7) says for each capability what it is for.",
            f"Start `{GATE}` anew, with one capability more than none.",
        )
    try:
        held = lesson.engine.container(GATE).confinement()
    except MiniDockerError as error:
        return not_yet(
            f"`{GATE}` cannot be looked at: {error}", "Does it run?", "Has it ended meanwhile?",
            "Start it once more.",
        )  # fmt: skip
    rights = held.capabilities["effective"]
    if rights != [NEEDED]:
        names = ", ".join(name.removeprefix("CAP_").lower() for name in rights) or "none"
        return not_yet(
            f"`{GATE}` answers, with more rights than it needs: {names}.",
            "The log named one call.",
            "How many capabilities does that call need?",
            "Drop all, and add the one.",
        )
    if not held.no_new_privileges or "/" not in held.read_only:
        return not_yet(
            f"`{GATE}` answers, but the colleague's other options are gone.",
            "`.confinement()` shows them.",
            "Which of them were in the way?",
            "Only the capability was missing; the rest may stay.",
        )
    return met(f"`{GATE}` answers, with one capability of forty-one.")
