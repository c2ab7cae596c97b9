"""The registry on a machine that has no more threads to give."""

import os
import socket
import threading

from pyminidocker.registry import server
from pyminidocker.registry.server import Server, Settings


def test_it_outlives_a_lack_of_threads(tmp_path, monkeypatch):
    """Who comes then is turned away; who comes later is served."""
    start = threading.Thread.start
    failures = [RuntimeError("can't start new thread")]

    def failing(thread):
        if thread.name == "client" and failures:
            raise failures.pop()
        start(thread)

    listener = socket.create_server(("127.0.0.1", 0))
    registry = Server(Settings(str(tmp_path)), listener)
    monkeypatch.setattr(server.resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(server.threading, "stack_size", lambda _: 0)
    monkeypatch.setattr(threading.Thread, "start", failing)
    runner = threading.Thread(target=registry.run, name="runner")
    runner.start()
    try:
        with socket.create_connection(listener.getsockname()) as first:
            assert first.recv(1) == b""
        with socket.create_connection(listener.getsockname()) as second:
            second.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert second.recv(13, socket.MSG_WAITALL) == b"HTTP/1.1 200 "
            while second.recv(65536):
                pass
    finally:
        registry.close()
        runner.join()
        os.close(registry._lock)
