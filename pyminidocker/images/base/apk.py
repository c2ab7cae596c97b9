"""Alpine's record of installed packages: which files belong to what, and what needs what.

    P:busybox            name                 F:etc/udhcpc     a directory, then its mode (M:)
    D:so:libc.musl...    needs                R:udhcpc.conf    a file in it, then its mode (a:)
    p:/bin/sh cmd:ls=... provides             (stanzas are separated by empty lines)

See: apk-tools' doc/apk-package.5 and the Alpine wiki, "Apk spec".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_NAME = re.compile(r"[^<>=~]+")


@dataclass(slots=True)
class Package:
    """An installed package.

    Attributes:
        name: its name.
        text: its stanza as it stands.
        needs: names of packages, commands (``cmd:``) and libraries (``so:``) it depends on.
        provides: such names it offers, its own included.
        directories: paths of its directories.
        files: paths of its files.
    """

    name: str = ""
    text: str = ""
    needs: list[str] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def read_installed(text: str) -> list[Package]:
    """Return the packages of ``/lib/apk/db/installed``, in its order."""
    return [_read_stanza(stanza) for stanza in text.strip("\n").split("\n\n") if stanza]


def _read_stanza(stanza: str) -> Package:
    package = Package(text=stanza)
    for line in stanza.split("\n"):
        key, _, value = line.partition(":")
        if key == "P":
            package.name = value
            package.provides.append(value)
        elif key == "D":
            package.needs = [_bare(word) for word in value.split() if not word.startswith("!")]
        elif key == "p":
            package.provides += [_bare(word) for word in value.split()]
        elif key == "F":
            package.directories.append(value)
        elif key == "R":
            package.files.append(f"{package.directories[-1]}/{value}".lstrip("/"))
    # A dependency on a path is satisfied by whoever has the file.
    package.provides += [f"/{path}" for path in package.files]
    return package


def _bare(word: str) -> str:
    """Cut the version off a dependency: ``musl>=1.2`` is about ``musl``."""
    match = _NAME.match(word)
    return match[0] if match else word


def closure(packages: list[Package], wanted: Iterable[str]) -> list[Package]:
    """Return the packages in ``wanted`` and all they need, in the order of ``packages``."""
    providers: dict[str, Package] = {}
    for package in packages:
        for name in package.provides:
            providers.setdefault(name, package)
    chosen: set[str] = set()
    waiting = list(wanted)
    while waiting:
        provider = providers.get(waiting.pop())
        if provider is not None and provider.name not in chosen:
            chosen.add(provider.name)
            waiting += provider.needs
    return [package for package in packages if package.name in chosen]
