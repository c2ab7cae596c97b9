"""``save``, ``load`` and ``import``: images as archives, in and out, while they stream.

Packing and unpacking block, so they run in threads; the loop carries bytes and messages.  What is
told meanwhile has the shape of dockerd's messages.

See: moby image/tarexport; moby daemon/images/image_import.go.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pyminidocker.engine.chunks import Incoming, Outgoing
from pyminidocker.errors import InvalidArgument, NotFound, Unavailable
from pyminidocker.images.chunks import CHUNK
from pyminidocker.images.compression import decompressed
from pyminidocker.images.registry.progress import Meter
from pyminidocker.oci.image_spec import History, ImageConfig, RootFs, RunConfig
from pyminidocker.oci.platform import parse_platform
from pyminidocker.oci.reference import Reference, parse

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.images.archive_load import Loaded
    from pyminidocker.images.records import Image
    from pyminidocker.images.registry.transport import HttpClient

_Result = TypeVar("_Result")
Json = dict[str, Any]
Tell = Callable[[Json], None]


def save(engine: "Engine", refs: Sequence[str]) -> AsyncIterator[bytes]:
    """Pack images as one archive, for Docker and for readers of OCI layouts.

    Raises:
        NotFound: no such image.
        InvalidArgument: none is named, or not a reference.
    """
    from pyminidocker.images.docker_archive import choose
    from pyminidocker.images.docker_archive import save as pack

    store = engine.images.store
    chosen = choose(store, refs)
    outgoing = Outgoing()

    def work() -> None:
        with store.lease():
            outgoing.feed(pack(store, chosen))

    threading.Thread(target=work, name="save", daemon=True).start()
    for image, names in chosen:
        shown = names[0].familiar if names else image.id
        engine.events.emit("image", "save", image.id, {"name": shown})
    return outgoing


async def load(
    engine: "Engine", chunks: AsyncIterator[bytes], *, quiet: bool
) -> AsyncGenerator[Json, None]:
    """Take in an archive; yield dockerd's messages, the last of them name the images.

    Args:
        engine: takes the images.
        chunks: the archive, plain or compressed.
        quiet: tell nothing about layers.

    Raises:
        InvalidArgument: it holds no images.
        IntegrityError: it is damaged; nothing of it is kept.
    """
    from pyminidocker.images.archive_load import load as unpack

    def work(archive: Iterator[bytes], tell: Tell) -> "list[Loaded]":
        layers = _Layers(None if quiet else tell)
        return unpack(engine.images.store, archive, layers)

    found: list[Loaded] = []
    async for message in _told(chunks, work, found.extend):
        yield message
    for loaded in found:
        for name, older in loaded.replaced:
            yield {
                "stream": f"The image {name.familiar} already exists, renaming the old one with"
                f" ID {older} to empty string\n"
            }
        for name in loaded.names:
            yield {"stream": f"Loaded image: {name.familiar}\n"}
        if not loaded.names:
            yield {"stream": f"Loaded image ID: {loaded.image.id}\n"}
        shown = loaded.names[0].familiar if loaded.names else loaded.image.id
        engine.events.emit("image", "load", loaded.image.id, {"name": shown})


class _Layers:
    """Turns "so much of this member is here" into messages about layers."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._path = ""
        self._meter: Meter | None = None

    def __call__(self, path: str, current: int, total: int) -> None:
        if self._tell is None:
            return
        if path != self._path or self._meter is None:
            name = path.removesuffix("/layer.tar").rpartition("/")[2][:12]
            self._path, self._meter = path, Meter(self._tell, name, "Loading layer", total)
        self._meter(current)


