"""The server's half of the protocol, driven over a real unix socket."""

import asyncio
import itertools
import socket
import threading

import pytest

from pyminidocker.api.message import Answer, Hijack, Streaming, as_json
from pyminidocker.engine.chunks import Outgoing
from pyminidocker.errors import Conflict, MiniDockerError, NotFound, Unavailable
from pyminidocker.framing.http import MULTIPLEXED_STREAM, RAW_STREAM
from pyminidocker.framing.stdcopy import frame


def ping(engine, request):
    return Answer(200, b"OK", "text/plain")


async def echo(engine, request):
    return Answer(200, await request.body.read(1 << 30), "application/octet-stream")


def raw(path, data, *, half_close=False, timeout=5.0):
    """Send bytes and return everything that comes back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_answers_and_keeps_the_connection(serve):
    server = serve([("GET", "/_ping", ping)])
    assert server.client.call_bytes("/_ping") == b"OK"
    first = server.client._idle[0]
    assert server.client.call_bytes("/v1.41/_ping") == b"OK"
    assert server.client._idle == [first]


def test_pipelined_requests_are_answered_in_order(serve):
    async def slow(engine, request):
        await asyncio.sleep(0.01)
        return Answer(200, b"slow", "text/plain")

    server = serve([("GET", "/_ping", ping), ("GET", "/slow", slow)])
    request = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = raw(server.path, request % b"_ping" + request % b"slow" + last)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 200")[1:]]
    assert bodies == [b"OK", b"slow", b"OK"]


def test_every_answer_says_who_speaks(serve):
    server = serve([("GET", "/_ping", ping)])
    with server.client.open("GET", "/_ping") as response:
        headers = response.headers
    assert headers["api-version"] == "1.41"
    assert headers["ostype"] == "linux"
    assert headers["server"].startswith("minidocker/")
    assert headers["date"].endswith("GMT")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NotFound("No such container: x"), NotFound), (Conflict("in use", hint="wait"), Conflict)],
)
def test_errors_cross_the_socket(serve, error, kind):
    async def fail(engine, request):
        raise error

    server = serve([("GET", "/fail", fail)])
    with pytest.raises(kind) as caught:
        server.client.call("GET", "/fail")
    assert str(caught.value) == str(error)
    assert caught.value.hint == error.hint


def test_unexpected_error_is_an_answer_and_a_log_entry(serve, caplog):
    def fail(engine, request):
        raise RuntimeError("oh")

    server = serve([("GET", "/fail", fail), ("GET", "/_ping", ping)])
    with pytest.raises(MiniDockerError, match="oh"):
        server.client.call("GET", "/fail")
    assert "GET /fail" in caplog.text
    assert server.client.call_bytes("/_ping") == b"OK"


def test_unknown_path(serve):
    server = serve([])
    with pytest.raises(NotFound, match="page not found"):
        server.client.call("GET", "/nosuch")


def test_not_http(serve):
    server = serve([])
    received = raw(server.path, b"\x16\x03\x01 hello\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ")


def test_large_body_both_ways(serve):
    server = serve([("POST", "/echo", echo)])
    data = bytes(range(256)) * 40_000
    with server.client.open("POST", "/echo", raw=iter([data[:7], data[7:], b""])) as response:
        assert response.read() == data


def test_upload_waits_for_the_reader(serve):
    """A handler that does not read holds the client back instead of filling the memory."""
    proceed = threading.Event()
    sizes = []

    async def slow(engine, request):
        while not proceed.is_set():
            await asyncio.sleep(0.005)
        sizes.extend([len(piece) async for piece in request.body.chunks()])
        return Answer(200)

    server = serve([("PUT", "/slow", slow)])
    sent = []

    def pieces():
        for _ in range(200):
            sent.append(1)
            yield bytes(65536)

    thread = threading.Thread(
        target=lambda: server.client.upload("PUT", "/slow", None, pieces()).close()
    )
    thread.start()
    last = -1
    while len(sent) != last:  # until it stands still
        last = len(sent)
        thread.join(0.1)
    assert len(sent) < 100
    proceed.set()
    thread.join(10)
    assert sum(sizes) == 200 * 65536


def test_early_refusal_keeps_a_small_upload_s_connection(serve):
    def refuse(engine, request):
        raise NotFound("No such container: x")

    server = serve([("PUT", "/x", refuse), ("GET", "/_ping", ping)])
    with pytest.raises(NotFound):
        server.client.upload("PUT", "/x", None, iter([bytes(1000)] * 100))
    assert server.client.call_bytes("/_ping") == b"OK"


def test_early_refusal_of_an_endless_upload(serve):
    def refuse(engine, request):
        raise NotFound("No such container: x")

    def endless():
        while True:
            yield bytes(65536)

    server = serve([("PUT", "/x", refuse)])
    with pytest.raises((NotFound, Unavailable)):
        server.client.upload("PUT", "/x", None, endless())


def test_expect_100_continue(serve):
    server = serve([("POST", "/echo", echo)])
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(server.path)
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"hi")
        assert connection.recv(1000).endswith(b"\r\n\r\nhi")


def test_stream_head_comes_before_its_first_piece(serve):
    proceed = threading.Event()

    async def pieces():
        while not proceed.is_set():
            await asyncio.sleep(0.005)
        yield b'{"a":1}\n'
        yield b'{"a":2}\n'

    server = serve([("GET", "/events", lambda e, r: Streaming(pieces()))])
    with server.client.open("GET", "/events") as response:
        assert response.headers["transfer-encoding"] == "chunked"
        proceed.set()
        assert list(response.json_lines()) == [{"a": 1}, {"a": 2}]


def test_stream_is_closed_when_the_client_leaves(serve):
    closed = threading.Event()

    async def pieces():
        try:
            yield b"first\n"
            await asyncio.get_running_loop().create_future()
        finally:
            closed.set()

    server = serve([("GET", "/events", lambda e, r: Streaming(pieces()))])
    with server.client.open("GET", "/events") as response:
        assert next(response.lines()) == b"first"
    assert closed.wait(5)


def test_the_thread_behind_a_stream_ends_when_the_client_leaves(serve):
    """Of ``save`` and ``export``: it holds what nothing may delete meanwhile."""
    ended = threading.Event()

    def save(engine, request):
        outgoing = Outgoing()

        def work():
            outgoing.feed(itertools.repeat(bytes(1 << 16)))
            ended.set()

        threading.Thread(target=work, daemon=True).start()
        return Streaming(outgoing)

    server = serve([("GET", "/images/get", save)])
    with server.client.open("GET", "/images/get"):
        pass
    assert ended.wait(5)


def test_broken_stream_is_not_taken_for_complete(serve, caplog):
    async def pieces():
        yield b"first\n"
        raise RuntimeError("disk gone")

    server = serve([("GET", "/logs", lambda e, r: Streaming(pieces()))])
    with (
        pytest.raises((Unavailable, ConnectionResetError)),
        server.client.open("GET", "/logs") as response,
    ):
        response.read()
    assert "disk gone" in caplog.text


async def shout(duplex):
    while data := await duplex.read():
        await duplex.write(frame(1, data.upper()))
    await duplex.write(frame(2, b"bye"))


def hijack(engine, request):
    return Hijack(shout, RAW_STREAM if request.versioned else MULTIPLEXED_STREAM)


def test_hijack_with_half_close(serve):
    server = serve([("POST", "/attach", hijack)])
    with server.client.upgrade("/attach") as stream:
        assert stream.multiplexed
        stream.send(b"hello")
        stream.close_stdin()
        assert b"".join(data for _, data in stream.frames()) == b"HELLObye"


def test_hijack_as_docker_does_it(serve):
    """101 when asked for, else the bare 200; bytes sent ahead of the answer are input."""
    server = serve([("POST", "/attach", hijack)])
    head = b"POST /v1.41/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
    received = raw(server.path, head + upgrade + b"\r\n{}early", half_close=True)
    assert received == (
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
        b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + frame(1, b"EARLY") + frame(2, b"bye")
    )
    received = raw(server.path, head + b"\r\n{}early", half_close=True)
    assert received == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
        + frame(1, b"EARLY")
        + frame(2, b"bye")
    )


def test_refused_hijack_is_an_ordinary_error(serve):
    async def refuse(engine, request):
        raise Conflict("Container x is not running")

    server = serve([("POST", "/attach", refuse), ("GET", "/_ping", ping)])
    with pytest.raises(Conflict, match="is not running"):
        server.client.upgrade("/attach")
    assert server.client.call_bytes("/_ping") == b"OK"


@pytest.mark.parametrize("half_closed_first", [False, True])
def test_hijack_ends_when_the_client_is_gone(serve, half_closed_first):
    ended, begun = threading.Event(), threading.Event()

    async def idle(duplex):
        begun.set()
        try:
            while await duplex.read():
                pass
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    server = serve([("POST", "/attach", lambda e, r: Hijack(idle, RAW_STREAM))])
    stream = server.client.upgrade("/attach")
    assert begun.wait(5)
    if half_closed_first:
        stream.close_stdin()
        assert not ended.wait(0.1)
    stream.close()
    assert ended.wait(5)


def test_output_waits_for_the_client_to_read(serve):
    produced = []

    async def pour(duplex):
        for _ in range(1000):
            await duplex.write(bytes(65536))
            produced.append(1)

    server = serve([("POST", "/attach", lambda e, r: Hijack(pour, RAW_STREAM))])
    with server.client.upgrade("/attach") as stream:
        last = -1
        while len(produced) != last:
            last = len(produced)
            threading.Event().wait(0.05)
        assert len(produced) < 50
        assert sum(len(data) for _, data in stream.frames()) == 1000 * 65536


def test_unread_input_does_not_reset_the_answer(serve):
    """The process may end while the client still types: all output must arrive all the same."""

    async def deaf(duplex):
        await duplex.write(b"x" * 100_000)

    server = serve([("POST", "/attach", lambda e, r: Hijack(deaf, RAW_STREAM))])
    for _ in range(20):
        with server.client.upgrade("/attach") as stream:
            stream.send(b"typed" * 1000)
            assert sum(len(data) for _, data in stream.frames()) == 100_000


def test_many_clients_at_once(serve):
    server = serve([("GET", "/_ping", ping)])
    sockets = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for connection in sockets:
        connection.connect(server.path)
    for connection in sockets:
        connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
    for connection in sockets:
        assert connection.recv(1000).endswith(b"OK")
        connection.close()


def test_query_and_names(serve):
    def show(engine, request):
        return as_json({"name": request.name, "query": request.query, "path": request.path})

    server = serve([("GET", "/images/{name}/json", show)])
    found = server.client.call(
        "GET", "/v1.40/images/host:5000/a/b%20c/json", {"x": "1 +&=é", "empty": "", "no": False}
    )
    assert found["name"] == "host:5000/a/b c"
    assert found["query"] == {"x": "1 +&=é", "no": "0"}
    assert server.client.call("GET", "/images/a/json?x=1&y=&x=2")["query"] == {"x": "1", "y": ""}
