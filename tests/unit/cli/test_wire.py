"""How the options of ``wire`` are read."""

import pytest

from pyminidocker.cli.commands import wire
from pyminidocker.client.wire_sockets import check_settings
from pyminidocker.client.wires import described
from pyminidocker.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("5ms", 5), ("0.5ms", 0.5), ("1.5s", 1500), ("5", 5), ("2.5", 2.5), ("300us", 0.3)],
)
def test_times(text, milliseconds):
    assert wire._milliseconds(text) == pytest.approx(milliseconds)


@pytest.mark.parametrize(("text", "percent"), [("1%", 1), ("0.1%", 0.1), ("30", 30)])
def test_percentages(text, percent):
    assert wire._percent(text) == percent


@pytest.mark.parametrize(
    ("text", "megabits"),
    [("100mbit", 100), ("1Gbit", 1000), ("512kbit/s", 0.512), ("10", 10), ("2.5Gbps", None)],
)
def test_rates(text, megabits):
    if megabits is None:
        with pytest.raises(ValueError, match="a rate such as"):
            wire._megabits(text)
    else:
        assert wire._megabits(text) == pytest.approx(megabits)


@pytest.mark.parametrize("text", ["", "fast", "ms", "1 day"])
def test_nonsense(text):
    for read in (wire._milliseconds, wire._percent, wire._megabits):
        with pytest.raises(ValueError, match=r"."):
            read(text)


@pytest.mark.parametrize(
    "settings",
    [{"loss_percent": 100.1}, {"mtu": 0}, {"latency_ms": "5"}, {"colour": 1}, {"jitter_ms": -1}],
)
def test_settings_no_wire_can_have(settings):
    with pytest.raises(InvalidArgument):
        check_settings(settings)


def test_a_wire_in_words():
    plain = {
        "latency_ms": 0, "jitter_ms": 0, "loss_percent": 0, "mtu": 1500, "bandwidth_mbit": 0,
    }  # fmt: skip
    assert described(plain) == "MTU 1500"
    busy = {**plain, "latency_ms": 5, "jitter_ms": 0.5, "loss_percent": 1, "bandwidth_mbit": 100}
    assert described(busy) == "5 ± 0.5 ms, 1% lost, 100 Mbit/s, MTU 1500"
