"""Giving a parked child its specification.

See: sync for the messages, prelude for what the child has done already.
"""

import os

from pyminidocker.errors import InitError
from pyminidocker.runtime import sync
from pyminidocker.runtime.defaults import (
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
    default_mounts,
)
from pyminidocker.runtime.plan import StepError, open_sources
from pyminidocker.runtime.slot import Slot
from pyminidocker.runtime.spec import ContainerSpec, to_wire

_DEFAULT_MOUNTS = default_mounts()
_MACHINE_MOUNTS = default_mounts(network="machine")
_MASKED_PATHS = list(DEFAULT_MASKED_PATHS)
_READONLY_PATHS = list(DEFAULT_READONLY_PATHS)


def hand_over(
    slot: Slot, spec: ContainerSpec, stdio: "tuple[int, ...] | list[int]", netns_fd: int = -1
) -> bool:
    """Send a parked child its specification and the mounts it cannot make itself.

    Args:
        slot: the child; gets an ``error`` when a mount cannot be made.
        spec: what it is to become.
        stdio: borrowed descriptors for 0, 1, 2, or none.
        netns_fd: borrowed; the network namespace to join, for ``spec.network == "join"``.

    Returns:
        False after an error.

    See: operations.FromOutside.
    """
    assert slot.channel is not None
    mounts: list[int] = []
    try:
        # The child reads and plans while the overlay is being made here.
        joined = [netns_fd] if spec.network == "join" else []
        sync.send(slot.channel, start_message(spec), [*stdio, *joined])
        open_sources(spec, mounts, skip=_prepared(spec))
        sync.send(slot.channel, {"mounts": len(mounts)}, mounts)
    except StepError as error:
        cause = error.__cause__
        assert isinstance(cause, Exception)
        slot.error = init_error(sync.error_record(error.step.stage, cause))
        return False
    except OSError:
        pass  # it has just died, which the zygote is about to report
    finally:
        for fd in mounts:
            os.close(fd)
    return True


def start_message(spec: ContainerSpec) -> sync.Message:
    """Return a specification as a parked child wants it.

    What every parked child has prepared is left out, and so are the layers, which it gets as a
    finished mount: most of the text would be about what is known.

    See: sync.
    """
    wire = to_wire(spec)
    wire.update(lower_dirs=[], upper_dir="", work_dir="")
    if count := _prepared(spec):
        wire.update(mounts=wire["mounts"][count:], masked_paths=[], readonly_paths=[])
    return {"spec": wire, "prepared": bool(count)}


def _prepared(spec: ContainerSpec) -> int:
    """Return how many of the mounts, the first ones, a parked child has made already."""
    usual = _MACHINE_MOUNTS if spec.network == "machine" else _DEFAULT_MOUNTS
    count = len(usual)
    is_usual = (
        spec.network != "join"  # the prepared /sys shows the network it was mounted in
        and not spec.sysctls  # the prepared /proc/sys is read-only by now
        and spec.mounts[:count] == usual
        and spec.masked_paths == _MASKED_PATHS
        and spec.readonly_paths == _READONLY_PATHS
    )
    return count if is_usual else 0


def init_error(record: sync.Message) -> InitError:
    """Return the error a record tells of.

    See: sync.error_record.
    """
    error = InitError(
        record["message"],
        stage=record["stage"],
        call=record["call"],
        errno=record["errno"],
        path=record["path"],
    )
    error.hint = record["hint"]
    return error
