"""One COPY or ADD being carried out: every source to its place.

See: moby builder/dockerfile/copy.go; BuildKit solver/llbsolver/file/backend.go.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pyminidocker.build import add, copy_rules
from pyminidocker.build.copy_options import CopyOptions, InlineFile
from pyminidocker.build.copy_rules import Selected
from pyminidocker.build.destination import Destination
from pyminidocker.build.failures import CopyError
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.owners import Mode, parse_owner
from pyminidocker.build.remote import RemoteFile, is_url, refuse_git
from pyminidocker.build.target import Target
from pyminidocker.build.tree import DIRECTORY, FILE, LINK, SOCKET, Node, SingleFile, Tree, resolve
from pyminidocker.errors import InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.dockerfile.ignore import Ignore


def exclusions(options: CopyOptions) -> "Ignore | None":
    """Return what ``--exclude`` leaves out.

    Raises:
        CopyError: a malformed pattern.
    """
    if not options.exclude:
        return None
    from pyminidocker.dockerfile.ignore import Ignore

    try:
        return Ignore.of(options.exclude)
    except InvalidArgument as error:
        message = f"{options.keyword} failed: --exclude: {error}"
        raise CopyError(message, source="--exclude", hint=error.hint) from error


def local_sources(options: CopyOptions, sources: Sequence[str]) -> list[str]:
    """Return the sources that are paths.

    Raises:
        CopyError: a git repository among ADD's, or a checksum that is not for one URL.
    """
    if options.checksum and (len(sources) != 1 or not is_url(sources[0])):
        what = "multiple sources" if len(sources) > 1 else "sources of the build context"
        raise CopyError(
            f"{options.keyword} failed: checksum can't be specified for {what}",
            source="--checksum",
            hint="it is for one URL, whose content may change behind your back",
        )
    if options.keyword == "ADD":
        for written in sources:
            refuse_git("ADD", written)
    return [written for written in sources if not is_remote(options, written)]


def is_remote(options: CopyOptions, written: str) -> bool:
    """Tell whether a source is a URL that ADD fetches."""
    return options.keyword == "ADD" and is_url(written)


def fetched(remote: Mapping[str, RemoteFile] | None, url: str) -> RemoteFile:
    """Return what was fetched for a URL.

    Raises:
        CopyError: nothing was.
    """
    if remote is None or url not in remote:
        raise CopyError(f"ADD failed: {url} has not been fetched", source=url)
    return remote[url]


def contents(
    tree: Tree, keyword: str, one: Selected, exclude: "Ignore | None", *, keeps_top: bool
) -> Iterator[tuple[str, Node]]:
    """Yield what is copied of a source, with the path relative to it; "" is the source itself."""
    is_directory = one.node.kind == DIRECTORY
    # A directory that is named is meant; what a pattern happened to find may be left out.
    may_be_left_out = bool(one.name) and (one.is_match or bool(one.kept) or not is_directory)
    if may_be_left_out and exclude is not None and exclude.excludes(one.kept or one.name):
        return
    if keeps_top or not is_directory:
        yield "", one.node
    if is_directory:
        for relative, node in copy_rules.members(tree, one, exclude):
            copy_rules.check_kind(tree, keyword, node, one.written)
            yield relative, node


class CopyWork(Iterator[bytes]):
    """One instruction being carried out: ``run``, then iterate over the layer's archive.

    At the end, or by ``close``, or when it is given up, it lets go of layers and archives.
    """

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
        self._chunks: Iterator[bytes] | None = None
        self._target = Target(options.keyword, None, 0, (0, 0))

    def close(self) -> None:
        """Let go of the layers and of unpacked archives."""
        self._below.close()
        for archive in self._opened:
            archive.close()

    def __del__(self) -> None:
        self.close()

    def __next__(self) -> bytes:
        if self._chunks is None:
            self._chunks = self._target.chunks(self._latest_ns)
        chunk = next(self._chunks, b"")
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def run(
        self,
        sources: Sequence[str],
        destination: str,
        working_dir: str,
        heredocs: Sequence[InlineFile],
        remote: Mapping[str, RemoteFile] | None,
    ) -> None:
        """Put everything at its place.

        Raises:
            CopyError: it cannot be done.
        """
        self._read_flags()
        try:
            options = self._options
            self._target = Target(
                options.keyword,
                None if options.link else self._below,
                self._now_ns,
                self._owner or (0, 0),
            )
            local = local_sources(options, sources)
            chosen = copy_rules.select(
                self._source, options.keyword, local, parents=options.parents
            )
            urls = [written for written in sources if is_remote(options, written)]
            place = Destination(self._target, destination, working_dir, options)
            place.check(len(chosen) + len(urls) + len(heredocs))
            for one in chosen:
                self._copy(one, place)
            for url in urls:
                self._add_remote(fetched(remote, url), place)
            for heredoc in heredocs:
                size = len(heredoc.content)
                tree = SingleFile(
                    Node(heredoc.name, size=size, mtime_ns=self._now_ns), heredoc.content
                )
                self._put(tree.node, tree, place.of_file(heredoc.name))
        except CopyError as error:
            error.source = error.source or destination
            raise

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
        if self._mode is not None and node.kind != LINK and not as_it_is:
            mode = self._mode.apply(mode, is_directory=node.kind == DIRECTORY)
        copy = replace(node, path=path, uid=uid, gid=gid, mode=mode)
        self._target.put(copy, tree, replaces=as_it_is)

    def _copy(self, one: Selected, place: Destination) -> None:
        exclude = exclusions(self._options)
        is_directory = one.node.kind == DIRECTORY
        may_unpack = self._options.keyword == "ADD" and self._options.unpack is not False
        if may_unpack and one.node.kind == FILE and self._unpacked(one, place):
            return
        if self._options.parents:
            self._copy_with_parents(one, place, exclude)
            return
        start = place.of_directory() if is_directory else ""
        for relative, node in contents(
            self._source, self._options.keyword, one, exclude, keeps_top=False
        ):
            if node.kind == SOCKET:
                continue
            if relative:
                path = f"{start}/{relative}" if start else relative
            else:
                path = place.of_file(one.name)
            self._put(node, self._source, path)

    def _copy_with_parents(
        self, one: Selected, place: Destination, exclude: "Ignore | None"
    ) -> None:
        """Copy to the destination with the source's directories, which keep their modes."""
        top = place.of_directory()
        place_of: str | None = None
        for relative, node in contents(
            self._source, self._options.keyword, one, exclude, keeps_top=bool(one.kept)
        ):
            if place_of is None:  # only now is it sure that there is something to copy
                place_of = self._keep_parents(one, top)
            if node.kind != SOCKET:
                self._put(node, self._source, "/".join(filter(None, [place_of, relative])))

    def _keep_parents(self, one: Selected, top: str) -> str:
        """Make the source's directories below ``top``; return where the source itself goes."""
        *parents, name = one.kept.split("/")
        above = one.path.removesuffix(one.kept).strip("/")
        for part in parents:
            above = f"{above}/{part}" if above else part
            path = f"{top}/{part}" if top else part
            parent = resolve(self._source, above)
            if parent is not None and not self._target.is_directory(path):
                self._put(parent, self._source, path)
            top = self._target.directory(path)
        return "/".join(filter(None, [top, name]))

    def _unpacked(self, one: Selected, place: Destination) -> bool:
        """Unpack a local archive into the destination; False when it is none."""
        archive = add.open_archive(self._source, one.node, one.written, self._scratch)
        if archive is None:
            return False
        self._opened.append(archive)
        self._extract(archive, place)
        return True

    def _extract(self, archive: add.Archive, place: Destination) -> None:
        top = place.of_directory()
        for node in archive.nodes():
            parent, _, name = node.path.rpartition("/")
            real = self._target.directory(f"{top}/{parent}") if parent else top
            self._put(node, archive, f"{real}/{name}" if real else name, as_it_is=True)

    def _add_remote(self, file: RemoteFile, place: Destination) -> None:
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
