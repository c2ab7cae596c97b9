"""Lesson 06: how its checks find out whether a container ends well, and what stays of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import Conflict, MiniDockerError, NotFound
from pyminidocker.teach import facts
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.faults import wait_for
from pyminidocker.teach.life_faults import OPEN, PATIENCE_S, SUM, close_till, end

if TYPE_CHECKING:
    from pyminidocker.client.container import Container
    from pyminidocker.teach.lesson import Lesson

_CODES = (0, 1, 3, 127, 137, 143, 139, 255, 128)
_ORPHANS = 3
_A_WHILE_S = 0.3  # what ends at once has ended after that
_GIVES_UP_S = 10.0  # 0.1 + 0.2 + 0.4 seconds, on a machine that is busy
RETRIES = 3


def meaning(code: int) -> str:
    """Return what exit code ``code`` says: success, failure, or the signal that ended it."""
    if code == 0:
        return "success"
    try:
        return signal.Signals(code - 128).name if code > 128 else "failure"
    except ValueError:  # there is no such signal
        return "failure"


def ended(lesson: Lesson, how_it_ended: Callable[..., Any]) -> Outcome:
    """The learner's function tells from a code how a program ended."""
    del lesson
    for code in _CODES:
        wanted, answer = meaning(code), call(how_it_ended, code)
        if answer == wanted:
            continue
        why = {
            "success": "Zero is the one code that means success.",
            "failure": "A program that ends by itself chooses its code; so do 126 and 127.",
        }.get(wanted, "A program that a signal ended chooses nothing: the code is 128 plus it.")
        return not_yet(
            f"For the code {code} your function returned {answer!r}.",
            "The table above has three kinds of ends; which one is this?",
            f"{why} And there are no signals above 64.",
            "`signal.Signals(9).name` is a name; it raises ValueError for what is no signal.",
        )
    return met(f"The function names all of these ends: {', '.join(map(str, _CODES))}.")


def processes(box: Container) -> tuple[list[str], list[str]]:
    """Return the names of a container's processes: those that live, and the zombies."""
    listed = box.top("-o pid,stat,comm")
    ended = [row[2] for row in listed if row[1].startswith("Z")]
    return [row[2] for row in listed if not row[1].startswith("Z")], ended


def leave_orphans(box: Container, count: int) -> None:
    """Start processes in a running container whose parents end before them; wait for their ends."""
    before = len(processes(box)[0])
    for _ in range(count):
        box.exec(["sh", "-c", "sleep 0.01 &"])
    wait_for(lambda: len(processes(box)[0]) <= before)


def _running(lesson: Lesson, name: str) -> Container:
    """Return a container that runs; one that ended is started again.

    Raises:
        NotFound: there is none.
        Conflict: it does not run, and starting does not help.
    """
    facts.inspect(lesson, name)
    box = lesson.engine.container(name)
    if box.status != "running":
        box.start()
        with suppress(TimeoutError):
            code = box.wait(timeout_s=_A_WHILE_S)
            raise Conflict(
                f"container {name!r} ends as soon as it is started, with exit code {code}",
                hint=f"`engine.container('{name}').logs()` may say why.",
            )
    return box


def polite(lesson: Lesson) -> Outcome:
    """Container shop greets, ends at once when asked, and has closed."""
    box = _running(lesson, "shop")
    if not wait_for(lambda: OPEN in box.logs().split() or box.status != "running"):
        return not_yet(
            "`shop` runs, and never opens: its log has no line `open`.",
            "`engine.container('shop').top()` shows what runs in it.",
            "Is /shop among its processes?",
            "The image is `shop`, and the shell has to come to `/shop` at some time.",
        )
    if "good morning" not in box.logs():
        return not_yet(
            "`shop` opens without a good morning.",
            "`engine.container('shop').logs()` shows what it wrote.",
            "The greeting comes from a shell that does something after it.",
            "`sh -c` takes a line with several commands.",
        )
    ending = end(box)
    if not ending.is_prompt:
        return not_yet(
            f"Asked to stop, `shop` did not: after {PATIENCE_S} s it was killed, exit code "
            f"{ending.exit_code}.",
            "Start it again: what is process 1 in it, and what is its number 2?",
            "The one with the handler has to be the one that gets the signal.",
            "A shell can start a program beside itself, or put a program in its own place.",
        )
    if "closed" not in ending.said.split():
        return not_yet(
            f"`shop` ended after {ending.seconds:.1f} s, and without the line `closed`.",
            "Exit code and log: did /shop end, or was it ended?",
            "Its handler writes `closed`. Who got the signal instead?",
            "The signal has to reach /shop itself, as process 1.",
        )
    return met(f"Asked to stop, `shop` closed and ended by itself, in {ending.seconds:.2f} s.")


