"""Files from http and https URLs: ADD, and remote build contexts.

See: Dockerfile reference, ADD; moby builder/remotecontext/remote.go; RFC 9110, Last-Modified;
RFC 6266, Content-Disposition.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from pyminidocker.build.context import Context
from pyminidocker.build.failures import CopyError
from pyminidocker.build.places import temporary_root
from pyminidocker.build.spool import Limits, Spool
from pyminidocker.errors import InvalidArgument, MiniDockerError, Unavailable
from pyminidocker.images.compression import kind_of
from pyminidocker.images.registry.failures import Broken, Unreachable
from pyminidocker.oci.digest import is_digest, sha256_hasher

if TYPE_CHECKING:
    from pyminidocker.images.registry.transport import HttpClient, Response

_GIT_SCHEMES = ("git://", "git@", "ssh://", "github.com/")
_GIT_SUFFIX = re.compile(r"\.git(?:[#?].*)?$")
_FILE_NAME = re.compile(r'filename="?([^";]+)', re.IGNORECASE)
_DOCKERFILE_MAX = 1 << 20
_EXCERPT_MAX = 200
_USTAR = slice(257, 262)


class RemoteFile:
    """A fetched file, kept in an unnamed file on disk; a context manager.

    Attributes:
        url: as it was asked for.
        name: the file name that the URL or Content-Disposition gives; may be empty.
        size: bytes.
        mtime_s: from Last-Modified, 0 when the server does not say.
        digest: ``sha256:...`` of the content.
    """

    def __init__(self, url: str, name: str, mtime_s: int, digest: str, spool: Spool) -> None:
        self.url = url
        self.name = name
        self.size = spool.size
        self.mtime_s = mtime_s
        self.digest = digest
        self._spool = spool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content."""
        return self._spool.read(0, self.size)

    def close(self) -> None:
        """Let go of the content."""
        self._spool.close()


def is_url(source: str) -> bool:
    """Tell whether a source of ADD is fetched: ``http://`` or ``https://``."""
    return source.lower().startswith(("http://", "https://"))


def is_git(source: str) -> bool:
    """Tell whether Docker would clone a source of ADD, or a remote context.

    See: moby builder/remotecontext/urlutil, IsGitURL.
    """
    if is_url(source):
        return _GIT_SUFFIX.search(source) is not None
    return source.startswith(_GIT_SCHEMES)


def refuse_git(keyword: str, source: str) -> None:
    """Refuse git repositories by name.

    Raises:
        CopyError: it is one.
    """
    if is_git(source):
        raise CopyError(
            f"{keyword} failed: {source} is a git repository, which this engine does not clone",
            source=source,
            hint="clone it yourself and build in its directory, or name the server's archive of it"
            " (…/archive/<commit>.tar.gz)",
        )


def fetch(
    url: str,
    http: "HttpClient",
    state_dir: str,
    *,
    checksum: str = "",
    limits: Limits | None = None,
) -> RemoteFile:
    """Fetch a URL; blocks.

    Args:
        url: http or https.
        http: the engine's way out (``engine.registry.http()``).
        state_dir: the engine's state directory.
        checksum: ADD --checksum, ``sha256:<hex>``; empty for none.
        limits: how large it may be.

    Raises:
        CopyError: a git repository, an answer that is no file, another checksum.
        Unavailable: no answer.
        InvalidArgument: too large.
    """
    refuse_git("ADD", url)
    if checksum and not is_digest(checksum):
        raise CopyError(
            f"ADD failed: invalid checksum {checksum!r}",
            source="--checksum",
            hint="write --checksum=sha256:<64 hex digits>, as sha256sum prints them",
        )
    try:
        with http.get(url) as response:
            _check_answer(url, response)
            spool = Spool(temporary_root(state_dir), url, limits or Limits())
            try:
                digest = _read(response, spool)
                _check_content(url, digest, checksum)
                name = _name_of(url, response.headers.get("content-disposition", ""))
                mtime_s = _seconds(response.headers.get("last-modified", ""))
                return RemoteFile(url, name, mtime_s, digest, spool)
            except BaseException:
                spool.close()
                raise
    except (Unreachable, Broken) as error:
        hint = error.hint or "the engine could not reach it; is the name right, is there a network?"
        raise Unavailable(f"failed to GET {url}: {error}", hint=hint) from error


def _check_answer(url: str, response: "Response") -> None:
    if response.status == 200:
        return
    try:
        said = response.read(1 << 16).decode(errors="replace")
    except MiniDockerError:
        said = ""
    said = " ".join(said.split())[:_EXCERPT_MAX]
    status = f"{response.status} {response.reason}".strip()
    raise CopyError(
        f"ADD failed: failed to GET {url} with status {status}" + (f": {said}" if said else ""),
        source=url,
        hint="open the URL in a browser, or with curl -L, to see what is there",
    )


def _read(response: "Response", spool: Spool) -> str:
    length = response.headers.get("content-length", "")
    spool.check(int(length) if length.isdigit() else 0)
    hasher = sha256_hasher()
    for view in response.views():
        hasher.update(view)
        spool.write(view)
    return f"sha256:{hasher.hexdigest()}"


def _check_content(url: str, digest: str, checksum: str) -> None:
    if checksum and digest != checksum:
        raise CopyError(
            f"ADD failed: digest mismatch {digest}: {checksum}",
            source=url,
            hint=f"{url} has other content than --checksum says: it was changed, or damaged",
        )


def _name_of(url: str, disposition: str) -> str:
    """Return the file's name: the last part of the URL's path, else what the server calls it."""
    named = _FILE_NAME.search(disposition)
    for candidate in (unquote(urlsplit(url).path), named[1] if named else ""):
        name = candidate.rpartition("/")[2]
        if name not in ("", ".", "..") and "\0" not in name:
            return name
    return ""


def _seconds(date: str) -> int:
    """Return a HTTP date in seconds since the epoch, 0 for none or nonsense."""
    from email.utils import parsedate_to_datetime

    try:
        return max(0, int(parsedate_to_datetime(date).timestamp())) if date else 0
    except (ValueError, TypeError, OverflowError):
        return 0


def fetch_context(
    url: str, http: "HttpClient", state_dir: str, dockerfile: str = "Dockerfile"
) -> Context:
    """Fetch a remote build context: an archive, or a single file, which is the Dockerfile.

    Args:
        url: http or https.
        http: the engine's way out.
        state_dir: the engine's state directory.
        dockerfile: what a single file is called.

    Raises:
        InvalidArgument: a git repository, neither an archive nor a Dockerfile, too large.
        Unavailable: no answer.

    See: Docker Engine API, POST /build, ``remote``.
    """
    if is_git(url) or not is_url(url):
        raise InvalidArgument(
            f"unable to prepare context: {url} is not an http or https URL of an archive or a"
            " Dockerfile",
            hint="git repositories are not cloned: clone it yourself and build in its directory",
        )
    with fetch(url, http, state_dir) as file:
        context = Context(state_dir)
        try:
            head = next(file.chunks(), b"")
            if kind_of(head) or head[_USTAR] == b"ustar":
                context.fill(file.chunks())
            elif file.size > _DOCKERFILE_MAX or b"\0" in head:
                raise InvalidArgument(f"{url} is neither a tar archive nor a Dockerfile")
            else:
                context.add_file(dockerfile, b"".join(file.chunks()), file.mtime_s * 10**9)
        except BaseException:
            context.close()
            raise
        return context
