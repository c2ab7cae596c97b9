"""COPY and ADD: what they copy, what that means for the cache, and the layer it makes.

    digest(...)    which files, with their content, mode, owner and link targets
    layer(...)     the same files at their destination, as a layer archive

Both block and belong into threads.  Rules about sources are in ``copy_rules``, about the
destination in ``target``, archives and URLs in ``add`` and ``remote``.

See: Dockerfile reference, COPY and ADD; moby builder/dockerfile/copy.go; BuildKit
solver/llbsolver/file/backend.go.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from pyminidocker.build import add, copy_rules, hashing
from pyminidocker.build.copy_error import CopyError
from pyminidocker.build.copy_rules import Selected
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.owners import Mode, parse_owner
from pyminidocker.build.remote import RemoteFile, is_url
from pyminidocker.build.target import Target
from pyminidocker.build.tree import DIRECTORY, FILE, LINK, SOCKET, Node, SingleFile, Tree, clean
from pyminidocker.errors import InvalidArgument
from pyminidocker.images.records import Layer
from pyminidocker.oci.digest import sha256

if TYPE_CHECKING:
    from pyminidocker.dockerfile.ignore import Ignore

__all__ = ["CopyDigest", "CopyError", "CopyOptions", "InlineFile", "digest", "layer"]


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
        source: where paths lead: a ``Context``, or a ``LayersTree`` of a stage or image.
        sources: as written, variables expanded; without heredocs.
        options: the flags.
        heredocs: in place of or beside the sources.
        remote: what ``remote.fetch`` brought for each source that is a URL.

    Raises:
        CopyError: a source is missing or outside of the context.
    """
    files: dict[str, str] = {}
    exclude = _exclusions(options)
    owner = None if options.from_image and not options.chown else (0, 0)
    local = [written for written in sources if not _is_remote(options, written)]
    for one in copy_rules.select(source, options.keyword, local, parents=options.parents):
        for relative, node in _contents(source, one, exclude, keeps_top=options.parents):
            path = f"{one.path}/{relative}".strip("/") if relative else one.path
            files[path] = hashing.describe(source, node, owner)
    for written in sources:
        if _is_remote(options, written):
            files[written] = f"file 0600 0:0 {_fetched(remote, written).digest}"
    for heredoc in heredocs:
        files[f"<<{heredoc.name}"] = f"file 0644 0:0 {sha256(heredoc.content)}"
    return CopyDigest(hashing.combine(files), files)


def _exclusions(options: CopyOptions) -> "Ignore | None":
    if not options.exclude:
        return None
    from pyminidocker.dockerfile.ignore import Ignore

    try:
        return Ignore.of(options.exclude)
    except InvalidArgument as error:
        message = f"{options.keyword} failed: --exclude: {error}"
        raise CopyError(message, source="--exclude", hint=error.hint) from error


def _is_remote(options: CopyOptions, written: str) -> bool:
    return options.keyword == "ADD" and is_url(written)


def _fetched(remote: Mapping[str, RemoteFile] | None, url: str) -> RemoteFile:
    if remote is None or url not in remote:
        raise CopyError(f"ADD failed: {url} has not been fetched", source=url)
    return remote[url]


def _contents(
    tree: Tree, one: Selected, exclude: "Ignore | None", *, keeps_top: bool
) -> Iterator[tuple[str, Node]]:
    """Yield what is copied of a source, with the path relative to it; "" is the source itself."""
    if one.node.kind != DIRECTORY:
        if exclude is None or not exclude.excludes(one.kept or one.name):
            yield "", one.node
        return
    if exclude is not None and one.name and exclude.excludes(one.kept or one.name):
        return
    if keeps_top:
        yield "", one.node
    yield from copy_rules.members(tree, one.node, exclude)


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
    scratch: str = "",
) -> Iterator[bytes]:
    """Yield the tar of the layer that the instruction makes, entries sorted.

    Errors are raised by the call itself, before the first chunk; the source must stay open until
    the last one.

    Args:
        source: as for ``digest``.
        sources: as for ``digest``.
        destination: as written, variables expanded.
        below: the layers so far, bottom first: they decide what is a directory, where links lead
            and which numbers user names stand for.
        options: the flags.
        working_dir: where a relative destination starts.
        heredocs: as for ``digest``.
        remote: as for ``digest``.
        now_s: time of new directories and heredocs; the clock's by default.
        epoch_s: SOURCE_DATE_EPOCH: no time in the layer is later.
        scratch: ``places.temporary_root(state_dir)``, for archives that ADD unpacks.

    Raises:
        CopyError: missing source, impossible destination, unknown user.
    """
    work = _Copy(source, options, LayersTree(below, "the image"), now_s, epoch_s, scratch)
    try:
        work.run(sources, destination, working_dir, heredocs, remote)
    except BaseException:
        work.close()
        raise
    return work.chunks()


