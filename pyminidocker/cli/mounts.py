"""``-v`` and ``--mount``: what of the host (or of a volume) appears in a container.

See: https://docs.docker.com/reference/cli/docker/container/run/#mount
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]


def fields(text: str) -> list[str]:
    """Split one line of comma-separated values; quotes keep commas (RFC 4180).

    Raises:
        ValueError: a quote does not end.
    """
    found, current, quoted, index = [], "", False, 0
    while index < len(text):
        letter = text[index]
        index += 1
        if letter == '"':
            if quoted and text[index : index + 1] == '"':
                current += '"'
                index += 1
            else:
                quoted = not quoted
        elif letter == "," and not quoted:
            found.append(current)
            current = ""
        else:
            current += letter
    if quoted:
        where = f"parse error on line 1, column {len(text) + 1}"
        raise ValueError(f'{where}: extraneous or missing " in quoted-field')
    return [*found, current]


def parse_mount(text: str) -> Json:
    """Turn the value of ``--mount`` into what the API takes.

    Raises:
        ValueError: it makes no sense; the text is Docker's.
    """
    mount: Json = {"Type": "volume"}
    for field in fields(text):
        name, equals, value = field.partition("=")
        key = name.strip().lower()
        if not equals:
            if key in ("readonly", "ro"):
                mount["ReadOnly"] = True
            elif key in ("volume-nocopy", "bind-nonrecursive"):
                _set(mount, key, "true", field)
            else:
                raise ValueError(f"invalid field '{field}' must be a key=value pair")
            continue
        _set(mount, key, value, field)
    if not mount.get("Target"):
        raise ValueError("target is required")
    kind = mount["Type"]
    for option, owner in (
        ("VolumeOptions", "volume"),
        ("BindOptions", "bind"),
        ("TmpfsOptions", "tmpfs"),
    ):
        if option in mount and kind != owner:
            raise ValueError(f"cannot mix '{owner}-*' options with mount type '{kind}'")
    return mount


def _set(mount: Json, key: str, value: str, field: str) -> None:
    if key not in _KEYS:
        raise ValueError(f"unexpected key '{key}' in '{field}'")
    (*way, last), read = _KEYS[key]
    for name in way:
        mount = mount.setdefault(name, {})
    found = read(key, value)
    if isinstance(found, dict):
        mount.setdefault(last, {}).update(found)
    else:
        mount[last] = found


def absolute(path: str) -> str:
    """Resolve ``.``, ``./x`` and ``../x`` here: the engine does not know our working directory."""
    if path in (".", "..") or path.startswith(("./", "../")):
        return os.path.abspath(path)
    return path


def _pair(text: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {name: value}


def _boolean(key: str, value: str) -> bool:
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f"invalid value for {key}: {value}")


def _number(key: str, value: str) -> int:
    from pyminidocker.units import parse_size

    try:
        return parse_size(value)
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None


def _octal(key: str, value: str) -> int:
    try:
        return int(value, 8)
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None


def parse_volume(text: str) -> tuple[str, str]:
    """Sort the value of ``-v`` into (bind, anonymous volume's path); one of them is empty.

    ``./data:/data`` is resolved here: the engine does not know our working directory.

    Raises:
        ValueError: it makes no sense.
    """
    parts = text.split(":")
    if len(parts) == 1:
        if not parts[0]:
            raise ValueError("invalid empty volume spec")
        return "", parts[0]
    if len(parts) > 3 or not parts[0] or not parts[1]:
        raise ValueError(f"invalid volume specification: '{text}'")
    parts[0] = absolute(parts[0])
    return ":".join(parts), ""


# key of --mount: (where in the API's record, how its value is read)
_KEYS: dict[str, tuple[tuple[str, ...], Callable[[str, str], Any]]] = {
    "type": (("Type",), lambda _, value: value.lower()),
    "source": (("Source",), lambda _, value: absolute(value)),
    "src": (("Source",), lambda _, value: absolute(value)),
    "target": (("Target",), lambda _, value: value),
    "dst": (("Target",), lambda _, value: value),
    "destination": (("Target",), lambda _, value: value),
    "readonly": (("ReadOnly",), _boolean),
    "ro": (("ReadOnly",), _boolean),
    "consistency": (("Consistency",), lambda _, value: value.lower()),
    "bind-propagation": (("BindOptions", "Propagation"), lambda _, value: value.lower()),
    "bind-nonrecursive": (
        ("BindOptions", "NonRecursive"),
        _boolean,
    ),
    "volume-nocopy": (("VolumeOptions", "NoCopy"), _boolean),
    "volume-driver": (("VolumeOptions", "DriverConfig", "Name"), lambda _, value: value),
    "volume-label": (("VolumeOptions", "Labels"), lambda _, value: _pair(value)),
    "volume-opt": (("VolumeOptions", "DriverConfig", "Options"), lambda _, value: _pair(value)),
    "tmpfs-size": (("TmpfsOptions", "SizeBytes"), _number),
    "tmpfs-mode": (("TmpfsOptions", "Mode"), _octal),
}
