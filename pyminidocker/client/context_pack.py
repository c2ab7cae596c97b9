"""What a build is made from, packed for the engine: a directory, an archive, one file, a URL.

Docker's rules: ``.dockerignore`` is applied here, but the Dockerfile and ``.dockerignore``
themselves always travel (the engine then hides them from COPY when they are excluded).  Everything
belongs to root.  A Dockerfile from outside of the context travels under a name of its own.

See: https://docs.docker.com/build/concepts/context/; docker/cli, cli/command/image/build.
"""

from __future__ import annotations

import os

from pyminidocker.client import tar_headers as tar
from pyminidocker.client.context_walk import IGNORE_NAME, PIECE, entries
from pyminidocker.errors import InvalidArgument, NotFound, PermissionDenied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO

    from pyminidocker.dockerfile.ignore import Ignore

DEFAULT_NAME = "Dockerfile"
_MAGICS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
_GIT = ("git@", "git://", "github.com/")
_URLS = ("http://", "https://")
_NAMES_OF_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".txz", ".tbz2")


class PackedContext:
    """What is sent with ``POST /build``.

    Attributes:
        dockerfile: the Dockerfile's path in the archive.
        shown: what to call the Dockerfile in messages.
        text: reads the Dockerfile; None when it is in an archive or behind a URL.
        remote: a URL that the engine fetches; then there is no archive.
        sent_bytes: how much of the archive has been sent so far.
    """

    def __init__(
        self,
        pieces: Callable[[], Iterable[bytes]] | None,
        *,
        dockerfile: str = DEFAULT_NAME,
        shown: str = "",
        text: Callable[[], bytes] | None = None,
        remote: str = "",
    ) -> None:
        self._pieces = pieces
        self.dockerfile = dockerfile
        self.shown = shown or dockerfile
        self.text = text
        self.remote = remote
        self.sent_bytes = 0

    def pieces(self) -> Iterator[bytes] | None:
        """Return the archive's bytes as they are read; None when there is a ``remote``."""
        return None if self._pieces is None else self._counted(self._pieces)

    def _counted(self, pieces: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
        """Put small pieces together: each one is a system call for us and for the engine."""
        waiting: list[bytes] = []
        size = 0
        for piece in pieces():
            waiting.append(piece)
            size += len(piece)
            if size >= PIECE:
                self.sent_bytes += size
                yield b"".join(waiting)
                waiting, size = [], 0
        self.sent_bytes += size
        yield b"".join(waiting)


def pack_context(
    path: str, dockerfile: str = "", *, stdin: IO[bytes] | None = None
) -> PackedContext:
    """Return the context that ``path`` means.

    Args:
        path: a directory, a tar archive, a URL, or ``-`` for standard input, which may hold an
            archive or a Dockerfile alone.
        dockerfile: the Dockerfile: beneath the directory (``PATH/Dockerfile`` when empty), anywhere
            else on this machine, or ``-`` for standard input.
        stdin: where ``-`` reads.

    Raises:
        NotFound: no such directory, archive or Dockerfile.
        InvalidArgument: a git URL, or ``-`` twice.
    """
    if path == "-" and dockerfile == "-":
        raise InvalidArgument(
            "invalid argument: can't use stdin for both build context and dockerfile"
        )
    if path == "-":
        return _from_stdin(stdin, dockerfile)
    if os.path.isdir(path):
        return _from_directory(path, dockerfile, stdin)
    if path.startswith(_GIT) or path.partition("#")[0].endswith(".git"):
        raise InvalidArgument(
            f"unable to prepare context: {path} is a git repository, and this engine fetches none",
            hint="clone it, and build the directory: git clone URL dir, minidocker build dir",
        )
    if path.startswith(_URLS):
        return PackedContext(None, dockerfile=dockerfile or DEFAULT_NAME, remote=path)
    if os.path.isfile(path) and path.endswith(_NAMES_OF_ARCHIVES):
        name = dockerfile or DEFAULT_NAME
        return PackedContext(lambda: _file_pieces(path), dockerfile=name)
    if os.path.exists(path):
        raise InvalidArgument(
            f"unable to prepare context: context must be a directory: {os.path.abspath(path)}",
            hint=f"minidocker build -f {path} {os.path.dirname(path) or '.'}",
        )
    raise NotFound(
        f'unable to prepare context: path "{path}" not found',
        hint="name the directory with your files, . for the current one",
    )


def _file_pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while data := file.read(PIECE):
            yield data


def _from_stdin(stdin: IO[bytes] | None, dockerfile: str) -> PackedContext:
    """Tell an archive from a Dockerfile by its first bytes, as Docker does."""
    if stdin is None:
        raise InvalidArgument("unable to prepare context: there is no standard input")
    begin = stdin.read(tar.BLOCK)
    if begin.startswith(_MAGICS) or begin[257:262] == b"ustar":

        def pieces() -> Iterator[bytes]:
            yield begin
            while data := stdin.read(PIECE):
                yield data

        return PackedContext(pieces, dockerfile=dockerfile or DEFAULT_NAME)
    if dockerfile:
        raise InvalidArgument(
            "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles",
            hint="give the context's directory instead of -: minidocker build -f - .",
        )
    text = begin + stdin.read()
    if not text.strip():
        raise InvalidArgument(
            "unable to prepare context: standard input is empty",
            hint="send a Dockerfile or a tar archive: minidocker build - < Dockerfile",
        )
    return PackedContext(
        lambda: _single(DEFAULT_NAME, text), shown="standard input", text=lambda: text
    )


def _single(name: str, content: bytes) -> Iterator[bytes]:
    yield from _entry(name, content)
    yield tar.END


def _entry(name: str, content: bytes) -> Iterator[bytes]:
    yield tar.header(name, tar.FILE, size=len(content)) + content
    yield bytes(tar.padding(len(content)))


def _from_directory(path: str, dockerfile: str, stdin: IO[bytes] | None) -> PackedContext:
    top = os.path.realpath(path)
    extra: dict[str, bytes] = {}
    own_ignore = ""
    if dockerfile == "-":
        if stdin is None:
            raise InvalidArgument("unable to prepare context: there is no standard input")
        content = stdin.read()
        name, shown = _outsider(content, extra), "standard input"

        def text() -> bytes:
            return content

    else:
        found, shown = _find_dockerfile(path, top, dockerfile)
        inside = os.path.relpath(found, top)
        own_ignore = f"{found}{IGNORE_NAME}"

        def text() -> bytes:
            return _read(found)

        name = _outsider(_read(found), extra) if inside.startswith("../") else inside
    ignore_file = own_ignore if own_ignore and os.path.isfile(own_ignore) else ""
    if ignore_file:  # Dockerfile.dockerignore takes the place of .dockerignore
        extra[IGNORE_NAME] = _read(ignore_file)
    ignore = _ignore(ignore_file or f"{top}/{IGNORE_NAME}")
    always = {name, IGNORE_NAME}

    def pieces() -> Iterator[bytes]:
        for extra_name, content in extra.items():
            yield from _entry(extra_name, content)
        yield from entries(top, ignore, always, leave=frozenset(extra))
        yield tar.END

    return PackedContext(pieces, dockerfile=name, shown=shown, text=text)


def _find_dockerfile(path: str, top: str, dockerfile: str) -> tuple[str, str]:
    """Return (the Dockerfile's real path, what to call it)."""
    if not dockerfile:
        candidates = [f"{path}/{DEFAULT_NAME}", f"{path}/{DEFAULT_NAME.lower()}"]
    else:  # as Docker: from here, and when there is none, beneath the context
        candidates = [dockerfile, os.path.join(path, dockerfile)]
    for candidate in candidates:
        if os.path.isfile(candidate):
            return os.path.realpath(candidate), dockerfile or os.path.basename(candidate)
    shown = dockerfile or DEFAULT_NAME
    hint = "name it with -f"
    beside = os.path.dirname(candidates[-1]) or "."
    if os.path.isdir(beside):
        from pyminidocker.spelling import nearest

        close = nearest(os.path.basename(shown), os.listdir(beside))
        hint = f"is it {close}? then name it with -f" if close else hint
    if any(map(os.path.isdir, candidates)):
        hint = f"{shown} is a directory"
    raise NotFound(
        "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat"
        f" {os.path.join(top, shown)}: no such file or directory",
        hint=hint,
    )


def _outsider(content: bytes, extra: dict[str, bytes]) -> str:
    """Add a Dockerfile that is not in the context; return its name there."""
    from binascii import crc32

    name = f".dockerfile.{crc32(content):08x}"
    extra[name] = content
    return name


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except PermissionError as error:
        raise PermissionDenied(f"open {path}: permission denied") from error


def _ignore(path: str) -> Ignore | None:
    if not os.path.isfile(path):
        return None
    from pyminidocker.dockerfile.ignore import Ignore

    return Ignore(_read(path)) or None
