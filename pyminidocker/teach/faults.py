"""Named faults: break something on purpose, say what an unlucky person would see, repair it.

A fault is injected into one container or image of the lesson and touches nothing else.  The lesson
shows the symptom and asks for the cause; a check looks whether the cause is gone, whichever way it
was repaired.  Lessons add faults of their own with ``register``.

See: signal(7), pid_namespaces(7), elf(5) "e_machine", execve(2) ENOEXEC and ENOENT.
"""

from __future__ import annotations

import io
import os
import signal
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import facts

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

# What the last two faults break: a copy of busybox under the name of one of its programs.
PROGRAM = "/usr/local/bin/echo"
_MACHINE_AT = 18  # elf(5): e_machine, two bytes, little-endian on both of our architectures
_X86_64, _AARCH64 = 62, 183


@dataclass(frozen=True)
class Fault:
    """Something that can be broken.

    Attributes:
        name: how ``lesson.break_`` calls it.
        symptom: what is seen, without the cause; ``{target}`` stands for what was broken.
        inject: break the target.
        repair: undo it the plain way (tests use it; a learner may find another).
        broken: tell from the state of kernel and engine whether the target is still broken.
    """

    name: str
    symptom: str
    inject: Callable[[Lesson, str], None]
    repair: Callable[[Lesson, str], None]
    broken: Callable[[Lesson, str], bool]


FAULTS: dict[str, Fault] = {}


def register(fault: Fault) -> Fault:
    """Add ``fault`` to the ones that can be injected.

    Raises:
        ValueError: another one has this name.
    """
    if FAULTS.setdefault(fault.name, fault) is not fault:
        raise ValueError(f"there is a fault {fault.name!r} already")
    return fault


def find(name: str) -> Fault:
    """Return the fault called ``name``.

    Raises:
        NotFound: there is no such fault.
    """
    if name not in FAULTS:
        raise NotFound(f"no fault {name!r}", hint=f"there are: {', '.join(sorted(FAULTS))}")
    return FAULTS[name]


def wait_for(condition: Callable[[], bool], timeout_s: float = 3.0) -> bool:
    """Ask ``condition`` again and again until it holds or the time is over; return which."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# -- pid1_killed: the first process of a container is killed from outside ------------------------


def _kill_first(lesson: Lesson, target: str) -> None:
    os.kill(facts.running_pid(lesson, target), signal.SIGKILL)
    lesson.engine.container(target).wait(timeout_s=10)


def _start(lesson: Lesson, target: str) -> None:
    lesson.engine.container(target).start()


def _does_not_run(lesson: Lesson, target: str) -> bool:
    return not facts.inspect(lesson, target)["State"]["Running"]


register(
    Fault(
        "pid1_killed",
        "Something happened to one process of the container `{target}`. It does not answer any "
        "more.",
        inject=_kill_first,
        repair=_start,
        broken=_does_not_run,
    )
)


# -- wrong_command: a container is told to run a program that is not there -----------------------


def _mistype(lesson: Lesson, target: str) -> None:
    if not _is_missing(lesson, target):
        lesson.engine.container(target).remove(force=True)
    greeter = lesson.engine.create("busybox", ["ehco", "good morning"], name=target)
    with suppress(MiniDockerError):  # the container stays, with the reason in its record
        greeter.start()


def _type_right(lesson: Lesson, target: str) -> None:
    lesson.engine.run("busybox", ["echo", "good morning"], name=target, fresh=True, remove=False)


def _is_missing(lesson: Lesson, target: str) -> bool:
    try:
        facts.inspect(lesson, target)
    except NotFound:
        return True
    return False


def _did_not_greet(lesson: Lesson, target: str) -> bool:
    if _is_missing(lesson, target):
        return True
    state = facts.inspect(lesson, target)["State"]
    if state["Status"] != "exited" or state["ExitCode"] != 0:
        return True
    return not lesson.engine.container(target).logs().strip()


register(
    Fault(
        "wrong_command",
        "The container `{target}` was started to say good morning. It said nothing.",
        inject=_mistype,
        repair=_type_right,
        broken=_did_not_greet,
    )
)


# -- exec_format, missing_interpreter: an image whose program cannot be executed ----------------


def other_machine(program: bytes) -> bytes:
    """Return an ELF ``program`` that says it is for another processor than this one's."""
    machine = int.from_bytes(program[_MACHINE_AT : _MACHINE_AT + 2], "little")
    other = _AARCH64 if machine != _AARCH64 else _X86_64
    return program[:_MACHINE_AT] + other.to_bytes(2, "little") + program[_MACHINE_AT + 2 :]


def commit_program(lesson: Lesson, base: str, target: str, program: bytes, step: str) -> None:
    """Make image ``target`` from ``base`` with ``program`` at ``PROGRAM`` in a layer of its own.

    Args:
        lesson: whose engine.
        base: the image to stand on.
        target: the tag to give.
        program: the bytes of the executable.
        step: what the layer's history says about it, as a command.
    """
    with lesson.engine.create(base, step) as box:
        lesson.calls.archive_put(box.id, "/", _packed(program))
        box.commit(target)


def _packed(program: bytes) -> bytes:
    """Return a tar archive of ``PROGRAM`` and the directories above it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        above = PROGRAM.strip("/").split("/")
        for depth in range(1, len(above)):
            directory = tarfile.TarInfo("/".join(above[:depth]))
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        member = tarfile.TarInfo("/".join(above))
        member.size, member.mode = len(program), 0o755
        archive.addfile(member, io.BytesIO(program))
    return packed.getvalue()


def busybox_program(lesson: Lesson) -> bytes:
    """Return the busybox executable of the base image."""
    with lesson.engine.create("busybox", ["true"]) as box:
        return box.read_file("/bin/busybox")


def _wrong_machine(lesson: Lesson, target: str) -> None:
    commit_program(
        lesson, target, target, other_machine(busybox_program(lesson)), "install echo 2.0"
    )


def _bash_script(lesson: Lesson, target: str) -> None:
    """Put a script there whose interpreter is missing: "not found", although the file is there."""
    script = b'#!/usr/bin/bash\necho "$@"\n'
    commit_program(lesson, target, target, script, "install echo.sh")


def _right_program(lesson: Lesson, target: str) -> None:
    commit_program(lesson, target, target, busybox_program(lesson), "install echo 1.0")


def _cannot_execute(lesson: Lesson, target: str) -> bool:
    try:
        return lesson.engine.run(target, [PROGRAM, "hello"]).exit_code != 0
    except MiniDockerError:
        return True


for _name, _inject in (("exec_format", _wrong_machine), ("missing_interpreter", _bash_script)):
    register(
        Fault(
            _name,
            "Somebody updated the image `{target}`. Since then its program does not start.",
            inject=_inject,
            repair=_right_program,
            broken=_cannot_execute,
        )
    )
