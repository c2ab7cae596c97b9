"""Contexts, images and instructions made up by hypothesis: nothing leaves, nothing breaks."""

import io
import tarfile

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pyminidocker.build.context import Context
from pyminidocker.build.copy import CopyOptions, digest
from pyminidocker.build.spool import Limits
from pyminidocker.build.tree import resolve, walk
from pyminidocker.errors import MiniDockerError
from tests.unit.build.conftest import World, archive, entry, hard_link, link

NAMES = st.sampled_from(["a", "b", "c", "..", ".", "", ".wh.a", "x" * 300, "é", "\udcff", "a b"])
GOOD = st.sampled_from(["a", "b", "c", "a b"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TARGETS = st.one_of(
    PATHS, st.sampled_from(["/", "/etc/passwd", "../../../etc", "a", "b/c", "/a/b", "loop", "."])
)


def entries(paths):
    return st.lists(
        st.one_of(
            st.builds(entry, paths, st.sampled_from([b"", b"content"])),
            st.builds(lambda path: entry(path, mode=0o700), paths),
            st.builds(link, paths, TARGETS.filter(bool)),
            st.builds(hard_link, paths, paths),
            st.builds(lambda path: entry(path, kind=tarfile.FIFOTYPE), paths),
            st.builds(
                lambda path: entry(path, kind=tarfile.CHRTYPE, devmajor=1, devminor=3), paths
            ),
        ),
        max_size=8,
    )


HOSTILE = entries(PATHS)
FRIENDLY = entries(st.lists(GOOD, min_size=1, max_size=3).map("/".join))
SOURCES = st.lists(
    st.one_of(PATHS, TARGETS, st.sampled_from(["*", "**", "*/*", "[a-b]", "**/c", "?", "a.tar"])),
    min_size=1,
    max_size=3,
)
OPTIONS = st.builds(
    CopyOptions,
    keyword=st.sampled_from(["COPY", "ADD"]),
    chown=st.sampled_from(["", "1:2", "nobody"]),
    chmod=st.sampled_from(["", "755", "u=rwX"]),
    link=st.booleans(),
    exclude=st.sampled_from([(), ("a",), ("*", "!b"), ("**/c",)]),
    parents=st.booleans(),
)
QUIET = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(data):
    """Look at a layer as whoever unpacks it will."""
    kinds = {"": "directory"}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            path = member.name
            parts = path.split("/")
            assert path not in kinds, "twice"
            assert "" not in parts
            assert ".." not in parts
            assert "." not in parts
            assert kinds["/".join(parts[:-1])] == "directory", "its parent comes first"
            assert not parts[-1].startswith(".wh.") or parts[-1] == ".wh..wh..opq"
            kinds[path] = "directory" if member.isdir() else "other"
            if member.islnk():
                assert kinds[member.linkname] == "other"


def attempt(work, *arguments, **options):
    """Return (what it gives, None), or (None, the refusal): anything else is a fault."""
    try:
        return work(*arguments, **options), None
    except MiniDockerError as error:
        return None, str(error)


def copied(world, source, sources, destination, options):
    assert digest(source, sources, options) == digest(source, sources, options)
    flags = {field: getattr(options, field) for field in options.__struct_fields__}
    return world.copy(source, sources, destination, **flags)  # unpacks it too


@QUIET
@given(HOSTILE, FRIENDLY, FRIENDLY, SOURCES, PATHS, OPTIONS)
@example([], [link("a", "b")], [entry("a", mode=0o755)], ["."], "/", CopyOptions())
def test_whatever_is_copied(tmp_path_factory, inner, context, image, sources, destination, options):
    world = World(tmp_path_factory.mktemp("fuzz"))
    try:
        if attempt(world.image, *image)[1]:
            world.layers.clear()  # no image that a registry would give out
        source, refusal = attempt(world.context, *context, entry("a.tar", archive(*inner)))
        if source is not None:
            data, refusal = attempt(copied, world, source, sources, destination, options)
            if data is not None:
                check(data)
        assert refusal is None or refusal.strip()
    finally:
        world.close()


@QUIET
@given(HOSTILE)
def test_whatever_is_sent(tmp_path_factory, members):
    world = World(tmp_path_factory.mktemp("fuzz"))
    try:
        context, refusal = attempt(world.context, *members)
        if context is None:
            assert refusal.startswith("the build context")
            return
        for node in walk(context, context.get("")):
            assert ".." not in node.path.split("/")
            found, refusal = attempt(resolve, context, node.path)
            assert found or node.kind == "link"
            assert refusal is None or "too many levels of symbolic links" in refusal
    finally:
        world.close()


@QUIET
@given(
    HOSTILE,
    st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), max_size=6),
    st.integers(0, 1 << 14),
)
def test_whatever_is_damaged(tmp_path_factory, members, changes, size):
    data = bytearray(archive(*members, entry("f", b"x" * 700)))
    for position, value in changes:
        data[position % len(data)] = value
    context = Context(str(tmp_path_factory.mktemp("fuzz")), Limits(content=1 << 20, entries=100))
    attempt(context.fill, [bytes(data[:size])])
    for node in walk(context, context.get("")):
        if node.kind == "file":
            assert sum(map(len, context.chunks(node))) == node.size
    context.close()
