import xml.etree.ElementTree as ET

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.widgets.layers.fetch import fetch, hex_dump, ref_of, resurrect
from pyminidocker.widgets.layers.model import read_entry
from pyminidocker.widgets.layers.scene import draw_comparison, draw_stack
from pyminidocker.widgets.layers.twin import comparison_table
from pyminidocker.widgets.layers.view import layer_microscope
from pyminidocker.widgets.svg import to_svg


def entry(path, kind, layer=1, **other):
    fields = {
        "Path": path, "Kind": kind, "Type": "file", "Layer": layer, "SizeA": 0, "SizeB": 0,
        "ModeA": 0o644, "ModeB": 0o644, "CopiedUp": 0, "Whiteout": False, "Opaque": False,
    }  # fmt: skip
    return fields | other


ENTRIES = [
    entry("/app", "added", Type="dir"),
    entry("/app/main.py", "added", SizeB=1840),
    entry("/big", "changed", 2, SizeA=20_000_000, SizeB=20_000_001, CopiedUp=20_000_000),
    entry("/mode", "attributes", 2, SizeA=5, SizeB=5, ModeB=0o600, CopiedUp=5),
    entry("/secret", "deleted", 2, SizeA=26, Whiteout=True),
    entry("/var", "changed", 1, Type="dir", Opaque=True),
    entry("/var/old", "deleted", 1, SizeA=900),
]


def layer(chain, size, by):
    return {
        "ChainId": chain,
        "Size": size,
        "CreatedBy": by,
        "DiffId": "",
        "Digest": "",
        "Directory": "",
    }


class FakeApi:
    """The engine's answers, in the shape of its extension endpoints."""

    def __init__(self, entries=ENTRIES, files=None):
        self.entries = entries
        self.files = files or {("web", 1): b"key=1\n", ("base", 0): b"\x00\xff"}
        self.stacks = {
            "base": [layer("c1", 1000, "ADD base")],
            "web": [
                layer("c1", 1000, "ADD base"),
                layer("c2", 2000, "COPY app"),
                layer("", 30, "container web"),
            ],
        }

    def compare(self, a, b):
        if b not in self.stacks:
            raise NotFound(f"No such image or container: {b}")
        summary = {
            "Added": 2,
            "Changed": 2,
            "Deleted": 2,
            "Attributes": 1,
            "CopiedUpBytes": 20_000_005,
            "WastedBytes": 926,
        }
        return {"A": a, "B": b, "Entries": self.entries, "Summary": summary}

    def layers(self, ref):
        return self.stacks[ref]

    def layer_file(self, ref, index, path):
        if path != "/secret" or (ref, index) not in self.files:
            raise NotFound(path)
        return self.files[ref, index]

    def container_inspect(self, ref):
        if ref != "web":
            raise NotFound(ref)
        return {"Config": {"Image": "base"}}

    def image_list(self):
        return [
            {"Id": "sha256:" + "ab" * 32, "RepoTags": []},
            {"Id": "x", "RepoTags": ["base:latest"]},
        ]

    def container_list(self, *, all):  # noqa: A002
        assert all
        return [{"Names": ["/web"]}]


@pytest.fixture
def comparison():
    return fetch(FakeApi(), "base", "web")


def test_stack_knows_what_both_have_and_what_is_writable(comparison):
    assert [(one.shared, one.writable) for one in comparison.layers] == [
        (True, False), (False, False), (False, True),
    ]  # fmt: skip


def test_two_containers_do_not_share_their_own_layers():
    both = fetch(FakeApi(), "web", "web")
    assert [one.shared for one in both.layers] == [True, True, False]


def test_counts(comparison):
    assert [comparison.count(kind) for kind in ("added", "changed", "deleted", "attributes")] == [
        2,
        2,
        2,
        1,
    ]
    assert [comparison.count(flag) for flag in ("whiteout", "opaque", "copied")] == [1, 1, 2]
    assert comparison.summary() == (
        "2 added, 2 changed, 2 deleted, 1 with other attributes only; "
        "1 whiteout, 1 opaque directory; 20MB copied up, 926B wasted"
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/app/main.py", ["New", "layer 2"]),
        ("/big", ["whole new version", "copied all 20MB", "up"]),
        ("/mode", ["Same content", "0644 became 0600", "copy of all 5B"]),
        ("/secret", ["whiteout in layer 3", "26B still lie"]),
        ("/var", ["opaque", "lower layers"]),
        ("/var/old", ["gone in layer 2", "directory that held it"]),
    ],
)
def test_every_change_is_explained(comparison, path, words):
    (found,) = [one for one in comparison.entries if one.path == path]
    for word in words:
        assert word in found.explanation()


