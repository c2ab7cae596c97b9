"""Unpacking layers: what a good one becomes, and what a bad one cannot do."""

import gzip
import io
import os
import stat
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.chunks import read_chunks
from pyminidocker.images.compression import decompressed
from pyminidocker.images.layers import unpack_layer
from pyminidocker.images.trees import remove_tree
from tests.unit.images.conftest import archive, entry, hard_link, link, tree


@pytest.fixture
def target(tmp_path):
    (tmp_path / "layer").mkdir()
    (tmp_path / "outside").write_text("untouched")
    yield tmp_path / "layer"
    assert (tmp_path / "outside").read_text() == "untouched"
    assert sorted(x.name for x in tmp_path.iterdir()) == ["layer", "outside"]


def unpack(data, target):
    return unpack_layer(decompressed(read_chunks(io.BytesIO(data))), str(target))


def test_files_links_and_directories(target):
    data = archive(
        entry("bin"),
        entry("bin/tool", b"#!", mode=0o755),
        link("bin/alias", "tool"),
        hard_link("bin/twin", "bin/tool"),
        entry("deep/er/file", b"made without its directories"),
        entry("pipe", kind=tarfile.FIFOTYPE),
        entry("tmp", mode=0o1777),
    )
    outcome = unpack(data, target)
    assert tree(target) == {
        "bin": "dir",
        "bin/alias": "-> tool",
        "bin/tool": "#!",
        "bin/twin": "#!",
        "deep": "dir",
        "deep/er": "dir",
        "deep/er/file": "made without its directories",
        "pipe": "special",
        "tmp": "dir",
    }
    assert (target / "bin/tool").stat().st_ino == (target / "bin/twin").stat().st_ino
    assert stat.S_IMODE((target / "tmp").stat().st_mode) == 0o1777
    assert (target / "bin/tool").stat().st_mtime == 1_000_000_000
    assert (target / "bin").stat().st_mtime == 1_000_000_000
    assert outcome.size == 2 + 28


def test_whiteouts_become_overlayfs_marks(target):
    outcome = unpack(
        archive(entry("d"), entry("d/.wh.gone", b""), entry("o"), entry("o/.wh..wh..opq", b"")),
        target,
    )
    assert tree(target) == {"d": "dir", "d/gone": "whiteout", "o": "dir"}
    assert os.getxattr(target / "o", "user.overlay.opaque") == b"y"
    assert "user.overlay.opaque" not in os.listxattr(target / "d")
    assert outcome.size == 0


def test_a_directory_deleted_and_made_anew_is_opaque_in_either_order(target):
    unpack(
        archive(
            entry(".wh.a", b""), entry("a"), entry("b"), entry(".wh.b", b""), entry("b/x", b"")
        ),
        target,
    )
    for name in "ab":
        assert os.getxattr(target / name, "user.overlay.opaque") == b"y"


def test_a_later_entry_of_the_same_name_wins(target):
    unpack(
        archive(
            entry("x"),
            entry("x/inside", b"1"),
            entry("x", b"now a file"),
            entry("y", b"file"),
            entry("y"),
            link("z", "x"),
            entry("z", b"z"),
            entry("w", b"one"),
            entry("w", b"two"),
        ),
        target,
    )
    assert tree(target) == {"w": "two", "x": "now a file", "y": "dir", "z": "z"}


def test_setuid_is_kept_for_root_and_never_transferred(target):
    mine = os.getuid()
    outcome = unpack(
        archive(
            entry("root", b"", mode=0o4755, uid=0, gid=0),
            entry("other", b"", mode=0o4755, uid=12345, gid=12345),
        ),
        target,
    )
    assert (target / "root").stat().st_mode & stat.S_ISUID
    other = (target / "other").stat()
    assert other.st_uid == 12345 or not other.st_mode & stat.S_ISUID
    if mine:
        assert outcome.owners["other"] == (12345, 12345, 0o4755)


def test_attributes_of_overlayfs_are_not_taken_from_strangers(target):
    info, data = entry("f", b"x")
    info.pax_headers = {
        "SCHILY.xattr.user.overlay.redirect": "/etc",
        "SCHILY.xattr.user.colour": "green",
        "SCHILY.xattr.trusted.overlay.opaque": "y",
    }
    unpack(archive((info, data)), target)
    assert os.listxattr(target / "f") == ["user.colour"]