async def import_image(
    engine: "Engine",
    archive: "AsyncIterator[bytes] | str",
    *,
    name: str,
    message: str,
    changes: Sequence[str],
    platform: str = "",
) -> AsyncGenerator[Json, None]:
    """Make an image of a root file system; yield messages, the last one has the image's id.

    Args:
        engine: takes the image.
        archive: the tar, plain or compressed; or the http(s) URL where it is.
        name: a reference to tag it with; empty leaves it dangling.
        message: the comment in the history; "" for one that names the source.
        changes: Dockerfile instructions, as for commit.
        platform: ``linux/arm64`` and the like; empty means this machine.

    Raises:
        InvalidArgument: a malformed name, change, URL or platform.
        IntegrityError: a damaged archive; nothing of it is kept.
        Unavailable: the URL cannot be fetched.
    """
    reference = _import_name(name)
    run = RunConfig()
    if changes:
        from pyminidocker.engine.config_changes import apply_lines

        apply_lines(run, changes)
    url = archive if isinstance(archive, str) else ""
    created = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")
    comment = message or f"Imported from {url or '-'}"
    architecture, variant = _platform(platform)
    config = ImageConfig(
        architecture=architecture,
        os="linux",
        variant=variant,
        rootfs=RootFs([]),
        created=created,
        config=run,
        history=[History(created=created, comment=comment)],
    )
    store = engine.images.store
    made: list[Image] = []

    def work(chunks: Iterator[bytes], tell: Tell) -> "Image":
        with store.lease():
            source = _fetched(client, url, tell) if client is not None else chunks
            layer = store.add_layer("", decompressed(source, "archive"))
            config.rootfs.diff_ids = [layer.layer.diff_id]
            shown = reference.familiar if reference else ""
            return store.add(config, [(layer.blob, layer.size)], name=shown, comment=comment)

    client = await engine.registry.http() if url else None
    if url:
        yield {"status": f"Downloading from {url}"}
    body = _nothing() if isinstance(archive, str) else archive
    async for told in _told(body, work, made.append):
        yield told
    image_id = made[0].id
    yield {"status": image_id}
    attributes = {"name": reference.familiar if reference else image_id}
    engine.events.emit("image", "import", image_id, attributes)


def _import_name(name: str) -> Reference | None:
    if not name:
        return None
    reference = parse(name)
    if reference.digest:
        raise InvalidArgument("cannot import digest reference")
    return reference.with_default_tag()


def _platform(text: str) -> tuple[str, str]:
    """Return (architecture, variant) of ``linux/arm/v7``; this machine's for an empty text.

    Raises:
        InvalidArgument: not a platform of Linux.
    """
    platform = parse_platform(text)
    if platform.os != "linux":
        raise InvalidArgument(
            f"invalid platform {text!r}", hint="write linux/amd64, linux/arm64 or linux/arm/v7"
        )
    return platform.architecture, platform.variant if text else ""


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for piece in nothing:
        yield piece


def _fetched(client: "HttpClient", url: str, tell: Tell) -> Iterator[bytes]:
    """Yield what is at ``url``, telling how far it is."""
    with client, client.get(url) as response:
        if response.status != 200:
            why = f"{response.status} {response.reason}".rstrip()
            missing = NotFound if response.status in (404, 410) else Unavailable
            raise missing(f"cannot fetch {url}: the server answers {why}")
        meter = Meter(tell, "", "Importing", int(response.headers.get("content-length") or 0))
        size = 0
        for chunk in response.chunks():
            size += len(chunk)
            meter(size)
            yield chunk


async def _told(
    chunks: AsyncIterator[bytes],
    work: Callable[[Iterator[bytes], Tell], _Result],
    take: Callable[[_Result], object],
) -> AsyncGenerator[Json, None]:
    """Let a thread work on a request's body; yield what it tells.

    Args:
        chunks: the body.
        work: gets the body and what to tell with; runs in a thread.
        take: gets what ``work`` returned.
    """
    loop = asyncio.get_running_loop()
    incoming = Incoming()
    messages: asyncio.Queue[Json | None] = asyncio.Queue()

    def tell(message: Json) -> None:
        loop.call_soon_threadsafe(messages.put_nowait, message)

    def run() -> _Result:
        try:
            return work(_read(incoming), tell)
        finally:
            incoming.abandon()

    pouring = asyncio.ensure_future(incoming.pour(chunks))
    working = asyncio.ensure_future(asyncio.to_thread(run))
    # Both: what the client still sends is taken, so that it can read the answer.
    ended = asyncio.gather(pouring, working, return_exceptions=True)
    ended.add_done_callback(lambda _: messages.put_nowait(None))
    try:
        while (message := await messages.get()) is not None:
            yield message
        if (gone := pouring.exception()) is not None:
            raise gone  # half an archive came; what was made of it is not wanted
        take(working.result())
    finally:
        if not ended.done():  # the client left: the body ends, and with it the thread
            pouring.cancel()
            await asyncio.wait([working])


def _read(incoming: Incoming) -> Iterator[bytes]:
    while chunk := incoming.read(CHUNK):
        yield chunk
