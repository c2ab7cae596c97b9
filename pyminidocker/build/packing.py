"""Nodes of trees as a layer archive: the same bytes for the same nodes.

See: OCI image-spec layer.md, File Attributes; tar(5).
"""

import tarfile
from collections.abc import Iterable, Iterator

from pyminidocker.build.tree import (
    BLOCK,
    CHARACTER,
    DIRECTORY,
    FIFO,
    FILE,
    LINK,
    Node,
    Tree,
)
from pyminidocker.images.chunks import gathered
from pyminidocker.images.tar_writer import Member, content, end_of_archive, header

_TYPES = {
    FILE: tarfile.REGTYPE,
    DIRECTORY: tarfile.DIRTYPE,
    LINK: tarfile.SYMTYPE,
    FIFO: tarfile.FIFOTYPE,
    CHARACTER: tarfile.CHRTYPE,
    BLOCK: tarfile.BLKTYPE,
}


def pack(
    nodes: Iterable[tuple[Node, Tree | None]], latest_ns: int | None = None
) -> Iterator[bytes]:
    """Yield an archive of ``nodes``, in their order.

    Args:
        nodes: each with the tree that has its content, if any; sockets are left out.
        latest_ns: no time in the archive is later; None keeps times.

    See: tar(5).
    """
    return gathered(_pack(nodes, latest_ns))


def _pack(nodes: Iterable[tuple[Node, Tree | None]], latest_ns: int | None) -> Iterator[bytes]:
    first: dict[tuple[int, object], str] = {}
    for node, tree in nodes:
        kind = _TYPES.get(node.kind)
        if kind is None:
            continue  # a socket means nothing away from the process that listens on it
        mtime_ns = node.mtime_ns if latest_ns is None else min(node.mtime_ns, latest_ns)
        member = Member(
            node.path,
            kind,
            0o777 if node.kind == LINK else node.mode,
            node.uid,
            node.gid,
            mtime_ns=mtime_ns,
            target=node.target,
            device=node.device,
        )
        if node.kind == FILE and tree is not None:
            if node.inode is not None:
                known = first.setdefault((id(tree), node.inode), node.path)
                if known != node.path:
                    member.type, member.target = tarfile.LNKTYPE, known
                    yield header(member)
                    continue
            member.size = node.size
            member.xattrs = tree.xattrs(node)
            yield header(member)
            yield from content(tree.chunks(node), node.size)
        else:
            yield header(member)
    yield end_of_archive()
