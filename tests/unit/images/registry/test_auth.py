"""Challenges, tokens and the headers of clients."""

import base64
import json

import pytest

from pyminidocker.images.registry.auth import (
    ANONYMOUS,
    Authorizer,
    Challenge,
    Credentials,
    challenges,
    credentials_of,
    decode_header,
)
from pyminidocker.images.registry.failures import Refused, Unauthorized

HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:library/busybox:pull"'
)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (HUB, [Challenge("bearer", "https://auth.docker.io/token", "registry.docker.io",
                         "repository:library/busybox:pull")]),
        ('Basic realm="a, b"', [Challenge("basic", "a, b")]),
        ("Basic", [Challenge("basic")]),
        ('basic realm=x, BEARER realm="https://t/",service=s',
         [Challenge("bearer", "https://t/", "s"), Challenge("basic", "x")]),
        (r'Bearer realm="quo\"ted"', [Challenge("bearer", 'quo"ted')]),
        ("Negotiate", []),
        ("", []),
    ],
)  # fmt: skip
def test_challenges(header, wanted):
    assert challenges(header) == wanted


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_headers_of_clients():
    known = Credentials(username="ada", password="lovelace", serveraddress="x")
    plain = {"username": "ada", "password": "lovelace", "serveraddress": "x", "email": None}
    assert decode_header(encoded(plain)) == known
    assert decode_header(encoded(plain).rstrip("=")) == known
    auth = {"auth": base64.b64encode(b"ada:love:lace").decode()}
    assert decode_header(encoded(auth)).password == "love:lace"
    for nonsense in ("", "null", "e30=", "!!!", encoded(None), encoded([1]), encoded("x")):
        assert decode_header(nonsense).is_anonymous, nonsense
    assert credentials_of({"username": 5, "auth": "///"}).is_anonymous


class Http:
    """Plays a token server."""

    def __init__(self, status: int = 200, **answer: object) -> None:
        self.status = status
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def get(self, url, headers, *, is_named):
        return self.request("GET", url, headers, b"", is_named=is_named)

    def request(self, method, url, headers, body, *, is_named):
        assert not is_named
        self.asked.append((method, url, headers, body))
        return Answer(self.status, json.dumps(self.answer).encode())


class Answer:
    """An answer; also the 401 that started it."""

    def __init__(self, status: int, body: bytes = b"", challenge: str = "") -> None:
        self.status, self.reason, self.url = status, "", "http://r/v2/"
        self.headers = {"www-authenticate": challenge, "content-length": str(len(body))}
        self._body = body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, _limit):
        return self._body


SCOPES = ("repository:a:pull",)


def challenge_of(text: str = HUB) -> Answer:
    return Answer(401, b"{}", text)


def test_a_token_for_nothing():
    http = Http(token="t1", expires_in=300)
    auth = Authorizer(http, ANONYMOUS)
    assert auth.header(SCOPES) == ""
    auth.satisfy(challenge_of(), SCOPES, is_open=False)
    assert auth.header(SCOPES) == "Bearer t1"
    assert auth.header(("repository:b:pull",)) == ""
    [(method, url, headers, _)] = http.asked
    assert (method, headers) == ("GET", {})
    assert url == (
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%3Apull"
    )
    auth.forget(SCOPES)
    assert auth.header(SCOPES) == ""


def test_a_token_for_a_password():
    http = Http(access_token="t2")
    auth = Authorizer(http, Credentials(username="ada", password="x"))
    auth.satisfy(challenge_of(), SCOPES, is_open=False)
    assert auth.header(SCOPES) == "Bearer t2"
    assert http.asked[0][2] == {"Authorization": "Basic YWRhOng="}
    assert "account=ada" in http.asked[0][1]


def test_a_token_for_an_identity_token():
    http = Http(access_token="t3")
    auth = Authorizer(http, Credentials(identitytoken="secret"))
    auth.satisfy(challenge_of(), SCOPES, is_open=False)
    method, url, _, body = http.asked[0]
    assert (method, url) == ("POST", "https://auth.docker.io/token")
    assert b"grant_type=refresh_token" in body
    assert b"refresh_token=secret" in body


def test_a_registry_token_is_used_as_it_is():
    assert Authorizer(Http(), Credentials(registrytoken="r")).header(SCOPES) == "Bearer r"


def test_name_and_password_for_everything():
    auth = Authorizer(Http(), Credentials(username="ada", password="x"))
    auth.satisfy(challenge_of('Basic realm="x"'), SCOPES, is_open=True)
    assert auth.header(("anything",)) == "Basic YWRhOng="
    with pytest.raises(Unauthorized, match="no basic auth credentials"):
        Authorizer(Http(), ANONYMOUS).satisfy(challenge_of("Basic"), SCOPES, is_open=True)


def test_a_password_is_not_sent_in_the_open():
    """An https registry that names an http token server gets nothing."""
    http = Http(token="t")
    given = Credentials(username="ada", password="x")
    with pytest.raises(Unauthorized, match="unencrypted"):
        Authorizer(http, given).satisfy(
            challenge_of('Bearer realm="http://t/"'), SCOPES, is_open=False
        )
    assert http.asked == []
    Authorizer(http, given).satisfy(challenge_of('Bearer realm="http://t/"'), SCOPES, is_open=True)
    Authorizer(http, ANONYMOUS).satisfy(
        challenge_of('Bearer realm="http://t/"'), SCOPES, is_open=False
    )


@pytest.mark.parametrize(
    ("http", "kind", "text"),
    [
        (Http(401, details="incorrect username or password"), Unauthorized,
         "unauthorized: incorrect username or password"),
        (Http(503), Refused, "received unexpected HTTP status: 503"),
        (Http(200), Refused, "did not include a token"),
    ],
)  # fmt: skip
def test_no_token(http, kind, text):
    auth = Authorizer(http, Credentials(username="ada", password="x"))
    with pytest.raises(kind, match=text):
        auth.satisfy(challenge_of(), SCOPES, is_open=False)


def test_an_unknown_challenge_is_a_refusal():
    with pytest.raises(Refused, match="unauthorized: authentication required"):
        Authorizer(Http(), ANONYMOUS).satisfy(challenge_of("Negotiate"), SCOPES, is_open=False)
