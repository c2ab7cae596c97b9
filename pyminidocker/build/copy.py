"""COPY and ADD: what they copy, what that means for the cache, and the layer it makes.

    digest(...)    which files, with their content, mode, owner and link targets
    layer(...)     the same files at their destination, as a layer archive

Both block and belong into threads.  Rules about slashes, directories and links are in
``copy_rules``, archives and URLs in ``add`` and ``remote``.

See: Dockerfile reference, COPY and ADD; moby builder/dockerfile/copy.go; BuildKit
solver/llbsolver/file/backend.go.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from pyminidocker.build.remote import RemoteFile
from pyminidocker.build.tree import Tree
from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.images.records import Layer


class CopyError(InvalidArgument):
    """The instruction cannot be carried out; the caller adds file and line.

    Args:
        message: in Docker's form, ``COPY failed: ...``.
        source: the source (or flag) at fault, as written; empty for none.
        hint: the remedy.
    """

    def __init__(self, message: str, *, source: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source


class InlineFile(Struct, frozen=True):
    """A heredoc of COPY or ADD, expanded.

    Attributes:
        name: the delimiter, which is the file's name in a destination directory.
        content: the lines.
    """

    name: str
    content: bytes


class CopyOptions(Struct, frozen=True):
    """The flags of COPY and ADD, variables expanded.

    Attributes:
        keyword: "COPY" or "ADD"; ADD fetches URLs and unpacks archives.
        chown: ``user[:group]``, names or numbers; empty keeps (stages, archives) or means root.
        chmod: octal or symbolic; empty keeps.
        link: the layer does not depend on what is below.
        exclude: patterns as in .dockerignore.
        parents: keep the sources' directories.
        from_image: sources keep their owners: they come from a stage or an image (--from).
        unpack: ADD --unpack; None unpacks local archives only.
    """

    keyword: str = "COPY"
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    parents: bool = False
    from_image: bool = False
    unpack: bool | None = None


class CopyDigest(Struct, frozen=True):
    """What an instruction copies, for the cache's key and for saying what changed.

    Attributes:
        digest: ``sha256:...`` over everything below; times do not count.
        files: description of each path (``hashing.describe``), by path in the source.
    """

    digest: str
    files: dict[str, str] = field(default_factory=dict)


def digest(
    source: Tree,
    sources: Sequence[str],
    options: CopyOptions,
    *,
    heredocs: Sequence[InlineFile] = (),
    remote: Mapping[str, RemoteFile] | None = None,
) -> CopyDigest:
    """Return what the sources are made of.

    Args:
        source: where paths lead: a ``Context``, or ``stack_tree`` of a stage or image.
        sources: as written, variables expanded; without heredocs.
        options: the flags.
        heredocs: in place of or beside the sources.
        remote: what ``remote.fetch`` brought for each source that is a URL.

    Raises:
        CopyError: a source is missing or outside of the context.
    """
    raise NotImplementedHere("COPY")


def layer(
    source: Tree,
    sources: Sequence[str],
    destination: str,
    below: Sequence[Layer],
    options: CopyOptions,
    *,
    working_dir: str = "/",
    heredocs: Sequence[InlineFile] = (),
    remote: Mapping[str, RemoteFile] | None = None,
    now_s: float | None = None,
    epoch_s: int | None = None,
) -> Iterator[bytes]:
    """Yield the tar of the layer that the instruction makes, entries sorted.

    Errors are raised by the call itself, before the first chunk.

    Args:
        source: as for ``digest``; likewise ``sources``, ``options``, ``heredocs``, ``remote``.
        destination: as written, variables expanded.
        below: the layers so far, bottom first: they decide what is a directory, where links lead
            and which numbers user names stand for.
        working_dir: where a relative destination starts.
        now_s: time of new directories and heredocs; the clock's by default.
        epoch_s: SOURCE_DATE_EPOCH: no time in the layer is later.

    Raises:
        CopyError: missing source, impossible destination, unknown user.
    """
    raise NotImplementedHere("COPY")
