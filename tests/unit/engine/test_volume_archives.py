"""Export and import of volumes beside containers: who stands still, and who is in the way."""

import asyncio
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from pyminidocker.engine import volume_archives
from pyminidocker.errors import Conflict


def engine_with(user, mountpoint="/nowhere"):
    volumes = SimpleNamespace(
        get=lambda name: SimpleNamespace(mountpoint=mountpoint, driver="local"),
        has=lambda name: True,
        create=lambda name: SimpleNamespace(mountpoint=mountpoint, driver="local"),
        users=lambda name: {user.id},
    )
    containers = SimpleNamespace(index=SimpleNamespace(by_id={user.id: user}))
    return SimpleNamespace(volumes=volumes, containers=containers)


def user_of(status="running", *, is_running=True):
    return SimpleNamespace(
        id="a", name="box", status=status, is_running=is_running, lock=asyncio.Lock()
    )


def test_nobody_stands_still_for_an_export_that_does_not_begin(monkeypatch):
    told = []

    @asynccontextmanager
    async def still(engine, containers):
        told.append([container.name for container in containers])
        yield
        told.append("on")

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(volume_archives, "still", still)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        asyncio.run(volume_archives.export(engine_with(user_of()), "v", pause=True))
    assert told == [["box"], "on"]


@pytest.mark.parametrize(
    ("status", "is_running"), [("running", True), ("paused", True), ("running", False)]
)
def test_who_runs_or_is_about_to_is_in_the_way_of_an_import(tmp_path, status, is_running):
    user = user_of(status, is_running=is_running)
    data = tmp_path / "_data"
    data.mkdir()

    async def nothing():
        for chunk in ():
            yield chunk

    with pytest.raises(Conflict, match="v is in use by running containers: box") as refused:
        asyncio.run(volume_archives.restore(engine_with(user, str(data)), "v", nothing()))
    assert refused.value.hint == "stop them first: minidocker stop box"
