"""HTTP on real sockets: bodies of all kinds, kept connections, redirects, proxies, breaks."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from pyminidocker.errors import IntegrityError
from pyminidocker.images.registry.failures import Broken, Unreachable
from pyminidocker.images.registry.proxies import Proxies
from pyminidocker.images.registry.transport import HttpClient


class Server:
    """Answers each request with the next of some fixed texts; hangs up after one that ends in CUT.

    Attributes:
        heads: what was asked, request by request.
        connections: how many there were.
    """

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.heads: list[str] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._converse(connection)
                except OSError:
                    pass  # the client does not want to hear the rest

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            while self._answers:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = file.readline()
                    if not line:
                        return
                    head += line
                lower = head.lower()
                if b"content-length: " in lower:
                    file.read(int(lower.partition(b"content-length: ")[2].split()[0]))
                self.heads.append(head.decode())
                answer = self._answers.pop(0)
                connection.sendall(answer.removesuffix(b"CUT"))
                if answer.endswith(b"CUT"):
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers."""
    servers: list[Server] = []

    def start(*answers: bytes) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(lambda host, port: socket.create_connection((host, port), 5)) as client:
        yield client


def ok(body: bytes, *headers: bytes) -> bytes:
    more = b"".join(header + b"\r\n" for header in headers)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def test_one_connection_for_several_requests(serve, http):
    server = serve(ok(b"one"), CHUNKED, ok(b""), ok(b"x" * 600_000))
    for wanted in (b"one", b"abcde", b"", b"x" * 600_000):
        with http.get(f"{server.url}/path?query") as response:
            assert response.read(1 << 20) == wanted
    assert server.connections == 1
    assert server.heads[0].startswith("GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:")


def test_an_answer_that_is_not_read(serve, http):
    """A short rest is read, for the sake of the connection; a long one costs it."""
    server = serve(ok(b"short"), ok(b"x" * 600_000), ok(b"next"))
    http.get(server.url).close()
    http.get(server.url).close()
    with http.get(server.url) as response:
        assert b"".join(response.chunks()) == b"next"
    assert server.connections == 2


def test_a_connection_that_was_closed_meanwhile(serve, http):
    server = serve(ok(b"a", b"Connection: close") + b"CUT", ok(b"b"))
    for wanted in (b"a", b"b"):
        with http.get(server.url) as response:
            assert response.read(10) == wanted


def test_until_the_end_of_the_connection(serve, http):
    server = serve(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nall there isCUT")
    with http.get(server.url) as response:
        assert response.read(100) == b"all there is"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly thisCUT",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\nonly thisCUT",
    ],
)
def test_a_body_that_breaks_off(serve, http, answer):
    with http.get(serve(answer).url) as response, pytest.raises(Broken):
        response.read(1000)


@pytest.mark.parametrize("answer", [b"CUT", b"nonsense\r\n\r\nCUT", b"HTTP/1.1 200CUT"])
def test_no_http(serve, http, answer):
    with pytest.raises(Broken, match='Get "http://'):
        http.get(serve(answer).url)


def test_too_much(serve, http):
    server = serve(ok(b"x" * 1000))
    with http.get(server.url) as response, pytest.raises(IntegrityError, match="more than 999"):
        response.read(999)


def test_nobody_listens(http):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        http.get(f"http://127.0.0.1:{port}/")


def test_redirects_keep_secrets(serve, http):
    other = serve(ok(b"from elsewhere"))
    moved = f"HTTP/1.1 307 Moved\r\nLocation: {other.url}/blob\r\nContent-Length: 0\r\n\r\n"
    server = serve(
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", moved.encode()
    )
    with http.get(server.url, {"Authorization": "secret", "Range": "bytes=5-"}) as response:
        assert response.read(100) == b"from elsewhere"
        assert response.url == f"{other.url}/blob"
    assert all("Authorization: secret" in head for head in server.heads)
    assert "secret" not in other.heads[0]
    assert "Range: bytes=5-" in other.heads[0]


def test_redirects_end(serve, http):
    loop = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Broken, match="stopped after 10 redirects"):
        http.get(serve(*[loop] * 10).url)


def test_bodies_that_are_sent(serve, http):
    server = serve(ok(b""), ok(b""), ok(b""))
    http.request("POST", server.url).close()
    http.request("PUT", server.url, body=b"bytes").close()
    http.request("PATCH", server.url, body=iter([b"pie", b"ces"]), length=6).close()
    lengths = [head.lower().partition("content-length: ")[2].split()[0] for head in server.heads]
    assert lengths == ["0", "5", "6"]


def test_through_a_proxy(serve):
    server = serve(ok(b"by proxy"))
    proxies = Proxies(http=f"http://ada:x@127.0.0.1:{server.port}")

    def dial(host: str, port: int) -> socket.socket:
        assert (host, port) == ("127.0.0.1", server.port)
        return socket.create_connection((host, port))

    with HttpClient(dial, proxies) as http, http.get("http://registry.example/v2/") as response:
        assert response.read(100) == b"by proxy"
    assert server.heads[0].startswith("GET http://registry.example/v2/ HTTP/1.1\r\n")
    assert "Host: registry.example\r\n" in server.heads[0]
    assert "Proxy-Authorization: Basic YWRhOng=" in server.heads[0]


def test_a_proxy_that_refuses(serve):
    server = serve(b"HTTP/1.1 403 Not Allowed\r\nContent-Length: 0\r\n\r\n")
    proxies = Proxies(https=f"http://127.0.0.1:{server.port}")
    http = HttpClient(lambda *where: socket.create_connection(where), proxies)
    with pytest.raises(Unreachable, match=r"registry\.example:443: 403 Not Allowed") as caught:
        http.get("https://registry.example/")
    assert "HTTPS_PROXY" in caught.value.hint
    assert server.heads[0].startswith("CONNECT registry.example:443 HTTP/1.1\r\n")


def test_abort_frees_who_waits(serve, http):
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart of it")
    with http.get(server.url) as response:
        views = response.views()
        assert bytes(next(views)) == b"part of it"
        timer = threading.Timer(0.05, http.abort)
        timer.start()
        with pytest.raises(Broken):
            next(views)
        timer.join()
    with pytest.raises(Broken):
        http.get(server.url)
