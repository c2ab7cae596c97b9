import http.server
import socket
import threading

import pytest

from pyminidocker.errors import NotFound, Unavailable
from pyminidocker.teach import web
from pyminidocker.teach.web import Page, fetch, free_port

PAGE = """<!doctype html>
<html><title>Not shown</title><style>p { color: red }</style>
<h1>Hello &lt;Ada&gt;!</h1>
<p><b>Visits:</b>
 3
<p><b>Host:</b> here
</html>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running.server_port
        running.shutdown()
        thread.join()


def test_a_page_is_fetched_and_told(server):
    page = fetch(server)
    assert page.status == 200
    assert page.text.splitlines()[0] == "Hello <Ada>!"
    assert "Not shown" not in page.text
    assert "color" not in page.text
    assert page.value("Host") == "here"
    assert str(page).startswith("HTTP 200\n  Hello <Ada>!\n")
    assert fetch(server, "/broken").status == 500
    with pytest.raises(NotFound, match="nothing about 'Age'"):
        page.value("Age")


def test_the_frame_cannot_run_anything(server):
    shown = Page(200, '<script>alert("x")</script>"><b>hi</b>')._repr_mimebundle_()
    assert 'sandbox=""' in shown["text/html"]
    assert 'title="The page, HTTP 200"' in shown["text/html"]
    assert "<script" not in shown["text/html"]
    assert "alert" not in shown["text/plain"]


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(web, "PATIENCE_S", 0.05)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="nobody answers at port"):
            fetch(closed.getsockname()[1])


def test_a_server_that_starts_is_waited_for():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))

        def serve():
            listener.listen()
            for answer in (b"", b"HTTP/1.0 200 OK\r\n\r\nup"):  # the first one is cut off
                near, _ = listener.accept()
                with near:
                    near.recv(1000)
                    near.sendall(answer)

        thread = threading.Timer(0.05, serve)
        thread.start()
        assert fetch(listener.getsockname()[1]).body == "up"
        thread.join()


def test_a_taken_port_is_passed_over():
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) < port + 200
        with pytest.raises(NotFound, match="all taken"):
            free_port(port, tries=1)
