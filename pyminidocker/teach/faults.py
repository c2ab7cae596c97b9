"""Named faults: break something on purpose, say what an unlucky person would see, repair it.

A fault is injected into containers and images of the lesson only.  A lesson shows its symptom and
asks for the cause; a check looks whether the cause is gone, whichever way it was repaired.

    @fault("pid1_killed", symptom="...")
    def inject(lesson, ...): ...
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import NotFound
from pyminidocker.teach import facts

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson


@dataclass(frozen=True)
class Fault:
    """Something that can be broken.

    Attributes:
        name: how ``lesson.break_`` calls it.
        symptom: what is seen, without the cause.
        inject: break it; gets the lesson.
        repair: undo it the plain way (tests use it; a learner may find another).
        broken: tell whether it is still broken, from the state of kernel and engine.
    """

    name: str
    symptom: str
    inject: Callable[[Lesson], None]
    repair: Callable[[Lesson], None]
    broken: Callable[[Lesson], bool]


FAULTS: dict[str, Fault] = {}


def register(fault: Fault) -> Fault:
    """Add ``fault`` to the ones that can be injected."""
    FAULTS[fault.name] = fault
    return fault


def find(name: str) -> Fault:
    """Return the fault called ``name``.

    Raises:
        NotFound: there is no such fault.
    """
    if name not in FAULTS:
        raise NotFound(f"no fault {name!r}", hint=f"there are: {', '.join(sorted(FAULTS))}")
    return FAULTS[name]
