"""COPY beyond what Docker's classic builder can: --link, --exclude, --parents, heredocs, stages."""

import tarfile

import pytest

from pyminidocker.build import copy
from pyminidocker.build.copy import CopyError, CopyOptions, InlineFile
from pyminidocker.images.archive import pack_stack
from tests.unit.build.conftest import NOW_S, archive, entry, hard_link, link, rows


@pytest.fixture
def context(world):
    return world.context(
        entry("app.py", b"app", mode=0o640),
        entry("src", mode=0o750),
        entry("src/a.txt", b"a"),
        entry("src/b.md", b"b"),
        entry("src/deep", mode=0o700),
        entry("src/deep/c.txt", b"c"),
        entry("src/deep/d.md", b"d"),
        link("src/l", "a.txt"),
    )


def merged(world):
    return rows(b"".join(pack_stack(world.layers)))


def test_the_same_bytes_every_time(world, context):
    first = world.copy(context, ["src", "app.py"], "/x/")
    world.layers.clear()
    assert world.copy(context, ["src", "app.py"], "/x/") == first
    names = list(rows(first))
    assert names == sorted(names)


def test_times(world, context):
    def times(**options):
        world.layers.clear()
        data = world.copy(context, "src", "/new/", **options)
        with tarfile.open(fileobj=__import__("io").BytesIO(data)) as tar:
            return {member.name: member.mtime for member in tar}

    assert times()["new/a.txt"] == 1_000_000_000
    assert times()["new"] == NOW_S
    assert set(times(epoch_s=5).values()) == {5}
    assert times(epoch_s=1_500_000_000)["new/a.txt"] == 1_000_000_000
    assert times(epoch_s=1_500_000_000)["new"] == 1_500_000_000


def test_directories_of_the_image_stay_as_they_are(world, context):
    world.image(entry("srv", mode=0o1777, uid=3, gid=4), entry("srv/old", b"old"))
    data = world.copy(context, "app.py", "/srv/www/")
    assert rows(data) == {
        "srv": ("d", 0o1777, 3, 4, ""),
        "srv/www": ("d", 0o755, 0, 0, ""),
        "srv/www/app.py": ("-", 0o640, 0, 0, b"app"),
    }
    assert set(merged(world)) == {"srv", "srv/old", "srv/www", "srv/www/app.py"}


def test_new_directories_belong_to_whom_chown_says(world, context):
    data = world.copy(context, "app.py", "/a/b/", chown="5:6", chmod="400")
    assert rows(data) == {
        "a": ("d", 0o755, 5, 6, ""),
        "a/b": ("d", 0o755, 5, 6, ""),
        "a/b/app.py": ("-", 0o400, 5, 6, b"app"),
    }


def test_chmod_is_for_files_and_directories_not_for_links(world, context):
    found = rows(world.copy(context, "src", "/x/", chmod="u=rwX,go="))
    assert found["x/deep"][1] == 0o700
    assert found["x/a.txt"][1] == 0o600
    assert found["x/l"] == ("l", 0o777, 0, 0, "a.txt")


def test_link_depends_on_nothing_below(world, context):
    plain = world.copy(context, "app.py", "/srv/www/", link=True)
    world.layers.clear()
    world.image(entry("srv", mode=0o700, uid=5), link("srv/www", "/elsewhere"))
    assert world.copy(context, "app.py", "/srv/www/", link=True) == plain
    # The new layer's directories win, and a link of the image is hidden, not followed.
    assert merged(world)["srv/www"][0] == "d"


def test_link_still_finds_names_of_owners(world, context):
    world.image(entry("etc/passwd", b"app:x:7:8::/:\n"))
    assert rows(world.copy(context, "app.py", "/x", link=True, chown="app"))["x"][2:4] == (7, 8)


def test_exclude(world, context):
    found = rows(world.copy(context, "src", "/x/", exclude=("**/*.md", "l")))
    assert set(found) == {"x", "x/a.txt", "x/deep", "x/deep/c.txt"}


def test_exclude_with_exception(world, context):
    found = rows(world.copy(context, "src", "/x/", exclude=("*", "!deep/d.md")))
    assert set(found) == {"x", "x/deep", "x/deep/d.md"}
    assert found["x/deep"][1] == 0o700


def test_exclude_of_what_a_wildcard_matched(world, context):
    found = rows(world.copy(context, "src/*", "/x/", exclude=("*.md",)))
    # A directory that a wildcard matches is copied by its content, as always.
    assert set(found) == {"x", "x/a.txt", "x/c.txt", "x/l"}
    assert found["x/l"][0] == "-"


def test_excluded_files_are_not_in_the_key(world, context):
    found = copy.digest(context, ["src"], CopyOptions(exclude=("**/*.md",)))
    assert set(found.files) == {"src/a.txt", "src/deep", "src/deep/c.txt", "src/l"}


