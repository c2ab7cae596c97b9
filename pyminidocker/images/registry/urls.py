"""URLs that registries give us: what they mean, and whose they are.

See: RFC 3986; RFC 6454 (origins).
"""

import re
from urllib.parse import quote, urljoin, urlsplit

from pyminidocker.images.registry.failures import Broken

_PORTS = {"http": 80, "https": 443}
# What a name, an IPv4 or an IPv6 address with its zone is written with.
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


def authority(scheme: str, host: str, port: int) -> str:
    """Return ``host[:port]`` as it stands in a URL; a scheme's own port is left out."""
    name = f"[{host}]" if ":" in host else host
    return name if _PORTS[scheme] == port else f"{name}:{port}"


def split_url(url: str) -> tuple[str, str, int, str]:
    """Return (scheme, host, port, path and query).

    Raises:
        Broken: it is no http or https URL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        if _HOST.fullmatch(host) is None:
            raise ValueError
    except (ValueError, KeyError):
        raise Broken(f"{url}: not an http or https URL") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port, quote(target, safe=_ASCII)


def origin(url: str) -> tuple[str, str, int]:
    """Return (scheme, host, port): whoever is there may hear what is meant for him.

    Raises:
        Broken: it is no http or https URL.
    """
    return split_url(url)[:3]


def following(url: str, location: str) -> str:
    """Return the URL that a Location or Link of the answer from ``url`` means.

    Raises:
        Broken: it is none.
    """
    try:
        return urljoin(url, location)
    except ValueError:
        raise Broken(f"{url} sent us to {location!r}, which is no URL") from None
