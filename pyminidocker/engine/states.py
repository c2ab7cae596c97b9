"""The life of a container as a table: which verb is allowed when, and what is said if not.

    created ──start──> running ──exit──> exited ──start──> running
       │                  │                 │
       │                  └─exit, policy──> restarting ──(back-off)──> running
       └──────remove──────┴────remove -f────┴──> removing ──> (gone) or dead

A running container can be paused and unpaused; a paused one is stopped like a running one.

The texts are moby's (daemon/start.go, stop.go, kill.go, exec.go, delete.go): clients match on them.
"""

from pyminidocker.errors import Conflict, MiniDockerError, NotModified, SystemFailure

STATUSES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")

Refusal = tuple[type[MiniDockerError], str]

_GOING: Refusal = (Conflict, "container is marked for removal and cannot be started")
_NOT_RUNNING: Refusal = (Conflict, "Container {id} is not running")
_STOPPED: Refusal = (NotModified, "Container is already stopped")
_STARTED: Refusal = (NotModified, "Container is already started")
_RESTARTING: Refusal = (
    Conflict,
    "Container {id} is restarting, wait until the container is running",
)
_REMOVING: Refusal = (Conflict, "removal of container {name} is already in progress")
_NEEDS_PROCESS: dict[str, Refusal] = {
    "created": _NOT_RUNNING,
    "exited": _NOT_RUNNING,
    "dead": _NOT_RUNNING,
    "removing": _NOT_RUNNING,
    "restarting": _RESTARTING,
}

# verb -> status -> why not; a status that is not named is fine.
REFUSALS: dict[str, dict[str, Refusal]] = {
    "start": {
        "running": _STARTED,
        "restarting": _STARTED,
        "paused": (Conflict, "cannot start a paused container, try unpause instead"),
        "removing": _GOING,
        "dead": _GOING,
    },
    "stop": {
        "created": _STOPPED,
        "exited": _STOPPED,
        "dead": _STOPPED,
        "removing": _STOPPED,
    },
    "kill": dict.fromkeys(
        ("created", "exited", "dead", "removing", "restarting"),
        (Conflict, "Cannot kill container: {ref}: Container {id} is not running"),
    ),
    "exec": {
        **_NEEDS_PROCESS,
        "paused": (Conflict, "Container {ref} is paused, unpause the container before exec"),
    },
    "attach": {
        "paused": (Conflict, "container {ref} is paused, unpause the container before attach"),
        "restarting": (
            Conflict,
            "container {ref} is restarting, wait until the container is running",
        ),
    },
    "pause": {
        **_NEEDS_PROCESS,
        "paused": (Conflict, "Container {id} is already paused"),
    },
    "unpause": dict.fromkeys(
        ("created", "running", "restarting", "removing", "exited", "dead"),
        (SystemFailure, "Container {id} is not paused"),
    ),
    "top": _NEEDS_PROCESS,
    "resize": _NEEDS_PROCESS,
    "remove": {
        "running": (
            Conflict,
            (
                "You cannot remove a running container {id}. Stop the container before"
                " attempting removal or force remove"
            ),
        ),
        "paused": (
            Conflict,
            (
                "You cannot remove a paused container {id}. Unpause and then stop the container"
                " before attempting removal or force remove"
            ),
        ),
        "restarting": (
            Conflict,
            (
                "You cannot remove a restarting container {id}. Stop the container before"
                " attempting removal or force remove"
            ),
        ),
        "removing": _REMOVING,
    },
    "remove -f": {"removing": _REMOVING},
    "commit": {
        "dead": (Conflict, "You cannot commit container {id} which is Dead"),
        "removing": (Conflict, "You cannot commit container {id} which is being removed"),
    },
}


def check(verb: str, status: str, *, container_id: str, name: str, ref: str = "") -> None:
    """Refuse ``verb`` when the table says so.

    Args:
        verb: a key of ``REFUSALS``.
        status: the container's.
        container_id: for the message.
        name: for the message.
        ref: how the user called the container, for the message.

    Raises:
        Conflict: the state stands in the way.
        NotModified: the container is in the wanted state already.
        SystemFailure: what moby answers with 500.
    """
    refusal = REFUSALS[verb].get(status)
    if refusal is not None:
        kind, text = refusal
        raise kind(text.format(id=container_id, name=name, ref=ref or name))
