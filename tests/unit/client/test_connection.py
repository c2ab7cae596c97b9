"""The client's half of HTTP, against bytes that a test sends."""

import socket
import subprocess
import threading

import pytest

from pyminidocker import errors
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.transport import query_text, quote, socket_of
from pyminidocker.framing.stdcopy import frame


class Replies:
    """Accepts connections and answers every request with the next of some prepared bytes."""

    def __init__(self, path, answers, *, pieces=1):
        self.requests = []
        self.connections = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._answers = list(answers)
        self._pieces = pieces
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while self._answers:
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection:
                while self._answers and (request := connection.recv(65536)):
                    self.requests.append(request)
                    answer = self._answers.pop(0)
                    size = max(1, len(answer) // self._pieces)
                    for start in range(0, len(answer), size):
                        connection.sendall(answer[start : start + size])
                    if not answer or b"close" in answer:
                        break

    def close(self):
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def replies(tmp_path):
    started = []

    def start(*answers, pieces=1):
        path = str(tmp_path / f"{len(started)}.sock")
        server = Replies(path, answers, pieces=pieces)
        client = EngineClient(f"unix://{path}")
        started.append((server, client))
        return server, client

    yield start
    for server, client in started:
        client.close()
        server.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"Id": "a"}'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'8\r\n{"a": 1}\r\n1;x=y\r\n\n\r\na\r\n{"a": 22}\n\r\n0\r\n\r\n'
)


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_length_then_chunked_on_one_connection(replies, pieces):
    server, client = replies(OK, CHUNKED, OK, pieces=pieces)
    assert client.call("GET", "/a") == {"Id": "a"}
    with client.open("GET", "/events") as response:
        assert list(response.json_lines()) == [{"a": 1}, {"a": 22}]
    assert client.call("GET", "/a") == {"Id": "a"}
    assert server.connections == 1


def test_a_closed_idle_connection_is_replaced(replies):
    server, client = replies(OK.replace(b"\r\n\r\n", b"\r\nX: close\r\n\r\n"), OK)
    assert client.call("GET", "/a") == {"Id": "a"}
    while not client._idle[0].is_stale():
        pass
    assert client.call("GET", "/a") == {"Id": "a"}
    assert server.connections == 2


def test_body_until_the_end_of_the_connection(replies):
    _, client = replies(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
    assert client.call_bytes("/x") == b"all of it"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX: close\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: close\r\n\r\n9\r\nhalf",
        b"HTTP/1.1 200 OK\r\nX: close",
    ],
)
def test_an_answer_that_breaks_off(replies, answer):
    _, client = replies(answer)
    with pytest.raises(errors.Unavailable, match="closed the connection"):
        client.call("POST", "/x")  # which nobody may simply send again


def test_not_http(replies):
    _, client = replies(b"SSH-2.0-OpenSSH close\r\n\r\n")
    with pytest.raises(errors.Conflict, match=r"another program listens at .*not HTTP"):
        client.call("GET", "/x")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b'{"message":"No such container: x"}', errors.NotFound),
        (409, b'{"message":"m","hint":"h"}', errors.Conflict),
        (304, b"", errors.NotModified),
        (500, b'{"message":"m","kind":"SystemFailure"}', errors.SystemFailure),
        (400, b'{"message":"m","kind":"InitError"}', errors.InitError),
        (500, b"<html>", errors.Conflict),  # no engine answers so
    ],
)
def test_errors(replies, status, body, kind):
    length = b"" if status == 304 else b"Content-Length: %d\r\n" % len(body)
    server, client = replies(b"HTTP/1.1 %d X\r\n" % status + length + b"\r\n" + body, OK)
    with pytest.raises(errors.MiniDockerError) as caught:
        client.call("GET", "/x")
    assert type(caught.value) is kind
    assert client.call("GET", "/a") == {"Id": "a"}
    assert server.connections == 1


def test_a_chunked_upload(replies):
    server, client = replies(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    client.upload("PUT", "/x", {"path": "/a b"}, b"tar").close()
    assert server.requests[0].startswith(b"PUT /x?path=/a%20b HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"Content-Length: 3\r\n\r\ntar")


def test_upgrade_with_early_output(replies):
    head = (
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
        b"Connection: Upgrade\r\nUpgrade: tcp\r\nX: close\r\n\r\n"
    )
    _, client = replies(head + frame(1, b"out") + frame(2, b"err"))
    with client.upgrade("/attach") as stream:
        assert stream.buffered
        assert list(stream.frames()) == [(1, b"out"), (2, b"err")]


def test_query_text():
    assert query_text({"a": None, "b": "", "c": True, "d": False, "e": 3}) == "?c=1&d=0&e=3"
    filters = {"label": ["a=b"]}
    assert query_text({"filters": filters}) == "?filters=%7B%22label%22:%5B%22a%3Db%22%5D%7D"
    assert query_text({}) == ""


def test_quote():
    assert quote("host:5000/a/b@sha256:0") == "host:5000/a/b@sha256:0"
    assert quote("a b?c#d&é") == "a%20b%3Fc%23d%26%C3%A9"


def test_socket_of(monkeypatch):
    monkeypatch.setenv("MINIDOCKER_RUN", "/r")
    monkeypatch.delenv("MINIDOCKER_HOST", raising=False)
    assert socket_of(None) == ("/r/default/minidocker.sock", "default")
    assert socket_of("b") == ("/r/b/minidocker.sock", "b")
    assert socket_of("unix:///x/y") == ("/x/y", None)
    monkeypatch.setenv("MINIDOCKER_HOST", "/z")
    assert socket_of(None) == ("/z", None)
    with pytest.raises(errors.InvalidArgument, match="unix socket only"):
        socket_of("tcp://1.2.3.4:2375")


def test_nobody_there(tmp_path):
    with pytest.raises(errors.Unavailable, match="is it running"):
        EngineClient(f"unix://{tmp_path}/nosuch").ping()


def test_an_engine_of_another_release(replies):
    with subprocess.Popen(["true"]) as process:  # stands for an engine that ends when told to
        facts = b'{"Pid": %d}' % process.pid
        answers = [
            b"HTTP/1.1 200 OK\r\nServer: minidocker/0.0.9 (linux)\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            for body in (b"OK", b"{}", facts)
        ]
        _, client = replies(*answers, b"HTTP/1.1 204 No Content\r\nX: close\r\n\r\n")
        client.call_bytes("/_ping")
        with pytest.raises(errors.Unavailable, match=r"is version 0\.0\.9, this client is"):
            client.call("GET", "/info")
        client.shutdown()


def test_a_dying_engine_may_accept_a_few_times_more(replies):
    """Killed, it has a listening socket until its last thread is gone; a question asks nothing."""
    server, client = replies(b"", b"", b"", OK)
    assert client.call("GET", "/x") == {"Id": "a"}
    assert server.connections == 4


def test_what_changes_something_is_not_sent_twice(replies):
    server, client = replies(b"", OK)
    with pytest.raises(errors.Unavailable, match="closed the connection without an answer"):
        client.call("POST", "/x")
    assert client.call("GET", "/x") == {"Id": "a"}
    assert len(server.requests) == 2
