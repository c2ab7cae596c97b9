"""The colours of all pictures, for light and for dark pages, and the proof that they can be read.

Six hues, each with a fill, an edge and a text colour, plus paper and inks.  A colour never says
anything alone: shapes and words do, colours repeat it.  Blue and orange carry the main contrast
(shared, separate) because every common kind of colour blindness tells them apart.  The unit tests
compute every text-on-fill contrast by the formula of WCAG 2.2 and want 4.5:1 or more.
"""

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f5f7f9",
    "line": "#d3dae1",
    "ink": "#1b2128",
    "muted": "#55606b",
    "focus": "#0b57d0",
    "blue": "#e1edfc",
    "blue-edge": "#2a6fca",
    "blue-text": "#123f78",
    "orange": "#fdeadb",
    "orange-edge": "#c2590c",
    "orange-text": "#763508",
    "green": "#def3e4",
    "green-edge": "#1f8047",
    "green-text": "#0e4a27",
    "red": "#fde5e4",
    "red-edge": "#c9352b",
    "red-text": "#80190f",
    "violet": "#ece6fb",
    "violet-edge": "#6d4bc3",
    "violet-text": "#402585",
    "slate": "#e9edf1",
    "slate-edge": "#6b7885",
    "slate-text": "#333d47",
}

DARK = {
    "paper": "#14181d",
    "panel": "#1c2127",
    "line": "#39424c",
    "ink": "#e8edf2",
    "muted": "#a5b0bb",
    "focus": "#8ab8ff",
    "blue": "#152c4b",
    "blue-edge": "#6fabf5",
    "blue-text": "#d3e6ff",
    "orange": "#40260f",
    "orange-edge": "#ef9a55",
    "orange-text": "#ffe1c8",
    "green": "#13331f",
    "green-edge": "#5cc486",
    "green-text": "#cff3dc",
    "red": "#421b19",
    "red-edge": "#f4857d",
    "red-text": "#ffdad7",
    "violet": "#2c2250",
    "violet-edge": "#ab92f2",
    "violet-text": "#e6defe",
    "slate": "#272e36",
    "slate-edge": "#8d99a6",
    "slate-text": "#dbe2e9",
}

# (text colour, what it stands on): every pair a scene or a style sheet may use.
TEXT_PAIRS = (
    *((ink, page) for ink in ("ink", "muted") for page in ("paper", "panel")),
    *((f"{hue}-text", hue) for hue in ("blue", "orange", "green", "red", "violet", "slate")),
    *((f"{hue}-text", "paper") for hue in ("blue", "orange", "green", "red", "violet", "slate")),
)

# What a JupyterLab page lends its widgets; the right-hand colours serve pages that lend nothing.
_LENT = {"paper": "--jp-layout-color0"}


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours, 1 (none) to 21 (black on white).

    See: WCAG 2.2, "contrast ratio".
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _variables(colours: dict[str, str], *, lent: bool) -> str:
    return "".join(
        f"--md-{name}:var({_LENT[name]},{value});"
        if lent and name in _LENT
        else f"--md-{name}:{value};"
        for name, value in colours.items()
    )


def _classes(scope: str) -> str:
    return "".join(
        f"{scope}.f-{name}{{fill:var(--md-{name})}}{scope}.s-{name}{{stroke:var(--md-{name})}}"
        for name in LIGHT
    )


def page_css() -> str:
    """Return the style rules of a live view: theme variables on ``.md-view`` and the classes.

    The view's script sets ``data-theme`` from the page's real background, so that any theme of
    any notebook front end gets the right set.
    """
    return (
        f".md-view{{{_variables(LIGHT, lent=True)}}}"
        f'.md-view[data-theme="dark"]{{{_variables(DARK, lent=True)}}}' + _classes(".md-view ")
    )


def file_css() -> str:
    """Return the style rules of an SVG file, which follows the reader's colour scheme by itself."""
    return (
        f"svg{{{_variables(LIGHT, lent=False)}}}"
        f"@media (prefers-color-scheme:dark){{svg{{{_variables(DARK, lent=False)}}}}}"
        + _classes("")
    )
