"""Content addresses: ``sha256:`` and 64 hex digits name bytes by what they are.

Everything in an image is reached by digest: the manifest names the config and the layers, the
config names the unpacked layers (diff ids), and a chain id names a whole stack of layers, so that
two images with the same lower layers share them on disk.

See: OCI image-spec descriptor.md (Digests) and config.md (Layer ChainID).
"""

import re
import sys
from collections.abc import Iterable
from typing import Any

# `hashlib` loads OpenSSL, 3.4 MB that an idle engine has no use for; the interpreter's own
# SHA-256, which the standard library's `random` uses as well, does for configs and manifests.
if sys.version_info >= (3, 12):
    from _sha2 import sha256 as _own_sha256  # type: ignore[import-not-found,unused-ignore]
else:
    from _sha256 import sha256 as _own_sha256  # type: ignore[import-not-found,unused-ignore]

_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


def sha256(data: bytes) -> str:
    """Return the digest of ``data``, e.g. ``sha256:e3b0c442...``.

    See: OCI image-spec descriptor.md, SHA-256.
    """
    return f"sha256:{_own_sha256(data).hexdigest()}"


def sha256_hasher() -> Any:
    """Return a hashlib object for long streams: OpenSSL's, which is several times faster.

    See: OCI image-spec descriptor.md, SHA-256.
    """
    import hashlib

    return hashlib.sha256()


def hex_part(digest: str) -> str:
    """Return the 64 hex digits of a sha256 digest: the name of its file in the store.

    Raises:
        ValueError: not a well-formed sha256 digest (so it may not become a file name).

    See: OCI image-spec image-layout.md, Blobs.
    """
    if _SHA256.fullmatch(digest) is None:
        raise ValueError(f"not a sha256 digest: {digest!r}")
    return digest[7:]


def is_digest(text: str) -> bool:
    """Tell whether ``text`` is a sha256 digest, the only algorithm this engine stores.

    See: OCI image-spec descriptor.md, Registered algorithms.
    """
    return _SHA256.fullmatch(text) is not None


def looks_like_digest(text: str) -> bool:
    """Tell whether ``text`` has the form ``algorithm:encoded``, of any algorithm.

    See: OCI image-spec descriptor.md, the digest grammar.
    """
    return _DIGEST.fullmatch(text) is not None


def chain_ids(diff_ids: Iterable[str]) -> list[str]:
    """Return the chain id after each layer, bottom layer first.

    The first chain id is the first diff id; each further one is the digest of the chain id below,
    a space and the next diff id.

    See: OCI image-spec config.md, Layer ChainID.
    """
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(sha256(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain
