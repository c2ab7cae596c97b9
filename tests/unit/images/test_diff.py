"""Comparing stacks of layers, and ``docker diff``."""

import os
import stat

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.diff import changes, compare, read_layer_file, upper_layer
from pyminidocker.images.view import View
from tests.unit.images.conftest import add_layers, archive, entry, link

BASE = archive(
    entry("etc"),
    entry("etc/motd", b"welcome"),
    entry("etc/conf", b"a=1"),
    entry("data"),
    entry("data/big", b"B" * 1000),
    entry("data/sub"),
    entry("data/sub/x", b"x"),
    entry("var"),
    entry("var/old", b"old"),
    link("motd", "etc/motd"),
)
SECOND = archive(
    entry("etc"),
    entry("etc/motd", b"bye"),
    entry("etc/new", b"n"),
    entry("data"),
    entry("data/.wh.sub", b""),
    entry("data/big", b"B" * 1000, mode=0o600),
    entry("var"),
    entry("var/.wh..wh..opq", b""),
    entry("var/fresh", b"f"),
)


@pytest.fixture
def layers(layer_store):
    return add_layers(layer_store, BASE, SECOND)


def rows(comparison):
    return [(x.kind, x.path, x.layer) for x in comparison.entries]


def test_an_image_against_its_base(layers):
    result = compare(layers[:1], layers)
    assert rows(result) == [
        ("attributes", "/data/big", 1),
        ("deleted", "/data/sub", 1),
        ("deleted", "/data/sub/x", 1),
        ("changed", "/etc/motd", 1),
        ("added", "/etc/new", 1),
        ("attributes", "/var", 1),
        ("added", "/var/fresh", 1),
        ("deleted", "/var/old", 1),
    ]
    by_path = {x.path: x for x in result.entries}
    assert by_path["/data/big"].copied_up == 1000
    assert (by_path["/data/big"].mode_a, by_path["/data/big"].mode_b) == (0o644, 0o600)
    assert by_path["/etc/motd"].copied_up == 7
    assert (by_path["/etc/motd"].size_a, by_path["/etc/motd"].size_b) == (7, 3)
    assert by_path["/data/sub"].whiteout
    assert by_path["/data/sub"].type == "dir"
    assert not by_path["/data/sub/x"].whiteout
    assert by_path["/var"].opaque
    assert not by_path["/var/old"].whiteout
    assert (result.added, result.changed, result.deleted, result.attributes) == (2, 1, 3, 2)
    assert result.copied_up_bytes == 1007
    # hidden in the base: big (1000), motd (7), sub/x (1), old (3)
    assert result.wasted_bytes == 1011


def test_the_other_way_round(layers):
    result = compare(layers, layers[:1])
    assert ("added", "/data/sub", 0) in rows(result)
    assert ("deleted", "/etc/new", -1) in rows(result)
    assert result.wasted_bytes == 0


def test_nothing_against_something(layers):
    result = compare([], layers)
    assert {kind for kind, _, _ in rows(result)} == {"added"}
    assert "/etc/motd" in [x.path for x in result.entries]
    assert "/var/old" not in [x.path for x in result.entries]


def test_equal_stacks_do_not_differ(layers):
    assert compare(layers, layers).entries == ()


def test_equal_content_in_different_layers_does_not_differ(layer_store):
    one = add_layers(layer_store, archive(entry("a", b"same"), entry("b", b"x")))
    two = add_layers(layer_store, archive(entry("b", b"x"), entry("a", b"same")))
    assert one[0].directory != two[0].directory
    assert compare(one, two).entries == ()


def test_types_that_change(layer_store):
    layers = add_layers(
        layer_store,
        archive(entry("a", b"file"), entry("b"), entry("b/in", b"x"), link("c", "a")),
        archive(entry("a"), entry("a/in", b"y"), entry("b", b"file"), link("c", "b")),
    )
    assert rows(compare(layers[:1], layers)) == [
        ("changed", "/a", 1),
        ("added", "/a/in", 1),
        ("changed", "/b", 1),
        ("deleted", "/b/in", 1),
        ("changed", "/c", 1),
    ]


def test_a_file_is_read_from_the_layer_that_holds_it(layers):
    assert read_layer_file(layers[0], "/data/sub/x") == b"x"
    assert read_layer_file(layers[0], "etc/motd") == b"welcome"
    assert read_layer_file(layers[1], "/etc/motd") == b"bye"
    with pytest.raises(NotFound, match="whiteout"):
        read_layer_file(layers[1], "/data/sub")
    with pytest.raises(NotFound, match="does not hold"):
        read_layer_file(layers[1], "/etc/conf")
    with pytest.raises(NotFound):
        read_layer_file(layers[0], "/../../../etc/passwd")
    with pytest.raises(InvalidArgument, match="not a regular file"):
        read_layer_file(layers[0], "/etc")
    with pytest.raises((InvalidArgument, NotFound)):
        read_layer_file(layers[0], "/motd")


def test_the_view_finds_what_a_mount_would_show(layers):
    with View(layers) as view:
        assert view.find("etc/motd").layer == 1
        assert view.find("etc/conf").layer == 0
        assert view.find("data/sub") is None
        assert view.find("var/old") is None
        assert view.find("motd/x") is None
        assert view.read_link(view.find("motd")) == "etc/motd"


def make_upper(tmp_path):
    """Write by hand what overlayfs leaves after a few changes."""
    upper = tmp_path / "upper"
    for name in ("etc", "data", "new"):
        (upper / name).mkdir(parents=True)
    (upper / "etc" / "motd").write_text("mine")
    os.mknod(upper / "data" / "sub", stat.S_IFCHR, 0)
    (upper / "new" / "file").write_text("x")
    (upper / "data" / "big").write_bytes(b"B" * 1000)
    os.setxattr(upper / "data" / "big", "user.overlay.origin", b"")
    return upper


def test_docker_diff(layers, tmp_path):
    upper = make_upper(tmp_path)
    found = [("CAD"[x.kind], x.path) for x in changes(str(upper), layers[:1])]
    assert found == [
        ("C", "/data"),
        ("C", "/data/big"),
        ("D", "/data/sub"),
        ("C", "/etc"),
        ("C", "/etc/motd"),
        ("A", "/new"),
        ("A", "/new/file"),
    ]


def test_nothing_written_nothing_changed(layers, tmp_path):
    (tmp_path / "upper").mkdir()
    assert changes(str(tmp_path / "upper"), layers) == []


def test_a_container_is_a_stack_too(layers, tmp_path):
    upper = upper_layer("c" * 64, str(make_upper(tmp_path)), layers[:1])
    result = compare(layers[:1], [*layers[:1], upper])
    by_path = {x.path: x for x in result.entries}
    assert by_path["/data/big"].copied_up == 1000  # overlayfs noted that it did
    assert by_path["/etc/motd"].copied_up == 0  # written anew
    assert result.wasted_bytes == 1000 + 7 + 1


def test_true_owners_count_instead_of_what_the_disk_holds(layer_store):
    data = archive(entry("shadow", b"x", uid=0, gid=42, mode=0o640))
    layer = add_layers(layer_store, data)[0]
    with View([layer]) as view:
        found = view.find("shadow")
    assert (found.uid, found.gid, stat.S_IMODE(found.mode)) == (0, 42, 0o640)
