"""RUN as a step: its mounts and arguments for the cache, and its container when it must be done."""

from typing import TYPE_CHECKING

from pyminidocker.build import copy, hashing, mounts, run_container, run_words
from pyminidocker.build import secrets as secret_files
from pyminidocker.build.copy import CopyOptions
from pyminidocker.build.ingredients import Ingredients, Prepared
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.mounts import RunMounts, Source
from pyminidocker.build.records import container, output
from pyminidocker.build.state import State
from pyminidocker.build.threads import in_thread
from pyminidocker.dockerfile.instructions import Mount, Run
from pyminidocker.errors import NotImplementedHere
from pyminidocker.images.records import StoredLayer

if TYPE_CHECKING:
    from pyminidocker.build.args import StageArguments
    from pyminidocker.build.work import Origin, Work


class RunStep:
    """One RUN.

    Args:
        work: the build.
        state: of the stage.
        run: variables of its mounts put in.
        arguments: the stage's.
        origins: where the mounts' ``from=`` lead, by name.
        step_id: for output.
    """

    def __init__(
        self,
        work: "Work",
        state: State,
        run: Run,
        arguments: "StageArguments",
        origins: "dict[str, Origin]",
        step_id: str,
    ) -> None:
        self._work = work
        self._state = state
        self._run = run
        self._origins = origins
        self._step_id = step_id
        self._arguments = arguments.visible(state.run.env)
        self._env = arguments.for_run(state.run.env)

    async def prepare(self, ingredients: Ingredients) -> Prepared:
        """Fill in what the cache has to know.

        Raises:
            NotImplementedHere: ssh, --security=insecure.
            MiniDockerError: a mount makes no sense, its source or secret is missing.
        """
        run = self._run
        if run.security == "insecure":
            raise NotImplementedHere(
                "RUN --security=insecure is not supported by this engine",
                hint="leave it out: a step is root in its container, with Docker's default rights",
            )
        mounts.check(run.mounts)
        secret_files.present(run.mounts, self._work.options.secrets)
        ingredients.instruction = run_words.canonical(run)
        ingredients.arguments = self._arguments
        run_words.note_parts(run, ingredients, self._state.run.working_dir)
        binds = [mount for mount in run.mounts if mount.type == "bind"]
        if binds:
            ingredients.files = await in_thread(lambda: self._look(binds))
            ingredients.files_digest = hashing.combine(ingredients.files)
        created_by = run_words.created_by(self._state, run, self._arguments)
        return Prepared(ingredients, created_by, self._act)

    def _look(self, binds: list[Mount]) -> dict[str, str]:
        files: dict[str, str] = {}
        options = CopyOptions(keyword="RUN", from_image=True)
        for mount in binds:
            origin = self._origins.get(mount.from_)
            source = [mount.source or "."]
            if origin is None:
                found = copy.digest(self._work.context, source, options)
            else:
                with LayersTree(origin.layers, origin.title) as tree:
                    found = copy.digest(tree, source, options)
            target = mounts.inside(mount.target, self._state.run.working_dir)
            files.update({f"{target}: {path}": line for path, line in found.files.items()})
        return files

    async def _sources(self) -> dict[str, Source]:
        found = {}
        for mount in self._run.mounts:
            if mount.type not in ("bind", "cache") or mount.from_ in found:
                continue
            if (origin := self._origins.get(mount.from_)) is not None:
                directories = [layer.directory for layer in reversed(origin.layers)]
                found[mount.from_] = Source(origin.title, directories)
            elif mount.type == "bind":
                directory = await in_thread(self._work.context.directory)
                found[""] = Source("the build context", [directory])
        return found

    async def _act(self) -> StoredLayer | None:
        work, run, state = self._work, self._run, self._state
        secrets = work.options.secrets
        env = [*state.run.env, *(f"{key}={value}" for key, value in self._env.items())]
        secret_env = secret_files.environment(secret_files.present(run.mounts, secrets), secrets)
        network = work.options.network if run.network == "default" else run.network
        program = run.program.content.encode() if run.program is not None else None
        made = RunMounts(work.engine, work.cache_mounts, state.run.working_dir)
        try:
            await made.prepare(run.mounts, await self._sources(), secrets, program)
            image = run_container.stage_image(work.engine, state)
            config, host = run_container.container_of(
                state,
                image,
                run_words.argv(state, run),
                env,
                network=network,
                options=work.options,
                mounts=made.requests,
            )
            return await run_container.carry_out(
                work.engine,
                state,
                config,
                host,
                image,
                secret_env=secret_env,
                epoch_s=work.plan.epoch_s,
                write=self._write,
                announce=self._announce,
            )
        finally:
            await made.close()

    async def _write(self, stream: str, text: str) -> None:
        await self._work.emit(output(self._step_id, stream, text))

    async def _announce(self, container_id: str) -> None:
        await self._work.emit(container(self._step_id, container_id))
