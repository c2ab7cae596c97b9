"""COPY and ADD as steps: where the files come from, what the cache sees of them, and the layer."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from pyminidocker.build import copy, remote
from pyminidocker.build.copy import CopyOptions, InlineFile
from pyminidocker.build.ingredients import Ingredients, Prepared
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.places import temporary_root
from pyminidocker.build.remote import RemoteFile
from pyminidocker.build.state import State
from pyminidocker.build.threads import in_thread
from pyminidocker.build.tree import DIRECTORY, Tree, resolve
from pyminidocker.dockerfile.instructions import Add, Copy, Transfer
from pyminidocker.images.records import StoredLayer

if TYPE_CHECKING:
    from pyminidocker.build.work import Origin, Work

_WILD = frozenset("*?[")


def options_of(instruction: Transfer) -> CopyOptions:
    """Return the flags of COPY or ADD."""
    return CopyOptions(
        keyword=instruction.keyword,
        chown=instruction.chown,
        chmod=instruction.chmod,
        link=instruction.link,
        exclude=instruction.exclude,
        parents=isinstance(instruction, Copy) and instruction.parents,
        from_image=isinstance(instruction, Copy) and bool(instruction.from_),
        unpack=instruction.unpack if isinstance(instruction, Add) else None,
        checksum=instruction.checksum if isinstance(instruction, Add) else "",
    )


def canonical(instruction: Transfer) -> str:
    """Return the instruction with variables put in; where its files come from is left out.

    What they are counts, not the name of the stage or image that has them.
    """
    flags = [
        f"--{name}={value}"
        for name, value in (("chown", instruction.chown), ("chmod", instruction.chmod))
        if value
    ]
    flags += [f"--exclude={pattern}" for pattern in instruction.exclude]
    flags += ["--link"] if instruction.link else []
    if isinstance(instruction, Copy):
        flags += ["--parents"] if instruction.parents else []
        flags += ["--from"] if instruction.from_ else []
    elif isinstance(instruction, Add) and instruction.unpack is not None:
        flags.append(f"--unpack={str(instruction.unpack).lower()}")
    heredocs = [f"<<{heredoc.name}" for heredoc in instruction.heredocs]
    words = [*flags, *instruction.sources, *heredocs, instruction.destination]
    return " ".join([instruction.keyword, *words])


class CopyStep:
    """One COPY or ADD.

    Args:
        work: the build.
        state: of the stage.
        instruction: variables put in.
        origin: where ``--from`` leads; None for the context.
    """

    def __init__(
        self, work: "Work", state: State, instruction: Transfer, origin: "Origin | None"
    ) -> None:
        self._work = work
        self._state = state
        self._given = instruction
        self._origin = origin
        self._options = options_of(instruction)
        self._heredocs = [
            InlineFile(heredoc.name, heredoc.content.encode(errors="surrogateescape"))
            for heredoc in instruction.heredocs
        ]
        self._remote: dict[str, RemoteFile] = {}

    async def prepare(self, ingredients: Ingredients) -> Prepared:
        """Look at the files; fill in what the cache has to know.

        Raises:
            CopyError: a source is missing or outside of the context.
        """
        try:
            if self._options.keyword == "ADD":
                await self._fetch(self._given.sources)
            found, kind = await in_thread(self._look)
        except BaseException:
            self.close()
            raise
        ingredients.instruction = canonical(self._given)
        ingredients.files, ingredients.files_digest = found.files, found.digest
        given = self._given
        # Docker's own words: `#(nop) COPY file:<hash> in /app `
        chown = f"--chown={given.chown}" if given.chown else ""
        what = f"{kind}:{found.digest.partition(':')[2]}"
        shell = " ".join(self._state.shell)
        created_by = f"{shell} #(nop) {given.keyword} {chown}{what} in {given.destination} "
        return Prepared(ingredients, created_by, self._act, self.close)

    async def _fetch(self, sources: Sequence[str]) -> None:
        urls = [source for source in sources if remote.is_url(source)]
        if not urls:
            return
        checksum = self._given.checksum if isinstance(self._given, Add) else ""
        state_dir = self._work.engine.state_dir
        client = await self._work.engine.registry.http()
        try:
            for url in urls:
                fetch = partial(remote.fetch, url, client, state_dir, checksum=checksum)
                self._remote[url] = await in_thread(fetch, client.abort)
        finally:
            client.close()

    def _tree(self) -> AbstractContextManager[Tree]:
        if self._origin is None:
            return nullcontext(self._work.context)
        return LayersTree(self._origin.layers, self._origin.title)

    def _look(self) -> tuple[copy.CopyDigest, str]:
        sources, remote_files = self._given.sources, self._remote_files()
        with self._tree() as tree:
            found = copy.digest(
                tree, sources, self._options, heredocs=self._heredocs, remote=remote_files
            )
            return found, self._kind(tree, sources)

    def _remote_files(self) -> Mapping[str, RemoteFile] | None:
        return self._remote or None

    def _kind(self, tree: Tree, sources: Sequence[str]) -> str:
        if len(sources) + len(self._heredocs) != 1 or any(_WILD & set(path) for path in sources):
            return "multi"
        if not sources or sources[0] in self._remote:
            return "file"
        node = resolve(tree, sources[0])
        return "dir" if node is not None and node.kind == DIRECTORY else "file"

    async def _act(self) -> StoredLayer:
        def make() -> StoredLayer:
            epoch_s = self._work.plan.epoch_s
            with self._tree() as tree:
                chunks = copy.layer(
                    tree,
                    self._given.sources,
                    self._given.destination,
                    self._state.layers,
                    self._options,
                    working_dir=self._state.run.working_dir or "/",
                    heredocs=self._heredocs,
                    remote=self._remote_files(),
                    now_s=time.time() if epoch_s is None else epoch_s,
                    epoch_s=epoch_s,
                    scratch=temporary_root(self._work.engine.state_dir),
                )
                store = self._work.engine.images.store
                return store.add_layer(self._state.top, chunks)

        return await in_thread(make)

    def close(self) -> None:
        """Let go of what was fetched."""
        for file in self._remote.values():
            file.close()
