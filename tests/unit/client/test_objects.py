"""The friendly objects: how they look, and what they ask of the engine."""

import pickle
from types import SimpleNamespace

import pytest

from pyminidocker.client.container import Container, split_log, split_tag
from pyminidocker.client.create_config import create_config
from pyminidocker.client.listing import CONTAINER_COLUMNS
from pyminidocker.client.results import RunResult
from pyminidocker.client.table import Table
from pyminidocker.errors import InvalidArgument, NotModified
from pyminidocker.framing.stdcopy import frame


def test_run_result_is_its_output():
    result = RunResult(b"hello\nworld\n", b"careful\n", 0, ["cat"])
    assert result == "hello\nworld\n"
    assert result.splitlines() == ["hello", "world"]
    assert result.ok
    assert repr(result) == "hello\nworld\ncareful"
    assert result._repr_html_().startswith("<pre>hello\nworld</pre><pre style=")


def test_run_result_tells_a_failure():
    result = RunResult(b"", b"sh: nosuch: not found\n", 127)
    assert not result.ok
    assert repr(result) == "sh: nosuch: not found\n[exit code 127]"
    assert "[exit code 127]" in result._repr_html_()


def test_run_result_of_nothing_and_of_markup():
    assert repr(RunResult(b"")) == ""
    assert RunResult(b"")._repr_html_() == ""
    assert "<script>" not in RunResult(b"<script>alert(1)</script>")._repr_html_()
    assert RunResult(b"\xff").stdout_bytes == b"\xff"


def test_run_result_can_be_pickled():
    result = pickle.loads(pickle.dumps(RunResult(b"a", b"b", 3, ["x"])))
    assert (result, result.stderr, result.exit_code, result.command) == ("a", "b", 3, ["x"])


def test_table_text_and_html():
    table = Table([{"n": "a&b", "s": 1}, {"n": "c", "s": 22}], [
        ("NAME", lambda row: row["n"]),
        ("SIZE", lambda row: str(row["s"])),
    ])  # fmt: skip
    assert repr(table) == "NAME   SIZE\na&b    1\nc      22"
    assert "<td" in table._repr_html_()
    assert "a&amp;b" in table._repr_html_()
    assert len(table) == 2
    assert repr(Table([], [("NAME", str)])) == "NAME"


@pytest.mark.parametrize(("verb", "text"), [("start", "started"), ("stop", "stopped")])
def test_what_is_so_already_is_said_by_name(verb, text):
    def unchanged(ref, **_):
        raise NotModified("the engine answered 304 ")

    api = SimpleNamespace(
        container_start=unchanged,
        container_stop=unchanged,
        container_inspect=lambda _: {"Name": "/walker"},
    )
    box = Container(api, "c0ffee")
    with pytest.raises(NotModified, match=f"Container walker is already {text}"):
        getattr(box, verb)()


def test_container_columns():
    row = {
        "Id": "0123456789abcdef" * 4,
        "Image": "busybox",
        "Command": "sh -c 'echo a long line'",
        "Created": 0,
        "Status": "Exited (0) 2 minutes ago",
        "Ports": [{"PrivatePort": 80, "Type": "tcp"}],
        "Names": ["/web"],
    }
    cells = {title: cell(row) for title, cell in CONTAINER_COLUMNS}
    assert cells["CONTAINER ID"] == "0123456789ab"
    assert cells["COMMAND"] == '"sh -c \'echo a long …"'
    assert cells["PORTS"] == "80/tcp"
    assert cells["NAMES"] == "web"


def test_create_config_speaks_docker():
    config = create_config(
        "busybox",
        "sh -c 'echo hi'",
        {
            "env": {"A": "1"},
            "volumes": ["data:/data"],
            "labels": ["x=y"],
            "tmpfs": ["/t:size=1m"],
            "network": "none",
            "restart": "on-failure:3",
            "mounts": [{"type": "bind", "source": "/a", "target": "/b", "read_only": True}],
            "hostname": "h",
            "entrypoint": [],
        },
    )
    assert config == {
        "Image": "busybox",
        "Cmd": ["sh", "-c", "echo hi"],
        "Entrypoint": [""],
        "Env": ["A=1"],
        "Hostname": "h",
        "Labels": {"x": "y"},
        "HostConfig": {
            "Binds": ["data:/data"],
            "NetworkMode": "none",
            "Tmpfs": {"/t": "size=1m"},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True}],
        },
    }
    assert create_config("busybox", None, {}) == {"Image": "busybox"}


def test_create_config_knows_a_typo():
    with pytest.raises(InvalidArgument, match="'volume'") as caught:
        create_config("busybox", None, {"volume": ["a:/b"]})
    assert caught.value.hint == "did you mean 'volumes'?"


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("a", ("a", "")),
        ("a:1", ("a", "1")),
        ("h:5000/a", ("h:5000/a", "")),
        ("h:5000/a:1", ("h:5000/a", "1")),
    ],
)
def test_split_tag(reference, parts):
    assert split_tag(reference) == parts


def test_split_log():
    body = frame(1, b"a") + frame(2, b"b") + frame(1, b"c")
    assert split_log(body, tty=False) == (b"ac", b"b")
    assert split_log(body, tty=True) == (body, b"")
