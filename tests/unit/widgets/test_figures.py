import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pyminidocker.widgets.figures import FIGURES
from pyminidocker.widgets.figures.__main__ import main
from pyminidocker.widgets.metrics import text_width
from pyminidocker.widgets.scene import Box, Group, Label
from pyminidocker.widgets.svg import to_svg

ASSETS = Path(__file__).resolve().parents[3] / "assets"


def leaves(items):
    for item in items:
        if isinstance(item, Group):
            yield from leaves(item.items)
        else:
            yield item


@pytest.fixture(params=FIGURES)
def name(request):
    return request.param


def test_committed_figure_is_what_the_code_draws(name):
    """``make figures`` was run after the last change."""
    assert (ASSETS / f"{name}.svg").read_text() == to_svg(FIGURES[name]())


def test_figure_has_an_alternative_text(name):
    scene = FIGURES[name]()
    texts = json.loads((ASSETS / "alt.json").read_text())
    assert texts[name] == {"title": scene.title, "alt": scene.desc}
    assert len(scene.desc) > 150
    ET.fromstring(to_svg(scene))


def test_every_word_lies_inside_the_figure(name):
    scene = FIGURES[name]()
    for label in leaves(scene.items):
        if isinstance(label, Label):
            width = text_width(label.text, label.size, weight=label.weight, mono=label.mono) * 1.12
            left = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
            assert left >= 0, label.text
            assert left + width <= scene.width, label.text
            assert label.size <= label.y <= scene.height - 4, label.text


def test_every_name_fits_into_its_box(name):
    """A label that starts inside a box also ends inside it, in the widest usual font."""
    items = list(leaves(FIGURES[name]().items))
    boxes = [
        item for item in items if isinstance(item, Box) and item.fill not in ("", "panel", "line")
    ]
    for label in (item for item in items if isinstance(item, Label) and item.anchor == "middle"):
        around = [
            box
            for box in boxes
            if box.x <= label.x <= box.x + box.w and box.y <= label.y - 3 <= box.y + box.h
        ]
        if around:
            box = min(around, key=lambda one: one.w)
            width = text_width(label.text, label.size, weight=label.weight, mono=label.mono) * 1.12
            assert width <= box.w - 4, f"{label.text!r} needs {width:.0f} of {box.w:.0f}"


def test_figures_use_no_banned_words(name):
    words = " ".join(i.text for i in leaves(FIGURES[name]().items) if isinstance(i, Label))
    assert not re.search(r"\b(just|simply|obviously|of course)\b", words + FIGURES[name]().desc)


def test_command_writes_everything(tmp_path):
    assert main([str(tmp_path)]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {
        "alt.json",
        *(f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")),
    }
    assert all(p.read_bytes()[:4] == b"\x89PNG" for p in tmp_path.glob("*.png"))


def test_command_explains_itself(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
