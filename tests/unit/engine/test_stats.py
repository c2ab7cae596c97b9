import asyncio
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from pyminidocker.engine import stats as module
from pyminidocker.engine import stats_processes
from pyminidocker.engine.stats import Stats, join
from pyminidocker.engine.stats_processes import ProcessTotals
from pyminidocker.engine.stats_reading import Pair, Reading, interfaces
from pyminidocker.errors import InvalidArgument
from pyminidocker.kernel.cgroup.usage import Usage


def reading(cpu_s, at_s):
    return Reading(int(at_s * 1e9), int(at_s * 1e9), Usage(cpu_ns=int(cpu_s * 1e9)))


def box(name, running=True):
    return SimpleNamespace(id=name, is_running=running)


# ----------------------------------------------------------------------------------- arithmetic


def test_processor_time_between_two_readings():
    assert Pair(reading(1.5, 12), reading(0.5, 10)).cpu_percent == pytest.approx(50)
    assert Pair(reading(1.5, 12)).cpu_percent == 0


def test_a_reading_of_the_life_before_is_not_compared_with():
    again = join({"a": Pair(reading(9, 1))}, {"a": Pair(reading(0.1, 2)), "b": Pair(reading(1, 2))})
    assert again["a"].before is None
    assert again["b"].before is None
    same = join({"a": Pair(reading(0.1, 1))}, {"a": Pair(reading(0.2, 2))})
    assert same["a"].cpu_percent == pytest.approx(10)


def test_own_interfaces_without_loopback():
    found = interfaces(os.getpid())
    assert "lo" not in found
    assert all(len(one) == 8 and min(one) >= 0 for one in found.values())
    assert interfaces(0) == {}


def test_processes_are_added_up_by_their_pid_namespace():
    """Two processes in a pid namespace of their own; 20 MB are theirs alone."""
    code = (
        "import os, sys\n"
        "held = bytearray(os.urandom(20 << 20))\n"
        "print(os.getpid(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    words = [sys.executable, "-I", "-S", "-c", code]
    process = subprocess.Popen(
        ["unshare", "--user", "--pid", "--fork", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline().strip() == b"1"
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            child = int(file.read().split()[0])
        found = ProcessTotals().of(child)
        assert found.pids == 1
        assert 20 << 20 <= found.memory_bytes < 60 << 20
        assert ProcessTotals().of(0) == (0, 0, 0, 0)
    finally:
        process.communicate(b"")


# ------------------------------------------------------------------------------------ collecting


def engine_without(*features):
    """An engine on a host where no group counts these."""
    cgroups = SimpleNamespace(why_not=lambda name: ("no", "") if name in features else None)
    return SimpleNamespace(cgroups=cgroups)


@pytest.mark.parametrize("missing", [(), ("memory",)])
def test_proc_is_looked_through_beside_the_loop_and_only_if_need_be(counted, monkeypatch, missing):
    threads = []
    monkeypatch.setattr(
        stats_processes, "_look", lambda: threads.append(threading.current_thread()) or {}
    )
    asyncio.run(Stats(engine_without(*missing)).once([box("a"), box("b")]))
    assert len(threads) == len(missing)
    assert threading.main_thread() not in threads


@pytest.fixture
def counted(monkeypatch):
    """Count the readings of each container; time is short."""
    calls = []

    def read(engine, container, totals):
        calls.append(container.id)
        return reading(len(calls) / 100, len(calls)) if container.is_running else None

    monkeypatch.setattr(module, "read", read)
    monkeypatch.setattr(module, "FIRST_S", 0.1)
    return calls


def encode(latest):
    return repr(sorted(latest)).encode()


def test_followers_share_one_reading(counted):
    async def follow():
        stats = Stats(engine_without())
        both = [box("a"), box("b", running=False)]
        streams = [stats.follow(lambda: both, encode, 0.1) for _ in range(20)]
        pieces = [[await anext(stream) for stream in streams] for _ in range(3)]
        for stream in streams:
            await stream.aclose()
        await asyncio.sleep(0.15)
        return pieces, stats

    pieces, stats = asyncio.run(follow())
    assert pieces == [[b"['a']"] * 20] * 3
    assert len(counted) == 6, "three rounds of two containers"
    assert stats._collectors == {}, "nobody follows, nobody reads"


def test_one_who_comes_later_need_not_wait_for_what_is_known(counted):
    async def follow():
        stats = Stats(engine_without())
        first = stats.follow(lambda: [box("a")], encode, 50.0)
        await anext(first)
        await anext(first)
        second = stats.follow(lambda: [box("a")], encode, 50.0)
        piece = await asyncio.wait_for(anext(second), 5)
        stats.close()
        with pytest.raises(StopAsyncIteration):
            await anext(first)
        return piece

    assert asyncio.run(follow()) == b"['a']"


def test_an_empty_piece_ends_a_stream(counted):
    async def follow():
        stats = Stats(engine_without())
        stream = stats.follow(lambda: [box("a")], lambda latest: b"", 0.1)
        return [piece async for piece in stream], stats

    pieces, stats = asyncio.run(follow())
    assert pieces == []
    assert stats._collectors == {}


def test_a_failure_ends_the_streams(monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "read", broken)

    async def follow():
        stats = Stats(engine_without())
        stream = stats.follow(lambda: [box("a")], encode, 0.1)
        return [piece async for piece in stream]

    assert asyncio.run(asyncio.wait_for(follow(), 5)) == []
    assert "reading what containers use failed" in caplog.text


@pytest.mark.parametrize("seconds", [0, 0.05, -1, 4000, float("nan"), float("inf")])
def test_intervals_that_are_none(seconds):
    async def follow():
        Stats(engine_without()).follow(list, encode, seconds)

    with pytest.raises(InvalidArgument, match="interval must be between"):
        asyncio.run(follow())
