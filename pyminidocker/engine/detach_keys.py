"""The key sequence that leaves a terminal without stopping what runs in it (Ctrl-P Ctrl-Q).

See: moby/term ascii.go and proxy.go.
"""

from pyminidocker.errors import InvalidArgument

DEFAULT_KEYS = b"\x10\x11"
_CONTROL_MARKS = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_keys(text: str) -> bytes:
    r"""Read ``ctrl-p,ctrl-q`` or ``a,b`` as the bytes a terminal sends; empty is the default.

    Raises:
        InvalidArgument: a key that is neither one character nor ``ctrl-`` and one of a-z@[\]^_.
    """
    if not text:
        return DEFAULT_KEYS
    keys = bytearray()
    for key in text.split(","):
        if len(key) == 1 and key.isascii():
            keys.append(ord(key))
            continue
        mark = key.lower().removeprefix("ctrl-")
        if key.lower().startswith("ctrl-") and len(mark) == 1:
            if "a" <= mark <= "z":
                keys.append(ord(mark) - ord("a") + 1)
                continue
            if mark in _CONTROL_MARKS:
                keys.append(_CONTROL_MARKS[mark])
                continue
        raise InvalidArgument(f"Invalid detach keys ({text}) provided")
    return bytes(keys)


class DetachScanner:
    """Looks for the keys in a stream that arrives in pieces.

    Args:
        keys: the sequence; empty never matches.
    """

    __slots__ = ("_held", "_keys")

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = 0  # how many keys were seen in a row and held back

    def scan(self, data: bytes) -> tuple[bytes, bool]:
        """Return what to pass on, and whether the sequence is complete."""
        keys = self._keys
        if not keys or (not self._held and keys[0] not in data):
            return data, False
        passed = bytearray()
        for byte in data:
            if byte == keys[self._held]:
                self._held += 1
                if self._held == len(keys):
                    self._held = 0
                    return bytes(passed), True
                continue
            passed += keys[: self._held]
            self._held = 0
            if byte == keys[0]:
                self._held = 1
            else:
                passed.append(byte)
        return bytes(passed), False
