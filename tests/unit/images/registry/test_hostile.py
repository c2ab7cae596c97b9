"""Registries that want to harm us: where they may send us, and what they may have us read."""

import json
import socket

import pytest

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.registry import manifests
from pyminidocker.images.registry.auth import Authorizer, Credentials
from pyminidocker.images.registry.endpoints import Endpoint
from pyminidocker.images.registry.exchange import Connection
from pyminidocker.images.registry.failures import Broken, Refused, Unauthorized, Unreachable
from pyminidocker.images.registry.inspect import tags
from pyminidocker.images.registry.session import Session
from pyminidocker.images.registry.transport import HttpClient
from tests.unit.images.registry.test_auth import SCOPES, Answer, Http, challenge_of
from tests.unit.images.registry.test_exchange import http, ok, serve  # noqa: F401

DEEP = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def moved(location: str) -> bytes:
    return f"HTTP/1.1 307 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode(
        "latin-1"
    )


class Elsewhere(socket.socket):
    """A socket whose other end is not on this machine, as far as it can tell."""

    def getpeername(self):
        return ("192.0.2.7", 80)


def dial_elsewhere(host: str, port: int) -> socket.socket:
    """Connect to this machine; only the name ``localhost`` says so."""
    sock = socket.socket() if host == "localhost" else Elsewhere()
    sock.connect(("127.0.0.1", port))
    return sock


@pytest.fixture
def far():
    with HttpClient(dial_elsewhere) as client:
        yield client


def test_a_redirect_does_not_lead_onto_this_machine(serve, far):  # noqa: F811
    inside = serve(ok(b"of no concern to anybody"))
    server = serve(moved(f"http://localhost:{inside.port}/"))
    with pytest.raises(Unreachable, match=r"sent us to localhost, which is 127\.0\.0\.1: refused"):
        far.get(f"http://registry.example:{server.port}/")
    assert inside.heads == []


def test_no_token_server_on_this_machine(serve, far):  # noqa: F811
    inside = serve(ok(json.dumps({"token": "of the machine"}).encode()))
    session = Session(far, [Endpoint(f"http://registry.example:{inside.port}")])
    challenge = challenge_of(f'Bearer realm="http://localhost:{inside.port}/token"')
    with pytest.raises(Unreachable, match="refused"):
        session.auth.satisfy(challenge, SCOPES, is_open=True)
    assert inside.heads == []


def test_no_upload_onto_this_machine(serve, far):  # noqa: F811
    inside = serve(ok(b""))
    session = Session(far, [Endpoint(f"http://registry.example:{inside.port}")])
    with pytest.raises(Unreachable, match="refused"):
        session.request("PUT", f"http://localhost:{inside.port}/", body=b"x")
    assert inside.heads == []


def test_who_was_named_on_this_machine_may_point_there(serve, far):  # noqa: F811
    inside = serve(ok(b"stored here"))
    server = serve(moved(f"http://localhost:{inside.port}/"))
    with far.get(f"http://localhost:{server.port}/") as response:
        assert response.read(100) == b"stored here"


@pytest.mark.parametrize(
    "location", ["http://[", "https:///x", "http://a b/", "file:///etc/passwd"]
)
def test_redirects_to_what_is_no_url(serve, http, location):  # noqa: F811
    with pytest.raises(Broken, match="no"):
        http.get(serve(moved(location)).url)


def test_a_redirect_with_letters_of_no_url(serve, http):  # noqa: F811
    server = serve(moved("/caf\xe9 au lait"), ok(b"there"))
    with http.get(server.url) as response:
        assert response.read(100) == b"there"
    assert server.heads[1].startswith("GET /caf%C3%A9%20au%20lait HTTP/1.1")


def test_another_scheme_is_another_place(serve):  # noqa: F811
    """What was meant for https does not go over the same name's http."""

    class Client(HttpClient):
        def _secure(self, sock, *_, **__):
            return sock

    server = serve()
    server._answers = [moved(f"http://registry.example:{server.port}/") + b"CUT", ok(b"")]
    with Client(lambda _, port: socket.create_connection(("127.0.0.1", port))) as client:
        client.get(f"https://registry.example:{server.port}/", {"Authorization": "secret"}).close()
    assert ["secret" in head for head in server.heads] == [True, False]


def test_a_name_that_begins_alike_is_another_host(serve):  # noqa: F811
    server = serve(ok(b"") + b"CUT", ok(b""))
    with HttpClient(lambda *_: socket.create_connection(("127.0.0.1", server.port))) as client:
        session = Session(client, [Endpoint("http://registry.example")])
        session.auth._basic = "Basic secret"
        session.request("GET", "/v2/").close()
        session.request("GET", "http://registry.example.evil.example/").close()
    assert ["secret" in head for head in server.heads] == [True, False]


@pytest.mark.parametrize("realm", ["HTTP://t/", " http://t/", "hTTp://t/"])
def test_a_password_is_not_sent_in_the_open_however_it_is_written(realm):
    asked = Http(token="t")
    auth = Authorizer(asked, Credentials(username="ada", password="x"))
    with pytest.raises(Unauthorized, match="unencrypted"):
        auth.satisfy(challenge_of(f'Bearer realm="{realm}"'), SCOPES, is_open=False)
    assert asked.asked == []


def test_credentials_are_not_told():
    told = repr(Credentials("ada", "secret", "secret", identitytoken="secret"))
    assert "ada" in told
    assert "secret" not in told


def test_a_token_that_no_header_can_hold(serve, http):  # noqa: F811
    with pytest.raises(Broken, match="header"):
        http.get(serve().url, {"Authorization": "Bearer \u2028"})


class Registry:
    """Answers every question with the same bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def request(self, *_, **__):
        return Answer(200, self._data)


def test_json_that_is_nested_too_deeply():
    deep = manifests.Fetched(DEEP, "", "sha256:x")
    for read in (
        lambda: manifests.fetch(Registry(DEEP), "a", "latest"),
        lambda: manifests.read_manifest(deep),
        lambda: manifests.read_index(deep),
        lambda: tags(Registry(DEEP), "a"),
    ):
        with pytest.raises(IntegrityError, match="too deeply"):
            read()
    auth = Authorizer(Http(), Credentials())
    auth._http = type("Deep", (), {"get": lambda *_, **__: Answer(200, DEEP)})()
    with pytest.raises(Refused, match="too deeply"):
        auth.satisfy(challenge_of(), SCOPES, is_open=False)


def test_a_digest_that_cannot_be_checked():
    """Whoever asks by digest gets that content or none."""
    data = json.dumps({"schemaVersion": 2, "config": {}, "layers": []}).encode()
    with pytest.raises(NotFound, match="only sha256"):
        manifests.fetch(Registry(data), "a", f"sha512:{'0' * 128}")


def test_an_index_names_no_tags():
    entry = {"mediaType": "x", "digest": "latest", "size": 1}
    index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    with pytest.raises(IntegrityError, match="'latest'"):
        manifests.read_index(manifests.Fetched(index, "", "sha256:x"))


def test_abort_leaves_descriptors_to_their_threads(serve, http):  # noqa: F811
    """The number of a closed one is given to the next file, in the middle of somebody's read."""
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart of it")
    with http.get(server.url) as response:
        connection: Connection = response._connection
        http.abort()
        assert connection.socket.fileno() >= 0
    assert connection.socket.fileno() == -1