def test_malformed_exclude(world, context):
    with pytest.raises(CopyError, match="--exclude"):
        world.copy(context, "src", "/x/", exclude=("[",))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["src/deep/c.txt"], {"p", "p/src", "p/src/deep", "p/src/deep/c.txt"}),
        (["src/**/*.md"], {"p", "p/src", "p/src/b.md", "p/src/deep", "p/src/deep/d.md"}),
        (["src/./deep/c.txt"], {"p", "p/deep", "p/deep/c.txt"}),
        (["./src/./*/c.txt"], {"p", "p/deep", "p/deep/c.txt"}),
        (["src/deep/./c.txt", "app.py"], {"p", "p/c.txt", "p/app.py"}),
        (
            ["src/deep"],
            {"p", "p/src", "p/src/deep", "p/src/deep/c.txt", "p/src/deep/d.md"},
        ),
    ],
)
def test_parents(world, context, sources, expected):
    found = rows(world.copy(context, sources, "/p", parents=True))
    assert set(found) == expected
    assert all(found[path][1] == 0o700 for path in found if path.endswith("deep"))
    assert all(found[path][1] == 0o750 for path in found if path.endswith("src"))


def test_parents_spare_directories_that_are_there(world, context):
    world.image(entry("src", mode=0o711, uid=9))
    found = rows(world.copy(context, "src/a.txt", "/", parents=True))
    assert found["src"] == ("d", 0o711, 9, 0, "")


def test_parents_follow_links_of_the_image(world, context):
    world.image(entry("data"), link("src", "data"), link("bad", "file"), entry("file", b""))
    assert set(rows(world.copy(context, "src/deep/c.txt", "/", parents=True))) == {
        "data",
        "data/deep",
        "data/deep/c.txt",
    }
    world.image(entry("p/src", b""))
    with pytest.raises(CopyError, match="cannot copy to non-directory: /p/src"):
        world.copy(context, "src/deep/c.txt", "/p", parents=True)


def test_parents_through_links_of_the_context(world):
    """The directory is kept under the link's name, with the mode of what it leads to."""
    context = world.context(entry("real", mode=0o711), entry("real/x", b"x"), link("l", "real"))
    found = rows(world.copy(context, "l/x", "/p", parents=True))
    assert found["p/l"] == ("d", 0o711, 0, 0, "")
    assert found["p/l/x"][4] == b"x"


def test_parents_with_exclude(world, context):
    found = rows(world.copy(context, "src", "/p", parents=True, exclude=("src/deep",)))
    assert set(found) == {"p", "p/src", "p/src/a.txt", "p/src/b.md", "p/src/l"}


def test_heredocs(world, context):
    files = [InlineFile("one", b"1\n"), InlineFile("two", b"2\n")]
    found = rows(world.copy(context, ["app.py"], "/d/", heredocs=files, chown="5"))
    assert found["d/one"] == ("-", 0o644, 5, 5, b"1\n")
    assert found["d/two"] == ("-", 0o644, 5, 5, b"2\n")
    assert found["d/app.py"][0] == "-"
    single = rows(world.copy(context, [], "/run.sh", heredocs=files[:1], chmod="755"))
    assert single == {"run.sh": ("-", 0o755, 0, 0, b"1\n")}
    key = copy.digest(context, [], CopyOptions(), heredocs=files)
    assert set(key.files) == {"<<one", "<<two"}


@pytest.fixture
def stage(world):
    world.image(
        entry("etc/passwd", b"app:x:7:8::/:\n"),
        entry("out", mode=0o750, uid=5, gid=6),
        entry("out/tool", b"tool", mode=0o4755, uid=5, gid=6),
        hard_link("out/twin", "out/tool"),
        link("out/alias", "tool"),
        link("abs", "/out/tool"),
        entry("out/pipe", kind=tarfile.FIFOTYPE),
    )
    world.image(entry("out/.wh.twin", b""), entry("out/new", b"new", uid=1))
    source = world.tree()
    world.layers = []
    return source


def test_from_a_stage(world, stage):
    found = rows(world.copy(stage, "/out", "/bin/", from_image=True))
    assert found == {
        "bin": ("d", 0o755, 0, 0, ""),
        "bin/alias": ("l", 0o777, 0, 0, "tool"),
        "bin/new": ("-", 0o644, 1, 0, b"new"),
        "bin/pipe": ("p", 0o644, 0, 0, ""),
        "bin/tool": ("-", 0o4755, 5, 6, b"tool"),
    }


def test_from_a_stage_links_are_followed_in_it(world, stage):
    found = rows(world.copy(stage, "../abs", "/tool", from_image=True, chown="9"))
    assert found == {"tool": ("-", 0o4755, 9, 9, b"tool")}


def test_from_a_stage_hard_links_stay(world):
    world.image(entry("out/a", b"x"), hard_link("out/b", "out/a"))
    source, world.layers = world.tree(), []
    found = rows(world.copy(source, "out", "/", from_image=True))
    assert found == {"a": ("-", 0o644, 0, 0, b"x"), "b": ("h", 0o644, 0, 0, "a")}


def test_from_a_stage_missing(world, stage):
    with pytest.raises(CopyError, match='COPY failed: "/nothing" is not in stage "test"'):
        world.copy(stage, "/nothing", "/", from_image=True)


