"""Platforms: which machine an image is for, how people write it, and what runs where.

See: OCI image-spec image-index.md, platform; containerd's platforms package.
"""

import os

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.image_spec import ImageConfig, Platform

# uname -m -> architecture and variant as Go has them
_MACHINES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "i386": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
    "loongarch64": ("loong64", ""),
}
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}
_ARCHITECTURES = frozenset(architecture for architecture, _ in _MACHINES.values())
_USUAL_VARIANT = {"arm64": "v8", "arm": "v7", "amd64": "v1"}


def host_platform() -> Platform:
    """Return the platform of this machine.

    See: uname(2).
    """
    architecture, variant = _MACHINES.get(os.uname().machine, (os.uname().machine, ""))
    return Platform(architecture, "linux", variant)


def platform_of(config: ImageConfig) -> Platform:
    """Return the platform an image's config is for.

    See: OCI image-spec config.md, architecture, os, variant.
    """
    return Platform(config.architecture, config.os or "linux", config.variant)


def parse_platform(text: str) -> Platform:
    """Read ``os/architecture[/variant]``, ``linux`` or ``architecture``; "" is this machine.

    Raises:
        InvalidArgument: it is none of these; containerd's words.

    See: containerd platforms.Parse.
    """
    here = host_platform()
    parts = text.strip().lower().split("/")
    if not text.strip() or parts == ["linux"]:
        return here
    wrong = [one for one in parts if not one.replace("-", "").replace("_", "").isalnum()]
    hint = "os/architecture[/variant], such as linux/amd64 or linux/arm64/v8"
    if wrong:
        raise InvalidArgument(
            f'"{wrong[0]}" is an invalid component of "{text}": platform specifier component'
            ' must match "^[A-Za-z0-9_-]+$": invalid argument',
            hint=hint,
        )
    if len(parts) > 3:
        why = f'"{text}": cannot parse platform specifier: invalid argument'
        raise InvalidArgument(why, hint=hint)
    if len(parts) == 1:
        if _ALIASES.get(parts[0], parts[0]) not in _ARCHITECTURES | {here.architecture}:
            why = f'"{text}": unknown operating system or architecture: invalid argument'
            raise InvalidArgument(why, hint=hint)
        parts = ["linux", *parts]
    architecture = _ALIASES.get(parts[1], parts[1])
    return Platform(architecture, parts[0], parts[2] if len(parts) > 2 else "")


def platform_text(platform: Platform) -> str:
    """Return a platform as people write it.

    See: containerd platforms.Format.
    """
    parts = (platform.os, platform.architecture, platform.variant)
    return "/".join(part for part in parts if part)


def fits(offered: Platform, wanted: Platform) -> int:
    """Tell how well an image for ``offered`` runs on ``wanted``: 0 not at all, more is better.

    See: containerd platforms.Only.
    """
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return 0
    have, want = _variant(offered), _variant(wanted)
    if have == want:
        return 100
    is_older = have[1:].isdecimal() and want[1:].isdecimal() and int(have[1:]) < int(want[1:])
    # A newer processor of the same family runs what was made for an older one.
    return int(have[1:]) if is_older and wanted.architecture in ("arm", "amd64") else 0


def _variant(platform: Platform) -> str:
    return platform.variant or _USUAL_VARIANT.get(platform.architecture, "")
