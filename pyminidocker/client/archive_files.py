"""Archives as local files: written in full or not at all, read piece by piece."""

from __future__ import annotations

import os

from pyminidocker.errors import MiniDockerError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, BinaryIO

    from pyminidocker.client.connection import Response

_CHUNK = 1 << 18


def write_archive(response: Response, path: str | os.PathLike[str]) -> str:
    """Write an answer into a file that is there in full or not at all; return its path.

    Raises:
        OSError: the file cannot be written; an older one is as it was.
        Unavailable: the engine went away.
    """
    path = os.fspath(path)
    temporary = f"{path}.{os.getpid()}.part"
    with response:
        try:
            with open(temporary, "xb") as file:
                file.writelines(response.chunks())
            os.replace(temporary, path)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise
    return path


def read_archive(
    path: str | os.PathLike[str], progress: Callable[[int, int], object] | None = None
) -> Iterator[bytes]:
    """Yield the file ``path``; ``progress`` is called with bytes read and bytes in all.

    Raises:
        NotFound: there is no such file.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, when all of it is read
    except FileNotFoundError as error:
        raise NotFound(f"no such file: {os.fspath(path)}") from error
    return _pieces(file, progress)


def _pieces(file: BinaryIO, progress: Callable[[int, int], object] | None) -> Iterator[bytes]:
    with file:
        size = os.fstat(file.fileno()).st_size
        done = 0
        while chunk := file.read(_CHUNK):
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, size)


def loaded(messages: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names and ids that a load reports.

    Raises:
        MiniDockerError: it reports an error.
    """
    found = []
    for message in messages:
        if "error" in message:
            raise MiniDockerError(str(message["error"]), hint=str(message.get("hint", "")))
        _, is_name, name = str(message.get("stream", "")).partition("Loaded image: ")
        _, is_id, image_id = str(message.get("stream", "")).partition("Loaded image ID: ")
        if is_name or is_id:
            found.append((name or image_id).strip())
    return found
