"""What changed between file trees: a container's writable layer, or any two stacks of layers.

Overlayfs keeps three kinds of marks in a writable layer: a changed or new file lies there in full
(a changed one was first *copied up*), a deleted one leaves a *whiteout* (a character device 0:0),
and a directory that was deleted and made anew is *opaque* (an extended attribute): nothing below
shows through it.

See: Documentation/filesystems/overlayfs.rst (whiteouts and opaque directories), OCI image-spec
layer.md (Change Types).
"""

from collections.abc import Sequence

from pyminidocker.images.records import Change, Comparison, Layer


def changes(upper_dir: str, lower_dirs: Sequence[str]) -> list[Change]:
    """Return what ``docker diff`` shows, sorted by path.

    Args:
        upper_dir: the container's writable layer.
        lower_dirs: the image's layers, topmost first.

    See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
    """
    raise NotImplementedError


def compare(a: Sequence[Layer], b: Sequence[Layer]) -> Comparison:
    """Return how the stack ``b`` differs from the stack ``a``, path by path.

    Args:
        a: layers, bottom first; may be empty.
        b: layers, bottom first; a container is its image's layers plus ``upper_layer(...)``.

    See: Documentation/filesystems/overlayfs.rst, Multiple lower layers.
    """
    raise NotImplementedError


def upper_layer(container_id: str, upper_dir: str, parent: Sequence[Layer]) -> Layer:
    """Return a container's writable layer in the form of a layer, for ``compare``."""
    raise NotImplementedError


def read_layer_file(layer: Layer, path: str) -> bytes:
    """Return a file as one given layer holds it, whatever later layers made of it.

    Raises:
        NotFound: the layer does not hold it, or holds a whiteout for it.
        InvalidArgument: it is not a regular file.

    See: openat2(2), RESOLVE_IN_ROOT.
    """
    raise NotImplementedError
