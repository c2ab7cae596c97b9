"""Names of images: ``busybox``, ``localhost:5000/team/app:1.2``, ``busybox@sha256:...``.

A reference is ``[domain/]path[:tag][@digest]``.  Docker lets people leave out what is usual: the
domain ``docker.io``, the folder ``library/`` and the tag ``latest``; the short form is called
*familiar*, the complete one *normalised*.

See: OCI distribution-spec, Pulling manifests (the name and tag grammar) and the reference
implementation github.com/distribution/reference.
"""

import re
from dataclasses import dataclass, replace

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.digest import looks_like_digest

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_NAME_MAX = 255

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    rf"(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?",
    re.ASCII,
)
_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A normalised image reference.

    Attributes:
        domain: registry host, ``docker.io`` when none was given.
        path: repository path inside the registry, with ``library/`` filled in.
        tag: empty when none was given.
        digest: empty when none was given.
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The repository in full: ``docker.io/library/busybox``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as people write it: ``busybox``, ``localhost:5000/app``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in short else short

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """The whole reference as people write it: ``busybox:latest``."""
        return self.familiar_name + self._suffix

    def __str__(self) -> str:
        return self.name + self._suffix

    def with_default_tag(self) -> "Reference":
        """Return the reference with ``latest`` filled in when it has neither tag nor digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def with_tag(self, tag: str) -> "Reference":
        """Return the same repository with another tag.

        Raises:
            InvalidArgument: not a tag.
        """
        if re.fullmatch(_TAG, tag, re.ASCII) is None:
            raise InvalidArgument("invalid tag format")
        return Reference(self.domain, self.path, tag)


def _split_domain(text: str) -> tuple[str, str]:
    """Split off the domain as Docker does: only what cannot be a user's name is a host."""
    head, slash, rest = text.partition("/")
    is_host = "." in head or ":" in head or head == "localhost" or head != head.lower()
    if not slash or not is_host:
        domain, remainder = DEFAULT_DOMAIN, text
    else:
        domain, remainder = head, rest
    if domain == "index.docker.io":
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder


def parse(text: str) -> Reference:
    """Read an image reference as a user writes it.

    Raises:
        InvalidArgument: it is not one; the message has Docker's words.

    See: OCI distribution-spec, Pulling manifests.
    """
    if _HEX64.fullmatch(text):
        raise InvalidArgument(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    domain, remainder = _split_domain(text)
    path = re.split(r"[:@]", remainder, maxsplit=1)[0]
    if path != path.lower():
        raise InvalidArgument(
            f"invalid reference format: repository name ({path.removeprefix(_OFFICIAL)})"
            " must be lowercase"
        )
    match = _REFERENCE.fullmatch(f"{domain}/{remainder}")
    if match is None:
        raise InvalidArgument("invalid reference format")
    if len(match["path"]) > _NAME_MAX:
        raise InvalidArgument(f"repository name must not be more than {_NAME_MAX} characters")
    return Reference(match["domain"], match["path"], match["tag"] or "", match["digest"] or "")


def parse_any(text: str) -> "Reference | str":
    """Read a reference, or an image id: 64 hex digits or ``sha256:...``, returned as a digest.

    Raises:
        InvalidArgument: neither.

    See: OCI distribution-spec, Pulling manifests.
    """
    if _HEX64.fullmatch(text):
        return f"sha256:{text}"
    if looks_like_digest(text) and re.fullmatch(_DIGEST, text):
        return text
    return parse(text)
