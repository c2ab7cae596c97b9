"""Detach keys: a sequence of keys that leaves a container running and gives the shell back.

See: docker attach, "Override the detach sequence".
"""

from __future__ import annotations

DEFAULT = "ctrl-p,ctrl-q"


def parse(text: str) -> bytes:
    """Return the bytes that ``text`` ("ctrl-p,ctrl-q", "ctrl-@", "a,b") stands for.

    Raises:
        ValueError: an unknown key.
    """
    keys = bytearray()
    for key in (text or DEFAULT).split(","):
        if len(key) == 1:
            keys += key.encode()
            continue
        name = key.removeprefix("ctrl-")
        if len(name) == 1 and name != key and (name.isalpha() or name in "@[\\]^_"):
            keys.append(ord(name.upper()) & 0x1F)
            continue
        raise ValueError(f"invalid detach keys ({text}): Unknown character: '{key}'")
    return bytes(keys)


class DetachFilter:
    """Looks for the detach sequence in what is typed, holding back what may be its beginning."""

    def __init__(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._seen = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Return (what to pass on, whether the sequence was completed)."""
        passed = bytearray()
        for byte in data:
            if byte == self._sequence[self._seen]:
                self._seen += 1
                if self._seen == len(self._sequence):
                    self._seen = 0
                    return bytes(passed), True
                continue
            if self._seen:
                passed += self._sequence[: self._seen]
                self._seen = 0
                if byte == self._sequence[0]:
                    self._seen = 1
                    continue
            passed.append(byte)
        return bytes(passed), False
