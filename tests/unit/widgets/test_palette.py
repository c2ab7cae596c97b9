import pytest

from pyminidocker.widgets.palette import DARK, LIGHT, TEXT_PAIRS, contrast, file_css, page_css


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS, ids=lambda name: name)
def test_text_can_be_read(colours, ink, ground):
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize(
    ("colours", "pages"),
    [(LIGHT, ["#ffffff"]), (DARK, ["#111111", "#1e1e1e"])],
    ids=["light", "dark"],
)
def test_text_can_be_read_on_the_pages_of_notebooks(colours, pages):
    for page in pages:  # JupyterLab, VS Code
        for ink in [name for name in colours if name.endswith("-text") or name in ("ink", "muted")]:
            assert contrast(colours[ink], page) >= 4.5, ink


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_and_focus_can_be_seen(colours):
    for name in [name for name in colours if name.endswith("-edge") or name == "focus"]:
        assert contrast(colours[name], colours["paper"]) >= 3, name
        if name.endswith("-edge"):
            assert contrast(colours[name], colours[name.removesuffix("-edge")]) >= 3, name


def test_terminal_colours_can_be_read():
    for colours in (LIGHT, DARK):
        for name in ("red-edge", "green-edge", "blue-edge", "violet-edge", "muted"):
            assert contrast(colours[name], colours["paper"]) >= 3.5, name


def test_both_themes_have_the_same_names():
    assert set(LIGHT) == set(DARK)


def test_contrast_is_wcags():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_styles_define_every_colour():
    for name in LIGHT:
        assert f"--md-{name}:" in page_css()
        assert f"--md-{name}:" in file_css()
    assert "--jp-layout-color0" in page_css()
    assert "--jp-" not in file_css()  # a file stands alone
