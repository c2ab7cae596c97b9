"""Docker's rules of COPY and ADD about sources: what is meant, and what of it is copied.

* A source is a path below the context's root (or the stage's), or a pattern.  A leading slash
  means that root too; ``..`` must not leave the context.
* A link given as a source is followed, inside that root; links in a directory are copied as links.
* Of a directory the content is copied, not the directory itself, except with ``--parents``.

See: Dockerfile reference, COPY; moby builder/dockerfile/copy.go; BuildKit's fsutil/copy.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pyminidocker.build import patterns
from pyminidocker.build.context import Context
from pyminidocker.build.failures import CopyError
from pyminidocker.build.remote import is_url
from pyminidocker.build.tree import BLOCK, CHARACTER, DIRECTORY, LINK, Node, Tree, clean, resolve
from pyminidocker.errors import InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.dockerfile.ignore import Ignore

_PIVOT = "/./"


class Selected(Struct):
    """One thing that is copied.

    Attributes:
        written: the source as it stands in the Dockerfile.
        path: what it matched, links not followed: names the copy.
        node: what that leads to.
        kept: with ``--parents``, the directories to keep and the name, after the pivot ``/./``.
        is_match: a pattern found it.
    """

    written: str
    path: str
    node: Node
    kept: str = ""
    is_match: bool = False

    @property
    def name(self) -> str:
        """The file's name in a destination directory."""
        return self.path.rpartition("/")[2]


def select(tree: Tree, keyword: str, sources: Sequence[str], *, parents: bool) -> list[Selected]:
    """Return what the sources mean, in their order.

    Args:
        tree: the context, a stage or an image.
        keyword: COPY or ADD, for messages.
        sources: as written, variables expanded.
        parents: ``--parents``.

    Raises:
        CopyError: not there, outside of the context, or nothing matched at all.
    """
    found: list[Selected] = []
    for written in sources:
        found.extend(_select_one(tree, keyword, written, parents))
    if sources and not found:
        listed = ", ".join(sources)
        why, remedy = _excuse(tree, clean(sources[0]))
        raise CopyError(
            f"{keyword} failed: no source files were specified: nothing in {tree.title} matches"
            f" {listed}" + (f" ({why})" if why else ""),
            source=sources[0],
            hint=remedy or "* does not cross a slash: use **/ for any depth",
        )
    return found


def _select_one(tree: Tree, keyword: str, written: str, parents: bool) -> Iterator[Selected]:
    base, has_pivot, rest = written.partition(_PIVOT) if parents else (written, "", "")
    _check_inside(tree, keyword, written)
    path = clean(f"{base}/{rest}")
    if patterns.has_wildcards(path):
        try:
            nodes = patterns.find(tree, path)
        except InvalidArgument as error:
            raise CopyError(
                f"{keyword} failed: {error}", source=written, hint=error.hint
            ) from error
        paths = [node.path for node in nodes]
        is_match = True
    else:
        paths = [path]
        is_match = False
    skipped = len(clean(base).split("/")) if has_pivot and clean(base) else 0
    for match in paths:
        node = _follow(tree, keyword, match, written)
        kept = "/".join(match.split("/")[skipped:]) if parents else ""
        yield Selected(written, match, node, kept, is_match)


def _check_inside(tree: Tree, keyword: str, written: str) -> None:
    """Refuse ``..`` that leaves the context; in a stage it stops at the root, as in any root.

    See: moby builder/dockerfile/copy.go, "forbidden path outside the build context".
    """
    depth = 0
    for part in written.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0 and tree.is_context:
            raise CopyError(
                f"{keyword} failed: forbidden path outside the build context: {written}",
                source=written,
                hint="only files in the directory given to 'build' are sent to the engine: give it"
                " the directory above (and -f for the Dockerfile), or copy the file into it",
            )


def _follow(tree: Tree, keyword: str, path: str, written: str) -> Node:
    try:
        node = resolve(tree, path)
    except InvalidArgument as error:
        raise CopyError(f"{keyword} failed: {error} in {tree.title}", source=written) from error
    if node is None:
        raise _missing(tree, keyword, path, written)
    check_kind(tree, keyword, node, written)
    return node


def check_kind(tree: Tree, keyword: str, node: Node, written: str) -> None:
    """Refuse device nodes of a context: they would open this machine's devices to containers.

    Raises:
        CopyError: it is one.
    """
    if node.kind in (CHARACTER, BLOCK) and tree.is_context:
        raise CopyError(
            f'{keyword} failed: "{node.path}" is a {node.kind}, which a build context cannot hold',
            source=written,
            hint="leave it out by .dockerignore: containers get devices when they run",
        )


def _missing(tree: Tree, keyword: str, path: str, written: str) -> CopyError:
    shown = written if not patterns.has_wildcards(written) else path
    link = tree.get(path)
    if link is not None and link.kind == LINK:
        return CopyError(
            f'{keyword} failed: "{shown}" is a link to "{link.target}", which is not in'
            f" {tree.title}",
            source=written,
            hint="links are followed inside of it only: copy the file itself there",
        )
    why, remedy = _excuse(tree, path)
    if keyword == "COPY" and is_url(written):
        remedy = "COPY takes files of the build context only: ADD fetches URLs"
    return CopyError(
        f'{keyword} failed: "{shown}" is not in {tree.title}' + (f" ({why})" if why else ""),
        source=written,
        hint=remedy,
    )


def _excuse(tree: Tree, path: str) -> tuple[str, str]:
    """Return why a path may not be there, and a remedy."""
    return tree.excuse(path) if isinstance(tree, Context) else ("", "")


def members(tree: Tree, one: Selected, exclude: "Ignore | None") -> Iterator[tuple[str, Node]]:
    """Yield what is in a directory, each with its path relative to it, parents first.

    What ``exclude`` matches is left out, counted from the directory, or from the pivot of
    ``--parents``; a directory that is left out comes all the same when an exception below brings
    something back.
    """
    start = f"{one.kept}/" if one.kept else ""
    waiting: list[tuple[str, Node, tuple[tuple[str, Node], ...]]] = [
        (_name(child), child, ()) for child in reversed(tree.children(one.node.path))
    ]
    given: set[str] = set()
    while waiting:
        path, node, above = waiting.pop()
        if exclude is not None and exclude.excludes(f"{start}{path}"):
            if node.kind != DIRECTORY or not exclude.may_hold_exceptions(f"{start}{path}"):
                continue
            above = (*above, (path, node))
        else:
            for parent in above:
                if parent[0] not in given:
                    given.add(parent[0])
                    yield parent
            above = ()
            yield path, node
        if node.kind == DIRECTORY:
            waiting.extend(
                (f"{path}/{_name(child)}", child, above)
                for child in reversed(tree.children(node.path))
            )


def _name(node: Node) -> str:
    return node.path.rpartition("/")[2]
