import socket
import threading

import pytest

from pyminidocker.errors import NotFound
from pyminidocker.widgets.terminal import view as view_module
from pyminidocker.widgets.terminal.process import ExecProcess, RunProcess, find_process
from pyminidocker.widgets.terminal.session import BACKLOG_BYTES, BATCH_BYTES, Session
from pyminidocker.widgets.terminal.transcript import plain_text


class SocketStream:
    """One end of a socket, with the methods of the client's Stream."""

    def __init__(self, end):
        self.end = end

    def receive(self):
        return self.end.recv(65536)

    def send(self, data):
        self.end.sendall(data)

    def close_stdin(self):
        self.end.shutdown(socket.SHUT_WR)

    def close(self):
        self.end.close()


class FakeProcess:
    title = "sh in web"

    def __init__(self, code=0):
        ours, self.inside = socket.socketpair()
        self.stream, self.code, self.sizes, self.ended = SocketStream(ours), code, [], False

    def start(self, rows, cols):
        self.sizes.append((rows, cols))
        return self.stream

    def resize(self, rows, cols):
        self.sizes.append((rows, cols))

    def exit_code(self):
        return self.code

    def end(self):
        self.ended = True
        self.inside.close()


@pytest.fixture
def process():
    made = FakeProcess(3)
    yield made
    made.inside.close()


@pytest.fixture
def parts():
    return []


@pytest.fixture
def session(process, parts):
    made = Session(process, parts.append, lambda code: None, rows=24, cols=80)
    made.start()
    yield made
    process.inside.close()
    assert made.wait(10)


def test_bytes_go_both_ways(session, process, parts):
    session.write(b"ls\r")
    assert process.inside.recv(100) == b"ls\r"
    process.inside.sendall(b"a  b\r\n")
    process.inside.close()
    assert session.wait(10)
    assert b"".join(parts) == b"a  b\r\n" == session.output
    assert session.exit_code == 3


def test_end_is_told_after_the_last_output(process):
    told = []
    session = Session(process, told.append, told.append)
    session.close()  # nothing to end before the start
    assert not process.ended
    session.start()
    process.inside.sendall(b"bye")
    process.inside.close()
    assert session.wait(10)
    assert told == [b"bye", 3]
    session.write(b"nobody listens")  # and nothing is raised
    session.close()
    assert not process.ended


def test_much_output_comes_in_batches_and_holds_the_process_up(session, process, parts):
    whole = bytes(range(256)) * 1024  # twice the backlog
    writer = threading.Thread(target=process.inside.sendall, args=(whole,))
    writer.start()
    writer.join(10)
    process.inside.close()
    assert session.wait(30)
    assert b"".join(parts) == whole
    assert max(map(len, parts)) <= BATCH_BYTES
    assert len(whole) > BACKLOG_BYTES


def test_late_view_gets_the_past_first(session, process, parts):
    process.inside.sendall(b"before")
    process.inside.close()
    session.wait(10)
    past = []
    session.replay(past.append)
    assert past == [b"before"]


def test_only_another_size_is_told(session, process):
    session.resize(24, 80)
    session.resize(30, 100)
    session.resize(30, 100)
    session.resize(0, 0)
    assert process.sizes == [(24, 80), (30, 100)]


