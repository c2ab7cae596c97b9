"""``--security-opt`` on its way to the engine: a seccomp profile travels as text, not as a path.

The engine may be on another host and never reads files for its clients.

See: docker/cli cli/command/container/opts.go parseSecurityOpts.
"""

from __future__ import annotations

import json

from pyminidocker.errors import InvalidArgument

_BUILTIN = ("builtin", "default", "unconfined")


def with_profiles(options: list[str]) -> list[str]:
    """Return the options with the content of seccomp profiles in place of their paths.

    Raises:
        InvalidArgument: with docker's words: no value, no such file, not JSON.
    """
    return [_with_profile(option) for option in options]


def _with_profile(option: str) -> str:
    key, separator, value = option.partition("=" if "=" in option else ":")
    if key == "no-new-privileges":
        return option
    if not separator or not value:
        raise InvalidArgument(f'Invalid --security-opt: "{option}"')
    if key != "seccomp" or value in _BUILTIN or value.lstrip().startswith("{"):
        return option
    try:
        with open(value, encoding="utf-8") as file:  # noqa: PTH123 - part of ``run``: see cli
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else error
        raise InvalidArgument(
            f"opening seccomp profile ({value}) failed: open {value}: {why}"
        ) from None
    try:
        return f"seccomp={json.dumps(json.loads(text), separators=(',', ':'))}"
    except ValueError as error:
        raise InvalidArgument(
            f"compacting json for seccomp profile ({value}) failed: {error}"
        ) from None
