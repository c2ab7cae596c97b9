"""What states, ways and exit codes mean, in a few words each."""

from pyminidocker.kernel.signals import NAMES

ENDED = ("exited", "restarting", "dead", "removed")

MEANINGS = {
    "created": "made, and not started yet",
    "running": "its first process lives",
    "paused": "frozen, with all its memory",
    "restarting": "ended; will start again",
    "exited": "its first process has ended",
    "dead": "could not be removed",
    "removed": "nothing of it is left",
}

KEPT = {
    "created": "It has a configuration and an empty layer. No process, no address, no memory.",
    "running": "It has processes, an address, memory, and what it writes goes into its layer.",
    "paused": "Its processes are there and get no processor time. Connections stay open and are "
    "not answered.",
    "restarting": "No process. Its layer, its log and the last exit code are kept; its policy "
    "waits before the next start, twice as long each time, from 100 ms to a minute.",
    "exited": "No process, no address, no memory. Its layer, its log and its exit code are kept.",
    "dead": "A removal got stuck, as with files that are in use. It can be tried again.",
    "removed": "Its layer, its log and its exit code are gone. Volumes with a name are not.",
}

WAYS = {
    "create": "made from its image",
    "start": "somebody started it",
    "again": "its restart policy started it",
    "end": "its first process ended",
    "policy": "its first process ended, and its policy starts it again",
    "stop": "stopped while it waited",
    "unseen": "nobody saw how; its engine was gone",
    "pause": "frozen",
    "unpause": "thawed",
    "destroy": "with its layer, its log and its exit code",
}

# What can be done in a state, by the name of the verb in the engine's API.
VERBS = {
    "created": ("start", "remove"),
    "running": ("stop", "kill", "pause", "restart"),
    "paused": ("unpause", "kill"),
    "restarting": ("stop",),
    "exited": ("start", "remove"),
    "dead": ("remove",),
    "removed": (),
}

COMMANDS = {
    "start": "docker start",
    "stop": "docker stop",
    "kill": "docker kill",
    "pause": "docker pause",
    "unpause": "docker unpause",
    "restart": "docker restart",
    "remove": "docker rm",
}

_BY_DOCKER = {126: "the program cannot be executed", 127: "there is no such program"}
_FIRST_SIGNAL, _LAST_SIGNAL = 1, 64


def exit_words(code: int) -> str:
    """Say what an exit code means by convention.

    See: wait(2), "WTERMSIG"; bash(1), "EXIT STATUS"; docs.docker.com, "docker run: exit status".
    """
    if code == 0:
        return "success"
    if code in _BY_DOCKER:
        return _BY_DOCKER[code]
    if _FIRST_SIGNAL <= code - 128 <= _LAST_SIGNAL:
        name = NAMES.get(code - 128, f"signal {code - 128}")
        return f"128 + {code - 128}, {name}"
    return "the program's own number"
