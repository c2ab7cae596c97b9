"""Take a snapshot of a virtual machine: memory, processors and devices in one file."""

import os
import tempfile
import time
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.snapshots.model import KEPT, LOST, NONE, Cost, Outcome
from pyminidocker.widgets.snapshots.trial import Found, Result, untried

if TYPE_CHECKING:
    from pyminidocker.client.results import RunResult
    from pyminidocker.vm.machine import VirtualMachine

NO_MACHINE = "no virtual machine was given"
_ADDRESS = "10.99.0.1"
# As in the container: a number that only a running shell knows.
_PROGRAM = """
rm -rf /srv; mkdir -p /srv; mkfifo /srv/ask /srv/told
for place in /srv /run; do echo {mark} >$place/mark; done
export MARK={mark}
setsid sh -c 'number=$(cat /proc/sys/kernel/random/uuid); echo $$ >/srv/pid
    while true; do cat /srv/ask; echo $number >/srv/told; done' </dev/null >/dev/null 2>&1 &
ip addr add {address}/32 dev lo 2>/dev/null
while [ ! -s /srv/pid ]; do sleep 0.1; done
"""
_ASK = "echo >/srv/ask; cat /srv/told"


def try_vm(vm: "VirtualMachine | None") -> Result:
    """Save a running machine, end it, restore it.

    Args:
        vm: the machine; it goes on with what it was doing when it was saved.
    """
    if vm is None:
        return untried(NO_MACHINE), Cost()
    if vm.kind == "recording":
        return untried(vm.why), Cost()
    mark = os.urandom(4).hex()
    try:
        vm.run(_PROGRAM.format(mark=mark, address=_ADDRESS))
        number = vm.run(_ASK).strip()
        with tempfile.TemporaryDirectory() as room:
            path = f"{room}/machine"
            began = time.perf_counter()
            size = vm.save(path)
            take_s = time.perf_counter() - began
            vm.stop()
            restore_s = vm.restore(path)
        return _look(vm, mark, number), Cost(take_s, restore_s, size)
    except MiniDockerError as error:
        return untried(str(error)), Cost()


def _look(vm: "VirtualMachine", mark: str, number: str) -> Found:
    remembered = vm.run(_ASK).strip()
    variable = vm.run("tr '\\0' '\\n' <\"/proc/$(cat /srv/pid)/environ\" | grep ^MARK=")
    return {
        "files": _file(vm.run("cat /srv/mark"), "/srv/mark", mark),
        "volume": Outcome(NONE, "this machine has no disk beside its memory"),
        "tmpfs": _file(vm.run("cat /run/mark"), "/run/mark", mark),
        "memory": Outcome(
            KEPT if remembered == number else LOST,
            f"the process says {remembered[:8]}; before the end it said {number[:8]}",
        ),
        "settings": Outcome(
            KEPT if variable.strip() == f"MARK={mark}" else LOST,
            f"the process has {variable.strip() or 'no MARK'} in its environment",
        ),
        "network": Outcome(
            KEPT if _ADDRESS in vm.run("ip addr show dev lo") else LOST,
            f"the address {_ADDRESS} that was given to an interface",
        ),
        "history": Outcome(NONE, "nobody has written down how this machine was made"),
        "travels": Outcome(KEPT, "a file, for a machine of the same kind and hypervisor"),
    }


def _file(said: "RunResult", path: str, mark: str) -> Outcome:
    if said.strip() == mark:
        return Outcome(KEPT, f"{path} holds {mark}, as before")
    return Outcome(LOST, said.stderr.strip() or f"{path} holds {said.strip()!r}")
