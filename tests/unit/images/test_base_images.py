"""Base images: made from this machine, the same every time."""

import os
import tarfile

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base import bootstrap as module
from pyminidocker.images.base.alpine import alpine_recipe
from pyminidocker.images.base.bootstrap import bootstrap
from pyminidocker.images.base.filetree import FileTree
from pyminidocker.images.store import ImageStore

needs_busybox = pytest.mark.requires("static-busybox")
needs_alpine = pytest.mark.requires("alpine")


def names_in(store, image, layer=0):
    with (
        store.blobs.open(image.blobs[layer]) as file,
        tarfile.open(fileobj=file, mode="r:") as tar,
    ):
        return {member.name: member for member in tar}


def test_hello_world(store):
    said = []
    image = bootstrap(store, ["hello-world"], lambda *words: said.append(words))["hello-world"]
    assert store.resolve("hello-world") == image
    assert image.config.config.cmd == ["/hello"]
    assert list(names_in(store, image)) == ["hello"]
    assert [x.created_by for x in store.history("hello-world")] == [
        'CMD ["/hello"]',
        "COPY hello / # assembled by pyminidocker",
    ]
    assert said[0] == ("hello-world", "Looking at what this machine has")
    assert said[-1] == ("hello-world", f"Ready: {image.id}")


@needs_busybox
def test_busybox(store):
    image = bootstrap(store, ["busybox"])["busybox"]
    found = names_in(store, image)
    assert found["bin/sh"].linkname == "bin/busybox"
    assert found["usr/bin/env"].issym()
    assert found["tmp"].mode == 0o1777
    assert {member.uid for member in found.values()} == {0}
    assert image.config.config.cmd == ["sh"]
    directory = image.lower_dirs[-1]
    assert os.path.samefile(f"{directory}/bin/ls", f"{directory}/bin/busybox")


@needs_busybox
def test_python_shares_busyboxs_layer(store):
    images = bootstrap(store, ["busybox", "python"])
    python = images["python"]
    assert python.layers[0] == images["busybox"].layers[0]
    assert len(python.layers) >= 3
    runtime, library = names_in(store, python, 1), names_in(store, python, 2)
    assert runtime["usr/local/bin/python"].issym()
    version = runtime["usr/local/bin/python"].linkname
    assert f"usr/local/lib/{version}/os.py" in library
    assert not any("__pycache__" in name or "/test/" in name for name in library)
    assert "LANG=C.UTF-8" in python.config.config.env
    assert [x.size for x in store.history("python") if x.created_by.startswith("ENV")] == [0] * 3


@needs_alpine
def test_alpine(store):
    image = bootstrap(store, ["alpine"])["alpine"]
    found = names_in(store, image)
    assert found["bin/sh"].linkname == "/bin/busybox"
    assert found["etc/shadow"].mode == 0o640
    assert found["etc/shadow"].gid == 42
    assert not any(name.startswith(("boot/", "lib/modules/")) for name in found)
    with open(f"{image.lower_dirs[-1]}/etc/passwd", encoding="utf-8") as file:
        assert "quicksand" not in file.read()
    if os.getuid():
        assert image.layers[0].owners["etc/shadow"] == (0, 42, 0o640)


@needs_alpine
def test_busybox_comes_from_alpine_when_the_host_has_none(store, monkeypatch):
    monkeypatch.setattr(module, "busybox_step", lambda machine: None)
    image = bootstrap(store, ["busybox"])["busybox"]
    assert any(name.startswith("lib/ld-musl") for name in names_in(store, image))


@needs_busybox
@pytest.mark.parametrize("name", ["hello-world", "busybox", "python"])
def test_the_same_machine_gives_the_same_digest(tmp_path, store, name):
    other = ImageStore(str(tmp_path / "other"))
    first = bootstrap(store, [name])[name]
    assert bootstrap(other, [name])[name].id == first.id
    assert bootstrap(store, [name])[name] == first
    assert len(store.listings()) == 1


def test_source_date_epoch_is_the_images_time(store, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    image = bootstrap(store, ["hello-world"])["hello-world"]
    assert image.config.created == "1970-01-02T00:00:00Z"
    assert names_in(store, image)["hello"].mtime == 86400


def test_missing_sources_are_named_with_a_remedy(store, monkeypatch):
    monkeypatch.setattr(module, "busybox_step", lambda machine: None)
    monkeypatch.setattr(module, "alpine_busybox_step", lambda machine: None)
    with pytest.raises(NotFound, match="no static busybox") as caught:
        bootstrap(store, ["busybox"])
    assert "apt install busybox-static" in caught.value.hint
    with pytest.raises(NotFound, match="no Alpine for aarch64") as caught:
        alpine_recipe("aarch64")
    assert "pip install 'pyminidocker[alpine]'" in caught.value.hint


def test_python_without_busybox_has_no_shell_but_works(store, monkeypatch):
    monkeypatch.setattr(module, "busybox_step", lambda machine: None)
    monkeypatch.setattr(module, "alpine_busybox_step", lambda machine: None)
    image = bootstrap(store, ["python"])["python"]
    found = names_in(store, image)
    assert "etc/passwd" in found
    assert "bin/sh" not in found


@needs_busybox
def test_pip_is_taken_along_even_when_only_ensurepip_has_it(store, monkeypatch):
    from pyminidocker.images.base import python

    if not python._bundled_pip():
        pytest.skip("this Python carries no pip for ensurepip (Debian splits it off)")
    monkeypatch.setattr(python, "_installed_pip", lambda: "")
    image = bootstrap(store, ["python"])["python"]
    found = names_in(store, image, len(image.layers) - 1)
    assert any(name.endswith("site-packages/pip/__init__.py") for name in found)
    assert found["usr/local/bin/pip"].mode == 0o755


def test_an_unknown_base_image_is_named_before_anything_is_made(store):
    with pytest.raises(InvalidArgument, match="no such base image: ubuntu") as caught:
        bootstrap(store, ["hello-world", "ubuntu"])
    assert "busybox" in caught.value.hint
    assert store.listings() == []


def test_a_tree_is_packed_sorted_with_hard_links_last():
    tree = FileTree()
    tree.hard_link("a/link", "z/file")
    tree.file("z/file", b"x")
    tree.symlink("b", "z")
    assert b"".join(tree.tar()) == b"".join(tree.tar())
    import io

    with tarfile.open(fileobj=io.BytesIO(b"".join(tree.tar()))) as tar:
        assert tar.getnames() == ["a", "b", "z", "z/file", "a/link"]
        assert {member.mtime for member in tar} == {1_767_225_600}
