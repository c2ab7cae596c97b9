"""Sizes and durations read and print as Docker's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.units import (
    binary_size,
    go_duration,
    human_duration,
    human_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1840, "1.84kB"),
        (87_500_000, "87.5MB"),
        (131_000_000, "131MB"),
        (1_230_000_000, "1.23GB"),
    ],
)
def test_image_sizes_are_decimal(size, text):
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("size", "text"), [(67_108_864, "64MiB"), (1536, "1.5KiB"), (24 * 2**30, "24GiB")]
)
def test_memory_sizes_are_binary(size, text):
    assert binary_size(size) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("64m", 64 << 20), ("1.5g", 3 << 29), ("4096", 4096), ("100kb", 102_400), ("2 GiB", 2 << 30)],
)
def test_sizes_are_read_with_binary_multiples(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "12q", "-1", "1..5g"])
def test_what_is_no_size_is_named(text):
    with pytest.raises(ValueError, match="invalid size"):
        parse_size(text)


@given(st.integers(min_value=0, max_value=2**60))
def test_plain_bytes_read_back(size):
    assert parse_size(str(size)) == size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (180, "3 minutes"),
        (3700, "About an hour"),
        (3 * 3600, "3 hours"),
        (2 * 86400, "2 days"),
        (15 * 86400, "2 weeks"),
        (65 * 86400, "2 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_durations_are_said_as_docker_says_them(seconds, text):
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (250_000_000, "250ms"),
        (1_000_000_000, "1s"),
        (90_500_000_000, "1m30.5s"),
        (3_600_000_000_000, "1h0m0s"),
        (-2_000_000_000, "-2s"),
    ],
)
def test_durations_are_written_as_go_does(nanoseconds, text):
    assert go_duration(nanoseconds) == text


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_durations_are_read_as_they_are_written(nanoseconds):
    assert parse_duration(go_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'invalid duration ""'),
        ("s", 'invalid duration "s"'),
        ("10", 'missing unit in duration "10"'),
        ("10s5", 'missing unit in duration "10s5"'),
        ("3d", 'unknown unit "d" in duration "3d"'),
        ("9223372037s", "invalid duration"),
        ("1" * 5000 + "s", "invalid duration"),
    ],
)
def test_what_is_no_duration(text, message):
    with pytest.raises(ValueError, match=message):
        parse_duration(text)
