"""The hub between a process's pipes, the log and whoever listens."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from pyminidocker.engine.attachment import Attachment
from pyminidocker.engine.streams import HIGH_WATER, STDERR, STDOUT, Hub, Subscription

Scenario = Callable[[], Coroutine[Any, Any, None]]


def run(scenario: Scenario) -> None:
    before = set(os.listdir("/proc/self/fd"))
    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert set(os.listdir("/proc/self/fd")) == before


class Process:
    """The far ends of a hub's pipes."""

    def __init__(self, hub: Hub, *, stdin: bool = False) -> None:
        out, self.stdout = os.pipe()
        err, self.stderr = os.pipe()
        self.stdin, ours = os.pipe() if stdin else (-1, -1)
        self.hub = hub
        hub.connect(stdin=ours, stdout=out, stderr=err)

    def die(self) -> None:
        for fd in (self.stdout, self.stderr, self.stdin):
            if fd >= 0:
                os.close(fd)
        self.hub.finish()


async def _all(subscription: Subscription | Attachment) -> list[tuple[int, bytes]]:
    return [item async for item in subscription]


def test_nothing_written_after_subscribing_is_lost() -> None:
    async def scenario() -> None:
        hub = Hub()
        early = hub.subscribe()
        process = Process(hub)
        only_errors = hub.subscribe(stdout=False)
        os.write(process.stdout, b"out")
        os.write(process.stderr, b"err")
        process.die()
        assert sorted(await _all(early)) == [(STDOUT, b"out"), (STDERR, b"err")]
        assert await _all(only_errors) == [(STDERR, b"err")]

    run(scenario)


def test_a_hub_lives_through_several_processes() -> None:
    async def scenario() -> None:
        hub = Hub()
        for text in (b"one", b"two"):
            listener = hub.subscribe()
            process = Process(hub)
            os.write(process.stdout, text)
            process.die()
            assert await _all(listener) == [(STDOUT, text)]

    run(scenario)


def test_a_slow_subscriber_makes_the_process_wait() -> None:
    async def scenario() -> None:
        hub = Hub()
        slow = hub.subscribe()
        process = Process(hub)
        os.set_blocking(process.stdout, False)
        written = 0
        for _ in range(500):
            try:
                written += os.write(process.stdout, b"x" * 65536)
            except BlockingIOError:
                await asyncio.sleep(0)
        assert HIGH_WATER <= slow.waiting_bytes <= HIGH_WATER + 65536
        assert written < HIGH_WATER + 4 * 65536
        read = 0
        while read < written:
            read += len((await anext(slow))[1])
        process.die()

    run(scenario)


def test_a_slow_subscriber_that_leaves_lets_the_process_go_on() -> None:
    async def scenario() -> None:
        hub = Hub()
        slow, quick = hub.subscribe(), hub.subscribe()
        process = Process(hub)
        os.set_blocking(process.stdout, False)
        for _ in range(40):
            try:
                os.write(process.stdout, b"x" * 65536)
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
            await anext(quick) if quick.waiting_bytes else None
        slow.close()
        os.set_blocking(process.stdout, True)
        await asyncio.to_thread(os.write, process.stdout, b"end")
        process.die()
        assert (await _all(quick))[-1][1].endswith(b"end")

    run(scenario)


def test_input_given_before_the_start_arrives_and_so_does_its_end() -> None:
    async def scenario() -> None:
        hub = Hub()
        await hub.stdin.write(b"hello")
        hub.stdin.end()
        process = Process(hub, stdin=True)
        assert os.read(process.stdin, 100) == b"hello"
        assert os.read(process.stdin, 100) == b""
        process.die()

    run(scenario)


def test_more_input_than_the_pipe_holds_waits_and_arrives_in_order() -> None:
    async def scenario() -> None:
        hub = Hub()
        process = Process(hub, stdin=True)
        data = bytes(range(256)) * 4096

        async def feed() -> None:
            for start in range(0, len(data), 50_000):
                await hub.stdin.write(data[start : start + 50_000])
            hub.stdin.end()

        feeding = asyncio.ensure_future(feed())
        got = b""
        while chunk := await asyncio.to_thread(os.read, process.stdin, 65536):
            got += chunk
        await feeding
        assert got == data
        process.die()

    run(scenario)


