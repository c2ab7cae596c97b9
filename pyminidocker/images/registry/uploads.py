"""One blob on its way out: is it there already, can it be taken over, else send it.

An upload that breaks off goes on where the registry says it is; a registry that has forgotten it
gets it from the beginning.

See: OCI distribution-spec, Pushing blobs (POST, PATCH, PUT; mounting; upload status).
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from pyminidocker.errors import IntegrityError
from pyminidocker.images.registry.attempts import Attempts, Cancelled
from pyminidocker.images.registry.failures import Broken, Refused, Unauthorized, Unreachable
from pyminidocker.images.registry.session import PULL, PUSH, Session, scope_of

_READ = 1 << 18
_OFFSET = re.compile(r"[0-9]{1,18}")
_SMALL_BYTES = 1 << 16  # goes in one request


class Upload:
    """One blob for one repository.

    Args:
        session: the registry.
        repository: where to.
        digest: the blob's.
        attempts: how often to try, and how to be stopped.
    """

    def __init__(self, session: Session, repository: str, digest: str, attempts: Attempts) -> None:
        self._session = session
        self._repository = repository
        self._digest = digest
        self._attempts = attempts
        self._scopes = (scope_of(repository, PUSH),)
        self._sent = 0

    def is_there(self) -> bool:
        """Ask whether the repository has the blob."""
        path = f"/v2/{self._repository}/blobs/{self._digest}"
        while True:
            try:
                with self._session.request("HEAD", path, self._scopes, accept=(404,)) as response:
                    return response.status == 200
            except (Broken, Unreachable, Refused) as error:
                self._attempts.again(error)

    def mount(self, source: str) -> bool:
        """Have the registry take the blob over from its repository ``source``."""
        path = f"/v2/{self._repository}/blobs/uploads/?mount={self._digest}&from={quote(source)}"
        scopes = (*self._scopes, scope_of(source, PULL))
        try:
            with self._session.request("POST", path, scopes) as response:
                location = response.headers.get("location", "")
                if response.status == 202 and location:
                    self._cancel(self._session.absolute(response, location))
                return response.status == 201
        except (Refused, Unauthorized, Broken, Unreachable):
            return False  # not allowed there, or gone: then it is sent

    def _cancel(self, url: str) -> None:
        """Let go of an upload that the registry began instead of mounting."""
        try:
            self._session.request("DELETE", url, self._scopes).close()
        except (Refused, Unauthorized, Broken, Unreachable):
            pass

    def send(self, path: str, size: int, tell: Callable[[int], None]) -> None:
        """Send the blob.

        Args:
            path: a file with its bytes.
            size: how many.
            tell: called with how many are sent.

        Raises:
            Refused, Broken, Unreachable: the registry's last word after all attempts.
            IntegrityError: it did not get what we sent.
            Cancelled: nobody wants it any more.
        """
        url, is_broken = "", False
        while True:
            before = self._sent
            try:
                if not url:
                    url, self._sent = self._begin(), 0
                elif is_broken:
                    url, self._sent = self._position(url)
                is_broken = True  # until the end
                if size > _SMALL_BYTES and self._sent < size:
                    url = self._patch(url, path, size, tell)
                self._finish(url, path, size)
                return
            except (Broken, Unreachable) as error:
                self._attempts.again(error, has_moved=self._sent > before)
            except Refused as error:
                if error.status not in (404, 416) or not url:
                    self._attempts.again(error)
                elif self.is_there():  # it was complete, and only the answer was lost
                    return
                else:
                    # Forgotten, or docker-registry, which takes no upload up again whose last
                    # piece broke off: from the beginning, unless that happens every time.
                    self._forgotten(error)
                    url, is_broken = "", False

    def _forgotten(self, error: Refused) -> None:
        """Count an upload that the registry does not know any more as an attempt that failed."""
        try:
            self._attempts.again(Broken(str(error)))
        except Broken:
            raise error from None

    def _begin(self) -> str:
        path = f"/v2/{self._repository}/blobs/uploads/"
        with self._session.request("POST", path, self._scopes) as response:
            location = response.headers.get("location", "")
            if not location:
                raise Refused("the registry named no place for an upload", response.status)
            return self._session.absolute(response, location)

    def _position(self, url: str) -> tuple[str, int]:
        """Ask how many bytes an upload has; return its URL as well, which may have changed."""
        with self._session.request("GET", url, self._scopes) as response:
            end = response.headers.get("range", "").removeprefix("bytes=").partition("-")[2]
            location = response.headers.get("location", "")
            done = int(end) + 1 if _OFFSET.fullmatch(end) and int(end) else 0
            return self._session.absolute(response, location) if location else url, done

    def _patch(self, url: str, path: str, size: int, tell: Callable[[int], None]) -> str:
        start = self._sent
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{start}-{size - 1}",
        }
        response = self._session.request(
            "PATCH",
            url,
            self._scopes,
            headers=headers,
            body=lambda: self._pieces(path, start, tell),
            length=size - start,
        )
        with response:
            location = response.headers.get("location", "")
            return self._session.absolute(response, location) if location else url

    def _pieces(self, path: str, start: int, tell: Callable[[int], None]) -> Iterator[bytes]:
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            self._sent = start
            while data := file.read(_READ):
                if self._attempts.is_cancelled:
                    raise Cancelled("the push was cancelled")
                yield data
                self._sent += len(data)
                tell(self._sent)

    def _finish(self, url: str, path: str, size: int) -> None:
        joint = "&" if "?" in url else "?"
        body = b""
        if size <= _SMALL_BYTES:
            with open(path, "rb") as file:
                body = file.read()
        headers = {"Content-Type": "application/octet-stream"}
        response = self._session.request(
            "PUT", f"{url}{joint}digest={self._digest}", self._scopes, headers=headers, body=body
        )
        with response:
            told = response.headers.get("docker-content-digest", self._digest)
            if told != self._digest:
                raise IntegrityError(f"the registry stored {told} when it was sent {self._digest}")