def reaped(lesson: Lesson) -> Outcome:
    """In container clinic, no orphan stays as a zombie."""
    box = _running(lesson, "clinic")
    leave_orphans(box, _ORPHANS)
    if not wait_for(lambda: not processes(box)[1], 1.5):
        return not_yet(
            f"After {_ORPHANS} orphans have ended in `clinic`, {len(processes(box)[1])} zombies "
            "are in its list.",
            "`engine.container('clinic').top()` shows them, with Z in column STAT.",
            "Who is process 1 in `tended`, and who in `clinic`?",
            "There is an option of `run` that puts a process in front that asks every orphan.",
        )
    return met(f"{_ORPHANS} orphans have ended in `clinic`, and none of them is left.")


def bell(lesson: Lesson) -> Outcome:
    """Container bell was brought back three times, and then no more."""
    policy = facts.inspect(lesson, "bell")["HostConfig"]["RestartPolicy"]
    box = lesson.engine.container("bell")
    if policy["Name"] != "on-failure":
        return not_yet(
            f"`bell` has the restart policy {policy['Name'] or 'no'!r}.",
            "`engine.container('bell').attrs['HostConfig']['RestartPolicy']` shows it.",
            "One of the policies looks at the exit code, and can count.",
            "It was the policy of `failing`.",
        )
    if policy["MaximumRetryCount"] != RETRIES:
        return not_yet(
            f"`bell` would be brought back {policy['MaximumRetryCount'] or 'any number of'} times.",
            "`lifecycle('bell')` shows how often it was.",
            f"{RETRIES} restarts were wanted. What does the number behind the colon count?",
            "The number stands in the text of the policy.",
        )
    wait_for(lambda: box.status == "exited", _GIVES_UP_S)
    rings = box.logs().split().count("ring")
    if box.status != "exited" or rings != RETRIES + 1:
        return not_yet(
            f"`bell` is {box.status}, and its log has {rings} rings.",
            "`lifecycle('bell')` shows its path, with exit codes.",
            "A bell that is broken rings once each time it is started, and fails.",
            "Its command is `sh -c 'echo ring; exit 1'`.",
        )
    return met(f"`bell` rang {rings} times: once by you, {RETRIES} times by its policy.")


def kept(lesson: Lesson, open_diary: Callable[..., Any]) -> Outcome:
    """What is written into the diary is there in the next container, and none stops slowly."""
    call(open_diary, lesson.engine)
    box = _running(lesson, "diary")
    line = token_hex(8)
    written = box.exec(["sh", "-c", f"echo {line} > /notes/today"])
    if not written.ok:
        return not_yet(
            f"Nothing can be written to /notes/today in `diary`: {written.stderr.strip()}",
            "`engine.container('diary').exec('ls -ld /notes')` shows whether /notes is there.",
            "A mount makes the directory that it needs.",
            "The option `volumes` takes texts of the form `name:/directory`.",
        )
    ending = end(box)
    if not ending.is_prompt:
        return not_yet(
            f"`diary` does not stop by itself: it is killed after {PATIENCE_S} s.",
            "Compare process 1 of `diary` with that of `tended`.",
            "`sleep` has no handler for SIGTERM. Whoever is process 1 needs one.",
            "What kept `clinic` tidy helps here as well.",
        )
    box.remove(volumes=True)
    call(open_diary, lesson.engine)
    found = _running(lesson, "diary").exec("cat /notes/today")
    if found.strip() != line:
        return not_yet(
            "After `diary` was removed and opened again, /notes/today has not got what was "
            "written there before.",
            "`engine.container('diary').attrs['Mounts']` shows what is mounted where.",
            "Of the four places above, which outlived their container?",
            "A volume is found again by its name; without one, each container gets a new volume.",
        )
    return met(f"`diary` ended in {ending.seconds:.2f} s, and its successor reads what it wrote.")


def till(lesson: Lesson) -> Outcome:
    """After the fault: till ends at once and writes its sum."""
    try:
        ending = close_till(lesson, "till")
    except NotFound:
        raise
    except MiniDockerError as error:
        return not_yet(
            f"A container of `till` does not start: {error}",
            "`engine.image('till').attrs['Config']` has its Entrypoint and its Cmd.",
            "Is the script still executable, and does it begin with `#!/bin/sh`?",
            "The cell that breaks it makes the image anew; then try again.",
        )
    if not ending.is_prompt:
        return not_yet(
            f"A container of `till` does not stop by itself: it is killed after {PATIENCE_S} s.",
            "`engine.create('till').read_file('/entry')` shows the entry script.",
            "What does a shell do with a command, and what with `exec` and a command?",
            "/till has to take the place of the script instead of standing beside it.",
        )
    if SUM not in ending.said.split():
        return not_yet(
            f"`till` ended in {ending.seconds:.1f} s, with exit code {ending.exit_code}, and "
            "wrote no sum.",
            "Who got the signal, and who was ended together with it?",
            "/till writes its sum in the handler for SIGTERM, so it has to get SIGTERM.",
            "It has to be process 1 itself.",
        )
    return met(f"A container of `till` writes its sum and ends in {ending.seconds:.2f} s.")
