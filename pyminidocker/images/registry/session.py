"""Talking to one registry: finding the way that works, being let in, and errors as exceptions.

See: OCI distribution-spec, Endpoints and Error Codes.
"""

from collections.abc import Callable, Iterable, Sequence

from pyminidocker.errors import MiniDockerError
from pyminidocker.images.registry.auth import ANONYMOUS, Authorizer, Credentials
from pyminidocker.images.registry.endpoints import Endpoint
from pyminidocker.images.registry.exchange import Response
from pyminidocker.images.registry.failures import Broken, Unauthorized, Unreachable, refusal
from pyminidocker.images.registry.transport import HttpClient
from pyminidocker.images.registry.urls import following, origin

PULL, PUSH = "pull", "pull,push"
# Made anew for each attempt.
BodyMaker = Callable[[], Iterable[bytes]]


def scope_of(repository: str, actions: str) -> str:
    """Return a scope as token servers read it."""
    return f"repository:{repository}:{actions}"


class Session:
    """One registry, for one operation.

    Args:
        http: carries the requests.
        ways: the ways to it, in the order to try them; once one works, only that one is used.
        credentials: ours; mirrors do not get them.

    Attributes:
        way: the one that works, once it is known.
    """

    def __init__(
        self, http: HttpClient, ways: Sequence[Endpoint], credentials: Credentials = ANONYMOUS
    ) -> None:
        self.http = http
        self.way: Endpoint | None = ways[0] if len(ways) == 1 else None
        self._ways = list(ways)
        secret = ANONYMOUS if ways and ways[0].is_mirror else credentials
        self.auth = Authorizer(http, secret)

    def request(
        self,
        method: str,
        path: str,
        scopes: tuple[str, ...] = (),
        *,
        headers: dict[str, str] | None = None,
        body: bytes | BodyMaker | None = None,
        length: int | None = None,
        accept: Iterable[int] = (),
    ) -> Response:
        """Make a request and be let in.

        Args:
            method: HTTP method.
            path: ``/v2/...``, or an absolute URL that the registry gave us.
            scopes: what a token must be good for.
            headers: additional ones.
            body: bytes, or a function that begins it anew.
            length: of the body, when a function makes it.
            accept: statuses of 400 and more that are answers.

        Raises:
            Refused: an error answer.
            Unauthorized: it wants (other) credentials.
            Unreachable: no connection can be made.
            Broken: the connection ended too early.
        """
        failure: MiniDockerError | None = None
        known = self.way  # other threads look for it at the same time
        for way in [known] if known else self._ways:
            try:
                response = self._ask(way, method, path, scopes, headers, body, length)
            except (Unreachable, Broken) as error:
                if failure is None or way.is_open:
                    failure = error  # that TLS failed says little when there is plain HTTP
                continue
            if known is None and _wants_tls(way, response):
                failure = refusal(response)
                continue
            self.way = way
            if response.status >= 400 and response.status not in set(accept):
                raise self._failure(method, response)
            return response
        assert failure is not None
        raise failure

    def _ask(
        self,
        way: Endpoint,
        method: str,
        path: str,
        scopes: tuple[str, ...],
        headers: dict[str, str] | None,
        body: bytes | BodyMaker | None,
        length: int | None,
    ) -> Response:
        url = path if "://" in path else way.base + path
        is_ours = origin(url) == origin(way.base)
        for attempt in (1, 2):
            sent = dict(headers or {})
            known = self.auth.header(scopes) if is_ours else ""
            if known:
                sent["Authorization"] = known
            payload = body() if callable(body) else body
            try:
                response = self.http.request(
                    method,
                    url,
                    sent,
                    payload,
                    length=length,
                    verify=way.verify,
                    is_named=is_ours,
                )
            except Unreachable as error:
                # Go's way of saying what was being done
                named = Unreachable(
                    f'{method.capitalize()} "{url}": {error}', hint=error.hint, errno=error.errno
                )
                raise named from error
            if response.status != 401 or not is_ours or attempt == 2:
                return response
            if known:
                self.auth.forget(scopes)
            with response:
                if known.startswith("Basic"):
                    raise _unauthorized(method, url, str(refusal(response)))
                try:
                    self.auth.satisfy(response, scopes, is_open=way.is_open)
                except Unauthorized as error:
                    raise _unauthorized(method, url, str(error)) from error
        raise AssertionError("unreachable")

    def _failure(self, method: str, response: Response) -> MiniDockerError:
        url = response.url
        error = refusal(response)
        if error.status == 401 and not error.code:
            return _unauthorized(method, url, str(error))
        return error

    def absolute(self, response: Response, location: str) -> str:
        """Return the URL that a registry's Location header means.

        Raises:
            Broken: it is none.
        """
        return following(response.url, location)


def _unauthorized(method: str, url: str, why: str) -> Unauthorized:
    return Unauthorized(f'{method.capitalize()} "{url}": {why}')


def _wants_tls(way: Endpoint, response: Response) -> bool:
    """Tell whether plain HTTP was refused by what may be a TLS server."""
    return (
        way.is_open
        and response.status == 400
        and "docker-distribution-api-version" not in response.headers
    )
