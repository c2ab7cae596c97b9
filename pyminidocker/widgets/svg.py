"""A scene as SVG: the same bytes for the same scene, on every machine."""

from xml.sax.saxutils import escape, quoteattr

from pyminidocker.widgets.palette import file_css
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, Stroke

SANS = "Inter,'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"
MONO = "'JetBrains Mono',Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace"


def number(value: float) -> str:
    """Write a coordinate with at most two decimals and no needless zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _paint(fill: str, stroke: str, width: float, dash: tuple[float, ...]) -> str:
    names = " ".join([f"f-{fill}" if fill else "", f"s-{stroke}" if stroke else ""]).strip()
    text = f' class="{names}"' if names else ""
    if not fill:
        text += ' fill="none"'
    if stroke and width != 1:
        text += f' stroke-width="{number(width)}"'
    if dash:
        text += f' stroke-dasharray="{" ".join(map(number, dash))}"'
    return text


def _box(box: Box) -> str:
    rx = f' rx="{number(box.radius)}"' if box.radius else ""
    return (
        f'<rect x="{number(box.x)}" y="{number(box.y)}" width="{number(box.w)}" '
        f'height="{number(box.h)}"{rx}{_paint(box.fill, box.stroke, box.width, box.dash)}/>'
    )


def _stroke(stroke: Stroke) -> str:
    path = "".join(
        str(command) + " ".join(number(float(c)) for c in numbers)
        for command, *numbers in stroke.commands
    )
    paint = _paint(stroke.fill, stroke.stroke, stroke.width, stroke.dash)
    return f'<path d="{path}"{paint} stroke-linecap="round" stroke-linejoin="round"/>'


def _label(label: Label) -> str:
    anchor = f' text-anchor="{label.anchor}"' if label.anchor != "start" else ""
    weight = f' font-weight="{label.weight}"' if label.weight != 400 else ""
    kind = f"f-{label.fill} mono" if label.mono else f"f-{label.fill}"
    return (
        f'<text x="{number(label.x)}" y="{number(label.y)}" font-size="{number(label.size)}"'
        f'{weight}{anchor} class="{kind}">{escape(label.text)}</text>'
    )


def _group(group: Group, role: str) -> str:
    inner = "".join(_item(item, role) for item in group.items)
    if not group.key:
        return f"<g>{inner}</g>"
    if not role:  # a still picture: the name stays, nothing can be selected
        return f"<g id={quoteattr(group.key)}>{inner}</g>"
    x, y, w, h = group.frame
    ring = (
        f'<rect class="md-ring" x="{number(x)}" y="{number(y)}" width="{number(w)}" '
        f'height="{number(h)}" rx="9"/>'
    )
    return (
        f'<g class="md-pick" role="{role}" tabindex="-1" data-key={quoteattr(group.key)} '
        f"aria-label={quoteattr(group.label)}>{ring}{inner}</g>"
    )


def _item(item: Item, role: str) -> str:
    if isinstance(item, Box):
        return _box(item)
    if isinstance(item, Stroke):
        return _stroke(item)
    if isinstance(item, Label):
        return _label(item)
    return _group(item, role)


def to_svg(scene: Scene, *, live: str = "") -> str:
    """Write ``scene`` as an SVG document.

    Args:
        scene: the picture.
        live: the ARIA role of its keyed groups (``"option"``) when a view will make them
            selectable; then the page brings the styles, and the picture itself is a list box.
            Empty for a file that stands alone.

    Returns:
        The text of an ``<svg>`` element; equal scenes give equal text.
    """
    size = f'viewBox="0 0 {number(scene.width)} {number(scene.height)}"'
    body = "".join(_item(item, live) for item in scene.items)
    if live:
        label = quoteattr(f"{scene.title}. {scene.desc}")
        return f'<svg {size} role="listbox" aria-label={label}>{body}</svg>'
    style = f"{file_css()}text{{font-family:{SANS}}}.mono{{font-family:{MONO}}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} width="{number(scene.width)}" '
        f'height="{number(scene.height)}" role="img" aria-labelledby="title desc">'
        f'<title id="title">{escape(scene.title)}</title>'
        f'<desc id="desc">{escape(scene.desc)}</desc><style>{style}</style>'
        f'<rect class="f-paper" width="100%" height="100%" rx="10"/>{body}</svg>\n'
    )
