"""``-it`` in a real (pseudo-)terminal: size, Ctrl-C, detach keys; and notebook cells."""

import termios

import pytest

from tests.support.command_line import Terminal, minidocker, succeeds

pytestmark = pytest.mark.usefixtures("engine")
SHELL = ("busybox", "sh")


def test_a_real_terminal_with_our_size():
    with Terminal("run", "--rm", "-it", *SHELL, rows=31, columns=97) as screen:
        screen.read_until("# ")
        screen.type("tty; stty size\n")
        assert "/dev/pts/0" in screen.read_until("31 97")
        screen.type("exit 5\n")
        assert screen.wait() == 5


def test_changes_of_size_arrive():
    with Terminal("run", "--rm", "-it", *SHELL) as screen:
        screen.read_until("# ")
        screen.type("echo rea''dy; until stty size | grep '14 66'; do :; done; echo resi''zed\n")
        screen.read_until("ready")
        screen.resize(14, 66)
        assert "14 66" in screen.read_until("resized")
        screen.type("exit\n")
        assert screen.wait() == 0


def test_ctrl_c_goes_to_the_process_inside():
    with Terminal("run", "--rm", "-it", *SHELL) as screen:
        screen.read_until("# ")
        # By the time the inner shell speaks, the terminal is its own.
        screen.type("sh -c \"echo st''art; exec sleep 100\"; echo code $?\n")
        screen.read_until("start")
        screen.type("\x03")
        screen.read_until("# ")
        screen.type("exit 0\n")
        assert screen.wait() == 0


def test_the_terminal_is_as_before_afterwards():
    with Terminal("run", "--rm", "-it", *SHELL) as screen:
        screen.read_until("# ")
        raw = termios.tcgetattr(screen.fd)
        assert not raw[3] & termios.ICANON
        screen.type("exit\n")
        screen.read_until("exit")
        while termios.tcgetattr(screen.fd) != screen.settings:
            pass  # until the command has ended
        screen.wait()


def test_detach_and_attach_again():
    try:
        with Terminal("run", "--name", "det", "-it", *SHELL) as screen:
            screen.read_until("# ")
            screen.type("x=kept\n\x10\x11")
            screen.read_until("read escape sequence")
            assert screen.wait() == 0
        assert succeeds("inspect", "-f", "{{.State.Running}}", "det") == "true"
        with Terminal("attach", "--detach-keys", "ctrl-a,d", "det") as screen:
            screen.type("echo $x\n")
            screen.read_until("\nkept")
            screen.type("\x01d")
            screen.read_until("read escape sequence")
            assert screen.wait() == 0
        with Terminal("exec", "-it", "det", "sh") as screen:
            screen.read_until("# ")
            screen.type("tty; exit 3\n")
            screen.read_until("/dev/pts/1")
            assert screen.wait() == 3
        with Terminal("attach", "det") as screen:
            screen.type("exit 4\n")
            assert screen.wait() == 4
        with Terminal("start", "-ai", "det") as screen:
            screen.read_until("# ")
            screen.type("exit 9\n")
            assert screen.wait() == 9
    finally:
        minidocker("rm", "-f", "det")


def test_without_a_terminal_there_is_none_to_give():
    done = minidocker("run", "-it", "busybox")
    assert (done.returncode, done.stderr) == (1, "the input device is not a TTY\n")


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--rm", "-it", "busybox", "sh"),
        ("run", "--rm", "-i", "busybox", "cat"),
        ("exec", "-it", "web", "sh"),
    ],
)
def test_a_notebook_cell_never_hangs(words):
    with Terminal(*words, JPY_PARENT_PID="1") as screen:
        assert screen.wait() == 1
    assert screen.text.startswith("minidocker: a notebook's ! cell passes no keystrokes on: ")
    assert "printf 'ls /\\n' | minidocker" in screen.text
    assert "terminal(" in screen.text


def test_a_notebook_cell_may_look():
    with Terminal("run", "--rm", "-t", "busybox", "echo", "hi", JPY_PARENT_PID="1") as screen:
        assert screen.wait() == 0
    assert screen.text == "hi\n"


def test_a_notebook_cell_cannot_say_yes():
    with Terminal("system", "prune", JPY_PARENT_PID="1") as screen:
        screen.wait()
    assert "add --force" in screen.text


def test_three_times_ctrl_c_ends_us():
    script = "trap 'echo heard' INT; echo up; while :; do sleep 0.05; done"
    try:
        with Terminal("run", "--name", "stubborn", "busybox", "sh", "-c", script) as screen:
            screen.read_until("up")
            for _ in range(2):
                screen.type("\x03")
                screen.read_until("heard")
            screen.type("\x03")
            assert screen.wait() == 1
        assert "got 3 SIGTERM/SIGINTs, forcefully exiting" in screen.text
        assert succeeds("inspect", "-f", "{{.State.Running}}", "stubborn") == "true"
    finally:
        minidocker("rm", "-f", "stubborn")


def test_ctrl_c_ends_logs_and_events():
    succeeds("run", "-d", "--name", "talk", "busybox", "sh", "-c", "echo one; sleep 1000")
    try:
        with Terminal("logs", "-f", "talk") as screen:
            screen.read_until("one")
            screen.type("\x03")
            assert screen.wait() == 130
        assert "Traceback" not in screen.text
    finally:
        minidocker("rm", "-f", "talk")
