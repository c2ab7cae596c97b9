"""Asking the zygote and its children, and hearing them.

See: sync for the messages.
"""

import os
import select
import socket

from pyminidocker.errors import InitError, SystemFailure
from pyminidocker.runtime import sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Group
    from pyminidocker.runtime.slot_groups import SlotGroups

_BUSY_TIMEOUT_MS = 5_000


def ask(line: socket.socket, message: sync.Message, fds: list[int]) -> None:
    """Send the zygote a request; waits a little when it has not caught up.

    Args:
        line: the socket to it, non-blocking.
        message: as in ``sync``.
        fds: borrowed.

    Raises:
        SystemFailure: it is gone, or does not answer.

    See: unix(7).
    """
    while True:
        try:
            sync.send(line, message, fds)
        except BlockingIOError:
            # Hundreds of requests in one go: the zygote works through them in milliseconds.
            writable = select.poll()
            writable.register(line, select.POLLOUT)
            if not writable.poll(_BUSY_TIMEOUT_MS):
                raise SystemFailure("the lab's zygote does not answer") from None
        except OSError as error:
            raise gone() from error
        else:
            return


def ask_for_child(
    line: socket.socket,
    request: sync.Message,
    fds: list[int],
    groups: "SlotGroups",
    group: "Group | None",
) -> socket.socket:
    """Have the zygote fork; return our end of the channel to the child.

    Args:
        line: as for ``ask``.
        request: what the child shall be.
        fds: borrowed.
        groups: knows the way in.
        group: the control group the child shall be in, or None.

    Raises:
        SystemFailure: the zygote or the group is gone.
        OSError: EMFILE (too many descriptors).

    See: sync for the order of the descriptors.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    doors: list[int] = []
    try:
        told, doors = groups.way_in(group)
        ask(line, {**request, **told}, [theirs.fileno(), *doors, *fds])
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        for door in doors:
            os.close(door)
    ours.setblocking(False)
    return ours


def hear(line: socket.socket) -> tuple[sync.Message | None, list[int]]:
    """Receive one message and its descriptors; (None, []) when nobody is left to say more.

    Raises:
        BlockingIOError: nothing is there yet.

    See: sync.receive.
    """
    try:
        return sync.receive(line)
    except ConnectionError:
        return None, []


def gone() -> SystemFailure:
    """Return the error that tells of the zygote's end.

    See: zygote.Closed.
    """
    return SystemFailure(
        "the lab is gone: its zygote died", hint="restart the engine (minidocker system start)"
    )


def init_error_of(error: SystemFailure, stage: str) -> InitError:
    """Return what is reported of a child that could not even be asked for.

    See: zygote.ParkFailed.
    """
    told = InitError(str(error), stage=stage)
    told.hint = error.hint
    return told
