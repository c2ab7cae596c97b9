"""The widgets on real processes, images and containers."""

import os
from collections.abc import Iterator

import pytest

from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine
from pyminidocker.errors import Conflict, NotFound

pytest.importorskip("anywidget")
from pyminidocker.widgets import layer_microscope, namespace_lens, open_terminal

SPOIL = (
    "rm /etc/passwd; echo x >> /etc/group; chmod 600 /etc/hosts.allow;"
    " echo new > /new; echo ready; exec sleep 1000"
)


@pytest.fixture
def pair(engine: Engine) -> Iterator[tuple[Container, Container]]:
    """Two running containers."""
    made = [
        engine.run("busybox", "sleep 1000", detach=True, name=name, hostname=f"host-{name}")
        for name in ("lens-a", "lens-b")
    ]
    yield made[0], made[1]
    for container in made:
        container.remove(force=True)


def test_lens_shows_what_a_container_shares_with_the_notebook(
    engine: Engine, pair: tuple[Container, Container]
) -> None:
    lens = namespace_lens("notebook", pair[0], engine=engine)
    verdicts = {row.meaning.key: row.verdict for row in lens.model.rows()}
    assert verdicts.pop("time") == "same"
    assert set(verdicts.values()) == {"different"}
    assert lens.model.subjects[1].inside_pid == 1
    assert lens.model.subjects[1].host_pid == pair[0].pid
    facts = {row["label"]: row["fact"] for row in lens.details["net"]["rows"]}
    assert facts["lens-a"] == "lo, eth0"
    assert os.uname().nodename not in lens.text().replace("the machine's name", "")
    lens.close()


def test_lens_shows_what_two_containers_share(
    engine: Engine, pair: tuple[Container, Container]
) -> None:
    lens = namespace_lens(*pair, engine=engine)
    same = {row.meaning.key for row in lens.model.rows() if row.verdict == "same"}
    assert same == {"time", "user"}
    assert "host-lens-a" in lens.text()
    lens.close()


def test_lens_tells_the_same_twice(engine: Engine, pair: tuple[Container, Container]) -> None:
    first = namespace_lens("notebook", pair[0], engine=engine)
    again = namespace_lens("notebook", engine.container("lens-a"), engine=engine)
    assert first.text() == again.text()
    assert first.svg() == again.svg()
    first.close()
    again.close()


def test_lens_notices_a_killed_container(engine: Engine, pair: tuple[Container, Container]) -> None:
    lens = namespace_lens(pair[0], engine=engine)
    pair[0].kill()
    pair[0].wait(timeout_s=10)
    lens.refresh()
    assert lens.message == "lens-a ended: this is the last that was seen."
    with pytest.raises(Conflict, match="not running"):
        namespace_lens(pair[0], engine=engine)
    lens.close()


def test_microscope_finds_what_a_container_did(engine: Engine) -> None:
    container = engine.run("busybox", ["sh", "-c", SPOIL], detach=True, name="spoiled")
    try:
        next(line for line in container.follow() if "ready" in line)
        view = layer_microscope(container, engine=engine)
        kinds = {entry.path: entry.kind for entry in view.model.entries}
        assert kinds["/etc/passwd"] == "deleted"
        assert kinds["/etc/group"] == "changed"
        assert kinds["/new"] == "added"
        (deleted,) = [e for e in view.model.entries if e.path == "/etc/passwd"]
        assert deleted.whiteout
        assert view.model.layers[-1].writable
        assert view.model.layers[0].shared
        found = view.resurrect("/etc/passwd")
        assert found.data.startswith(b"root:")
        with pytest.raises(NotFound):
            view.resurrect("/new")
        view.close()
    finally:
        container.remove(force=True)


def test_microscope_refuses_what_is_not_there(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no-such-thing"):
        layer_microscope("busybox", "no-such-thing", engine=engine)


def test_terminal_in_a_running_container(engine: Engine, pair: tuple[Container, Container]) -> None:
    terminal = open_terminal(engine, pair[0], "sh")
    terminal._handle_custom_msg({"do": "resize", "rows": 11, "cols": 42}, [])
    terminal.type("stty size; hostname; sleep 1000\n")
    while "host-lens-a" not in terminal.transcript:
        assert not terminal.wait(0.05)
    terminal.type("\x03")
    terminal.type("exit 7\n")
    assert terminal.wait(10) == 7
    assert "11 42" in terminal.transcript
    terminal.close()


def test_terminal_in_a_container_of_its_own(engine: Engine) -> None:
    terminal = open_terminal(engine, "busybox", "sh -c 'echo from $(hostname); exit 3'")
    assert terminal.wait(10) == 3
    assert "from " in terminal.text()
    assert "(exit code 3)" in terminal.text()
    terminal.close()


def test_closed_terminal_leaves_no_container(engine: Engine) -> None:
    terminal = engine.terminal("busybox")
    (name,) = [one.name for one in engine.containers()]
    terminal.close()
    assert terminal.wait(10) == 137
    while [one for one in engine.containers(all=True) if one.name == name]:
        terminal.wait(0.02)


def test_closed_terminal_hangs_up_on_its_process(
    engine: Engine, pair: tuple[Container, Container]
) -> None:
    terminal = engine.terminal(pair[0], "sh")
    terminal.close()
    assert terminal.wait(10) == 129


def test_terminal_needs_a_place(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no running container and no image is called nowhere"):
        engine.terminal("nowhere")
