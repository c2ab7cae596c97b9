"""The same tests again, where there is pure cgroup v2 with all its controllers.

Two guests, so that both can run at once: one for root, one for an ordinary user in a group that was
delegated by hand.  What a guest prints is printed here; one failure in there is one here.
"""

import os
import re
import sys

import pytest

from tests.guest.bench import CHECKOUT, Bench, as_user, obstacle, prepare, pytest_command

# What depends on the version of the control groups.
_FILES = (
    "tests/unit/kernel/test_cgroup*.py",  # first: they are alone with their groups
    "tests/guest/inside/test_*.py",
    "tests/integration/test_cgroup*.py",
    "tests/integration/test_limits*.py",
    "tests/integration/test_oom*.py",
    "tests/integration/test_pause*.py",
    "tests/integration/test_stats*.py",
)
# What does not, takes an emulated machine long, and is tested outside.
_ELSEWHERE = "command_line or policy_starts or stream or rows_of_all or estimated or joins"
_LIMIT_S = 280.0
_AT_LEAST = 4


@pytest.fixture(scope="module")
def spec():
    if reason := obstacle():
        if os.environ.get("CI"):
            pytest.fail(f"CI must run the guest: {reason}")
        pytest.skip(reason)
    return prepare()


@pytest.mark.parametrize("who", ["root", "user"])
def test_in_the_guest(who, spec):
    files = [
        str(path.relative_to(CHECKOUT)) for glob in _FILES for path in sorted(CHECKOUT.glob(glob))
    ]
    command = pytest_command(*files, "-k", f"not ({_ELSEWHERE})")
    with Bench(spec) as bench:
        answer = bench.run(as_user(command) if who == "user" else command, _LIMIT_S)
        said = answer.stdout.decode(errors="replace") + answer.stderr.decode(errors="replace")
        kernel = bench.console.partition("minidocker: ready")[2]
    sys.stdout.write(f"{said}\nthe guest booted in {bench.ready_s:.1f} s\n")
    assert answer.code == 0, (
        f"as {who}, exit code {answer.code}:\n{said}\nits kernel said:\n{kernel}"
    )
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) >= _AT_LEAST, said
