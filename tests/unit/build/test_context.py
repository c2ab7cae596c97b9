"""Build contexts: what comes in, what does not, and what is left on disk."""

import asyncio
import bz2
import gzip
import io
import lzma
import os
import tarfile

import pytest

from pyminidocker.build import context as contexts
from pyminidocker.build.context import receive
from pyminidocker.build.spool import Limits, Spool
from pyminidocker.build.tree import resolve
from pyminidocker.errors import InvalidArgument, NotFound
from tests.unit.build.conftest import archive, entry, hard_link, link

SMALL = archive(entry("Dockerfile", b"FROM x\n"), entry("src/app.py", b"print()"))


async def pieces(data, size=1000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def take_in(data, world, **options):
    context = asyncio.run(receive(pieces(data), world.state, **options))
    world.opened.append(context)
    return context


def zstd(data):
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    return zstd.compress(data)


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd], ids=lambda f: f.__name__
)
def test_compressed_or_not(world, pack):
    context = take_in(pack(SMALL), world)
    assert context.read("Dockerfile") == b"FROM x\n"
    assert context.read("/src/../src/app.py") == b"print()"
    assert (len(context.entries.nodes), context.size) == (4, 14)


def test_an_archive_without_its_end(world):
    """What ``docker build -f`` sends for a Dockerfile outside of the context."""
    data = archive(entry("Dockerfile", b"FROM x\n"))
    assert take_in(data[: 512 + 7], world).read("Dockerfile") == b"FROM x\n"
    with pytest.raises(InvalidArgument, match="cut off"):
        take_in(data[: 512 + 6], world)


def test_nothing_gets_a_name_on_disk(world):
    take_in(SMALL, world)
    assert os.listdir(f"{world.state}/build/scratch") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"this is no tar archive" * 100, "is not a readable tar archive"),
        (SMALL[:515], "cut off"),
        (gzip.compress(SMALL)[:-20], "damaged"),
        (b"\x1f\x8b" + b"x" * 2000, "damaged"),
        (SMALL[:600] + b"x" * 1600, "cannot be read: damaged"),
        (gzip.compress(SMALL)[:-10], "cannot be read: damaged archive: gzip: it ends too early"),
    ],
)
def test_damaged(world, data, message):
    with pytest.raises(InvalidArgument, match=message):
        take_in(data, world)
    assert os.listdir(f"{world.state}/build/scratch") == []


def test_the_client_can_finish_sending_what_is_refused(world):
    """It reads the answer only after its last byte."""
    taken = 0

    async def body():
        nonlocal taken
        for _ in range(300):
            taken += 1
            yield b"x" * 10_000

    with pytest.raises(InvalidArgument):
        asyncio.run(receive(body(), world.state))
    assert taken == 300


def test_an_endless_body_is_given_up(world, monkeypatch):
    monkeypatch.setattr(contexts, "_DRAIN_MAX", 1 << 20)

    async def body():
        yield tarfile.TarInfo("zeros").tobuf()
        header = tarfile.TarInfo("endless")
        header.size = 1 << 40
        yield header.tobuf()
        while True:
            yield bytes(1 << 16)

    with pytest.raises(InvalidArgument, match="the build context is larger than 1MiB") as caught:
        asyncio.run(receive(body(), world.state, Limits(content=1 << 20)))
    assert ".dockerignore" in caught.value.hint


def test_a_client_that_goes_away(world):
    async def body():
        yield SMALL[:600]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(receive(body(), world.state))
    assert os.listdir(f"{world.state}/build/scratch") == []


def test_whoever_waits_may_give_up(world):
    """The thread has ended and the file is closed when the cancellation comes through."""
    before = len(os.listdir("/proc/self/fd"))

    async def give_up():
        sent = asyncio.Event()

        async def body():
            yield SMALL[:600]
            sent.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(receive(body(), world.state))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_many_entries(world):
    data = archive(*(entry(f"f{n}", b"") for n in range(50)))
    with pytest.raises(InvalidArgument, match="the build context has more than 20 entries"):
        take_in(data, world, limits=Limits(entries=20))


def test_a_bomb(world):
    bomb = gzip.compress(archive(entry("zeros", bytes(3 << 20))))
    with pytest.raises(InvalidArgument, match="larger than 1MiB"):
        take_in(bomb, world, limits=Limits(content=1 << 20))