class _Copy:
    """One instruction being carried out."""

    def __init__(
        self,
        source: Tree,
        options: CopyOptions,
        below: LayersTree,
        now_s: float | None,
        epoch_s: int | None,
        scratch: str,
    ) -> None:
        self._source = source
        self._options = options
        self._below = below
        self._scratch = scratch
        self._latest_ns = None if epoch_s is None else epoch_s * 10**9
        self._now_ns = int((time.time() if now_s is None else now_s) * 10**9)
        self._owner: tuple[int, int] | None = None
        self._mode: Mode | None = None
        self._opened: list[add.Archive] = []
        self._target = Target(options.keyword, None, 0, (0, 0))

    def close(self) -> None:
        """Let go of the layers and of unpacked archives."""
        self._below.close()
        for archive in self._opened:
            archive.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the layer, then let go of everything."""
        try:
            yield from self._target.layer(self._latest_ns)
        finally:
            self.close()

    def run(
        self,
        sources: Sequence[str],
        destination: str,
        working_dir: str,
        heredocs: Sequence[InlineFile],
        remote: Mapping[str, RemoteFile] | None,
    ) -> None:
        """Put everything at its place."""
        options = self._options
        self._read_flags()
        self._target = Target(
            options.keyword,
            None if options.link else self._below,
            self._now_ns,
            self._owner or (0, 0),
        )
        local = [written for written in sources if not _is_remote(options, written)]
        chosen = copy_rules.select(self._source, options.keyword, local, parents=options.parents)
        urls = [written for written in sources if _is_remote(options, written)]
        place = _Destination(self._target, destination, working_dir, options)
        place.check(len(chosen) + len(urls) + len(heredocs))
        for one in chosen:
            self._copy(one, place)
        for url in urls:
            self._add_remote(_fetched(remote, url), place)
        for heredoc in heredocs:
            size = len(heredoc.content)
            tree = SingleFile(Node(heredoc.name, size=size, mtime_ns=self._now_ns), heredoc.content)
            self._put(tree.node, tree, place.of_file(heredoc.name))

    def _read_flags(self) -> None:
        options = self._options
        flag = "--chmod"
        try:
            if options.chmod:
                self._mode = Mode(options.chmod)
            flag = "--chown"
            if options.chown:
                self._owner = parse_owner(options.chown, self._below)
        except InvalidArgument as error:
            message = f"{options.keyword} failed: {error}"
            raise CopyError(message, source=flag, hint=error.hint) from error

    def _put(self, node: Node, tree: Tree, path: str, *, as_it_is: bool = False) -> None:
        """Put a copy of ``node`` at ``path`` with the owner and mode that the flags say."""
        uid, gid, mode = node.uid, node.gid, node.mode
        if self._owner is not None:
            uid, gid = self._owner
        elif not as_it_is and not self._options.from_image:
            uid = gid = 0
        if self._mode is not None and node.kind != LINK:
            mode = self._mode.apply(mode, is_directory=node.kind == DIRECTORY)
        copy = replace(node, path=path, uid=uid, gid=gid, mode=mode)
        self._target.put(copy, tree, replaces=as_it_is)

    def _copy(self, one: Selected, place: "_Destination") -> None:
        exclude = _exclusions(self._options)
        is_directory = one.node.kind == DIRECTORY
        may_unpack = self._options.keyword == "ADD" and self._options.unpack is not False
        if may_unpack and one.node.kind == FILE and self._unpacked(one, place):
            return
        if self._options.parents:
            self._copy_with_parents(one, place, exclude)
            return
        start = place.of_directory() if is_directory else ""
        for relative, node in _contents(self._source, one, exclude, keeps_top=False):
            if node.kind == SOCKET:
                continue
            if relative:
                path = f"{start}/{relative}" if start else relative
            else:
                path = place.of_file(one.name)
            self._put(node, self._source, path)

    def _copy_with_parents(
        self, one: Selected, place: "_Destination", exclude: "Ignore | None"
    ) -> None:
        """Copy to the destination with the source's directories, which keep their modes."""
        top = place.of_directory()
        kept = one.kept.split("/") if one.kept else []
        above = one.path.split("/")[: len(one.path.split("/")) - len(kept)] if kept else []
        made = False
        for relative, node in _contents(self._source, one, exclude, keeps_top=bool(kept)):
            if not made:
                made = True
                for depth in range(1, len(kept)):
                    parent = self._source.get("/".join([*above, *kept[:depth]]))
                    if parent is not None and parent.kind == DIRECTORY:
                        path = "/".join(filter(None, [top, *kept[:depth]]))
                        self._put(parent, self._source, path)
            if node.kind != SOCKET:
                path = "/".join(filter(None, [top, *kept, relative]))
                self._put(node, self._source, path)

    def _unpacked(self, one: Selected, place: "_Destination") -> bool:
        """Unpack a local archive into the destination; False when it is none."""
        archive = add.open_archive(self._source, one.node, one.written, self._scratch)
        if archive is None:
            return False
        self._opened.append(archive)
        self._extract(archive, place)
        return True

    def _extract(self, archive: add.Archive, place: "_Destination") -> None:
        top = place.of_directory()
        for node in archive.nodes():
            parent, _, name = node.path.rpartition("/")
            real = self._target.directory(f"{top}/{parent}") if parent else top
            self._put(node, archive, f"{real}/{name}" if real else name, as_it_is=True)

    def _add_remote(self, file: RemoteFile, place: "_Destination") -> None:
        tree = add.RemoteTree(file)
        if self._options.unpack:
            archive = add.open_archive(tree, tree.node, file.url, self._scratch)
            if archive is not None:
                self._opened.append(archive)
                self._extract(archive, place)
                return
        if not file.name and place.is_directory():
            raise CopyError(
                f"ADD failed: cannot determine filename for url: {file.url}",
                source=file.url,
                hint="name the file in the destination, e.g. ADD URL /dir/name",
            )
        self._put(tree.node, tree, place.of_file(file.name))


