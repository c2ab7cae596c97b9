"""Who we are to a registry: credentials, and the tokens that are bought with them.

A registry answers 401 with a challenge.  ``Basic`` wants name and password with every request;
``Bearer`` names a token server, which sells tokens for certain actions on certain repositories:
for nothing (public images), for name and password, or for an identity token of an earlier login.

See: distribution.github.io/distribution/spec/auth/token and /oauth; RFC 9110, 11.6.1; RFC 7617.
"""

import re
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from pyminidocker.images.registry.exchange import Response
from pyminidocker.images.registry.failures import Refused, Unauthorized, refusal
from pyminidocker.images.registry.transport import HttpClient
from pyminidocker.images.registry.urls import origin
from pyminidocker.oci.image_spec import decode_as

_TOKEN_BYTES = 1 << 20
_SHORTEST_LIFE_S = 60.0
_HASTE_S = 10.0  # a token that is about to end is not used
_CLIENT_ID = "minidocker"
_CHALLENGE = re.compile(r"(?:^|,\s*)(bearer|basic)(?=\s|,|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')


class Credentials(msgspec.Struct, omit_defaults=True):
    """What a client sends in X-Registry-Auth, or as the body of POST /auth."""

    username: str = ""
    password: str = ""
    auth: str = ""
    email: str = ""
    serveraddress: str = ""
    identitytoken: str = ""
    registrytoken: str = ""

    def __repr__(self) -> str:
        """Name whose they are: what is secret of them must not get into a log."""
        return f"<Credentials of {self.username or 'nobody'} for {self.serveraddress or 'the Hub'}>"

    @property
    def basic(self) -> str:
        """The value of ``Authorization: Basic``, empty when there is no name and password."""
        if not self.username:
            return ""
        return b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def is_anonymous(self) -> bool:
        """Nothing is known about who asks."""
        return not (self.username or self.identitytoken or self.registrytoken)


ANONYMOUS = Credentials()


def credentials_of(given: Mapping[str, object]) -> Credentials:
    """Return what a client's JSON says; docker-py has null where it knows nothing."""
    names = Credentials.__struct_fields__
    found = {name: text for name in names if isinstance(text := given.get(name), str)}
    if found.get("auth") and not found.get("username"):  # as it stands in config.json
        try:
            pair = b64decode(found["auth"]).decode()
        except ValueError:
            pair = ""
        found["username"], _, found["password"] = pair.partition(":")
    return Credentials(**found)


def decode_header(text: str) -> Credentials:
    """Read X-Registry-Auth: base64url of JSON, with or without padding.

    What cannot be read means "nobody", as for dockerd: many clients send ``null`` or nonsense.
    """
    try:
        data = urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
        return credentials_of(msgspec.json.decode(data, type=dict[str, object] | None) or {})
    except ValueError:
        return ANONYMOUS


class Challenge(NamedTuple):
    """What a 401 asks for."""

    scheme: str  # lower case
    realm: str = ""
    service: str = ""
    scope: str = ""


def challenges(header: str) -> list[Challenge]:
    """Read WWW-Authenticate, the strongest challenge first."""
    found = []
    starts = [*_CHALLENGE.finditer(header)]
    ends = [match.start() for match in starts[1:]] + [len(header)]
    for match, end in zip(starts, ends, strict=False):
        values = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
            for name, quoted, plain in _PARAMETER.findall(header[match.end() : end])
        }
        found.append(
            Challenge(
                match[1].lower(),
                values.get("realm", ""),
                values.get("service", ""),
                values.get("scope", ""),
            )
        )
    return sorted(found, key=lambda one: one.scheme != "bearer")


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float = 0
    refresh_token: str = ""


class Authorizer:
    """Keeps what lets us in, for one registry.

    Args:
        http: asks token servers.
        credentials: whose.

    Attributes:
        identity: the refresh token that a token server gave for name and password, when it did.
    """

    def __init__(self, http: HttpClient, credentials: Credentials) -> None:
        self._http = http
        self._credentials = credentials
        self._lock = threading.Lock()
        self._basic = ""
        self._tokens: dict[str, tuple[str, float]] = {}  # scopes -> token, its end
        self.identity = ""

    def header(self, scopes: tuple[str, ...]) -> str:
        """Return the value of Authorization for these actions as far as it is known, or ""."""
        if self._credentials.registrytoken:
            return f"Bearer {self._credentials.registrytoken}"
        token, end = self._tokens.get(" ".join(scopes), ("", 0.0))
        if token and time.monotonic() < end:
            return f"Bearer {token}"
        return self._basic

    def satisfy(self, response: Response, scopes: tuple[str, ...], *, is_open: bool) -> None:
        """Get what a 401 asks for.

        Args:
            response: the 401.
            scopes: what is to be done, e.g. ``("repository:library/busybox:pull",)``.
            is_open: the registry itself is asked by plain HTTP.

        Raises:
            Unauthorized: we have not got it.
            Refused: the token server says no.
            Unreachable, Broken: it cannot be reached, or is where none may be.
        """
        for challenge in challenges(response.headers.get("www-authenticate", "")):
            if challenge.scheme == "basic":
                if not self._credentials.basic:
                    raise Unauthorized("no basic auth credentials")
                self._basic = f"Basic {self._credentials.basic}"
                return
            if challenge.realm:
                with self._lock:  # several transfers meet the same 401
                    if not self.header(scopes).startswith("Bearer"):
                        self._buy(challenge, scopes, is_open=is_open)
                return
        raise refusal(response)

    def forget(self, scopes: tuple[str, ...]) -> None:
        """Drop a token that was not accepted."""
        self._tokens.pop(" ".join(scopes), None)

    def _buy(self, challenge: Challenge, scopes: tuple[str, ...], *, is_open: bool) -> None:
        given = self._credentials
        is_realm_open = origin(challenge.realm)[0] == "http"
        if is_realm_open and not is_open and not given.is_anonymous:
            raise Unauthorized(
                f"the registry wants our password sent unencrypted to {challenge.realm}: refused"
            )
        fields = [("service", challenge.service)] if challenge.service else []
        if given.identitytoken:
            fields += [
                ("grant_type", "refresh_token"),
                ("client_id", _CLIENT_ID),
                ("refresh_token", given.identitytoken),
                ("scope", " ".join(scopes)),
            ]
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(fields).encode()
            response = self._http.request("POST", challenge.realm, headers, body, is_named=False)
        else:
            fields += [("scope", scope) for scope in scopes]
            if given.username:
                fields += [("account", given.username), ("client_id", _CLIENT_ID)]
                fields += [("offline_token", "true")] if not scopes else []
            joint = "&" if "?" in challenge.realm else "?"
            headers = {"Authorization": f"Basic {given.basic}"} if given.basic else {}
            url = f"{challenge.realm}{joint}{urlencode(fields)}"
            response = self._http.get(url, headers, is_named=False)
        if response.status >= 300:
            error = refusal(response)
            if error.status == 401 and not given.is_anonymous:
                raise Unauthorized(f"unauthorized: {str(error).removeprefix('unauthorized: ')}")
            raise error
        with response:
            data = response.read(_TOKEN_BYTES)
        try:
            sold = decode_as(data, _Token)
        except ValueError as error:
            raise Refused(f"{challenge.realm} sold no token: {error}", 502) from error
        token = sold.token or sold.access_token
        if not token:
            raise Refused("authorization server did not include a token in the response", 502)
        self.identity = sold.refresh_token
        life_s = max(sold.expires_in, _SHORTEST_LIFE_S) - _HASTE_S
        self._tokens[" ".join(scopes)] = token, time.monotonic() + life_s
