import re
import shutil
import subprocess

import pytest

from pyminidocker.widgets.base import STATIC, script, styles
from pyminidocker.widgets.palette import LIGHT

VIEWS = {
    "namespaces": ("base.js", "grid.js", "namespaces.js"),
    "layers": ("base.js", "layers.js"),
    "topology": ("base.js", "packets.js", "topology.js"),
    "packet walk": ("base.js", "packetwalk.js"),
    "vantage grid": ("base.js", "grid.js", "vantage.js"),
    "boot phases": ("base.js", "grid.js", "bootphases.js"),
    "build tree": ("base.js", "buildtree.js"),
    "argv calculator": ("base.js", "argv.js"),
    "gauge": ("base.js", "grid.js", "gauge.js"),
    "life": ("base.js", "lifecycle.js"),
    "snapshots": ("base.js", "grid.js", "snapshots.js"),
    "attack matrix": ("base.js", "grid.js", "attackmatrix.js"),
    "terminal source": ("base.js", "src/terminal.js"),
    "terminal": ("terminal.js",),
}


@pytest.mark.requires("node")
@pytest.mark.parametrize("names", VIEWS.values(), ids=VIEWS)
def test_module_is_valid(names, tmp_path):
    module = tmp_path / "view.mjs"
    module.write_text(script(*names))
    check = subprocess.run(
        [shutil.which("node"), "--check", module], capture_output=True, text=True, timeout=60
    )
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("names", VIEWS.values(), ids=VIEWS)
def test_module_exports_a_view_and_loads_nothing(names):
    text = script(*names)
    assert re.search(r"export\s*(default|\{[^}]*as default)", text)
    imports = re.findall(r"^import .* from \"([^\"]+)\"", text, re.MULTILINE)
    assert set(imports) <= (
        {"@xterm/xterm", "@xterm/addon-fit"} if "src/terminal.js" in names else set()
    )
    assert not re.search(r"""(import\(|fetch\(|src=)["'`(]*https?:""", text)


SHEETS = (
    "base", "namespaces", "layers", "terminal", "topology", "packetwalk", "vantage", "buildtree",
    "argv", "bootphases", "gauge", "lifecycle",
)  # fmt: skip


@pytest.mark.parametrize("name", [f"{sheet}.css" for sheet in SHEETS])
def test_styles_use_known_colours_only(name):
    text = (STATIC / name).read_text()
    used = set(re.findall(r"var\(--md-([a-z-]+)", text))
    assert used <= set(LIGHT) | {"sans", "mono"}
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text), "a colour outside the palette"
    assert "http" not in text


def test_style_sheets_are_complete():
    text = styles("terminal.css", "xterm.css")
    assert ".md-view" in text
    assert ".xterm-helper-textarea" in text


def test_every_view_keeps_its_keys_and_names_itself():
    for name in (
        "layers.js",
        "src/terminal.js",
        "topology.js",
        "packetwalk.js",
        "buildtree.js",
        "argv.js",
        "lifecycle.js",
    ):
        text = (STATIC / name).read_text()
        assert '"data-lm-suppress-shortcuts": "true"' in text
        assert "aria-label" in text
        assert "return () =>" in text, "cleans up after itself"


@pytest.mark.parametrize(
    "name", ["namespaces", "vantage", "bootphases", "gauge", "snapshots", "attackmatrix"]
)
def test_a_view_with_a_selection_does_so_too(name):
    text = script("grid.js", f"{name}.js")
    assert '"data-lm-suppress-shortcuts": "true"' in text
    assert "aria-label" in text
    assert re.search(r"return (selectableView|predictionGrid)\(", script(f"{name}.js"))
    assert "return () =>" in script("grid.js"), "cleans up after itself"


def test_licences_lie_beside_what_is_not_ours():
    assert (
        "MIT" in (STATIC / "LICENSE-xterm").read_text()
        or "Permission is hereby granted" in (STATIC / "LICENSE-xterm").read_text()
    )
    for font in ("inter", "jetbrains-mono"):
        assert "SIL Open Font License" in (STATIC / "fonts" / f"LICENSE-{font}").read_text()
        assert (STATIC / "fonts" / f"{font}-400.woff").read_bytes()[:4] == b"wOFF"
