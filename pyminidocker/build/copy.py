"""COPY and ADD: what they copy, what that means for the cache, and the layer it makes.

    digest(...)    which files, with their content, mode, owner and link targets
    layer(...)     the same files at their destination, as a layer archive

Both block and belong into threads.  Rules about sources are in ``copy_rules``, about the
destination in ``target``, archives and URLs in ``add`` and ``remote``.

See: Dockerfile reference, COPY and ADD; moby builder/dockerfile/copy.go; BuildKit
solver/llbsolver/file/backend.go.
"""

from collections.abc import Iterator, Mapping, Sequence

from pyminidocker.build import copy_rules, hashing
from pyminidocker.build.copy_options import CopyDigest, CopyOptions, InlineFile
from pyminidocker.build.copy_work import (
    CopyWork,
    contents,
    exclusions,
    fetched,
    is_remote,
    local_sources,
)
from pyminidocker.build.failures import CopyError
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.remote import RemoteFile
from pyminidocker.build.tree import Tree
from pyminidocker.images.records import Layer
from pyminidocker.oci.digest import sha256

__all__ = ["CopyDigest", "CopyError", "CopyOptions", "InlineFile", "digest", "layer"]


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
    exclude = exclusions(options)
    owner = None if options.from_image and not options.chown else (0, 0)
    local = local_sources(options, sources)
    for one in copy_rules.select(source, options.keyword, local, parents=options.parents):
        for relative, node in contents(
            source, options.keyword, one, exclude, keeps_top=options.parents
        ):
            path = f"{one.path}/{relative}".strip("/") if relative else one.path
            files[hashing.printable(path)] = hashing.describe(source, node, owner)
    for written in sources:
        if is_remote(options, written):
            files[written] = f"file 0600 0:0 {fetched(remote, written).digest}"
    for heredoc in heredocs:
        files[f"<<{heredoc.name}"] = f"file 0644 0:0 {sha256(heredoc.content)}"
    return CopyDigest(hashing.combine(files), files)


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
    work = CopyWork(source, options, LayersTree(below, "the image"), now_s, epoch_s, scratch)
    try:
        work.run(sources, destination, working_dir, heredocs, remote)
    except BaseException:
        work.close()
        raise
    return work
