"""Builds as a service: one call makes an image, others look at the cache and empty it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pyminidocker.build import bases, cache_service, records
from pyminidocker.build.args import BuildArguments, platform_arguments
from pyminidocker.build.cache_mounts import CacheMounts
from pyminidocker.build.failures import named
from pyminidocker.build.graph import Graph
from pyminidocker.build.options import BuildOptions
from pyminidocker.build.records import Record
from pyminidocker.build.state import State
from pyminidocker.build.threads import in_thread
from pyminidocker.build.work import Emit, Plan, Work
from pyminidocker.dockerfile.parser import parse
from pyminidocker.engine import limits, limits_checks
from pyminidocker.errors import InvalidArgument, MiniDockerError, NotFound, SystemFailure
from pyminidocker.images.assemble import assemble
from pyminidocker.images.records import Image
from pyminidocker.oci.platform import host_platform
from pyminidocker.oci.reference import parse as parse_reference

if TYPE_CHECKING:
    from pyminidocker.build.context import Context
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
_WAITING_MAX = 256  # records that a slow client may leave lying


class Builder:
    """What the API asks to build.

    Args:
        engine: whose images, containers and cache.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._cache_mounts = CacheMounts(engine.state_dir)

    def plan(self, options: BuildOptions, context: "Context") -> Plan:
        """Read the Dockerfile and decide what is to be done.

        Raises:
            DockerfileError: it means nothing, or hangs together wrongly.
            InvalidArgument: no Dockerfile, no such target, a malformed tag, platform or limit.
            NotImplementedHere: a limit that this host cannot enforce.
        """
        for tag in options.tags:
            reference = parse_reference(tag)
            if reference.digest:
                raise InvalidArgument("invalid tag: a build cannot be named by a digest")
            if reference.familiar_name == "sha256":
                raise InvalidArgument(
                    "refusing to create an ambiguous tag using digest algorithm as name"
                )
        bases.check_platform(options.platform)
        limits_checks.check(options.resources)
        limits.settle(self.engine, options.resources)
        name, text = _read(options.dockerfile or "Dockerfile", context)
        dockerfile = parse(text, name)
        context.apply_ignore(name)
        automatic = platform_arguments(host_platform().architecture)
        arguments = BuildArguments(options.build_args, automatic)
        graph = Graph(dockerfile, arguments, options.target, options.labels)
        try:
            epoch_s = arguments.epoch_s()
        except ValueError:
            raise InvalidArgument(
                f"SOURCE_DATE_EPOCH={options.build_args['SOURCE_DATE_EPOCH']} is no number of"
                " seconds",
                hint="SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
            ) from None
        home = parse_reference(options.tags[0]).familiar_name if options.tags else ""
        return Plan(dockerfile, arguments, graph, epoch_s, f"{home}/{name}")

    async def build(
        self, options: BuildOptions, context: "Context", plan: Plan | None = None
    ) -> AsyncGenerator[Record, None]:
        """Carry a build out and tell of it; see ``records`` for what is yielded.

        The context is closed at the end.  Closing the iterator ends the build, and nothing is left.

        Args:
            options: what is asked for.
            context: what the client sent.
            plan: from ``plan``, if that was called already.
        """
        queue: asyncio.Queue[Record | None] = asyncio.Queue(_WAITING_MAX)
        task = asyncio.ensure_future(self._work(options, context, plan, queue))
        try:
            while (record := await queue.get()) is not None:
                yield record
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _work(
        self,
        options: BuildOptions,
        context: "Context",
        plan: Plan | None,
        queue: "asyncio.Queue[Record | None]",
    ) -> None:
        try:
            last = await self._carry_out(options, context, plan, queue.put)
        except (MiniDockerError, OSError) as error:
            last = records.error(named(error))
        except Exception as error:
            LOG.exception("unexpected error in a build")
            last = records.error(SystemFailure(f"unexpected error in the engine: {error!r}"))
        finally:
            await asyncio.to_thread(context.close)
        await queue.put(last)
        await queue.put(None)

    async def _carry_out(
        self, options: BuildOptions, context: "Context", plan: Plan | None, emit: Emit
    ) -> Record:
        began = time.perf_counter()
        plan = plan or self.plan(options, context)
        for warning in plan.dockerfile.warnings:
            await emit(records.warning(warning.text, warning.line))
        lease = ExitStack()
        lease.enter_context(self.engine.images.store.lease())
        try:
            work = Work(self.engine, options, context, plan, self._cache_mounts, emit)
            image = await self._publish(await work.run(), options.tags)
        finally:
            # This collects garbage, for which nobody need wait on the loop.
            await in_thread(lease.close)
        if work.cache.problem:
            await emit(records.warning(work.cache.problem))
        if unused := plan.arguments.unused():
            text = f"One or more build-args [{' '.join(unused)}] were not consumed"
            await emit(records.warning(text))
        return records.built(
            image.id,
            tags=[parse_reference(tag).with_default_tag().familiar for tag in options.tags],
            size_bytes=image.size,
            seconds=time.perf_counter() - began,
        )

    async def _publish(self, state: State, tags: Sequence[str]) -> Image:
        """Make the wanted stage an image, and name it."""
        store = self.engine.images.store
        if not state.is_changed:
            if state.base is None:
                raise InvalidArgument("No image was generated. Is your Dockerfile empty?")
            image = state.base
        elif state.image_id in store.catalog.images and not store.catalog.is_hidden(state.image_id):
            image = store.get(state.image_id)
        else:
            layers = [(archive.digest, archive.size) for archive in state.descriptors]
            kinds = [archive.media_type for archive in state.descriptors]
            config = state.config()
            # Named from the start: what has no name, somebody's prune may take at any moment.
            first = tags[0] if tags else ""
            image = await in_thread(
                lambda: assemble(store, config, layers, media_types=kinds, name=first)
            )
            self._told_name(image, tags[:1])
            tags = tags[1:]
        for tag in tags:
            store.tag(image.id, tag)
        self._told_name(image, tags)
        return image

    def _told_name(self, image: Image, tags: Sequence[str]) -> None:
        for tag in tags:
            name = parse_reference(tag).with_default_tag().familiar
            self.engine.events.emit("image", "tag", image.id, {"name": name})

    async def prune(
        self,
        filters: Mapping[str, Sequence[str]] | None = None,
        *,
        everything: bool = False,
        keep_bytes: int = 0,
    ) -> Record:
        """Forget cached steps and cache mounts (POST /build/prune).

        Args:
            filters: ``until``, ``id``, ``parent``, ``type``, ``inuse``; others are refused.
            everything: also steps whose layers an image has (``--all``).
            keep_bytes: stop when no more than this is left (``--keep-storage``).

        Raises:
            InvalidArgument: an unknown filter.
        """
        return await cache_service.prune(
            self.engine,
            self._cache_mounts,
            filters or {},
            everything=everything,
            keep_bytes=keep_bytes,
        )

    async def cache_rows(self) -> list[Record]:
        """Return every cached step and cache mount (GET /minidocker/build/cache)."""
        return await cache_service.rows(self.engine, self._cache_mounts)

    async def usage_rows(self) -> list[Record]:
        """Return the same in Docker's words (``BuildCache`` of GET /system/df)."""
        return await cache_service.usage_rows(self.engine, self._cache_mounts)


def _read(name: str, context: "Context") -> tuple[str, bytes]:
    """Return the Dockerfile's name and text; ``dockerfile`` will do where ``Dockerfile`` misses."""
    names = [name, "dockerfile"] if name == "Dockerfile" else [name]
    missing: NotFound | None = None
    for wanted in names:
        try:
            return wanted, context.read(wanted)
        except NotFound as error:
            missing = missing or error
    assert missing is not None
    raise InvalidArgument(
        f"Cannot locate specified Dockerfile: {name}", hint=missing.hint
    ) from missing
