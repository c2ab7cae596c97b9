"""How wide a text will be, without asking a font library.

Advance widths of Inter (regular and semibold) for the printable ASCII characters and a few more,
in thousandths of the font size.  Pages draw with their own font, so a layout keeps some air: the
usual sans-serif fonts differ by up to 12 %.
"""

_REGULAR = (  # from the space to the tilde
    281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 501, 662, 288, 460, 288, 360, 631, 407,
    610, 618, 646, 593, 620, 566, 619, 620, 288, 302, 662, 662, 662, 511, 966, 690, 654, 730,
    722, 601, 590, 746, 743, 269, 571, 672, 565, 903, 753, 765, 639, 765, 644, 642, 646, 744,
    690, 985, 682, 679, 629, 365, 360, 365, 471, 456, 323, 562, 612, 571, 612, 583, 370, 613,
    591, 242, 242, 549, 242, 876, 591, 600, 612, 612, 376, 528, 327, 591, 562, 818, 546, 562,
    552, 426, 333, 426, 662,
)  # fmt: skip
_SEMIBOLD = (  # from the space to the tilde
    252, 321, 523, 644, 650, 1004, 663, 326, 373, 373, 540, 673, 319, 465, 319, 379, 660, 423,
    623, 636, 666, 612, 640, 576, 640, 640, 319, 329, 673, 673, 673, 543, 999, 728, 659, 737,
    722, 605, 588, 749, 746, 277, 580, 703, 565, 922, 759, 769, 645, 773, 652, 650, 660, 736,
    728, 1020, 720, 713, 652, 373, 379, 373, 481, 469, 351, 574, 624, 583, 624, 591, 389, 625,
    612, 262, 262, 569, 262, 900, 612, 609, 624, 624, 397, 549, 353, 612, 587, 839, 569, 588,
    566, 455, 359, 455, 673,
)  # fmt: skip
_MORE = {"·": 288, "–": 500, "—": 1000, "…": 864, "×": 662, "’": 261, "“": 440, "”": 440}
_UNKNOWN = 700
_MONO = 600
_OTHER_FONTS = 1.12  # how much wider the widest usual font is


def text_width(text: str, size: float, *, weight: int = 400, mono: bool = False) -> float:
    """Return the width of ``text`` in pixels at font size ``size`` (pixels).

    Args:
        text: one line.
        size: font size, pixels.
        weight: CSS font weight; 600 and more is semibold.
        mono: measured in the monospaced font.
    """
    if mono:
        return len(text) * _MONO * size / 1000
    table = _SEMIBOLD if weight >= 600 else _REGULAR
    units = sum(table[ord(c) - 32] if " " <= c <= "~" else _MORE.get(c, _UNKNOWN) for c in text)
    return units * size / 1000


def shorten(
    text: str,
    room: float,
    size: float,
    *,
    weight: int = 400,
    mono: bool = False,
    tail: bool = False,
) -> str:
    """Cut ``text`` to fit into ``room`` pixels, with an ellipsis.

    Args:
        text: one line.
        room: the pixels there are.
        size: font size, pixels.
        weight: CSS font weight.
        mono: measured in the monospaced font.
        tail: keep the end (of a path, say) instead of the beginning.
    """
    room /= _OTHER_FONTS
    if text_width(text, size, weight=weight, mono=mono) <= room:
        return text
    kept = text
    while kept and text_width(kept + "…", size, weight=weight, mono=mono) > room:
        kept = kept[1:] if tail else kept[:-1]
    return "…" + kept.lstrip() if tail else kept.rstrip() + "…"


def wrap(text: str, room: float, size: float, *, weight: int = 400) -> list[str]:
    """Break ``text`` at spaces into lines of at most ``room`` pixels (a long word stays whole)."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, size, weight=weight) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines
