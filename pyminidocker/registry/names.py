"""What may name a repository, a tag, and content; everything else never reaches the disk.

See: OCI distribution-spec, Pulling manifests (grammar of names and tags); OCI image-spec
descriptor.md, Registered algorithms.
"""

import re
from typing import NamedTuple

from pyminidocker.registry.failures import Refused

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
_LOOKS_LIKE_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_LONGEST_NAME = 255  # as the reference implementation has it
_LONGEST_COMPONENT = 200  # a directory's name; the rest is for what editors and archives append


class Digest(NamedTuple):
    """A content address that this registry stores.

    Attributes:
        algorithm: ``sha256`` or ``sha512``.
        hex: of that algorithm's length.
    """

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def repository(text: str) -> str:
    """Return ``text`` when it can name a repository.

    Raises:
        Refused: NAME_INVALID.
    """
    if not is_repository(text):
        raise Refused("NAME_INVALID", detail={"name": text})
    return text


def is_repository(text: str) -> bool:
    """Tell whether ``text`` can name a repository."""
    longest = max(map(len, text.split("/")))
    is_short = len(text) <= _LONGEST_NAME and longest <= _LONGEST_COMPONENT
    return is_short and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Tell whether ``text`` can be a tag."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Tell whether ``text`` is a content address of an algorithm that is stored here."""
    return _DIGEST.fullmatch(text) is not None


def digest(text: str) -> Digest:
    """Read a content address.

    Raises:
        Refused: DIGEST_INVALID; it has another form, or an algorithm that is not stored here.
    """
    if not is_digest(text):
        known = _LOOKS_LIKE_DIGEST.fullmatch(text) is not None
        reason = "sha256 and sha512 are stored here" if known else "invalid digest"
        raise Refused("DIGEST_INVALID", f"{reason}: {text[:150]}", detail={"digest": text[:150]})
    return Digest(*text.split(":"))


def reference(text: str) -> "Digest | str":
    """Read what a manifest is asked for by: a digest, or else a tag.

    Raises:
        Refused: MANIFEST_UNKNOWN for what can be neither, DIGEST_INVALID for a bad digest.
    """
    if ":" in text:
        return digest(text)
    if not is_tag(text):
        raise Refused("TAG_INVALID", f"invalid tag: {text[:150]}", detail={"tag": text[:150]})
    return text
