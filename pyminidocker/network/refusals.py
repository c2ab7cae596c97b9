"""The kernel's refusals of network requests in the words of this engine."""

import errno

from pyminidocker.errors import SystemFailure


def failure(what: str, error: OSError) -> SystemFailure:
    """Return the error to raise for a request the kernel refused.

    Args:
        what: what was attempted, e.g. ``"cannot make bridge br-1"``.
        error: what it said.
    """
    hint = ""
    if error.errno == errno.EPERM:
        hint = (
            "the lab's network namespace must belong to the engine; see 'minidocker system doctor'"
        )
    return SystemFailure(f"{what}: {error.strerror}", hint=hint)
