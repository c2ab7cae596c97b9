"""Times as the API sends them and as people write them."""

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.cli import times


@given(st.integers(0, 7_258_118_400_000_000))
def test_parse_agrees_with_datetime(microseconds):
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=microseconds)
    text = moment.isoformat().replace("+00:00", "Z")
    assert times.parse(text) == pytest.approx(moment.timestamp(), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T22:30:00-01:30", 0),
        ("2026-11-24T02:55:42.687200687Z", 1795488942.687200687),
    ],
)
def test_parse(text, seconds):
    assert times.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1h30m", 5400), ("1.5m", 90), ("300ms", 0.3), ("-2s", -2), ("0", 0)],
)
def test_duration(text, seconds):
    assert times.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1x", "1.2.3s", ".s", "10s5"])
def test_no_duration(text):
    with pytest.raises(ValueError, match=r"(invalid|in) duration"):
        times.duration(text)


def test_timestamp_accepts_what_docker_accepts(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert times.timestamp("") == ""
    assert times.timestamp("1700000000") == "1700000000"
    assert times.timestamp("1700000000.5") == "1700000000.5"
    assert float(times.timestamp("10m")) == pytest.approx(time.time() - 600, abs=5)
    assert float(times.timestamp("1970-01-02")) == 86400
    assert float(times.timestamp("1970-01-01T00:01")) == 60
    assert float(times.timestamp("1970-01-01T00:00:02Z")) == 2
    with pytest.raises(ValueError, match='failed to parse value as time or duration: "foo"'):
        times.timestamp("foo")


def test_forms(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert times.local(0) == "1970-01-01 00:00:00 +0000 UTC"
    assert times.precise(1_500_000_001) == "1970-01-01T00:00:01.500000001Z"
    assert times.ago(time.time() - 7200) == "2 hours ago"