class _Destination:
    """Where things go.

    See: Dockerfile reference, COPY, "Destination".
    """

    def __init__(
        self, target: Target, written: str, working_dir: str, options: CopyOptions
    ) -> None:
        self._target = target
        self._written = written
        self._keyword = options.keyword
        self._path = clean(written if written.startswith("/") else f"{working_dir}/{written}")
        self._says_directory = (
            options.parents or written in ("", ".", "..") or written.endswith(("/", "/.", "/.."))
        )

    def check(self, count: int) -> None:
        """Refuse several sources for what cannot be a directory.

        See: moby builder/dockerfile/copy.go.
        """
        if count > 1 and not self._says_directory:
            raise CopyError(
                f"When using {self._keyword} with more than one source file, the destination must"
                " be a directory and end with a /",
                source=self._written,
                hint=f"write {self._written}/",
            )

    def is_directory(self) -> bool:
        """Tell whether a file goes into a directory and keeps its name."""
        return self._says_directory or self._target.is_directory(self._path)

    def of_directory(self) -> str:
        """Return the real path of the destination as a directory, which is made."""
        return self._target.directory(self._path)

    def of_file(self, name: str) -> str:
        """Return the real path for a file called ``name``; links of the image are followed."""
        if self.is_directory():
            top = self._target.directory(self._path)
            return f"{top}/{name}" if top else name
        path = self._target.follow(self._path)[0]
        self._target.directory(path.rpartition("/")[0])
        return path
