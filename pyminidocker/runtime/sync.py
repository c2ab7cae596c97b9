"""What the engine, the zygote and its children say to each other.

Every message is one packet of a SOCK_SEQPACKET socket: JSON, with descriptors beside it.

    engine -> zygote   {"op": "park", "slot": n, "network": "new", "urgent": false, "doors": n,
                        "by_clone": false, "trees": [...]}           + [child's end, doors]
                       {"op": "lab network"}                         + [its namespace]
                       {"op": "exec", "slot": n, "spec": {...}, "doors": n,
                        "by_clone": false}                   + [child's end, doors, pidfd, 0, 1, 2]
    zygote -> engine   {"forked": n}                                 + [pidfd]
                       {"refused": n, "error": {...}}
                       {"exited": n, "status": wait status}
    engine -> child    {"spec": {...}, "prepared": true}             + [0, 1, 2, netns to join]
                       {"mounts": n}                                 + [detached mounts]
    child  -> engine   {"console": true}                             + [pty master]
                       {"error": {"stage", "call", "errno", "path", "message", "hint"}}
                       end of file: the program has been executed (the socket is close-on-exec)

Doors lead into the child's cgroup; see groups.

A specification too large for one packet travels in a memfd, the first descriptor, and the packet
is ``@``.

See: unix(7) SOCK_SEQPACKET, memfd_create(2).
"""

import json
import os
import socket

from pyminidocker.kernel.fd import receive_with_fds, send_with_fds
from pyminidocker.kernel.libc import SyscallError

# Below the default SO_SNDBUF (212992) with room for the kernel's own bookkeeping.
LARGEST_PACKET_BYTES = 100_000
_IN_MEMFD = b"@"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]
else:
    Message = dict

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Refusal(Exception):
    """A step of the start that failed for a reason of its own, not by a system call.

    Args:
        message: one line for people, in Docker's words where it has some.
        errno: the nearest error number; decides between exit codes 126 and 127.
        path: the object.
        hint: what to try.
    """

    def __init__(self, message: str, errno: int, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.errno = errno
        self.path = path
        self.hint = hint


def send(sock: socket.socket, message: "Message", fds: "list[int] | tuple[int, ...]" = ()) -> None:
    """Send one message.

    Raises:
        OSError: EPIPE or ECONNRESET (the other side is gone), EAGAIN.

    See: unix(7).
    """
    data = _encode(message).encode()
    if len(data) <= LARGEST_PACKET_BYTES:
        send_with_fds(sock, data, fds)
        return
    memfd = os.memfd_create("spec", os.MFD_CLOEXEC)
    try:
        with open(memfd, "wb", closefd=False) as file:
            file.write(data)
        send_with_fds(sock, _IN_MEMFD, [memfd, *fds])
    finally:
        os.close(memfd)


def receive(sock: socket.socket) -> "tuple[Message | None, list[int]]":
    """Receive one message and its descriptors; (None, []) at the end of the stream.

    Raises:
        OSError: EAGAIN (nothing there).

    See: unix(7).
    """
    try:
        data, fds = receive_with_fds(sock, LARGEST_PACKET_BYTES)
    except ConnectionResetError:
        # The other side closed with packets of ours unread.  On a SEQPACKET socket that is told,
        # once, before what it had said last: the reason why it ended is still to be read.
        data, fds = receive_with_fds(sock, LARGEST_PACKET_BYTES)
    if not data:
        return None, fds
    if data == _IN_MEMFD:
        with open(fds.pop(0), "rb") as file:
            file.seek(0)
            data = file.read()
    message: Message = json.loads(data)
    return message, fds


def error_record(stage: str, error: Exception) -> "Message":
    """Return what is told about a failed step.

    Args:
        stage: what was being done, e.g. ``mount``.
        error: a SyscallError, a Refusal, or a mistake of ours.

    See: OCI runtime-spec runtime.md "Errors".
    """
    record: Message = {"stage": stage, "call": "", "errno": 0, "path": "", "hint": ""}
    if isinstance(error, Refusal):
        record.update(errno=error.errno, path=error.path, hint=error.hint, message=str(error))
    elif isinstance(error, SyscallError):
        record.update(
            call=error.call, errno=error.errno, path=error.path, hint=error.hint,
            message=f"{stage}: {error}",
        )  # fmt: skip
    elif isinstance(error, OSError):
        record.update(
            errno=error.errno or 0, path=str(error.filename or ""),
            message=f"{stage}: {error.strerror or error}",
        )  # fmt: skip
    else:
        record["message"] = f"{stage}: {type(error).__name__}: {error}"
    return record
