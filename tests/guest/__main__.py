"""Try something in the guest: ``python -m tests.guest [--user] COMMAND ...``.

    python -m tests.guest 'cat /sys/fs/cgroup/cgroup.controllers'
    python -m tests.guest --user pytest tests/integration/test_limits.py -k memory

``pytest`` as the first word runs tests of this checkout; anything else is a shell command each.
"""

import sys
import time

from tests.guest.bench import Bench, as_user, obstacle, prepare, pytest_command


def main() -> int:
    """Boot a guest, run the commands, print what they say; return the last one's exit code."""
    arguments = sys.argv[1:]
    is_user = arguments[:1] == ["--user"]
    arguments = arguments[is_user:]
    if not arguments:
        sys.exit(__doc__)
    if reason := obstacle():
        sys.exit(reason)
    commands = arguments
    if arguments[0] == "pytest":
        commands = [pytest_command(*arguments[1:])]
    code = 0
    with Bench(prepare()) as bench:
        print(f"booted in {bench.ready_s:.1f} s", file=sys.stderr)
        for command in commands:
            began = time.monotonic()
            answer = bench.run(as_user(command) if is_user else command, 300.0)
            code = answer.code
            print(answer.stdout.decode(errors="replace"), end="", flush=True)
            print(answer.stderr.decode(errors="replace"), end="", file=sys.stderr)
            print(f"exit code {code} after {time.monotonic() - began:.1f} s", file=sys.stderr)
        print(bench.console.partition("minidocker: ready")[2], file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