def test_close_ends_the_process(session, process):
    session.close()
    assert process.ended


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"a\r\nb\r\n", "a\nb"),
        (b"\x1b[1;34mbin\x1b[0m  etc", "bin  etc"),
        (b"\x1b]0;title\x07/ # ", "/ #"),
        (b"12%\r34%\r100%\n", "100%"),
        (b"ab\b\bxy", "xy"),
        (b"l\x08s\x1b[K x\x07", "s x"),
        (b"\x1b(Bplain\x1b=", "plain"),
        ("é ü\n".encode(), "é ü"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_transcript_is_what_was_seen(output, text):
    assert plain_text(output) == text


class FakeApi:
    """Just enough of the engine: remembers what it was asked."""

    def __init__(self, containers=(), images=()):
        self.containers, self.images, self.calls = dict(containers), images, []

    def container_inspect(self, ref):
        if ref not in self.containers:
            raise NotFound(ref)
        return {"Id": "id-" + ref, "Name": "/" + ref, "State": {"Running": self.containers[ref]}}

    def image_inspect(self, ref):
        if ref not in self.images:
            raise NotFound(ref)

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self.calls.append((name, args, kwargs))
            return {"Id": "new", "ExitCode": 7, "Running": False}

        return call


def test_running_container_gets_an_exec():
    api = FakeApi({"web": True})
    process = find_process(api, "web", None)
    assert isinstance(process, ExecProcess)
    assert process.title == "sh in web"
    process.start(24, 80)
    names = [name for name, _, _ in api.calls]
    assert names == ["exec_create", "exec_start", "exec_resize"]
    container, config = api.calls[0][1]
    assert (container, config["Cmd"], config["Tty"]) == ("id-web", ["sh"], True)
    assert api.calls[2][1] == ("new", 24, 80)
    assert process.exit_code() == 7


def test_image_gets_a_container_of_its_own():
    api = FakeApi({"old": False}, images=("busybox", "old"))
    assert isinstance(find_process(api, "old", None), RunProcess)
    process = find_process(api, "busybox", ["ls", "-l"])
    assert process.title == "ls in busybox"
    process.start(24, 80)
    names = [name for name, _, _ in api.calls]
    assert names == [
        "container_create",
        "container_attach",
        "container_wait",
        "container_start",
        "container_resize",
    ]
    (config,) = api.calls[0][1]
    assert config["Cmd"] == ["ls", "-l"]
    assert config["HostConfig"]["AutoRemove"] is True


def test_failed_start_leaves_no_container():
    class Broken(FakeApi):
        def container_start(self, ref):
            raise NotFound("no such command")

    api = Broken(images=("busybox",))
    with pytest.raises(NotFound, match="no such command"):
        find_process(api, "busybox", ["nope"]).start(24, 80)
    assert api.calls[-1][0] == "container_remove"


@pytest.mark.parametrize(
    ("containers", "words"), [({}, "no image is called"), ({"x": False}, "not running")]
)
def test_neither_container_nor_image(containers, words):
    with pytest.raises(NotFound, match=words) as caught:
        find_process(FakeApi(containers), "x", None)
    assert caught.value.hint


@pytest.fixture
def terminal(process, monkeypatch):
    monkeypatch.setattr(view_module, "find_process", lambda api, where, command: process)
    made = view_module.open_terminal(object(), "web", "sh -c 'echo hi'")
    sent = []
    made.send = lambda content, buffers=None: sent.append((content, buffers))
    made.sent = sent
    yield made
    made.close()


def test_running_terminal_saves_the_same_text_every_time(terminal, process):
    process.inside.sendall(b"/ # ")
    assert str(terminal) == "Terminal: sh in web (interactive; run this cell to use it)"


def test_ended_terminal_saves_its_transcript(terminal, process):
    process.inside.sendall(b"/ # echo hi\r\nhi\r\n")
    process.inside.close()
    assert terminal.wait(10) == 3
    assert terminal.exit_code == 3
    assert str(terminal) == "Terminal: sh in web\n/ # echo hi\nhi\n(exit code 3)"
    data, metadata = terminal._repr_mimebundle_()
    assert data["text/plain"] == str(terminal)
    assert data["image/png"]
    assert "hi" in metadata["image/png"]["alt"]


def test_typing(terminal, process):
    terminal.type("ls\n")
    assert process.inside.recv(10) == b"ls\r"


def test_page_types_resizes_and_ends(terminal, process):
    terminal._handle_custom_msg({"do": "input", "data": "\x03é"}, [])
    assert process.inside.recv(10) == b"\x03\xc3\xa9"
    terminal._handle_custom_msg({"do": "resize", "rows": 10, "cols": 40}, [])
    assert process.sizes[-1] == (10, 40)
    terminal._handle_custom_msg({"do": "ready", "view": "v", "rows": 11, "cols": 41}, [])
    assert terminal.sent[-1] == ({"do": "replay", "view": "v"}, [b""])
    assert process.sizes[-1] == (11, 41)
    terminal._handle_custom_msg({"do": "end"}, [])
    assert process.ended
