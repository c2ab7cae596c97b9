"""Packing: what a container changed, or a whole tree, as a deterministic tar."""

import io
import os
import shutil
import stat
import tarfile

import pytest

from pyminidocker.errors import NotFound
from pyminidocker.images.archive import pack_changes, pack_stack
from pyminidocker.images.assemble import EMPTY_LAYER
from pyminidocker.images.diff import changes, compare
from pyminidocker.images.tar_writer import content
from pyminidocker.oci.digest import sha256
from tests.unit.images.conftest import add_layers, archive, entry, hard_link, link


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {x.name: x for x in tar.getmembers()}


@pytest.fixture
def base(layer_store):
    return add_layers(
        layer_store,
        archive(
            entry("etc"),
            entry("etc/a", b"a"),
            entry("etc/b", b"b"),
            entry("sub"),
            entry("sub/deep"),
            entry("sub/deep/x", b"x"),
            entry("shadow", b"s", gid=42, mode=0o640),
            entry("tool", b"t", mode=0o4755, uid=0),
            hard_link("tool2", "tool"),
        ),
    )


@pytest.fixture
def upper(tmp_path):
    upper = tmp_path / "upper"
    (upper / "etc").mkdir(parents=True)
    (upper / "etc" / "b").write_text("changed")
    (upper / "etc" / "c").write_text("c")
    os.link(upper / "etc" / "c", upper / "etc" / "d")
    os.mknod(upper / "etc" / "a", stat.S_IFCHR, 0)
    (upper / "sub").mkdir()
    os.setxattr(upper / "sub", "user.overlay.opaque", b"y")
    (upper / "link").symlink_to("etc/c")
    return str(upper)


def test_changes_of_a_container(base, upper):
    data = b"".join(pack_changes(upper, base))
    found = members(data)
    assert list(found) == [
        "etc",
        "etc/.wh.a",
        "etc/b",
        "etc/c",
        "etc/d",
        "link",
        "sub",
        "sub/.wh.deep",
    ]
    assert found["etc/d"].islnk()
    assert found["etc/d"].linkname == "etc/c"
    assert found["link"].linkname == "etc/c"


def test_a_link_to_a_file_of_the_image_takes_the_file_along(layer_store, tmp_path):
    """``ln /etc/a /hard``: overlayfs copies the file up; dockerd's layer has both, as one file."""
    mine = {"uid": os.getuid(), "gid": os.getgid()}
    base = add_layers(
        layer_store,
        archive(entry("etc", **mine), entry("etc/a", b"a", **mine), entry("etc/b", b"b", **mine)),
    )
    upper = tmp_path / "upper"
    (upper / "etc").mkdir(parents=True)
    for name in ("a", "b"):
        shutil.copy2(f"{base[0].directory}/etc/{name}", upper / "etc" / name)
    os.link(upper / "etc" / "a", upper / "hard")
    os.link(upper / "etc" / "b", tmp_path / "elsewhere")
    found = members(b"".join(pack_changes(str(upper), base)))
    assert list(found) == ["etc", "etc/a", "hard"]
    assert (found["hard"].islnk(), found["hard"].linkname) == (True, "etc/a")
    assert [change.path for change in changes(str(upper), base)] == ["/hard"]


def test_packing_and_unpacking_gives_the_same_tree(base, upper, layer_store):
    data = b"".join(pack_changes(upper, base))
    layer = layer_store.add(base[-1].chain_id, io.BytesIO(data), sha256(data))
    from pyminidocker.images.diff import upper_layer

    as_container = [*base, upper_layer("", upper, base)]
    as_image = [*base, layer]
    kinds = {x.kind for x in compare(as_container, as_image).entries}
    assert kinds <= {"attributes"}  # opaque in one, single whiteouts in the other
    assert [x.path for x in compare(as_container, as_image).entries] in ([], ["/sub"])


def test_packing_is_deterministic(base, upper):
    assert b"".join(pack_changes(upper, base)) == b"".join(pack_changes(upper, base))
    assert b"".join(pack_stack(base, upper)) == b"".join(pack_stack(base, upper))


def test_no_changes_is_the_well_known_empty_layer(base, tmp_path):
    (tmp_path / "empty").mkdir()
    assert sha256(b"".join(pack_changes(str(tmp_path / "empty"), base))) == EMPTY_LAYER


def test_export_of_the_merged_tree(base, upper):
    found = members(b"".join(pack_stack(base, upper)))
    assert list(found) == [
        "etc",
        "etc/b",
        "etc/c",
        "etc/d",
        "link",
        "shadow",
        "sub",
        "tool",
        "tool2",
    ]
    assert found["shadow"].gid == 42
    assert found["tool"].mode == 0o4755
    assert found["tool2"].linkname == "tool"


def test_one_path_of_the_tree(base):
    assert list(members(b"".join(pack_stack(base, path="/sub/deep")))) == ["deep", "deep/x"]
    assert list(members(b"".join(pack_stack(base, path="/etc/a")))) == ["a"]
    with pytest.raises(NotFound):
        b"".join(pack_stack(base, path="/etc/none"))


def test_copied_up_files_keep_their_true_owner(base, tmp_path):
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "shadow").write_text("more")
    (upper / "shadow").chmod(0o640)
    os.setxattr(upper / "shadow", "user.overlay.origin", b"")
    found = members(b"".join(pack_changes(str(upper), base)))
    if os.getuid():
        assert found["shadow"].gid == 42


def test_times_and_attributes_survive(layer_store, tmp_path):
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "f").write_text("x")
    os.setxattr(upper / "f", "user.colour", b"\xff\x00green")
    os.setxattr(upper / "f", "user.overlay.origin", b"")
    os.utime(upper / "f", ns=(0, 1_700_000_000_123_456_789))
    data = b"".join(pack_changes(str(upper), []))
    layer = add_layers(layer_store, data)[0]
    path = f"{layer.directory}/f"
    assert os.stat(path).st_mtime_ns == 1_700_000_000_123_456_789
    assert os.listxattr(path) == ["user.colour"]
    assert os.getxattr(path, "user.colour") == b"\xff\x00green"


def test_long_names_survive(layer_store, tmp_path):
    long = "d" * 90
    upper = tmp_path / "upper"
    (upper / long / long).mkdir(parents=True)
    (upper / long / long / "näme").write_text("x")
    (upper / "link").symlink_to(f"{long}/{long}/näme")
    data = b"".join(pack_changes(str(upper), []))
    layer = add_layers(layer_store, data)[0]
    assert os.path.exists(f"{layer.directory}/link")


def test_a_file_that_changes_while_it_is_packed_keeps_the_promised_size():
    assert b"".join(content([b"abc", b"def"], 4)) == b"abcd" + bytes(508)
    assert b"".join(content([b"abc"], 5)) == b"abc\0\0" + bytes(507)
    assert b"".join(content([], 0)) == b""


def test_a_file_named_like_a_whiteout_deletes_nothing(base, tmp_path):
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / ".wh.tool").write_text("x")
    (upper / "other").write_text("x")
    assert list(members(b"".join(pack_changes(str(upper), base)))) == ["other"]


def test_sockets_are_left_out(tmp_path):
    import socket

    upper = tmp_path / "upper"
    upper.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(upper / "s"))
        (upper / "link").symlink_to("s")
        assert list(members(b"".join(pack_changes(str(upper), [])))) == ["link"]
    assert link("x", "y")[0].linkname == "y"
