"""A signal to a process that has ended this very moment is no failure."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any

import pytest

from pyminidocker.engine import containers_stop
from pyminidocker.errors import InvalidArgument


def test_a_process_that_is_gone_needs_no_signal() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    pidfd = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    told: list[str] = []
    engine: Any = SimpleNamespace(
        events=SimpleNamespace(emit=lambda kind, action, *_: told.append(action))
    )
    container: Any = SimpleNamespace(
        is_running=True,
        status="running",
        pidfd=pidfd,
        name="gone",
        id="0" * 64,
        event_attributes=dict,
    )
    try:
        containers_stop.send(engine, container, containers_stop.SIGKILL)
    finally:
        os.close(pidfd)
    assert told == ["kill"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("65", "Cannot kill container: web: The linux daemon does not support signal 65"),
        ("0", "Invalid signal: 0"),
        ("NOPE", "Invalid signal: NOPE"),
    ],
)
def test_signals_that_are_none_have_mobys_texts(text: str, message: str) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(InvalidArgument, match=f"^{message}$"):
        asyncio.run(containers_stop.kill(nothing, nothing, text, "web"))
