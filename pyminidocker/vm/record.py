"""Record a virtual machine: ``python -m pyminidocker.vm.record``.

Boots a real one, asks what the lessons ask, and writes ``recording.json``.
"""

import json
import platform
import time

from pyminidocker.units import human_size
from pyminidocker.vm.kinds import boot
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.recording import PLACE

_COMMANDS = (
    "uname -r", "uname -a", "hostname", "id", "ps", "free -m", "mount", "ls /", "nproc",
    "cat /proc/uptime", "cat /proc/version", "cat /proc/cmdline", "ls /sys/class/net", "echo hello",
    "cat /proc/sys/kernel/random/boot_id", "grep -c hypervisor /proc/cpuinfo",
    "date -s 2001-01-01", "date +%Y",
)  # fmt: skip


def record(vm: VirtualMachine) -> dict[str, object]:
    """Return what is to be known about a machine, as JSON can hold it."""
    commands = {}
    for command in _COMMANDS:
        result = vm.run(command)
        commands[command] = {
            "stdout": result.stdout, "stderr": result.stderr, "exit_code": result.exit_code,
        }  # fmt: skip
    host = platform.uname()
    day = time.strftime("%d %B %Y", time.gmtime())
    return {
        "recorded": f"recorded on {day} by {vm.hypervisor} ({vm.kind}) on {host.system} "
        f"{host.release.split('-')[0]}, {host.machine}",
        "kernel": vm.kernel,
        "kernel_origin": vm.kernel_origin,
        "hypervisor": vm.hypervisor,
        "memory_bytes": vm.memory_bytes,
        "cpus": vm.cpus,
        "phases": [[phase.name, round(phase.seconds, 4)] for phase in vm.phases],
        "pss_bytes": vm.pss_bytes,
        "console": vm.console,
        "commands": commands,
    }


def main() -> None:
    """Write the recording."""
    with boot() as vm:
        said = record(vm)
    PLACE.write_text(json.dumps(said, indent=1) + "\n")
    print(f"{PLACE}: {human_size(PLACE.stat().st_size)}, {said['recorded']}")  # noqa: T201


if __name__ == "__main__":
    main()
