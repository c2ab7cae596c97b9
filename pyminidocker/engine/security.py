"""What a container's processes may do: capabilities, the seccomp filter, hidden paths.

One thing differs from Docker.  In a lab that root made, root of a container has the machine's uid 0
(without any power of the machine's).  Much of /proc/sys and /sys asks for no power, only for that
uid, and is protected by being mounted read-only and nothing else; whoever has CAP_SYS_ADMIN in the
lab can mount it anew.  So nobody gets CAP_SYS_ADMIN there, and the covers stay.  In the lab of an
ordinary user the machine's uid 0 does not exist, and ``--privileged`` is all of Docker's.

See: moby daemon/oci_linux.go, oci/caps/utils.go; docs/decisions/0022-hardening.md.
"""

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyminidocker.engine import devices
from pyminidocker.engine.records import HostOptions
from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.kernel import caps
from pyminidocker.runtime.defaults import (
    DEFAULT_CAPABILITIES,
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
)

if TYPE_CHECKING:
    from pyminidocker.runtime.host import Lab

_ADMIN = "CAP_SYS_ADMIN"
# What most containers get is made once; the runtime only reads it.
_DEFAULT = list(DEFAULT_CAPABILITIES)
_MASKED = list(DEFAULT_MASKED_PATHS)
_READONLY = list(DEFAULT_READONLY_PATHS)
_MASKED_SET, _READONLY_SET = frozenset(_MASKED), frozenset(_READONLY)
_PROFILES = ("default", "builtin", "unconfined")
_BOOLEANS = ("", "true", "false", "1", "0", "t", "f", "T", "F", "True", "False", "TRUE", "FALSE")
# Linux security modules: the value that asks nothing of them, and why there is no other.
_MODULES = {
    "label": ("disable", "SELinux labels no containers of this engine"),
    "apparmor": (
        "unconfined",
        "AppArmor profiles are loaded by the machine's root, who this engine never is",
    ),
}
_ROOT_LAB = (
    "this engine was started by root, so root in its containers has the machine's uid 0, and {what}"
    " would let it change settings of the whole machine"
)
_REMEDY = "start the engine as an ordinary user: there {what} is safe, and allowed"


@dataclass(slots=True)
class Options:
    """What ``--security-opt`` says.

    Attributes:
        no_new_privileges: execve never raises privileges.
        seccomp: ``default``, ``unconfined``, or a profile as JSON; "" when nothing was said.
        hides_paths: False for ``systempaths=unconfined``.
    """

    no_new_privileges: bool = False
    seccomp: str = ""
    hides_paths: bool = True


_NOTHING = Options()


def options(host: HostOptions) -> Options:
    """Read ``--security-opt``.

    Raises:
        InvalidArgument: with moby's words.
        NotImplementedHere: this host or engine has not got what is asked for.
    """
    if not host.security_opt:
        return _NOTHING
    found = Options()
    for item in host.security_opt:
        _read(item, found)
    return found


def _read(item: str, found: Options) -> None:
    """Read one value (moby daemon/daemon_unix.go parseSecurityOpt)."""
    if item == "no-new-privileges":
        found.no_new_privileges = True
        return
    if item == "disable":
        return  # SELinux' labels: there are none
    key, separator, value = item.partition("=" if "=" in item else ":")
    if not separator:
        raise InvalidArgument(f'invalid --security-opt 1: "{item}"')
    if key == "no-new-privileges":
        if value not in _BOOLEANS:
            raise InvalidArgument(f'invalid --security-opt 2: "{item}"')
        found.no_new_privileges = value.lower() not in ("false", "0", "f")
    elif key == "seccomp":
        if value not in _PROFILES:
            _check_profile(value)
        found.seccomp = "default" if value == "builtin" else value
    elif key == "systempaths" and value == "unconfined":
        found.hides_paths = False
    elif key in _MODULES:
        harmless, why = _MODULES[key]
        if value != harmless:
            raise NotImplementedHere(
                f"--security-opt {item} is refused: {why}",
                hint=f"leave it out, or say {key}={harmless}",
            )
    else:
        raise InvalidArgument(f'invalid --security-opt 2: "{item}"')


def _check_profile(text: str) -> None:
    from pyminidocker.runtime.seccomp_file import ProfileError, read_profile

    if not text.lstrip().startswith("{"):
        raise InvalidArgument(
            f"Decoding seccomp profile failed: {text!r} is not a profile",
            hint="the command line reads the file and sends what is in it; through the API send"
            " the profile's JSON itself",
        )
    try:
        read_profile(text)
    except ProfileError as error:
        raise InvalidArgument(f"Decoding seccomp profile failed: {error}") from None


def check(host: HostOptions, lab: "Lab | None" = None) -> None:
    """Check what the user said about security.

    Args:
        host: the options.
        lab: where it is to run; without it only the words are checked.

    Raises:
        InvalidArgument: with moby's words.
        NotImplementedHere: this host or engine has not got what is asked for.
    """
    _check_capabilities("CapAdd", host.cap_add)
    _check_capabilities("CapDrop", host.cap_drop)
    said = options(host)
    userns = host.other.get("UsernsMode", "")
    if userns not in ("", None, "host"):
        raise InvalidArgument(f"invalid user namespace mode: {userns}")
    devices.check(host, maps_machine_root=lab is not None and lab.maps_machine_root)
    if lab is None or not lab.maps_machine_root:
        return
    masked, read_only = _system_paths(host, said)
    if not (_MASKED_SET.issubset(masked) and _READONLY_SET.issubset(read_only)):
        raise _too_much("--security-opt systempaths=unconfined")
    if not host.privileged and _ADMIN in {capability(name) for name in host.cap_add}:
        raise _too_much("--cap-add SYS_ADMIN")


