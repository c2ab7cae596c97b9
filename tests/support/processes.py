"""Processes that end: killed, or by themselves."""

import os
import select
import signal


def kill(pid: int) -> None:
    """SIGKILL a process and wait until it is gone."""
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    _wait(fd, pid)


def wait_for_end(pid: int) -> None:
    """Wait until a process that ends by itself has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    _wait(fd, pid)


def _wait(fd: int, pid: int) -> None:
    try:
        assert select.select([fd], [], [], 30)[0], f"process {pid} does not end"
    finally:
        os.close(fd)
