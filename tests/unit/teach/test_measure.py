"""Measuring in turn, and the ledger of claims."""

import os
import time

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.kernel import procfs
from pyminidocker.teach.ledger import Ledger
from pyminidocker.teach.measure import in_turn, measure, memory_of, process
from pyminidocker.teach.plan import Claim


def test_jobs_are_done_in_turn_after_a_rehearsal() -> None:
    calls: list[str] = []
    samples = in_turn({name: lambda name=name: calls.append(name) for name in "ab"}, 10)
    assert calls[:2] == ["a", "b"]
    assert [one.n for one in samples] == [10, 10]
    rounds = [calls[i : i + 2] for i in range(2, 22, 2)]
    assert all(sorted(one) == ["a", "b"] for one in rounds)
    assert len({tuple(one) for one in rounds}) == 2  # not always in the same order


def test_a_job_that_takes_long_may_have_fewer_rounds() -> None:
    calls: list[str] = []
    jobs = {name: lambda name=name: calls.append(name) for name in "ab"}
    often, seldom = in_turn(jobs, {"a": 5, "b": 2}, rehearse=False)
    assert (often.n, seldom.n) == (5, 2)
    assert calls[4:] == ["a"] * 3


def test_without_rehearsal_every_run_counts() -> None:
    calls: list[int] = []
    sample = measure("one", lambda: calls.append(1), 3, rehearse=False)
    assert len(calls) == sample.n == 3


def test_what_takes_longer_measures_longer() -> None:
    slow, quick = in_turn({"slow": lambda: time.sleep(0.02), "quick": lambda: None}, 3)
    assert slow.median >= 0.02
    assert slow.times(quick) > 10


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(InvalidArgument, match="at least 1"):
        measure("one", process, 0)


def test_a_process_ends_and_is_waited_for() -> None:
    before = set(procfs.children(os.getpid()))
    process()
    assert set(procfs.children(os.getpid())) == before


def test_memory_is_the_proportional_one() -> None:
    seen = procfs.memory_bytes(os.getpid())
    assert abs(memory_of(os.getpid()) - seen["pss"]) < 0.1 * seen["pss"]


CLAIMS = [
    Claim("one", "Water is <wet>.", "true", "It is.", "a lake"),
    Claim("two", "Stones are soft, " * 8, "wrong", "They are not.", "a stone"),
]


def test_the_ledger_shows_what_was_measured_and_what_was_not() -> None:
    ledger = Ledger(CLAIMS, {"one": "3 of 3 drops"})
    text = repr(ledger)
    assert text.splitlines()[0] == "CLAIMS · 1 of 2 measured"
    assert "3 of 3 drops" in text
    assert "✗ wrong" in text
    assert "not measured yet" in text
    assert max(map(len, text.splitlines())) <= 105
    html = ledger._repr_html_()
    assert "Water is &lt;wet&gt;." in html
    assert '<th scope="col"' in html
