import os
import signal
import subprocess
import sys
import threading

import pytest

from pyminidocker.kernel import signals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9", 9),
        ("KILL", 9),
        ("SIGTERM", 15),
        ("sigint", 2),
        ("hup", 1),
        ("RTMIN", 34),
        ("rtmin+3", 37),
    ],
)
def test_parse(text, number):
    assert signals.parse_signal(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "SIGNOPE", "-9", "SIG", "9x", "²"])
def test_no_such_signal(text):
    with pytest.raises(ValueError, match="no such signal"):
        signals.parse_signal(text)


def test_names_are_the_common_ones():
    assert signals.NAMES[6] == "SIGABRT"
    assert signals.NAMES[17] == "SIGCHLD"


def test_signalfd_reads_what_it_blocks():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    fd = signals.signalfd({signal.SIGUSR1})
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)  # other threads do not block it
        assert os.read(fd, 128)[0] == signal.SIGUSR1
    finally:
        os.close(fd)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_signals_that_the_c_library_hides_are_reset_too():
    """Whoever ignored all signals must not pass that on to containers (signal 32 is NPTL's)."""
    program = (
        "from pyminidocker.kernel import signals\n"
        "signals.set_disposition(32, signals.SIG_IGN)\n"
        "status = lambda: next(l for l in open('/proc/self/status') if l.startswith('SigIgn'))\n"
        "before = int(status().split()[1], 16)\n"
        "signals.reset_inherited()\n"
        "print(hex(before >> 31 & 1), hex(int(status().split()[1], 16)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["0x1", "0x0"]
