"""``-v`` and ``--mount``: what of the host (or of a volume) appears in a container.

See: https://docs.docker.com/reference/cli/docker/container/run/#mount
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
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
        raise ValueError(f'parse error on line 1, column {len(text) + 1}: extraneous or missing " in quoted-field')
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
    for option, owner in (("VolumeOptions", "volume"), ("BindOptions", "bind"), ("TmpfsOptions", "tmpfs")):
        if option in mount and kind != owner:
            raise ValueError(f"cannot mix '{owner}-*' options with mount type '{kind}'")
    return mount


def _set(mount: Json, key: str, value: str, field: str) -> None:
    if key == "type":
        mount["Type"] = value.lower()
    elif key in ("source", "src"):
        relative = value.startswith("./") or value in (".", "..") or value.startswith("../")
        mount["Source"] = os.path.abspath(value) if relative else value
    elif key in ("target", "dst", "destination"):
        mount["Target"] = value
    elif key in ("readonly", "ro"):
        mount["ReadOnly"] = _boolean(key, value)
    elif key == "consistency":
        mount["Consistency"] = value.lower()
    elif key == "bind-propagation":
        mount.setdefault("BindOptions", {})["Propagation"] = value.lower()
    elif key == "bind-nonrecursive":
        mount.setdefault("BindOptions", {})["NonRecursive"] = _boolean(key, value)
    elif key == "volume-nocopy":
        mount.setdefault("VolumeOptions", {})["NoCopy"] = _boolean(key, value)
    elif key == "volume-label":
        name, _, label = value.partition("=")
        mount.setdefault("VolumeOptions", {}).setdefault("Labels", {})[name] = label
    elif key == "volume-driver":
        driver = mount.setdefault("VolumeOptions", {}).setdefault("DriverConfig", {})
        driver["Name"] = value
    elif key == "volume-opt":
        name, _, option = value.partition("=")
        driver = mount.setdefault("VolumeOptions", {}).setdefault("DriverConfig", {})
        driver.setdefault("Options", {})[name] = option
    elif key == "tmpfs-size":
        mount.setdefault("TmpfsOptions", {})["SizeBytes"] = _number(key, value)
    elif key == "tmpfs-mode":
        mount.setdefault("TmpfsOptions", {})["Mode"] = _octal(key, value)
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


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
    source = parts[0]
    if source in (".", "..") or source.startswith(("./", "../")):
        parts[0] = os.path.abspath(source)
    return ":".join(parts), ""
