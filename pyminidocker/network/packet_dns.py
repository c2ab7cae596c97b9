"""Reading DNS messages off the wire: the question and the answers, enough for a line of text.

Written for packets that are cut short or malformed on purpose: it reads what is there and never
follows a compression pointer forwards.

See: RFC 1035 section 4.
"""

import struct
from socket import AF_INET6, inet_ntop

from pyminidocker.network.packet_parts import Dns

_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV",
    41: "OPT", 64: "SVCB", 65: "HTTPS", 255: "ANY",
}  # fmt: skip
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_NAMES_IN = frozenset((2, 5, 12))
_MOST_ANSWERS = 32
_MOST_LABELS = 128


def read_dns(data: bytes) -> Dns | None:
    """Return the message in a datagram, None if it does not look like one.

    Raises:
        IndexError: it is cut off within the question.
        struct.error: likewise.
    """
    if len(data) < _HEADER.size:
        return None
    number, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    if questions > 1 or (flags >> 11) & 15 > 5:
        return None
    code = flags & 15
    rcode = _RCODES[code] if code < len(_RCODES) else str(code)
    message = Dns(number, bool(flags & 0x8000), "", "", rcode, [])
    offset = _HEADER.size
    if questions:
        message.question, offset = _name(data, offset)
        kind, _ = _QUESTION.unpack_from(data, offset)
        message.question_type = _TYPES.get(kind, str(kind))
        offset += _QUESTION.size
    try:
        for _ in range(min(answers, _MOST_ANSWERS)):
            text, offset = _record(data, offset)
            message.answers.append(text)
    except (IndexError, struct.error, ValueError):
        pass  # the rest was not captured
    return message


def _record(data: bytes, offset: int) -> tuple[str, int]:
    """Return a resource record's text and where the next begins."""
    _, offset = _name(data, offset)
    kind, _, _, length = _RECORD.unpack_from(data, offset)
    offset += _RECORD.size
    value = data[offset : offset + length]
    if kind == 1:
        text = "{}.{}.{}.{}".format(*value[:4])
    elif kind == 28:
        text = inet_ntop(AF_INET6, value)
    else:
        text = _TYPES.get(kind, str(kind))
        if kind in _NAMES_IN:
            text += f" {_name(data, offset)[0]}"
        elif kind == 16 and value:
            text += f" {_printable(value[1 : 1 + value[0]])}"
    return text, offset + length


def _name(data: bytes, offset: int) -> tuple[str, int]:
    """Return a name, without the dot at its end, and the offset after it."""
    labels: list[str] = []
    after = -1
    for _ in range(_MOST_LABELS):
        length = data[offset]
        if length & 0xC0 == 0xC0:  # the rest is the same as of a name before this one
            target = (length & 0x3F) << 8 | data[offset + 1]
            after = offset + 2 if after < 0 else after
            if target >= offset:
                break
            offset = target
            continue
        offset += 1
        if length == 0:
            break
        if offset + length > len(data):
            raise IndexError("a label is cut off")
        labels.append(_printable(data[offset : offset + length]))
        offset += length
    return ".".join(labels) or ".", offset if after < 0 else after


def _printable(label: bytes) -> str:
    text = label.decode("ascii", "replace")
    return text if text.isprintable() else label.hex()