def test_a_hole_counts_in_full(world):
    """A sparse file is nothing on the wire and everything in the layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("GNUSparseFile.0/hole")
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "hole",
            "GNU.sparse.realsize": str(1 << 40),
        }
        body = b"1\n1000\n3\n".ljust(512, b"\0") + b"end"
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    with pytest.raises(InvalidArgument, match="larger than 32GiB"):
        take_in(buffer.getvalue(), world)


def test_sparse_files_are_whole(world):
    """GNU tar's own format, as ``tar -S`` writes it: data, hole, data, hole."""
    import subprocess

    path = world.directory / "sparse"
    with path.open("wb") as file:
        file.write(b"begin")
        file.seek(1 << 20)
        file.write(b"middle")
        file.truncate(3 << 20)
    for form in ("gnu", "pax"):
        words = ["tar", "-S", f"--format={form}", "-C", world.directory, "-cf", "-", "sparse"]
        data = subprocess.run(words, capture_output=True, check=True).stdout
        context = world.context(data=data)
        assert b"".join(context.chunks(context.get("sparse"))) == path.read_bytes()
        assert os.fstat(context._spool.fd).st_size < 1 << 20


def test_a_full_disk_is_left_alone(world, monkeypatch):
    monkeypatch.setattr("pyminidocker.build.spool._CHECK_EVERY", 1000)
    from pyminidocker.errors import SystemFailure

    with pytest.raises(SystemFailure, match="no space left on device while receiving"):
        take_in(archive(entry("f", bytes(5000))), world, limits=Limits(reserve=1 << 60))


def test_read_says_what_is_wrong(world):
    context = world.context(entry("Dockerfile", b"x"), entry("big", bytes(100)), entry("d"))
    with pytest.raises(NotFound, match="'dockerfile' is not in the build context") as caught:
        context.read("dockerfile")
    assert caught.value.hint == "did you mean Dockerfile?"
    with pytest.raises(InvalidArgument, match="is a directory, not a file"):
        context.read("d")
    with pytest.raises(InvalidArgument, match="has 100 bytes; 50 are allowed"):
        context.read("big", limit=50)


def test_a_link_to_nothing_is_told_apart_from_a_misspelling(world):
    context = world.context(link("Dockerfile", "/etc/passwd"))
    with pytest.raises(NotFound) as caught:
        context.read("Dockerfile")
    assert caught.value.hint == "it is a symbolic link to nothing"


def test_links_are_followed_inside(world):
    context = world.context(
        entry("real/Dockerfile", b"FROM x"),
        link("Dockerfile", "/real/Dockerfile"),
        link("up", "../../../real"),
        link("loop", "loop"),
        link("out", "/etc/passwd"),
    )
    assert context.read("Dockerfile") == b"FROM x"
    assert context.read("up/Dockerfile") == b"FROM x"
    assert resolve(context, "out") is None
    with pytest.raises(InvalidArgument, match="too many levels of symbolic links"):
        context.read("loop")


def test_ignore_file(world):
    context = world.context(
        entry(".dockerignore", b"*.log\nDockerfile\n"),
        entry("Dockerfile", b"FROM x"),
        entry("app.py", b""),
    )
    assert context.is_ignored("x.log")
    assert not context.is_ignored("app.py")
    assert context.excuse("x.log") == (
        ".dockerignore excludes it",
        "add a line !x.log to .dockerignore",
    )
    context.apply_ignore("Dockerfile")
    assert sorted(context.entries.nodes) == ["", ".dockerignore", "app.py"]


def test_a_directory_for_bind_mounts(world):
    context = world.context(
        entry("dir", mode=0o700),
        entry("dir/tool", b"#!", mode=0o755),
        hard_link("twin", "dir/tool"),
        link("l", "/etc/passwd"),
        entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry("pipe", kind=tarfile.FIFOTYPE),
    )
    path = context.directory()
    assert path == context.directory()
    assert sorted(os.listdir(path)) == ["dir", "l", "pipe", "twin"]
    assert os.stat(f"{path}/twin").st_ino == os.stat(f"{path}/dir/tool").st_ino
    assert os.readlink(f"{path}/l") == "/etc/passwd"
    context.close()
    assert not os.path.exists(path)


def test_a_thousand_files_take_no_time(world):
    data = archive(*(entry(f"d{n % 10}/f{n}", b"x" * 100) for n in range(1000)))
    context = world.context(data=data)
    assert len(context.entries.nodes) == 1011


def test_what_was_received_goes_with_whoever_forgets_it(tmp_path):
    spool = Spool(str(tmp_path), "a file", Limits())
    spool.write(b"x")
    fd = spool.fd
    del spool
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
