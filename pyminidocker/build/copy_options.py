"""What COPY and ADD are told, and what is remembered of them.

See: Dockerfile reference, COPY and ADD.
"""

from msgspec import Struct, field


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
        checksum: ADD --checksum, which one URL may have; ``remote.fetch`` compares it.
    """

    keyword: str = "COPY"
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    parents: bool = False
    from_image: bool = False
    unpack: bool | None = None
    checksum: str = ""


class CopyDigest(Struct, frozen=True):
    """What an instruction copies, for the cache's key and for saying what changed.

    Attributes:
        digest: ``sha256:...`` over everything below; times do not count.
        files: description of each path (``hashing.describe``), by path in the source.
    """

    digest: str
    files: dict[str, str] = field(default_factory=dict)
