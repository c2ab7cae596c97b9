"""Docker's verbs that this release does not have, and what to do instead."""

from __future__ import annotations

_SEARCH = ("this engine cannot search the Hub", "look for images at the Hub's web page")
_SWARM = ("this engine runs on one machine only", "")
_PLUGINS = ("this engine has no plugins, contexts or trust", "")

# first word, or path: (why, what to do instead)
LATER: dict[str, tuple[str, str]] = {
    "buildx": (
        "this engine has one builder of its own",
        "minidocker build, minidocker builder du, minidocker builder prune",
    ),
    "compose": (
        "this engine has no compose files",
        "start each service with minidocker run --name",
    ),
    "search": _SEARCH,
}

# known to Docker users, and never planned here
FOREIGN: dict[str, tuple[str, str]] = {
    "config": _SWARM,
    "context": _PLUGINS,
    "manifest": (
        "this engine makes images for one platform at a time",
        "get an image of another platform: minidocker pull --platform",
    ),
    "node": _SWARM,
    "plugin": _PLUGINS,
    "secret": _SWARM,
    "service": _SWARM,
    "stack": _SWARM,
    "swarm": _SWARM,
    "trust": _PLUGINS,
}


def excuse(words: list[str]) -> tuple[str, str, str]:
    """Return (verb, why not, instead) when ``words`` begin with such a verb, else empty strings."""
    for count in (2, 1):
        path = " ".join(words[:count])
        found = LATER.get(path) or FOREIGN.get(path)
        if path == "checkpoint":
            from pyminidocker.doctor.checkpoint import refusal

            found = refusal()
        if found is not None:
            return path, *found
    return "", "", ""
