"""Where a stage starts: the image that FROM names, or ``COPY --from``; fetched when it is not here.

Names of base images that this engine makes itself (``busybox``, ``python``...) are made on this
machine when they are missing, so that a classroom without a network can build; all others, and
those asked for with ``--pull``, come from their registry.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyminidocker.build.options import BuildOptions
from pyminidocker.build.records import Record
from pyminidocker.errors import InvalidArgument, MiniDockerError, NotFound
from pyminidocker.images.records import Image
from pyminidocker.oci.platform import fits, parse_platform, platform_of
from pyminidocker.oci.reference import Reference, parse_any

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.images.registry.auth import Credentials

TellLater = Callable[[Record], Awaitable[None]]
_HUB = "docker.io"
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


def check_platform(platform: str) -> None:
    """Refuse what is no platform, and other operating systems.

    Raises:
        InvalidArgument: in containerd's words.
    """
    wanted = parse_platform(platform)
    if wanted.os != "linux":
        raise InvalidArgument(f'invalid platform: operating system "{wanted.os}" is not supported')


class Bases:
    """The images one build uses, each looked for once.

    Args:
        engine: whose images.
        options: of the build.
    """

    def __init__(self, engine: "Engine", options: BuildOptions) -> None:
        self._engine = engine
        self._options = options
        self._found: dict[tuple[str, str], asyncio.Task[Image]] = {}

    async def get(self, name: str, platform: str, tell: TellLater) -> Image:
        """Return the image ``name``, fetching it when it has to be.

        Args:
            name: a reference or an id.
            platform: of the FROM, empty for the build's.
            tell: takes moby's progress messages of a pull.

        Raises:
            NotFound: there is no such image.
            MiniDockerError: it cannot be had.
        """
        wanted = platform or self._options.platform
        check_platform(wanted)
        key = (name, wanted)
        if key not in self._found:
            self._found[key] = asyncio.ensure_future(self._look(name, wanted, tell))
        return await asyncio.shield(self._found[key])

    async def close(self) -> None:
        """End pulls that are under way."""
        for task in self._found.values():
            task.cancel()
        if self._found:
            await asyncio.wait(self._found.values())

    async def _look(self, name: str, platform: str, tell: TellLater) -> Image:
        images = self._engine.images
        present: Image | None = None
        try:
            present = images.get(name)
        except NotFound:
            pass
        is_right = present is not None and (
            not platform or fits(platform_of(present.config), parse_platform(platform))
        )
        if present is not None and is_right and not self._options.pull:
            return present
        if present is None and not self._options.pull and _is_ours(name):
            await images.bootstrap([_short(name)], lambda *_: None)
            return images.get(name)
        if present is not None and not _is_name(name):
            return present
        return await self._pull(name, platform, tell)

    async def _pull(self, name: str, platform: str, tell: TellLater) -> Image:
        messages: asyncio.Queue[Record | None] = asyncio.Queue()
        pulling = asyncio.ensure_future(
            self._engine.registry.pull(
                name,
                platform=platform,
                credentials=self._credentials(name),
                tell=messages.put_nowait,
            )
        )
        pulling.add_done_callback(lambda _: messages.put_nowait(None))
        try:
            while (message := await messages.get()) is not None:
                await tell(message)
            return await pulling
        except MiniDockerError as error:
            error.hint = _hint(name) or error.hint
            raise
        finally:
            pulling.cancel()
            await asyncio.wait([pulling])

    def _credentials(self, name: str) -> "Credentials | None":
        given = credentials_for(name, self._options.credentials)
        if given is None:
            return None
        from pyminidocker.images.registry.auth import credentials_of

        return credentials_of(given)


def credentials_for(name: str, known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return what X-Registry-Config has for the registry of an image, or None."""
    reference = parse_any(name)
    if not isinstance(reference, Reference):
        return None
    keys = _HUB_KEYS if reference.domain == _HUB else (reference.domain,)
    for key in keys:
        for prefix in ("", "https://", "http://"):
            if (found := known.get(f"{prefix}{key}")) is not None:
                return found
    return None


def _is_name(name: str) -> bool:
    return isinstance(parse_any(name), Reference) and not name.startswith("sha256:")


def _short(name: str) -> str:
    reference = parse_any(name)
    if not isinstance(reference, Reference):
        return ""
    complete = reference.with_default_tag()
    return complete.familiar.removesuffix(":latest")


def _hint(name: str) -> str:
    """Return what helps without a network where one of our own base images would do."""
    from pyminidocker.images.base.bootstrap import ALL_NAMES

    repository, _, tag = _short(name).partition(":")
    if repository not in ALL_NAMES:
        return ""
    if not tag:
        return "without a network, leave out --pull and --platform: this image is made here"
    return f"without a network, write FROM {repository}: that image is made on this machine"


def _is_ours(name: str) -> bool:
    from pyminidocker.images.base.bootstrap import ALL_NAMES

    return _short(name) in ALL_NAMES
