"""The attackers' tools: raw system calls, and a last word.

This file is sent into containers as text, in front of the attack: it may import nothing but the
standard library.
"""

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

VERDICT = "attack-verdict "
_PATIENCE_S = 10
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUSER = 0x20000, 0x2000000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096

libc = ctypes.CDLL(None, use_errno=True)
# name -> number: the same on both processors from 424 on, else (x86_64, aarch64)
_NUMBERS = {
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273),
    "syslog": (103, 116), "process_vm_readv": (310, 270), "kcmp": (312, 272), "acct": (163, 89),
    "swapon": (167, 224), "quotactl": (179, 60), "iopl": (172, 0), "pivot_root": (155, 41),
    "reboot": (169, 142), "clock_settime": (227, 112), "setns": (308, 268), "ptrace": (101, 117),
    "name_to_handle_at": (303, 264), "unshare": (272, 97), "mount": (165, 40),
    "umount2": (166, 39), "sethostname": (170, 161), "io_uring_setup": (425, 425),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "clone3": (435, 435),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442),
}  # fmt: skip


class Verdict(BaseException):
    """How it ended."""

    def __init__(self, outcome: str, evidence: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.evidence = evidence


def won(evidence: str) -> NoReturn:
    """Say that the attacker got what was wanted."""
    raise Verdict("succeeded", evidence)


def lost(evidence: str) -> NoReturn:
    """Say what stood in the way."""
    raise Verdict("stopped", evidence)


def untried(why: str) -> NoReturn:
    """Say that this kernel or image has not got what is to be attacked."""
    raise Verdict("untried", why)


def call(name: str, *arguments: object) -> tuple[int, str]:
    """Make a system call; return its result and the name of its error ("" for none)."""
    number = _NUMBERS[name][os.uname().machine == "aarch64"]
    words = [
        ctypes.c_long(item) if isinstance(item, int) else item for item in arguments
    ]  # fmt: skip
    result = int(libc.syscall(ctypes.c_long(number), *words))
    return result, "" if result >= 0 else errno.errorcode.get(ctypes.get_errno(), "?")


def must(name: str, *arguments: object) -> int:
    """Make a system call; lose when it fails."""
    result, error = call(name, *arguments)
    if error:
        lost(f"{name}: {error}")
    return result


def why(error: OSError) -> str:
    """Return an error as evidence: ``open /proc/kcore: EACCES``."""
    return f"{error.filename or ''}: {errno.errorcode.get(error.errno or 0, '?')}".removeprefix(
        ": "
    )


def read(path: str, size: int = 4096) -> bytes:
    """Return the beginning of a file."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, size)
    finally:
        os.close(fd)


def secret() -> str:
    """Return what is written in the host's file that must not be read."""
    return os.environ["ATTACK_SECRET"]


def main(attacks: dict[str, Callable[[], None]]) -> None:
    """Run attacks, each in a process of its own, and tell how they ended: a line for each."""
    for name, attack in attacks.items():
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            signal.alarm(_PATIENCE_S)
            _tell(name, *_outcome(attack))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status < 0:
            print(VERDICT + json.dumps([name, "stopped", f"killed by signal {-status}"]))


def _outcome(attack: Callable[[], None]) -> tuple[str, str]:
    try:
        attack()
    except Verdict as told:
        return told.outcome, told.evidence
    except OSError as error:
        return "stopped", why(error)
    except Exception as error:  # noqa: BLE001 - told outside as a defect of the attack
        return "broken", repr(error)
    return "stopped", "nothing came of it"


def _tell(name: str, outcome: str, evidence: str) -> NoReturn:
    print(VERDICT + json.dumps([name, outcome, evidence]))
    sys.stdout.flush()
    os._exit(0)
