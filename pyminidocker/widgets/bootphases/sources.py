"""Where bars come from: virtual machines, tiny ones, containers, processes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import InvalidArgument, Unavailable
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.tiny.guest import TinyMachine
from pyminidocker.widgets.bootphases.model import Bar, bar

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine

_KINDS = {
    "kvm": "virtual machine (by KVM)",
    "tcg": "virtual machine (emulated)",
    "recording": "virtual machine (recorded)",
}
_WORD = "ready"


def container_start(engine: Engine, image: str = "busybox", name: str = "container") -> Bar:
    """Start a container that says a word, and time its parts.

    Args:
        engine: where.
        image: of what; it needs ``echo``.
        name: what to call it.

    Raises:
        MiniDockerError: the engine does not answer, or there is no such image.
        Unavailable: the container did not say its word.
    """
    began = time.perf_counter()
    box = engine.create(image, ["echo", _WORD])
    try:
        created = time.perf_counter()
        box.start()
        started = time.perf_counter()
        box.wait(timeout_s=20)
        said = box.logs().strip()
        ended = time.perf_counter()
    finally:
        box.remove(force=True)
    if said != _WORD:
        raise Unavailable(f"the container said {said!r}, not {_WORD!r}")
    phases = (
        ("create", created - began),
        ("start", started - created),
        ("answer", ended - started),
    )
    return bar(name, phases)


def process_start(name: str = "process") -> Bar:
    """Start a process of this machine, and wait for its end."""
    began = time.perf_counter()
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    return bar(name, (("process", time.perf_counter() - began),))


def bar_of(source: Any) -> Bar:
    """Return the bar of a machine, or of whatever has a name and phases.

    Args:
        source: a virtual machine, a tiny one that has run, a bar, or a pair of a name and of
            (part, seconds) pairs.

    Raises:
        InvalidArgument: it is none of these.
    """
    if isinstance(source, Bar):
        return source
    if isinstance(source, VirtualMachine):
        note = getattr(source, "recorded", "")
        return bar(_KINDS.get(source.kind, source.kind), source.phases, note)
    if isinstance(source, TinyMachine):
        if not source.ended:
            raise InvalidArgument(
                "that tiny machine has not run yet", hint="call its boot(), or execute its steps"
            )
        *before, (_, ran) = source.done
        how = "by KVM" if source.kind == "kvm" else "emulated in Python"
        made = sum(seconds for _, seconds in before)
        return bar(f"tiny machine ({how})", (("make", made), ("run", ran)))
    if isinstance(source, tuple) and len(source) == 2 and isinstance(source[0], str):
        return bar(source[0], source[1])
    raise InvalidArgument(
        f"nothing that boots: {source!r}",
        hint='a virtual machine, container_start(engine), or ("name", [("part", seconds), ...])',
    )
