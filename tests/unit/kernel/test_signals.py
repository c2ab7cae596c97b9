import os
import signal

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
        os.kill(os.getpid(), signal.SIGUSR1)
        assert os.read(fd, 128)[0] == signal.SIGUSR1
    finally:
        os.close(fd)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
