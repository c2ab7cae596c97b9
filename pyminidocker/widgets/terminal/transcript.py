"""What a terminal showed, as plain text: control sequences carried out or left out.

See: ECMA-48 (CSI, OSC); console_codes(4).
"""

import re

_CONTROL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles, links
    r"|\x1b[P^_X][^\x1b]*\x1b\\"  # DCS and friends
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
)
_UNPRINTED = re.compile(r"[\x00-\x07\x0b-\x0c\x0e-\x1f\x7f]")


def _overwrite(line: str) -> str:
    """Carry out backspaces and carriage returns within one line."""
    shown: list[str] = []
    at = 0
    for character in line:
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(0, at - 1)
        else:
            shown[at : at + 1] = [character]
            at += 1
    return "".join(shown).rstrip()


def plain_text(output: bytes) -> str:
    """Return what ``output`` left on an endless sheet, without colours.

    Full-screen programs (editors) draw with cursor movements, which a transcript cannot show.
    """
    text = _CONTROL.sub("", output.decode("utf-8", "replace"))
    text = _UNPRINTED.sub("", text.replace("\r\n", "\n"))
    return "\n".join(_overwrite(line) for line in text.split("\n")).rstrip("\n")
