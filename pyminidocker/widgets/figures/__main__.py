"""Write all figures into a directory: ``python -m pyminidocker.widgets.figures assets``."""

import json
import sys
from pathlib import Path

from pyminidocker.widgets.figures import FIGURES
from pyminidocker.widgets.picture import to_png
from pyminidocker.widgets.svg import to_svg


def main(arguments: list[str]) -> int:
    """Draw every figure as SVG and PNG, and collect their alternative texts in ``alt.json``."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m pyminidocker.widgets.figures DIRECTORY\n")
        return 2
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    texts = {}
    for name, draw in FIGURES.items():
        scene = draw()
        (target / f"{name}.svg").write_text(to_svg(scene), encoding="utf-8")
        (target / f"{name}.png").write_bytes(to_png(scene))
        texts[name] = {"title": scene.title, "alt": scene.desc}
    text = json.dumps(texts, indent=1, ensure_ascii=False) + "\n"
    (target / "alt.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
