"""How Go prints values (recorded from Go's fmt and time packages)."""

import pytest

from pyminidocker.engine import go_format
from pyminidocker.oci.image_spec import HealthConfig


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (500_000_000, "500ms"),
        (1_500_000, "1.5ms"),
        (1_000_000_000, "1s"),
        (90_000_000_000, "1m30s"),
        (7_200_000_000_000, "2h0m0s"),
        (3_661_500_000_000, "1h1m1.5s"),
        (60_000_000_001, "1m0.000000001s"),
    ],
)
def test_durations(nanoseconds, text):
    assert go_format.duration(nanoseconds) == text


def test_strings():
    assert go_format.quoted('a"b\\c\n\t\x00\x7f') == r'"a\"b\\c\n\t\x00\x7f"'
    assert go_format.quoted("größe 漢") == '"größe 漢"'
    assert go_format.quoted("\u200b\U000e0001") == r'"\u200b\U000e0001"'
    assert go_format.quoted_list(["a", "b c"]) == '["a" "b c"]'
    assert go_format.quoted_list([]) == "[]"
    assert go_format.plain_list(["a", "b c"]) == "[a b c]"


def test_health_checks():
    check = HealthConfig(test=["CMD", "x"], interval=30 * 10**9, retries=3)
    assert go_format.health(check) == r"""&{["CMD" "x"] "30s" "0s" "0s" '\x03'}"""
    check = HealthConfig(test=["NONE"], start_interval=10**9, retries=65)
    assert go_format.health(check) == """&{["NONE"] "0s" "0s" "0s" "1s" 'A'}"""
