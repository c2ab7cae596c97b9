import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from pyminidocker.widgets.metrics import shorten, text_width, wrap
from pyminidocker.widgets.palette import DARK, LIGHT
from pyminidocker.widgets.picture import to_png
from pyminidocker.widgets.scene import Box, Group, Label, Scene, Stroke, line
from pyminidocker.widgets.svg import number, to_svg
from pyminidocker.widgets.tables import text_table

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def scene():
    picked = Group(
        (Box(10, 10, 80, 30, "blue", "blue-edge"),), "one", "the <first>", (8, 8, 84, 34)
    )
    curve = Stroke((("M", 10, 60), ("C", 40, 20, 60, 100, 90, 60)), stroke="ink", dash=(4, 3))
    return Scene(
        100, 80, "A & B", "what is <seen>", [picked, curve, Label(50, 30, "x < y", anchor="middle")]
    )


def test_file_svg_stands_alone_and_says_what_it_shows(scene):
    root = ET.fromstring(to_svg(scene))
    assert root.get("role") == "img"
    named = {e.get("id"): e.text for e in root if e.get("id")}
    assert root.get("aria-labelledby").split() == ["title", "desc"]
    assert named["title"] == "A & B"
    assert named["desc"] == "what is <seen>"
    assert root.find(f"{SVG}style") is not None
    assert "http" not in ET.tostring(root.find(f"{SVG}style")).decode().replace(
        "http://www.w3.org", ""
    )


def test_live_svg_is_a_list_box_of_selectable_groups(scene):
    root = ET.fromstring(to_svg(scene, live="option"))
    assert root.get("role") == "listbox"
    assert "A & B" in root.get("aria-label")
    (group,) = [e for e in root.iter() if e.get("data-key")]
    assert (group.get("role"), group.get("data-key"), group.get("aria-label")) == (
        "option",
        "one",
        "the <first>",
    )
    assert group[0].get("class") == "md-ring"


def test_svg_uses_only_known_colours(scene):
    for element in ET.fromstring(to_svg(scene)).iter():
        for name in (element.get("class") or "").split():
            assert name == "mono" or name[2:] in LIGHT


def test_same_scene_same_bytes(scene):
    assert to_svg(scene) == to_svg(scene)
    assert to_png(scene) == to_png(scene)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (1.5, "1.5"), (2 / 3, "0.67"), (-0.0001, "0"), (10, "10"), (100.0, "100")],
)
def test_coordinates_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_png_has_two_pixels_per_pixel_and_the_right_colours(scene, dark, colours):
    image = Image.open(io.BytesIO(to_png(scene, dark=dark))).convert("RGB")
    assert image.size == (200, 160)

    def colour(x, y):
        return "#{:02x}{:02x}{:02x}".format(*image.getpixel((x, y)))

    assert colour(2, 2) == colours["paper"]
    assert colour(40, 60) == colours["blue"]


def test_png_draws_lines_where_the_scene_has_them():
    scene = Scene(40, 40, "t", "d", [line(0, 20, 40, 20, "ink", 4)])
    image = Image.open(io.BytesIO(to_png(scene))).convert("L")
    assert image.getpixel((40, 40)) < 60
    assert image.getpixel((40, 20)) == 255


def test_text_width_follows_the_font():
    assert text_width("iiii", 10) < text_width("mmmm", 10)
    assert text_width("a", 20) == 2 * text_width("a", 10)
    assert text_width("ab", 10, weight=600) > text_width("ab", 10)
    assert text_width("iW", 10, mono=True) == text_width("mm", 10, mono=True)


def test_texts_are_cut_at_the_end_or_at_the_beginning():
    assert shorten("short", 500, 12) == "short"
    cut = shorten("/a/very/long/path/to/file.txt", 90, 12, tail=True)
    assert cut.startswith("…")
    assert cut.endswith("file.txt")
    cut = shorten("a long sentence that goes on", 90, 12)
    assert cut.startswith("a long")
    assert cut.endswith("…")
    assert text_width(cut, 12) <= 90


def test_lines_break_at_spaces():
    lines = wrap("one two three four five six seven", 80, 12)
    assert " ".join(lines) == "one two three four five six seven"
    assert all(text_width(row, 12) <= 80 for row in lines)
    assert wrap("", 80, 12) == []


def test_tables_align_and_have_no_trailing_space():
    table = text_table(["name", "n"], [["a", "1"], ["long name", "22"]], right=(1,))
    assert table.split("\n") == [
        "name        n",
        "---------  --",
        "a           1",
        "long name  22",
    ]
