"""ADD: archives that are unpacked, also those that try to get out."""

import gzip
import io
import tarfile

import pytest

from pyminidocker.build.copy import CopyError
from pyminidocker.images.archive import pack_stack
from tests.unit.build.conftest import archive, entry, hard_link, link, rows


def add(world, inner, destination="/d/", **options):
    context = world.context(entry("a.tar", inner))
    return world.copy(context, "a.tar", destination, keyword="ADD", **options)


def merged(world):
    return rows(b"".join(pack_stack(world.layers)))


def zstd(data):
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    return zstd.compress(data)


def test_zstd(world):
    found = rows(add(world, zstd(archive(entry("f", b"x")))))
    assert found["d/f"] == ("-", 0o644, 0, 0, b"x")


def test_owners_modes_and_links(world):
    inner = archive(
        entry("bin", mode=0o750, uid=5, gid=6),
        entry("bin/tool", b"x", mode=0o4755, uid=5, gid=6),
        link("bin/alias", "tool"),
        hard_link("second", "bin/tool"),
        entry("pipe", kind=tarfile.FIFOTYPE),
    )
    found = rows(add(world, inner, chmod="600"))
    assert found == {
        "d": ("d", 0o755, 0, 0, ""),
        "d/bin": ("d", 0o750, 5, 6, ""),
        "d/bin/alias": ("l", 0o777, 0, 0, "tool"),
        "d/bin/tool": ("-", 0o4755, 5, 6, b"x"),
        "d/pipe": ("p", 0o644, 0, 0, ""),
        "d/second": ("h", 0o4755, 5, 6, "d/bin/tool"),
    }


def test_unpack_false(world):
    inner = archive(entry("f", b"x"))
    assert rows(add(world, inner, unpack=False))["d/a.tar"][4] == inner


def test_replaces_as_tar_does(world):
    world.image(
        entry("d", mode=0o700),
        entry("d/dir", mode=0o700),
        entry("d/dir/old", b""),
        entry("d/file", b""),
        link("d/l", "/elsewhere"),
        entry("d/both/old", b""),
    )
    inner = archive(
        entry("dir", b"now a file"),
        entry("file", mode=0o711),
        entry("file/new", b""),
        entry("l", mode=0o755),
        entry("both", mode=0o750, uid=3),
    )
    add(world, inner)
    found = merged(world)
    assert found["d/dir"][0] == "-"
    assert found["d/file"][:2] == ("d", 0o711)
    assert found["d/l"][0] == "d"
    assert found["d/both"][:3] == ("d", 0o750, 3)
    assert "d/both/old" in found
    assert "d/dir/old" not in found
    assert found["d"][1] == 0o700


def test_file_then_directory_hides_what_was_below(world):
    """Two archives on one place: the second's directory must not show the image's files."""
    world.image(entry("x/secret", b""))
    context = world.context(
        entry("1.tar", archive(entry("x", b"file"))), entry("2.tar", archive(entry("x/new", b"")))
    )
    with pytest.raises(CopyError, match='cannot use "/x" as a directory: it is a file'):
        world.copy(context, ["1.tar", "2.tar"], "/", keyword="ADD")
    context = world.context(
        entry("1.tar", archive(entry("x", b"file"))),
        entry("2.tar", archive(entry("x"), entry("x/new", b""))),
    )
    world.copy(context, ["1.tar", "2.tar"], "/", keyword="ADD")
    assert set(merged(world)) == {"x", "x/new"}


def test_implied_directories_do_not_change_the_image(world):
    world.image(entry("d", mode=0o700), entry("d/usr", mode=0o711, uid=4), link("d/lib", "usr"))
    add(world, archive(entry("usr/a", b""), entry("lib/b", b"")))
    found = merged(world)
    assert found["d/usr"][:3] == ("d", 0o711, 4)
    assert found["d/lib"][0] == "l"
    assert "d/usr/b" in found


def test_links_of_the_archive_are_followed_inside(world):
    inner = archive(entry("usr/lib"), link("lib", "usr/lib"), entry("lib/so", b"so"))
    assert set(rows(add(world, inner))) == {
        "d",
        "d/lib",
        "d/usr",
        "d/usr/lib",
        "d/usr/lib/so",
    }


@pytest.mark.parametrize(
    "inner",
    [
        archive(entry("../../etc/passwd", b"evil")),
        archive(entry("a/../../../etc/passwd", b"evil")),
        archive(entry("f", b""), hard_link("h", "../../etc/shadow")),
        archive(hard_link("h", "/etc/shadow")),
        archive(link("out", "../../../../etc"), entry("out/passwd", b"evil")),
        archive(link("out", "/etc"), entry("out/passwd", b"evil")),
        archive(entry("f", b""), entry("f/x", b"")),
        archive(link("l", "l"), entry("l/x", b"")),
        archive(entry("x" * 300, b"")),
        archive(entry("/".join("d" * 300), b"")),
    ],
)
def test_what_tries_to_get_out_is_refused(world, inner):
    with pytest.raises(CopyError, match=r"^ADD failed: a\.tar: ") as caught:
        add(world, inner)
    assert caught.value.source == "a.tar"
    assert "COPY" in caught.value.hint


def test_absolute_paths_start_at_the_destination(world):
    found = rows(add(world, archive(entry("/etc/passwd", b"x"))))
    assert set(found) == {"d", "d/etc", "d/etc/passwd"}


def test_links_of_the_image_stay_in_the_image(world):
    """The archive writes below a link that leads up and out: it ends in the image's root."""
    world.image(entry("etc"), entry("d"), link("d/out", "../../../../etc"))
    add(world, archive(entry("out/passwd", b"x")))
    assert "etc/passwd" in merged(world)


def test_whiteouts_delete_nothing(world):
    world.image(entry("d/keep", b""))
    with pytest.raises(CopyError, match="means that a file is deleted"):
        add(world, archive(entry(".wh.keep", b"")))
    assert "d/keep" in merged(world)


def test_damaged_archive(world):
    inner = archive(entry("f", bytes(5000)))[:3000]
    with pytest.raises(CopyError, match=r"ADD failed: a\.tar cannot be read"):
        add(world, inner)


def test_devices_of_archives_are_kept_for_those_who_may(world):
    device = entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
    assert rows(add(world, archive(device)))["d/null"][:2] == ("c", 0o666)


@pytest.mark.parametrize(
    "data",
    [b"", b"short", bytes(10240), gzip.compress(b"text"), gzip.compress(bytes(2000)), b"BZh9oops"],
)
def test_what_is_no_archive_is_copied(world, data):
    assert rows(add(world, data))["d/a.tar"][4] == data


def test_attributes_that_steer_overlayfs_are_dropped(world):
    info, data = entry("f", b"x")
    info.pax_headers = {
        "SCHILY.xattr.user.overlay.opaque": "y",
        "SCHILY.xattr.trusted.overlay.redirect": "/etc",
        "SCHILY.xattr.user.note": "kept",
    }
    result = add(world, archive((info, data)))
    with tarfile.open(fileobj=io.BytesIO(result)) as tar:
        headers = tar.getmember("d/f").pax_headers
    assert {key for key in headers if "xattr" in key} == {"SCHILY.xattr.user.note"}
