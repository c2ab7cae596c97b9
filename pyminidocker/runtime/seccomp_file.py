"""Seccomp profiles as files: Docker's JSON, compiled by ourselves.

A profile has a default action and rules; a rule names system calls, may ask for arguments, and may
depend on capabilities, the processor and the kernel (``includes`` and ``excludes``).  Of several
rules for one call, the first whose arguments fit decides; one without arguments decides always.

See: moby profiles/seccomp/seccomp.go; OCI runtime-spec config-linux.md "Seccomp"; seccomp(2).
"""

import errno
import json
import os
import re

from pyminidocker.kernel.libc import MACHINE
from pyminidocker.kernel.seccomp import Case, Choice, Fate, compile_filter, fail_with
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES, syscall_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Docker's words for the processors, in its includes and excludes, and libseccomp's.
_DOCKER_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}
_SECCOMP_ARCH = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_ARCHITECTURES = frozenset(
    f"SCMP_ARCH_{name}"
    for name in (
        "X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64"
        " PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB"
    ).split()
)
_ACTIONS = {
    "SCMP_ACT_KILL": 0x00000000,  # the thread
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
_WITH_NUMBER = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
_COMPARISONS = {
    "SCMP_CMP_NE": "!=", "SCMP_CMP_LT": "<", "SCMP_CMP_LE": "<=", "SCMP_CMP_EQ": "==",
    "SCMP_CMP_GE": ">=", "SCMP_CMP_GT": ">", "SCMP_CMP_MASKED_EQ": "&==",
}  # fmt: skip
_ALL_BITS = (1 << 64) - 1
_KERNEL = re.compile(r"(\d+)\.(\d+)")


# What is what in a profile; anything may be left out or null.
_CONDITION = {"caps": [str], "arches": [str], "minKernel": str}
_RULE = {
    "name": str, "names": [str], "action": str, "args": [{"op": str}],
    "includes": _CONDITION, "excludes": _CONDITION,
}  # fmt: skip
_PROFILE = {"defaultAction": str, "architectures": [str], "archMap": [dict], "syscalls": [_RULE]}


class ProfileError(ValueError):
    """A profile that makes no sense; the message says where."""


def read_profile(text: str) -> "dict[str, Any]":
    """Read a profile and check all of it.

    Raises:
        ProfileError: it is no JSON, or has a name or number that does not exist.

    See: moby profiles/seccomp/seccomp.go.
    """
    try:
        profile = json.loads(text)
    except ValueError as error:
        raise ProfileError(str(error)) from None
    except RecursionError:
        raise ProfileError("it is nested too deeply") from None
    if not isinstance(profile, dict):
        raise ProfileError("a profile is an object")
    _check_shape(profile, _PROFILE, "")
    _action(profile.get("defaultAction"), profile.get("defaultErrnoRet"), "defaultAction")
    for name in profile.get("architectures") or ():
        if name not in _ARCHITECTURES:
            raise ProfileError(f"unknown architecture {name!r}")
    if profile.get("architectures") and profile.get("archMap"):
        text = "both 'architectures' and 'archMap' are specified in the seccomp profile"
        raise ProfileError(text)
    if profile.get("listenerPath"):
        raise ProfileError("'listenerPath' is not supported by this engine")
    for index, rule in enumerate(profile.get("syscalls") or ()):
        _check_rule(rule, f"syscalls[{index}]")
    return profile


def _check_shape(value: "Any", shape: "Any", where: str) -> None:
    """Check that a value and all that is in it are of the types that a shape has."""
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ProfileError(f"{where} is not a list")
        for index, item in enumerate(value):
            _check_shape(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            raise ProfileError(f"{where} is not an object")
        for key, inner in shape.items():
            if value.get(key) is not None:
                _check_shape(value[key], inner, f"{where}.{key}".lstrip("."))
    elif not isinstance(value, shape):
        raise ProfileError(f"{where} is not {'text' if shape is str else 'an object'}")


def _check_rule(rule: "dict[str, Any]", where: str) -> None:
    if rule.get("name") and rule.get("names"):
        raise ProfileError(f"{where}: both 'name' and 'names' are specified")
    if not (rule.get("name") or rule.get("names")):
        raise ProfileError(f"{where} names no system call")
    _action(rule.get("action"), rule.get("errnoRet"), f"{where}.action")
    for argument in rule.get("args") or ():
        if argument.get("op") not in _COMPARISONS:
            raise ProfileError(f"{where}: unknown comparison {argument.get('op')!r}")
        index = argument.get("index")
        if not isinstance(index, int) or not 0 <= index <= 5:
            raise ProfileError(f"{where}: a system call has arguments 0 to 5, not {index!r}")
        for key in ("value", "valueTwo"):
            number = argument.get(key, 0)
            if not isinstance(number, int) or not 0 <= number <= _ALL_BITS:
                raise ProfileError(f"{where}: {key} is no 64-bit number: {number!r}")
    for side in ("includes", "excludes"):
        least = (rule.get(side) or {}).get("minKernel")
        if least and _KERNEL.match(str(least)) is None:
            raise ProfileError(f"{where}: invalid kernel version: {least!r}")


def _action(name: "Any", number: "Any", where: str) -> int:
    if name not in _ACTIONS:
        reason = "a supervisor is needed for" if name == "SCMP_ACT_NOTIFY" else "unknown action"
        raise ProfileError(f"{where}: {reason} {name!r}")
    if number is not None and (not isinstance(number, int) or not 0 <= number <= 4095):
        raise ProfileError(f"{where}: errnoRet is no error number: {number!r}")
    if name not in _WITH_NUMBER:
        return _ACTIONS[name]
    return _ACTIONS[name] | (errno.EPERM if number is None else number)


def compile_profile(
    profile: "dict[str, Any]",
    capabilities: "list[str] | tuple[str, ...]",
    *,
    machine: str = MACHINE,
    kernel: str = "",
) -> bytes:
    """Return a profile as a BPF program.

    Calls of another word size than the machine's (32-bit programs) "do not exist", whatever
    the profile's architectures say; so do calls of the kernel that the profile names and our table
    does not know.

    Args:
        profile: from ``read_profile``.
        capabilities: what the container has.
        machine: ``x86_64`` or ``aarch64``.
        kernel: its release; default: this one's.

    Raises:
        KeyError: another processor.

    See: moby profiles/seccomp/seccomp_linux.go setupSeccomp.
    """
    numbers = syscall_numbers(machine)
    release = kernel or os.uname().release
    default = _action(profile["defaultAction"], profile.get("defaultErrnoRet"), "")
    rules: dict[int, list[tuple[list[Case], int]]] = {}
    for rule in profile.get("syscalls") or ():
        action = _action(rule["action"], rule.get("errnoRet"), "")
        is_idle = action == default or not _applies(
            rule, capabilities, _DOCKER_ARCH[machine], release
        )
        for name in () if is_idle else rule.get("names") or [rule["name"]]:
            if name in numbers:
                rules.setdefault(numbers[name], []).extend(
                    (conditions, action) for conditions in _conditions(rule.get("args") or [])
                )
    table = {number: _fate(found, default) for number, found in rules.items()}
    # What is newer than all that the profile knows "does not exist" (runc patchbpf).
    is_open = default in (_ACTIONS["SCMP_ACT_ALLOW"], _ACTIONS["SCMP_ACT_LOG"])
    return compile_filter(
        table or {max(numbers.values()): default},
        default=default,
        beyond=default if is_open else fail_with(errno.ENOSYS),
        foreign=fail_with(errno.ENOSYS),
        processor=AUDIT_ARCHITECTURES[machine],
    )


def _applies(
    rule: "dict[str, Any]", capabilities: "list[str] | tuple[str, ...]", arch: str, release: str
) -> bool:
    """Tell whether a rule's ``includes`` and ``excludes`` let it count here."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if arch in (excludes.get("arches") or ()):
        return False
    if any(name in capabilities for name in excludes.get("caps") or ()):
        return False
    if excludes.get("minKernel") and _is_at_least(release, excludes["minKernel"]):
        return False
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    if not all(name in capabilities for name in includes.get("caps") or ()):
        return False
    return not includes.get("minKernel") or _is_at_least(release, includes["minKernel"])


def _is_at_least(release: str, wanted: str) -> bool:
    found, least = _KERNEL.match(release), _KERNEL.match(wanted)
    if found is None or least is None:
        return True
    return tuple(map(int, found.groups())) >= tuple(map(int, least.groups()))


def _conditions(arguments: "list[dict[str, Any]]") -> list[list[Case]]:
    """Return lists of conditions, of which one must fit as a whole.

    Two conditions on the same argument are alternatives: a peculiarity of runc's.
    """
    conditions = [_condition(argument) for argument in arguments]
    if len({one.argument for one in conditions}) < len(conditions):
        return [[one] for one in conditions]
    return [conditions]


def _condition(argument: "dict[str, Any]") -> Case:
    value, second = argument.get("value", 0), argument.get("valueTwo", 0)
    comparison = _COMPARISONS[argument["op"]]
    if comparison == "&==":  # value is the mask
        return Case(argument["index"], value, second, 0)
    return Case(argument["index"], _ALL_BITS, value, 0, comparison)


def _fate(rules: "list[tuple[list[Case], int]]", default: int) -> Fate:
    """Return what becomes of a call that has these rules."""
    always = [action for conditions, action in rules if not conditions]
    return always[-1] if always else Choice(rules, default)