def test_deleted_because_b_stands_elsewhere():
    assert "does not stand on" in read_entry(entry("/x", "deleted", -1, SizeA=3)).explanation()


def test_heaviest_prefers_what_teaches(comparison):
    assert [one.path for one in comparison.heaviest(3)] == ["/big", "/secret", "/var/old"]
    assert comparison.heaviest(99) == list(comparison.entries)


def test_twin_lists_everything(comparison):
    table = comparison_table(comparison)
    assert table.splitlines()[0] == "web compared with base"
    for one in comparison.entries:
        (line,) = [
            row for row in table.splitlines() if f" {one.path} " in row or f" {one.path}/ " in row
        ]
        assert one.kind in line
        assert all(mark in line for mark in one.marks)
    assert comparison.summary() in table
    assert "5 more paths not listed" in comparison_table(comparison, most=2)


def test_nothing_is_a_thing_to_compare_with():
    api = FakeApi()
    assert comparison_table(fetch(api, "", "base")).startswith("base compared with nothing\n")


def test_pictures(comparison):
    whole = ET.fromstring(to_svg(draw_comparison(comparison)))
    text = " ".join(whole.itertext())
    assert "web compared with base" in text
    assert "/secret" in text
    stack = ET.fromstring(to_svg(draw_stack(comparison), live="option"))
    keys = [e.get("data-key") for e in stack.iter() if e.get("data-key")]
    assert keys == ["layer-3", "layer-2", "layer-1"]


def test_equal_stacks_say_so():
    same = fetch(FakeApi(entries=[]), "base", "base")
    assert "They show the same files." in to_svg(draw_comparison(same))


def test_deleted_file_comes_back_from_the_layer_below(comparison):
    found = resurrect(FakeApi(), comparison, "/secret")
    assert (found.layer, found.ref, found.data) == (2, "web", b"key=1\n")
    assert str(found) == "key=1\n"


def test_bytes_that_are_no_text_are_dumped(comparison):
    api = FakeApi(files={("base", 0): b"\x00\xffAB"})
    found = resurrect(api, comparison, "/secret")
    assert (found.ref, found.layer) == ("base", 1)
    assert found.shown()[0] == "hex"
    assert str(found).startswith("00000000  00 ff 41 42 ")
    assert str(found).endswith("|..AB|")


def test_what_no_layer_holds_is_said(comparison):
    with pytest.raises(NotFound, match="no lower layer holds a file"):
        resurrect(FakeApi(), comparison, "/app/main.py")


def test_hex_dump_has_rows_of_sixteen():
    rows = hex_dump(bytes(range(40))).splitlines()
    assert [row[:8] for row in rows] == ["00000000", "00000010", "00000020"]
    assert len(rows[0]) == len(rows[1])


def test_refs():
    class Named:
        name = "web"

    assert ref_of(Named()) == "web"
    assert ref_of("a@1") == "a@1"
    with pytest.raises(InvalidArgument):
        ref_of(3)


def test_view_compares_a_container_with_its_image():
    view = layer_microscope("web", engine=FakeApi())
    assert (view.model.a, view.model.b) == ("base", "web")
    assert view.refs == ["", "abababababab", "base", "base:latest", "web"]
    assert [row["path"] for row in view.paths] == [one["Path"] for one in ENTRIES]
    data, metadata = view._repr_mimebundle_()
    assert data["text/plain"] == str(view)
    assert "web compared with base" in metadata["image/png"]["alt"]
    view.close()


def test_page_resurrects_and_compares():
    view = layer_microscope("base", "web", engine=FakeApi())
    view._handle_custom_msg({"do": "resurrect", "path": "/secret"}, [])
    assert view.raised["text"] == "key=1\n"
    assert view.raised["source"] == "6B, read from layer 2 of web"
    view._handle_custom_msg({"do": "compare", "a": "", "b": "base"}, [])
    assert view.model.a == ""
    assert view.raised == {}
    view._handle_custom_msg({"do": "compare", "a": "", "b": "nope"}, [])
    assert "No such image or container: nope" in view.message
    assert view.model.b == "base"
    view.close()
