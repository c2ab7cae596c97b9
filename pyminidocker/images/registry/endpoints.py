"""Where a registry is: its URLs, mirrors of the Hub, and what daemon.json says.

``insecure-registries`` are asked by HTTPS first, without looking at the certificate, and then by
plain HTTP.  Loopback is asked by plain HTTP first, because nobody listens on that way.  Everybody
else is asked by HTTPS only.

See: docs.docker.com/reference/cli/dockerd, daemon configuration file; moby's registry/config.go.
"""

import ipaddress
import os

import msgspec

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.reference import DEFAULT_DOMAIN

HUB_HOST = "registry-1.docker.io"


class Settings(msgspec.Struct, rename="kebab"):
    """What of Docker's daemon.json concerns registries; other keys are left alone."""

    insecure_registries: list[str] = []
    registry_mirrors: list[str] = []
    proxies: dict[str, str] = {}
    max_concurrent_downloads: int = 3
    max_concurrent_uploads: int = 5
    max_download_attempts: int = 5


def load_settings(path: str) -> Settings:
    """Read daemon.json; a missing file says nothing.

    Raises:
        InvalidArgument: it is no such document; names the file and the key.
    """
    try:
        with open(path, "rb") as file:
            settings = msgspec.json.decode(file.read(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidArgument(
            f"{path} cannot be used: {error}", hint="correct the file; no restart is needed"
        ) from error
    for url in settings.registry_mirrors:
        if not url.startswith(("http://", "https://")):
            raise InvalidArgument(
                f'{path}: invalid mirror "{url}": http://host[:port] or https://host[:port]'
            )
    return settings


class Endpoint(msgspec.Struct, frozen=True):
    """One way to a registry.

    Attributes:
        base: ``scheme://host[:port]``.
        verify: look at its certificate.
        is_mirror: it stands in for another registry, and gets none of our credentials for that.
    """

    base: str
    verify: bool = True
    is_mirror: bool = False

    @property
    def is_open(self) -> bool:
        """What is sent there can be read on the way."""
        return self.base.startswith("http:")


def endpoints(domain: str, settings: Settings) -> list[list[Endpoint]]:
    """Return where to ask for the registry ``domain``: places in order, each with its ways."""
    if domain == DEFAULT_DOMAIN:
        mirrors = [[_mirror(url.rstrip("/"), settings)] for url in settings.registry_mirrors]
        return [*mirrors, [Endpoint(f"https://{HUB_HOST}")]]
    if not is_insecure(domain, settings.insecure_registries):
        return [[Endpoint(f"https://{domain}")]]
    ways = [Endpoint(f"https://{domain}", verify=False), Endpoint(f"http://{domain}")]
    return [ways[::-1] if is_insecure(domain, []) else ways]


def _mirror(url: str, settings: Settings) -> Endpoint:
    host = url.partition("://")[2].partition("/")[0]
    return Endpoint(url, not is_insecure(host, settings.insecure_registries), is_mirror=True)


def is_insecure(domain: str, listed: list[str]) -> bool:
    """Tell whether a registry may be asked by plain HTTP.

    Args:
        domain: ``host[:port]``.
        listed: ``insecure-registries``: ``host[:port]`` or networks in CIDR form.
    """
    host = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdecimal() else domain
    host = host.strip("[]")
    if host == "localhost" or domain in listed or host in listed:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_loopback:
        return True
    for text in listed:
        try:
            if address in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False


def certificate_directories(config_dir: str) -> list[str]:
    """Return where ``certs.d`` is looked for: ours, then Docker's."""
    home = os.path.expanduser("~/.config/docker")
    return [f"{config_dir}/certs.d", "/etc/docker/certs.d", f"{home}/certs.d"]
