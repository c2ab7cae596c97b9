"""A recorded virtual machine, for hosts on which none can boot.  It says that it is one.

Made by ``python -m pyminidocker.vm.record``, which boots a real one and writes down what it said.
"""

import json
from pathlib import Path
from typing import Any

from pyminidocker.client.results import RunResult
from pyminidocker.errors import NotImplementedHere, Unavailable
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.phases import Phase, Phases

PLACE = Path(__file__).with_name("recording.json")


class RecordedMachine(VirtualMachine):
    """A machine that once ran elsewhere.

    Attributes:
        recorded: when and on what it was recorded.

    Args:
        why: why there is no real one.
    """

    def __init__(self, why: str) -> None:
        said: dict[str, Any] = json.loads(PLACE.read_text())
        self.kind = "recording"
        self.recorded = str(said["recorded"])
        self.why = f"{why}. What you see was {self.recorded}"
        self.kernel = str(said["kernel"])
        self.kernel_origin = str(said["kernel_origin"])
        self.hypervisor = str(said["hypervisor"])
        self.memory_bytes = int(said["memory_bytes"])
        self.cpus = int(said["cpus"])
        self.phases = Phases(Phase(name, seconds) for name, seconds in said["phases"])
        self.pid = 0
        self._pss_bytes = int(said["pss_bytes"])
        self._console = str(said["console"])
        self._commands: dict[str, dict[str, Any]] = said["commands"]

    @property
    def pss_bytes(self) -> int:
        """What the machine cost the host it was recorded on."""
        return self._pss_bytes

    @property
    def console(self) -> str:
        """What the guest printed on its first serial line."""
        return self._console

    @property
    def paused(self) -> bool:
        """A recording is never paused."""
        return False

    def run(self, command: str, timeout: float = 60.0) -> RunResult:  # noqa: ARG002 - as declared
        """Return what the command printed when it was recorded.

        Raises:
            Unavailable: that command is not in the recording.
        """
        answer = self._commands.get(command.strip())
        if answer is None:
            known = ", ".join(repr(name) for name in self._commands)
            raise Unavailable(
                f"this virtual machine was {self.recorded}: it cannot run {command!r}",
                hint=f"it knows the answers to {known}",
            )
        out, error = answer["stdout"].encode(), answer["stderr"].encode()
        return RunResult(out, error, int(answer["exit_code"]), ["sh", "-c", command])

    def pause(self) -> None:
        """Refused: nothing runs."""
        raise self._refusal("paused")

    def resume(self) -> None:
        """Refused: nothing runs."""
        raise self._refusal("resumed")

    def save(self, path: str) -> int:  # noqa: ARG002 - as declared
        """Refused: nothing runs."""
        raise self._refusal("saved")

    def restore(self, path: str) -> float:  # noqa: ARG002 - as declared
        """Refused: nothing runs."""
        raise self._refusal("restored")

    def stop(self) -> None:
        """Nothing to do."""

    def _refusal(self, verb: str) -> NotImplementedHere:
        return NotImplementedHere(
            f"a recorded virtual machine cannot be {verb}", hint=f"why it is one: {self.why}"
        )
