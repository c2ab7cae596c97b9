"""Which failures are tried again, and how everything is stopped."""

import threading
import time

import pytest

from pyminidocker.errors import IntegrityError
from pyminidocker.images.registry import attempts
from pyminidocker.images.registry.attempts import Attempts, Cancelled
from pyminidocker.images.registry.failures import Broken, Refused, Unreachable
from pyminidocker.images.registry.workers import run_all


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    monkeypatch.setattr(attempts, "_FIRST_PAUSE_S", 0.0001)


@pytest.mark.parametrize(
    "error",
    [Broken("x"), Unreachable("x"), Refused("x", 500), Refused("x", 503), Refused("x", 408)],
)
def test_what_may_pass(error):
    told: list[float] = []
    one = Attempts(3, threading.Event(), lambda seconds, _: told.append(seconds))
    one.again(error)
    one.again(error)
    with pytest.raises(type(error)):
        one.again(error)
    assert len(told) == 2
    assert told[1] > told[0]


@pytest.mark.parametrize(
    "error",
    [Refused("x", 404), Refused("x", 401), Refused("x", 429), Refused("x", 429, "", 3600),
     IntegrityError("x")],
)  # fmt: skip
def test_what_does_not_pass(error):
    with pytest.raises(type(error)):
        Attempts(3, threading.Event()).again(error)


def test_a_server_that_says_how_long():
    told: list[float] = []
    one = Attempts(3, threading.Event(), lambda seconds, _: told.append(seconds))
    one.again(Refused("x", 429, "", 0.01))
    assert told == [0.01]


def test_progress_counts_anew():
    one = Attempts(2, threading.Event())
    for _ in range(10):
        one.again(Broken("x"), has_moved=True)
    one.again(Broken("x"))
    with pytest.raises(Broken):
        one.again(Broken("x"))


def test_stopped():
    stop = threading.Event()
    one = Attempts(5, stop)
    stop.set()
    assert one.is_cancelled
    with pytest.raises(Cancelled):
        one.again(Broken("x"))


def test_the_first_failure_ends_the_others():
    stop = threading.Event()
    aborted: list[bool] = []

    def fails() -> None:
        raise IntegrityError("the one that counts")

    def waits() -> None:
        assert stop.wait(10)
        raise Broken("only the consequence")

    began = time.monotonic()
    with pytest.raises(IntegrityError, match="the one that counts"):
        run_all([waits, fails, waits, waits], 3, stop, lambda: aborted.append(True))
    assert aborted == [True]
    assert time.monotonic() - began < 5


def test_all_are_done():
    done: list[int] = []
    tasks = [lambda n=n: done.append(n) for n in range(10)]
    run_all(tasks, 3, threading.Event(), lambda: None)
    assert sorted(done) == list(range(10))
    run_all([], 3, threading.Event(), lambda: None)
