"""Files of a container from outside: cp, diff, commit, export, compare."""

import asyncio
import io
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyminidocker.engine.container import Container
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument, MiniDockerError, NotFound, PermissionDenied
from tests.support import enginelab
from tests.support.enginelab_scenarios import create, execute, output, run, start


@pytest.mark.requires("userns", "busybox")
@pytest.mark.parametrize(
    "scenario", ["copies", "hostile_containers", "exchanged_links", "changes_and_images", "streams"]
)
def test_engine(scenario: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.getbasetemp() / "engine-copy"
    home.mkdir(exist_ok=True)
    enginelab.run(__file__, scenario, home)


def _tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


async def _chunks(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start_ in range(0, len(data), size):
        yield data[start_ : start_ + size]


async def _put(engine: Engine, container: Container, path: str, **files: bytes) -> None:
    await engine.containers.put_archive(container.id, path, _chunks(_tar(**files)))


async def _get(engine: Engine, container: Container, path: str) -> dict[str, bytes]:
    _, stream = await engine.containers.get_archive(container.id, path)
    data = b"".join([chunk async for chunk in stream])
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.isreg() else None
            found[entry.name] = file.read() if file else b""
    return found


async def copies(engine: Engine) -> None:
    """The same answers from a container that runs and one that does not, volumes included."""
    place = Path(engine.state_dir).parent / "bound"
    place.mkdir()
    running = await start(engine, "sleep", "100", binds=["cp:/vol", f"{place}:/bound"])
    stopped = await create(engine, "true", binds=["cp:/vol", f"{place}:/bound"])
    for container in (running, stopped):
        await _put(engine, container, "/etc", new=b"1" * 5000)
        await _put(engine, container, "/vol", inside=b"2")
        await _put(engine, container, "/bound", out=b"3")
        assert (await _get(engine, container, "/etc/new")) == {"new": b"1" * 5000}
        assert (await _get(engine, container, "/vol")) == {"vol": b"", "vol/inside": b"2"}
        assert (await _get(engine, container, "/vol/."))["./inside"] == b"2"
        assert (place / "out").read_bytes() == b"3"
        (place / "out").unlink()
        found = await engine.containers.stat_path(container.id, "/etc/new")
        assert (found.name, found.size_bytes) == ("new", 5000)
        link = await engine.containers.stat_path(container.id, "/etc/mtab")
        assert link.link_target == "/proc/mounts" or link.link_target.startswith("/proc")
        root = await engine.containers.stat_path(container.id, "/")
        assert root.name == "/"
        with pytest.raises(NotFound, match="Could not find the file /no/such in container"):
            await engine.containers.stat_path(container.id, "/no/such")
        with pytest.raises(NotFound, match="Could not find the file"):
            await engine.containers.get_archive(container.id, "/no/such")
        with pytest.raises(NotFound, match="Could not find the file"):
            await _put(engine, container, "/no/such", x=b"")
        with pytest.raises(InvalidArgument, match="extraction point is not a directory"):
            await _put(engine, container, "/etc/new", x=b"")
    _, text = await execute(engine, running, "cat", "/etc/new")
    assert len(text) == 5000
    await engine.containers.start(stopped.id)
    await engine.containers.wait(stopped.id)
    assert [change.path for change in await engine.containers.diff(stopped.id)] == [
        "/bound",
        "/etc",
        "/etc/new",
        "/vol",
    ]
    sealed = await create(engine, "true", read_only=True, binds=["cp:/vol:ro"])
    with pytest.raises(PermissionDenied, match="container rootfs is marked read-only"):
        await _put(engine, sealed, "/etc", x=b"")
    with pytest.raises(PermissionDenied, match="mounted volume is marked read-only"):
        await _put(engine, sealed, "/vol", x=b"")
    for container in (running, stopped, sealed):
        await engine.containers.remove(container.id, force=True)
    await engine.volumes.remove("cp")
    assert "overlay" not in _mounts_of(engine)


def _mounts_of(engine: Engine) -> str:
    text = Path("/proc/self/mountinfo").read_text()
    return "\n".join(line for line in text.splitlines() if engine.state_dir in line)


async def hostile_containers(engine: Engine) -> None:
    """Links of the container lead to places in the container."""
    secret = Path(engine.state_dir).parent / "secret"
    secret.write_text("secret")
    script = (
        f"ln -s {secret} /file; ln -s {secret.parent} /dir; ln -s ../../../../../../ /up; mkdir /ok"
    )
    container = await start(engine, "sh", "-c", f"{script}; echo made; sleep 100")
    await anext(engine.containers.logs(container.id, follow=True))
    for _ in range(2):  # running, then stopped
        with pytest.raises(NotFound):
            await engine.containers.get_archive(container.id, f"/dir/{secret.name}")
        with pytest.raises(MiniDockerError):
            await _put(engine, container, "/dir", x=b"1")
        assert not (secret.parent / "x").exists()
        assert "./group" in await _get(engine, container, "/up/etc/.")
        assert (await engine.containers.stat_path(container.id, "/file")).link_target == str(secret)
        if container.is_running:
            await engine.containers.kill(container.id)
    assert secret.read_text() == "secret"
    await engine.containers.remove(container.id)


async def exchanged_links(engine: Engine) -> None:
    """A container that swaps a directory for a link all the time cannot lead us outside."""
    outside = Path(engine.state_dir).parent / "outside"
    outside.mkdir()
    (outside / "f").write_text("secret")
    script = (
        f"mkdir /a /b; echo own > /a/f; ln -s {outside} /b/l; echo ready; cd /;"
        " while :; do mv /a /c; mv /b/l /a; mv /a /b/l; mv /c /a; done"
    )
    container = await start(engine, "sh", "-c", script)
    await anext(engine.containers.logs(container.id, follow=True))
    for number in range(60):
        try:
            found = await _get(engine, container, "/a/f")
            assert found == {"f": b"own\n"}
            await _put(engine, container, "/a", **{f"n{number}": b"x"})
        except MiniDockerError:
            pass  # at this moment there was no such thing
    assert sorted(os.listdir(outside)) == ["f"]
    await engine.containers.remove(container.id, force=True)


async def changes_and_images(engine: Engine) -> None:
    container = await start(
        engine, "sh", "-c", "echo new > /new; rm /etc/passwd; echo more >> /etc/group", env=["A=1"]
    )
    await engine.containers.wait(container.id)
    changes = {(change.path, change.kind) for change in await engine.containers.diff(container.id)}
    assert changes == {("/new", 1), ("/etc", 0), ("/etc/passwd", 2), ("/etc/group", 0)}
    size = await engine.containers.size(container.id)
    assert 0 < size.rw_bytes < size.root_fs_bytes
    image_id = await engine.containers.commit(
        container.id,
        repository="made",
        author="me",
        comment="by hand",
        changes=['CMD ["cat", "/new"]', "ENV B=2"],
    )
    image = engine.images.get("made")
    assert image.id == image_id
    assert image.config.config.cmd == ["cat", "/new"]
    assert {"A=1", "B=2"} <= set(image.config.config.env)
    _, text = await run(engine, image="made")
    assert text == "new\n"
    _, text = await run(engine, "ls", "/etc/passwd", image="made")
    assert "No such file" in text
    compared = await engine.images.compare("busybox", "made")
    assert {entry["Path"]: entry["Kind"] for entry in compared["Entries"]}[
        "/etc/passwd"
    ] == "deleted"
    assert await engine.images.compare("busybox", container.name)
    rows = engine.images.layers("made")
    assert len(rows) == len(engine.images.layers("busybox")) + 1
    assert engine.images.layers(container.name)[-1]["CreatedBy"] == f"container {container.name}"
    assert b"root" in await engine.images.layer_file("made", 0, "/etc/passwd")
    exported = b"".join([chunk async for chunk in await engine.containers.export(container.id)])
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        names = archive.getnames()
    assert "new" in names
    assert "etc/passwd" not in names
    with pytest.raises(MiniDockerError, match=r"unable to remove|conflict"):
        await engine.images.remove("busybox")
    await engine.containers.remove(container.id)
    removed = await engine.images.remove("made")
    assert ("Untagged", "made:latest") in removed


async def streams(engine: Engine) -> None:
    """Large archives flow; a client that leaves lets go of everything."""
    container = await create(engine, "sh", "-c", "cat /data/big | wc -c")
    big = os.urandom(1 << 20) * 8
    await engine.containers.put_archive(
        container.id, "/", _chunks(_tar(**{"data/big": big}), 100_000)
    )
    _, stream = await engine.containers.get_archive(container.id, "/data/big")
    await anext(stream)
    starting = asyncio.ensure_future(engine.containers.start(container.id))
    await asyncio.sleep(0.05)
    assert not starting.done()  # the copy holds the container
    stream.close()  # type: ignore[attr-defined]
    await starting
    await engine.containers.wait(container.id)
    assert (await output(engine, container)).strip() == str(8 << 20)
    with pytest.raises(InvalidArgument, match="Error processing tar file"):
        await engine.containers.put_archive(container.id, "/", _chunks(b"no tar" * 100_000))
    await engine.containers.remove(container.id)
