"""``RUN --mount=type=cache,target=/root/.cache``: comma-separated fields, as in a CSV line.

See: https://docs.docker.com/reference/dockerfile/#run---mount
"""

from __future__ import annotations

from pyminidocker.dockerfile.instructions import Mount
from pyminidocker.dockerfile.words import Problem, Word
from pyminidocker.spelling import nearest
from pyminidocker.units import parse_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
SHARING = ("shared", "private", "locked")
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly",
            "rw": "readwrite"}  # fmt: skip
_KEYS = ("type", "from", "source", "target", "readonly", "readwrite", "id", "sharing", "required",
         "mode", "uid", "gid", "size", "env", *_ALIASES)  # fmt: skip
_BARE = ("readonly", "readwrite", "required")
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false")
# Who may have which of the rarer keys.
_ONLY = {
    "required": ("secret", "ssh"),
    "size": ("tmpfs",),
    "env": ("secret",),
    "mode": ("cache", "secret", "ssh"),
    "uid": ("cache", "secret", "ssh"),
    "gid": ("cache", "secret", "ssh"),
    "sharing": ("cache",),
}


def read_mount(word: Word, expand: Callable[[str], str] | None = None) -> Mount:
    """Return what one ``--mount`` says.

    Args:
        word: the flag's value.
        expand: puts variables in.  Without it, fields that hold variables are left at their
            defaults, to be read again once the values are known.

    Raises:
        Problem: a field that there is not, or a value that makes no sense.
    """
    values: dict[str, str] = {}
    is_partial = False
    for field in _fields(word):
        written, equals, value = field.partition("=")
        key = _ALIASES.get(written.lower(), written.lower())
        if key not in _KEYS:
            close = nearest(written.lower(), _KEYS)
            end = f" (did you mean {close}?)" if close else ""
            raise Problem.with_word(f"unexpected key '{written}' in '{field}'{end}", word)
        if not equals:
            if key not in _BARE:
                raise Problem.with_word(f"invalid field '{field}' must be a key=value pair", word)
            value = "true"
        elif key == "from" and "$" in value:
            raise Problem.with_word(
                "'from' doesn't support variable expansion, define alias stage instead",
                word,
                hint=f"FROM {value} AS base, then from=base",
            )
        elif expand is not None:
            value = expand(value)
        elif "$" in value:
            is_partial = True
            continue
        values[key] = value
    return _mount(values, word, is_partial=is_partial)


def _fields(word: Word) -> list[str]:
    """Cut at commas; a field in double quotes may hold some, and ``""`` is one quote (RFC 4180)."""
    fields, field, quoted, position = [], "", False, 0
    text = word.text
    while position < len(text):
        letter = text[position]
        if letter == '"' and quoted and text[position + 1 : position + 2] == '"':
            field += letter
            position += 1
        elif letter == '"' and (quoted or not field):
            quoted = not quoted
        elif letter == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += letter
        position += 1
    if quoted:
        raise Problem.with_word("failed to parse csv mounts: a quote is not closed", word)
    return [*fields, field]


def _mount(values: dict[str, str], word: Word, *, is_partial: bool) -> Mount:
    kind = values.pop("type", "bind").lower()
    if kind not in TYPES:
        raise Problem.with_word(f'unsupported mount type "{kind}"{_close(kind, TYPES)}', word)
    found: dict[str, Any] = {"type": kind, "text": word.text}
    read_only = kind not in ("cache", "tmpfs")
    for key, value in values.items():
        if not is_partial and kind not in _ONLY.get(key, TYPES):
            raise Problem.with_word(_misplaced(key, kind), word)
        if key == "readonly":
            read_only = _boolean(key, value, word)
        elif key == "readwrite":
            read_only = not _boolean(key, value, word)
        elif key == "required":
            found["required"] = _boolean(key, value, word)
        elif key in ("mode", "uid", "gid"):
            found[key] = _number(key, value, word)
        elif key == "sharing":
            if value.lower() not in SHARING:
                text = f'unsupported sharing value "{value}"{_close(value, SHARING)}'
                raise Problem.with_word(text, word)
            found["sharing"] = value.lower()
        elif key == "size":
            try:
                found["size_bytes"] = parse_size(value)
            except ValueError:
                raise Problem.with_word(f"invalid value for size: {value}", word) from None
        else:  # from, source, target, id, env
            found["from_" if key == "from" else key] = value
    mount = Mount(read_only=read_only, **found)
    return mount if is_partial else _checked(mount, word)


def _checked(mount: Mount, word: Word) -> Mount:
    """Return the mount with its id; refuse what is too little or too much."""
    if mount.type in ("secret", "ssh"):
        if mount.from_:
            raise Problem.with_word(f"{mount.type} mount should not have a from", word)
        if mount.source and mount.id:
            raise Problem.with_word("both source and id can't be set", word)
        name = mount.id or mount.source or mount.target.rstrip("/").rpartition("/")[2]
        if mount.type == "secret" and not name:
            raise Problem.with_word(
                "invalid secret mount. one of source, target required",
                word,
                hint="name it: --mount=type=secret,id=NAME",
            )
        return _with_id(mount, name or "default")
    if not mount.target:
        raise Problem.with_word(
            f"{mount.type} mount without a target",
            word,
            hint="say where it appears: target=/path",
        )
    return _with_id(mount, mount.id or mount.target) if mount.type == "cache" else mount


def _with_id(mount: Mount, name: str) -> Mount:
    import msgspec

    return msgspec.structs.replace(mount, id=name)


def _misplaced(key: str, kind: str) -> str:
    if key in ("mode", "uid", "gid"):
        return f'{key} not allowed for "{kind}" type mounts'
    if key == "sharing":
        return f"invalid cache sharing set for {kind} mount"
    return f"unexpected key '{key}' for mount type '{kind}'"


def _close(word: str, known: tuple[str, ...]) -> str:
    close = nearest(word.lower(), known)
    return f" (did you mean {close}?)" if close else ""


def _boolean(key: str, value: str, word: Word) -> bool:
    if value.lower() not in (*_TRUE, *_FALSE):
        raise Problem.with_word(f"invalid value for {key}: {value}", word)
    return value.lower() in _TRUE


def _number(key: str, value: str, word: Word) -> int:
    digits = "01234567" if key == "mode" else "0123456789"
    if not value or value.strip(digits) or len(value) > 12:
        raise Problem.with_word(f"invalid value {value} for {key}", word)
    return int(value, 8 if key == "mode" else 10)