def test_input_for_nobody_is_dropped() -> None:
    async def scenario() -> None:
        hub = Hub()
        process = Process(hub, stdin=True)
        os.close(process.stdin)
        process.stdin = -1
        for _ in range(10):
            await hub.stdin.write(b"x" * 65536)
        process.die()
        no_stdin = Process(hub)
        await hub.stdin.write(b"x" * 100_000)
        await hub.stdin.write(b"x" * 100_000)
        no_stdin.die()

    run(scenario)


def test_a_terminal() -> None:
    async def scenario() -> None:
        hub = Hub()
        hub.resize(40, 100)
        listener = hub.subscribe()
        master, slave = os.openpty()
        hub.connect(console=master)
        assert os.get_terminal_size(slave) == (100, 40)
        hub.resize(20, 50)
        assert os.get_terminal_size(slave) == (50, 20)
        os.write(slave, b"prompt")
        assert await anext(listener) == (STDOUT, b"prompt")
        await hub.stdin.write(b"ls\n")
        assert os.read(slave, 10) == b"ls\n"
        hub.stdin.end()  # nothing happens to a terminal
        os.close(slave)
        await asyncio.sleep(0)
        hub.finish()
        assert (await _all(listener))[:1] == [(STDOUT, b"ls\r\n")]

    run(scenario)


def _attachment(hub: Hub, **changes: Any) -> Attachment:
    options: dict[str, Any] = {
        "tty": False,
        "stdin": True,
        "stdout": True,
        "stderr": True,
        "closes_stdin": True,
        "keys": b"\x10\x11",
    }
    return Attachment(hub, **{**options, **changes})


def test_the_clients_end_closes_stdin_and_output_goes_on() -> None:
    async def scenario() -> None:
        hub = Hub()
        attachment = _attachment(hub)
        process = Process(hub, stdin=True)
        await attachment.write(b"in")
        attachment.write_eof()
        assert os.read(process.stdin, 10) == b"in"
        assert os.read(process.stdin, 10) == b""
        os.write(process.stdout, b"still here")
        process.die()
        assert await _all(attachment) == [(STDOUT, b"still here")]

    run(scenario)


def test_without_stdin_once_the_clients_end_ends_its_output_only() -> None:
    async def scenario() -> None:
        hub = Hub()
        attachment = _attachment(hub, closes_stdin=False)
        process = Process(hub, stdin=True)
        attachment.write_eof()
        assert await _all(attachment) == []
        await hub.stdin.write(b"more")
        assert os.read(process.stdin, 10) == b"more"
        process.die()

    run(scenario)


def test_detach_keys_only_on_a_terminal() -> None:
    async def scenario() -> None:
        hub = Hub()
        told: list[bool] = []
        attachment = _attachment(hub, tty=True, on_detach=lambda: told.append(True))
        plain = _attachment(hub)
        process = Process(hub, stdin=True)
        await plain.write(b"\x10\x11")
        assert os.read(process.stdin, 10) == b"\x10\x11"
        await attachment.write(b"a\x10")
        await attachment.write(b"b\x10\x11c")
        assert os.read(process.stdin, 10) == b"a\x10b"
        assert attachment.detached
        assert told == [True]
        assert await _all(attachment) == []
        process.die()

    run(scenario)


def test_closing_wakes_a_reader() -> None:
    async def scenario() -> None:
        hub = Hub()
        subscription = hub.subscribe()
        reading = asyncio.ensure_future(_all(subscription))
        await asyncio.sleep(0)
        subscription.close()
        assert await reading == []

    run(scenario)


@pytest.mark.parametrize("connected", [True, False])
def test_a_start_that_fails_ends_the_attached(connected: bool) -> None:
    async def scenario() -> None:
        hub = Hub()
        attachment = _attachment(hub)
        await attachment.write(b"lost")
        if connected:
            process = Process(hub, stdin=True)
            process.die()
        else:
            hub.finish()
        assert await _all(attachment) == []

    run(scenario)