def _too_much(what: str) -> NotImplementedHere:
    return NotImplementedHere(
        f"{what} is refused: {_ROOT_LAB.format(what='this')}", hint=_REMEDY.format(what="it")
    )


def _check_capabilities(option: str, names: list[str]) -> None:
    for name in names:
        full = capability(name)
        if full not in caps.NUMBERS and name.upper() != "ALL":
            raise InvalidArgument(f'invalid {option}: unknown capability: "{full}"')


def capability(name: str) -> str:
    """Return a capability's full name: ``net_admin`` is ``CAP_NET_ADMIN``."""
    name = name.upper()
    return name if name.startswith("CAP_") else f"CAP_{name}"


def capabilities(host: HostOptions, *, maps_machine_root: bool = False) -> list[str]:
    """Return the capability names of a container's processes (moby oci/caps/utils.go)."""
    if host.privileged:
        return everything(maps_machine_root=maps_machine_root)
    if not host.cap_add and not host.cap_drop:
        return _DEFAULT
    added = {capability(name) for name in host.cap_add}
    dropped = {capability(name) for name in host.cap_drop}
    if "CAP_ALL" in added:
        base = set(everything(maps_machine_root=maps_machine_root))
    elif "CAP_ALL" in dropped:
        base = set()
    else:
        base = set(DEFAULT_CAPABILITIES)
    drops_all = "CAP_ALL" in dropped and "CAP_ALL" not in added
    chosen = added if drops_all else (base | added) - dropped
    return [name for name in caps.NAMES if name in chosen]


def everything(*, maps_machine_root: bool) -> list[str]:
    """Return what ``--privileged`` and ``--cap-add ALL`` mean in a lab."""
    return [name for name in caps.NAMES if not maps_machine_root or name != _ADMIN]


@dataclass(slots=True)
class Confinement:
    """What the specification of a process says about security.

    Attributes:
        capabilities: names.
        no_new_privileges: the flag.
        seccomp: ``default``, ``unconfined`` or ``custom``.
        seccomp_filter: for ``custom``: the BPF program, in hex.
        masked_paths: covered.
        readonly_paths: mounted read-only.
        is_wide: ``--privileged`` in a lab where that is harmless.
    """

    capabilities: list[str] = field(default_factory=list)
    no_new_privileges: bool = False
    seccomp: str = "default"
    seccomp_filter: str = ""
    masked_paths: list[str] = field(default_factory=lambda: _MASKED)
    readonly_paths: list[str] = field(default_factory=lambda: _READONLY)
    is_wide: bool = False


_USUAL = Confinement(_DEFAULT)


def _system_paths(host: HostOptions, said: Options) -> tuple[list[str], list[str]]:
    """Return which paths are covered and which are read-only."""
    masked, read_only = (_MASKED, _READONLY) if said.hides_paths else ([], [])
    return (
        masked if host.masked_paths is None else host.masked_paths,
        read_only if host.readonly_paths is None else host.readonly_paths,
    )


def confinement(host: HostOptions, lab: "Lab", *, is_exec_privileged: bool = False) -> Confinement:
    """Decide how a process is confined.

    Args:
        host: the container's options.
        lab: where it runs.
        is_exec_privileged: ``exec --privileged``.
    """
    says_paths = host.masked_paths is not None or host.readonly_paths is not None
    says_powers = host.cap_add or host.cap_drop or host.privileged or is_exec_privileged
    if not (host.security_opt or says_powers or says_paths):
        return _USUAL
    maps_root = lab.maps_machine_root
    said = options(host)
    seccomp = said.seccomp or ("unconfined" if host.privileged else "default")
    names = capabilities(host, maps_machine_root=maps_root)
    if is_exec_privileged:
        names = everything(maps_machine_root=maps_root)
        seccomp = "unconfined"
    is_wide = host.privileged and not maps_root
    masked, read_only = ([], []) if is_wide else _system_paths(host, said)
    found = Confinement(
        names,
        said.no_new_privileges,
        seccomp,
        masked_paths=masked,
        readonly_paths=read_only,
        is_wide=is_wide,
    )
    if seccomp not in _PROFILES:
        found.seccomp = "custom"
        found.seccomp_filter = _compiled(seccomp, tuple(names))
    return found


@functools.lru_cache(maxsize=8)
def _compiled(profile: str, names: tuple[str, ...]) -> str:
    from pyminidocker.runtime.seccomp_file import compile_profile, read_profile

    return compile_profile(read_profile(profile), names).hex()


def warnings(host: HostOptions, lab: "Lab") -> list[str]:
    """Return what a client should tell its user about these options."""
    found = []
    if lab.maps_machine_root and (host.privileged or "CAP_ALL" in map(capability, host.cap_add)):
        given = "--privileged" if host.privileged else "--cap-add ALL"
        found.append(
            f"{given} is without CAP_SYS_ADMIN here: {_ROOT_LAB.format(what='that capability')};"
            f" {_REMEDY.format(what='it')}"
        )
    return found
