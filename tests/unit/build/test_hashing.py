"""What the cache sees of a file, and how it tells what changed."""

from pyminidocker.build.copy import CopyOptions, digest
from pyminidocker.build.hashing import differences
from tests.unit.build.conftest import archive, entry, hard_link, link

BASE = {"app.py": b"one", "dir/x": b"x"}


def files(context, *sources, **options):
    return digest(context, list(sources), CopyOptions(**options))


def entries(**changed):
    return [
        entry("app.py", b"one", **changed.get("app", {})),
        entry("dir", **changed.get("dir", {})),
        entry("dir/x", b"x"),
        link("link", "app.py"),
    ]


def test_times_and_owners_of_the_context_do_not_count(world):
    before = files(world.context(*entries()), ".")
    after = files(world.context(*entries(app={"mtime": 5, "uid": 77, "gid": 78})), ".")
    assert before == after
    assert before.files["app.py"].startswith("file 0644 0:0 sha256:")
    assert before.files["dir"] == "directory 0755 0:0"
    assert before.files["link"] == "link 0:0 -> app.py"


def test_modes_count(world):
    before = files(world.context(*entries()), ".")
    after = files(world.context(*entries(app={"mode": 0o755}, dir={"mode": 0o700})), ".")
    assert before.digest != after.digest
    assert differences(before.files, after.files) == [
        "mode of app.py changed from 0644 to 0755",
        "mode of dir changed from 0755 to 0700",
    ]


def test_the_directory_that_is_copied_has_no_say(world):
    before = files(world.context(*entries()), "dir")
    after = files(world.context(*entries(dir={"mode": 0o700})), "dir")
    assert before == after


def test_what_changed(world):
    before = files(world.context(entry("a", b"1"), entry("b", b"1"), link("l", "a")), ".")
    now = world.context(entry("a", b"2"), entry("c", b"1"), link("l", "c"))
    assert differences(before.files, files(now, ".").files) == [
        "content of a changed",
        "target of l changed",
        "c was added",
        "b was removed",
    ]


def test_another_kind():
    assert differences({"a": "file 0644 0:0 sha256:1"}, {"a": "link 0:0 -> b"}) == [
        "a was a file and is a link"
    ]
    assert differences({"a": "file 0644 0:0 sha256:1"}, {"a": "file 0644 5:6 sha256:1"}) == [
        "owner of a changed from 0:0 to 5:6"
    ]


def test_many_changes_are_counted():
    before = {f"f{n}": "file 0644 0:0 sha256:1" for n in range(10)}
    after = {f"f{n}": "file 0644 0:0 sha256:2" for n in range(10)}
    reasons = differences(before, after, limit=3)
    assert reasons == [
        "content of f0 changed",
        "content of f1 changed",
        "and 8 more files changed",
    ]


def test_names_that_are_not_text(world):
    """Keys of the cache are JSON; names on disk are bytes."""
    data = archive(entry("caf\udce9", b"x"), link("l", "\udcff"))
    found = files(world.context(data=data), ".")
    assert set(found.files) == {"caf\\xe9", "l"}
    for path, line in found.files.items():
        path.encode()
        line.encode()


def test_hard_links_are_files(world):
    found = files(world.context(entry("a", b"1"), hard_link("b", "a")), ".").files
    assert found["a"] == found["b"]


def test_extended_attributes_count(world):
    def with_attribute(value):
        info, data = entry("a", b"1")
        info.pax_headers = {"SCHILY.xattr.user.note": value}
        return files(world.context((info, data)), ".")

    assert with_attribute("x") == with_attribute("x")
    assert with_attribute("x").digest != with_attribute("y").digest


def test_which_name_matched_counts(world):
    """The copy is named after the link, so two links to one file are not the same."""
    one = files(world.context(entry("real", b"x"), link("l1", "real")), "l*")
    two = files(world.context(entry("real", b"x"), link("l2", "real")), "l*")
    assert one.digest != two.digest


def test_stages_keep_owners(world):
    world.image(entry("bin", mode=0o700), entry("bin/tool", b"x", uid=5, gid=6, mode=0o755))
    kept = files(world.tree(), "bin", from_image=True)
    assert kept.files["bin/tool"].startswith("file 0755 5:6 sha256:")
    given = files(world.tree(), "bin", from_image=True, chown="7")
    assert given.files["bin/tool"].startswith("file 0755 0:0 sha256:")