def test_nothing_to_copy_still_makes_the_directory(world):
    context = world.context(entry("empty"))
    assert rows(world.copy(context, "empty", "/new")) == {"new": ("d", 0o755, 0, 0, "")}


def test_destinations_in_links_of_the_image(world, context):
    world.image(
        entry("data/www"), link("srv", "/data"), link("data/latest", "www"), link("bad", "nowhere")
    )
    assert set(rows(world.copy(context, "app.py", "/srv/latest/"))) == {
        "data",
        "data/www",
        "data/www/app.py",
    }
    assert set(rows(world.copy(context, "app.py", "/bad/x"))) == {"nowhere", "nowhere/x"}


@pytest.mark.parametrize(
    ("sources", "destination", "options", "message", "hint"),
    [
        ("ap.py", "/", {}, '"ap.py" is not in the build context (did you mean app.py?)', ""),
        ("APP.PY", "/", {}, '"APP.PY" is not in the build context (did you mean app.py?)', ""),
        ("c.txt", "/", {}, "(did you mean src/deep/c.txt?)", ""),
        (
            "x.log",
            "/",
            {},
            '"x.log" is not in the build context (.dockerignore excludes it)',
            "add a line !x.log to .dockerignore",
        ),
        ("../app.py", "/", {}, "forbidden path outside the build context: ../app.py", "-f"),
        ("src/../../app.py", "/", {}, "forbidden path outside the build context", ""),
        ("/../app.py", "/", {}, "forbidden path outside the build context", ""),
        ("out", "/", {}, '"out" is a link to "/etc/shadow", which is not in', "copy the file"),
        ("round", "/", {}, "too many levels of symbolic links", ""),
        ("*.nothing", "/", {}, "no source files were specified", "**/"),
        ("*.log", "/", {}, "matches *.log (.dockerignore excludes it)", "add a line !*.log"),
        ("[", "/", {}, "syntax error in pattern", ""),
        ("null", "/", {}, '"null" is a character device', "when they run"),
        (["app.py", "src"], "/x", {}, "must be a directory and end with a /", "/x/"),
        ("app.py", "/f/", {}, 'cannot use "/f" as a directory: it is a file', ""),
        ("app.py", "/x", {"chown": "nobody"}, "no such user: nobody", "use a number"),
        ("app.py", "/x", {"chmod": "9"}, "invalid chmod parameter", "--chmod=755"),
    ],
)
def test_errors(world, sources, destination, options, message, hint):
    context = world.context(
        entry("app.py", b""),
        entry("src/deep/c.txt", b""),
        entry(".dockerignore", b"*.log\n"),
        link("out", "/etc/shadow"),
        link("round", "round"),
        entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
    )
    world.image(entry("f", b""))
    with pytest.raises(CopyError) as caught:
        world.copy(context, sources, destination, **options)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.source


def test_devices_inside_a_directory_are_refused_too(world):
    context = world.context(entry("d/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3))
    with pytest.raises(CopyError, match='"d/null" is a character device'):
        world.copy(context, "d", "/")


def test_sockets_stay_behind(world, tmp_path):
    import socket

    world.image(entry("d/x", b""))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{world.layers[0].directory}/d/s")
    source, world.layers = world.tree(), []
    assert set(rows(world.copy(source, "d", "/", from_image=True))) == {"x"}


def test_names_that_mean_deletions(world):
    """In a layer archive they would delete files of the image."""
    context = world.context(entry("d/.wh.passwd", b""), entry("d/.wh..wh..opq", b""))
    with pytest.raises(CopyError, match=r"begins with \.wh\. means that a file is deleted"):
        world.copy(context, "d", "/etc")
    assert rows(world.copy(context, "d", "/etc", exclude=(".wh.*",)))
    for destination in ("/.wh.etc/", "/.wh.etc", "/.wh.etc/x"):
        with pytest.raises(CopyError, match="means that a file is deleted"):
            world.copy(context, ["d"], destination, exclude=(".wh.*",))


@pytest.mark.parametrize("destination", ["/" + "x" * 256, "/d" * 256, ("/" + "x" * 250) * 17])
def test_destinations_that_no_disk_can_hold(world, context, destination):
    with pytest.raises(CopyError, match="file name too long"):
        world.copy(context, "app.py", destination)


def test_large_files_come_in_pieces(world):
    context = world.context(entry("big", bytes(range(256)) * 8192))
    chunks = copy.layer(context, ["big"], "/", world.layers, CopyOptions(), now_s=0)
    assert max(len(chunk) for chunk in chunks) <= 1 << 19


def test_layers_are_let_go(world, context):
    import os

    world.image(entry("etc"))
    before = len(os.listdir("/proc/self/fd"))
    world.copy(context, "app.py", "/etc/")
    with pytest.raises(CopyError):
        world.copy(context, "nothing", "/")
    abandoned = copy.layer(context, ["app.py"], "/", world.layers, CopyOptions())
    abandoned.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_empty_archive_is_a_layer(world):
    context = world.context(data=archive())
    assert rows(world.copy(context, ".", "/")) == {}