def test_times_keep_their_nanoseconds(target):
    info, data = entry("f", b"x")
    info.pax_headers = {"mtime": "1700000000.123456789"}
    unpack(archive((info, data)), target)
    assert (target / "f").stat().st_mtime_ns == 1_700_000_000_123_456_789


def test_directories_nobody_may_enter_are_filled_all_the_same(target):
    unpack(archive(entry("d", mode=0o000), entry("d/f", b"x")), target)
    assert stat.S_IMODE((target / "d").stat().st_mode) == 0
    remove_tree(str(target / "d"))


def test_device_nodes_are_made_or_noted(target):
    outcome = unpack(
        archive(entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3), entry("f", b"x")),
        target,
    )
    assert (target / "f").exists()
    assert (target / "null").exists() != ("null" in outcome.skipped)


@pytest.mark.parametrize(
    "bad",
    [
        [entry("../outside", b"x")],
        [entry("a/../../outside", b"x")],
        [entry("/../outside", b"x")],
        [hard_link("x", "../outside")],
        [hard_link("x", "missing")],
        [hard_link("x", "no/such/directory")],
        [entry("d"), hard_link("x", "d")],
        [entry("f", b""), entry("f/x", b"")],
        [entry(".wh.", b"")],
        [entry(".wh...", b"")],
        [entry("a/.wh.b/c", b"")],
        [entry("w", kind=tarfile.CHRTYPE, devmajor=0, devminor=0)],
        [link("loop", "loop"), entry("loop/x", b"")],
        [link("dangling", "nowhere"), entry("dangling/x", b"")],
        [entry("n" * 300, b"")],
    ],
)
def test_entries_that_make_no_sense_are_refused(target, bad):
    with pytest.raises(IntegrityError):
        unpack(archive(*bad), target)


@pytest.mark.parametrize("where", ["/", "..", "../..", "/proc/self/cwd", "../outside"])
def test_links_out_of_the_layer_stay_inside(target, where):
    """What was a way out for a naive unpacker is a path inside the layer here."""
    data = archive(
        link("way", where), entry("way/outside", b"caught"), hard_link("x", "way/outside")
    )
    try:
        unpack(data, target)
    except IntegrityError:
        return  # the link leads to nothing inside
    assert "caught" in tree(target).values()


@pytest.mark.parametrize(
    "data",
    [
        b"this is no archive" * 100,
        archive(entry("a", b"x" * 5000))[:3000],
        gzip.compress(archive(entry("a", b"x")))[:30],
        b"\x1f\x8b" + bytes(100),
    ],
    ids=["no archive", "cut tar", "cut gzip", "no gzip"],
)
def test_damage_is_named(target, data):
    with pytest.raises(IntegrityError, match="damaged"):
        unpack(data, target)


def test_a_full_disk_is_one_clear_error(target, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyminidocker.images.tar_reader.os.write", full)
    with pytest.raises(SystemFailure, match="no space left on device while unpacking"):
        unpack(archive(entry("a", b"x")), target)


names = st.lists(
    st.sampled_from(["a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", "etc", "\udcff", "é"]),
    min_size=1,
    max_size=4,
).map("/".join)
entries = st.one_of(
    st.builds(entry, names),
    st.builds(lambda n: entry(n, b"data"), names),
    st.builds(link, names, names),
    st.builds(lambda n, t: link(n, f"/{t}"), names, names),
    st.builds(hard_link, names, names),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(entries, max_size=8))
def test_no_archive_reaches_outside(tmp_path, members):
    """Whatever an archive holds, it is unpacked inside or refused."""
    home = tmp_path / "home"
    remove_tree(str(home))
    (home / "layer").mkdir(parents=True)
    (home / "a").write_text("untouched")
    (home / "etc").mkdir()
    try:
        unpack(archive(*members), home / "layer")
    except IntegrityError:
        pass
    assert sorted(x.name for x in home.iterdir()) == ["a", "etc", "layer"]
    assert (home / "a").read_text() == "untouched"
    assert (home / "a").stat().st_nlink == 1
    assert list((home / "etc").iterdir()) == []
