"""How Go prints, compares and tests values."""

from __future__ import annotations

from pyminidocker.client.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NilMap(dict[str, object]):
    """A map that is not there: empty, but ``null`` in JSON."""


class NilSlice(list[object]):
    """A list that is not there."""


# Keys whose null is a map or a list in Docker's types; they print as map[] and [], not <nil>.
_NIL_MAPS = frozenset(
    ("Volumes", "Labels", "Ports", "ExposedPorts", "Tmpfs", "Options", "PortBindings")
)
_NIL_SLICES = frozenset(
    (
        "Binds", "CapAdd", "CapDrop", "Cmd", "Devices", "Dns", "Entrypoint", "Env", "ExecIDs",
        "ExtraHosts", "GroupAdd", "Links", "OnBuild", "RepoDigests", "RepoTags", "SecurityOpt",
        "Aliases", "VolumesFrom", "Mounts",
    )
)  # fmt: skip


# Keys that the API leaves out when they are empty, and what Docker's structs have then.
OMITTED: dict[str, Any] = {
    "ExposedPorts": NilMap(), "Tmpfs": NilMap(), "Shell": NilSlice(), "StopSignal": "",
    "Healthcheck": None, "StopTimeout": None, "Health": None, "MacAddress": "",
}  # fmt: skip


def typed(name: str, value: Any) -> Any:
    """Give the null of field ``name`` the type that Docker's structs give it."""
    if value is None:
        if name in _NIL_MAPS:
            return NilMap()
        if name in _NIL_SLICES:
            return NilSlice()
    return value


def shown(value: Any) -> str:
    """Return ``value`` as Go's ``%v`` prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        pairs = [f"{key}:{_inner(value[key])}" for key in sorted(value)]
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(_inner, value))}]"
    return str(value)


def _inner(value: Any) -> str:
    # An empty object inside another is Go's struct{} (the values of Volumes, ExposedPorts).
    return "{}" if isinstance(value, dict) and not value else shown(value)


def number(value: float) -> str:
    """Return a float as Go's ``%v`` does: shortest form, exponents from 1e21 on."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def truth(value: Any) -> bool:
    """Tell whether ``value`` counts as true: not zero, empty or absent."""
    return bool(value)


def as_json(value: Any) -> str:
    """Return ``value`` as compact JSON, as Go's encoder writes it without HTML escapes."""
    return dumps(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, NilMap | NilSlice):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
