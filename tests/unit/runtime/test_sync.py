import errno
import os
import socket

import pytest

from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import sync
from pyminidocker.runtime.handover import init_error
from pyminidocker.runtime.reports import exit_code_of


@pytest.fixture
def pair():
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right:
        yield left, right


def test_messages_and_descriptors(pair):
    left, right = pair
    sync.send(left, {"a": [1, "ü"]}, [0])
    message, fds = sync.receive(right)
    assert message == {"a": [1, "ü"]}
    os.close(fds[0])
    left.close()
    assert sync.receive(right) == (None, [])


def test_a_large_message_travels_in_a_memfd(pair):
    left, right = pair
    sync.send(left, {"big": "x" * 3_000_000}, [0])
    message, fds = sync.receive(right)
    assert len(message["big"]) == 3_000_000
    assert len(fds) == 1
    os.close(fds[0])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            SyscallError("mount", errno.EPERM, "/proc", "a hint"),
            {"call": "mount", "errno": 1, "path": "/proc", "hint": "a hint",
             "message": "x: mount /proc: Operation not permitted"},
        ),
        (
            sync.Refusal('exec: "y": permission denied', errno.EACCES, "y"),
            {"call": "", "errno": 13, "path": "y", "hint": "",
             "message": 'exec: "y": permission denied'},
        ),
        (
            FileNotFoundError(2, "No such file or directory", "/z"),
            {"call": "", "errno": 2, "path": "/z", "hint": "",
             "message": "x: No such file or directory"},
        ),
        (
            KeyError("k"),
            {"call": "", "errno": 0, "path": "", "hint": "", "message": "x: KeyError: 'k'"},
        ),
    ],
)  # fmt: skip
def test_errors_cross_whole(error, expected):
    record = sync.error_record("x", error)
    assert record == {"stage": "x", **expected}
    back = init_error(record)
    assert (back.stage, back.call, back.errno, back.path, back.hint, str(back)) == (
        "x", expected["call"], expected["errno"], expected["path"], expected["hint"],
        expected["message"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"), [(0, 0), (7 << 8, 7), (255 << 8, 255), (9, 137), (139, 139)]
)
def test_exit_codes(status, code):
    assert exit_code_of(status) == code


def test_last_words_survive_that_nobody_listened():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        sync.send(ours, {"never": "read"})
        sync.send(theirs, {"error": "why"})
        theirs.close()
        assert sync.receive(ours) == ({"error": "why"}, [])
        assert sync.receive(ours) == (None, [])
