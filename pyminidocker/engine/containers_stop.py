"""``stop``, ``kill``, ``restart``: signals to the first process, and waiting for what they do."""

import asyncio
import errno
import signal as signals
from typing import TYPE_CHECKING

from pyminidocker.engine import containers_pause, containers_start, states
from pyminidocker.engine import restart as policy
from pyminidocker.engine.container import Container
from pyminidocker.errors import InvalidArgument, NotModified, SystemFailure
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.pidfd import pidfd_send_signal
from pyminidocker.kernel.signals import parse_signal

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

DEFAULT_TIMEOUT_S = 10.0
KILL_TIMEOUT_S = 10.0  # SIGKILL needs no consent, only the kernel's time
SIGKILL = int(signals.SIGKILL)
SIGTERM = int(signals.SIGTERM)


def signal_of(text: str) -> int:
    """Read a signal.

    Raises:
        InvalidArgument: "Invalid signal: x".
    """
    try:
        return parse_signal(text)
    except ValueError:
        raise InvalidArgument(f"Invalid signal: {text}") from None


async def stop(
    engine: "Engine", container: Container, timeout_s: float | None, signal: str
) -> None:
    """Stop a container; see ``Containers.stop``."""
    config = container.record.config
    number = signal_of(signal or config.stop_signal or "SIGTERM")
    if timeout_s is None:
        timeout_s = DEFAULT_TIMEOUT_S if config.stop_timeout_s is None else config.stop_timeout_s
    async with container.lock:  # a start under way comes first
        states.check("stop", container.status, container_id=container.id, name=container.name)
        container.record.stopped_by_user = True
        container.stop_is_wanted = True
        if policy.cancel(container) or not container.is_running:
            container.record.state.status = "exited"
            container.save()
            engine.events.emit("container", "stop", container.id, container.event_attributes())
            return
    await _end(engine, container, number, timeout_s)
    engine.events.emit("container", "stop", container.id, container.event_attributes())


async def _end(engine: "Engine", container: Container, number: int, timeout_s: float) -> None:
    """Send ``number``, then SIGKILL when the process outlives the time; returns at its end."""
    ended = container.on_exit()
    send(engine, container, number)
    try:
        if number != SIGKILL:
            # Negative: for ever, as Docker.
            await asyncio.wait_for(asyncio.shield(ended), timeout_s if timeout_s >= 0 else None)
            return
    except TimeoutError:
        send(engine, container, SIGKILL)
    try:
        await asyncio.wait_for(ended, KILL_TIMEOUT_S)
    except TimeoutError:
        raise SystemFailure(
            f"tried to kill container, but did not receive an exit event: {container.id}"
        ) from None


def send(engine: "Engine", container: Container, number: int) -> None:
    """Send a signal to the first process, if it is still there, and tell of it."""
    if container.is_running:
        try:
            pidfd_send_signal(container.pidfd, number)
        except SyscallError as error:
            if error.errno != errno.ESRCH:
                raise SystemFailure(f"cannot kill container {container.name}: {error}") from error
    engine.events.emit(
        "container",
        "kill",
        container.id,
        {**container.event_attributes(), "signal": str(number)},
    )
    if container.status == "paused" and containers_pause.wakes(container, number):
        containers_pause.wake(engine, container)


async def kill(engine: "Engine", container: Container, signal: str, ref: str = "") -> None:
    """Send a signal; see ``Containers.kill``."""
    number = _killing(signal or "SIGKILL", ref or container.name)
    if container.status == "restarting" and await _call_off(container, number):
        return
    states.check("kill", container.status, container_id=container.id, name=container.name, ref=ref)
    if not container.is_running:  # being started: the lock is free once it runs
        async with container.lock:
            states.check(
                "kill", container.status, container_id=container.id, name=container.name, ref=ref
            )
    if number == SIGKILL:
        container.stop_is_wanted = True
        container.record.stopped_by_user = True
        await _end(engine, container, SIGKILL, 0.0)
        return
    if number == signal_of(container.record.config.stop_signal or "SIGTERM"):
        # Docker takes the stop signal for a wish to stop: the policy does not restart.
        container.record.stopped_by_user = True
        container.stop_is_wanted = True
    send(engine, container, number)


def _killing(text: str, ref: str) -> int:
    """Read the signal of a ``kill``, for which moby has one more text.

    Raises:
        InvalidArgument: no such signal.
    """
    if text.isascii() and text.isdigit() and int(text) > int(signals.SIGRTMAX):
        raise InvalidArgument(
            f"Cannot kill container: {ref}: The linux daemon does not support signal {text}"
        )
    return signal_of(text)


async def _call_off(container: Container, number: int) -> bool:
    """Let a container that waits for its next life stay ended, as a kill of it asks for.

    There is no process to send a signal to, and no event; with a stop signal of its own, other
    signals say nothing (moby daemon/kill.go).

    Returns:
        Whether that was all; otherwise it has begun its next life meanwhile.
    """
    own = container.record.config.stop_signal
    if own and number not in (SIGKILL, signal_of(own)):
        return True
    async with container.lock:
        if not policy.cancel(container):
            return False
        container.stop_is_wanted = True
        container.record.stopped_by_user = True
        container.record.state.status = "exited"
        container.save()
        return True


async def restart(
    engine: "Engine", container: Container, timeout_s: float | None, signal: str
) -> None:
    """Stop, then start; see ``Containers.restart``."""
    keeps = container.record.host.auto_remove
    if container.status in ("running", "restarting", "paused"):
        # A --rm container must survive its own restart.
        container.record.host.auto_remove = False
        try:
            await stop(engine, container, timeout_s, signal)
        except NotModified:
            pass  # it ended by itself at this moment
        finally:
            container.record.host.auto_remove = keeps
    await containers_start.start(engine, container)
    engine.events.emit("container", "restart", container.id, container.event_attributes())


async def stop_all(engine: "Engine", timeout_s: float) -> None:
    """End all containers at once because the engine ends; not "by the user", so policies hold."""
    waiting = []
    for container in list(engine.containers.index.by_id.values()):
        policy.cancel(container)
        if container.is_running:
            number = signal_of(container.record.config.stop_signal or "SIGTERM")
            # A step of a build has nothing to put in order: its build ends with the engine.
            patience_s = 0.0 if container.record.purpose == "build" else timeout_s
            waiting.append(_end(engine, container, number, patience_s))
        elif container.status == "restarting":
            container.record.state.status = "exited"
            container.save()
    await asyncio.gather(*waiting, return_exceptions=True)
