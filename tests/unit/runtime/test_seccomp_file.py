"""Docker's seccomp profiles as files: every operator, action and condition."""

import json
import operator

import pytest

from pyminidocker.kernel.seccomp import ALLOW, fail_with
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES, syscall_numbers
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES
from pyminidocker.runtime.seccomp_file import ProfileError, compile_profile, read_profile
from tests.unit.kernel.test_seccomp import run_bpf

REFUSED, UNKNOWN = fail_with(1), fail_with(38)
BIG = 0x1_0000_0005


def ask(profile, name, *arguments, caps=DEFAULT_CAPABILITIES, machine="x86_64", kernel="6.1.0"):
    program = compile_profile(
        read_profile(json.dumps(profile)), caps, machine=machine, kernel=kernel
    )
    number = name if isinstance(name, int) else syscall_numbers(machine)[name]
    return run_bpf(program, number, arguments, AUDIT_ARCHITECTURES[machine])


def profile(*rules, default="SCMP_ACT_ERRNO", **more):
    return {"defaultAction": default, "syscalls": list(rules), **more}


def rule(*names, action="SCMP_ACT_ALLOW", **more):
    return {"names": list(names), "action": action, **more}


def test_names_and_default():
    some = profile(rule("read", "write", "no_such_call"), rule("mkdir", action="SCMP_ACT_KILL"))
    assert ask(some, "read") == ask(some, "write") == ALLOW
    assert ask(some, "mkdir") == 0
    assert ask(some, "close") == REFUSED
    assert ask({"defaultAction": "SCMP_ACT_ALLOW"}, "mount") == ALLOW
    assert ask({"defaultAction": "SCMP_ACT_ALLOW"}, 5000) == ALLOW


def test_a_single_name_as_old_profiles_have_it():
    assert ask(profile({"name": "read", "action": "SCMP_ACT_ALLOW"}), "read") == ALLOW


def test_what_is_newer_than_the_profile_does_not_exist():
    assert ask(profile(rule("read")), 5000) == UNKNOWN


@pytest.mark.parametrize(
    ("action", "more", "value"),
    [
        ("SCMP_ACT_ERRNO", {}, 0x50001),
        ("SCMP_ACT_ERRNO", {"errnoRet": 38}, 0x50026),
        ("SCMP_ACT_KILL_PROCESS", {}, 0x80000000),
        ("SCMP_ACT_KILL_THREAD", {}, 0),
        ("SCMP_ACT_TRAP", {}, 0x30000),
        ("SCMP_ACT_TRACE", {"errnoRet": 7}, 0x7FF00007),
        ("SCMP_ACT_LOG", {}, 0x7FFC0000),
    ],
)
def test_actions(action, more, value):
    wanted = profile(rule("mkdir", action=action, **more), default="SCMP_ACT_ALLOW")
    assert ask(wanted, "mkdir") == value
    assert ask(wanted, "rmdir") == ALLOW


def test_default_errno():
    assert ask(profile(rule("mkdir"), defaultErrnoRet=13), "read") == fail_with(13)


@pytest.mark.parametrize(
    ("op", "fits"),
    [
        ("SCMP_CMP_EQ", operator.eq),
        ("SCMP_CMP_NE", operator.ne),
        ("SCMP_CMP_GT", operator.gt),
        ("SCMP_CMP_GE", operator.ge),
        ("SCMP_CMP_LT", operator.lt),
        ("SCMP_CMP_LE", operator.le),
    ],
)
@pytest.mark.parametrize("index", [0, 5])
def test_comparisons_are_of_64_unsigned_bits(op, fits, index):
    some = profile(rule("ioctl", args=[{"index": index, "value": BIG, "op": op}]))
    for value in (0, 5, 0xFFFF_FFFF, BIG - 1, BIG, BIG + 1, 0x2_0000_0000, 0x2_0000_0005, 1 << 63):
        arguments = [0] * index + [value]
        expected = ALLOW if fits(value, BIG) else REFUSED
        assert ask(some, "ioctl", *arguments) == expected, f"{op} {value:#x}"


def test_masked():
    masked = {"index": 1, "value": 0xF0, "valueTwo": 0x20, "op": "SCMP_CMP_MASKED_EQ"}
    some = profile(rule("fcntl", args=[masked]))
    assert ask(some, "fcntl", 0, 0xF2F) == ALLOW
    assert ask(some, "fcntl", 0, 0x30) == REFUSED


def test_all_arguments_of_a_rule_must_fit():
    wanted = [
        {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"},
        {"index": 1, "value": 10, "op": "SCMP_CMP_LE"},
    ]
    some = profile(rule("socket", args=wanted))
    assert ask(some, "socket", 2, 10) == ALLOW
    assert ask(some, "socket", 2, 11) == REFUSED
    assert ask(some, "socket", 3, 1) == REFUSED


def test_two_conditions_on_one_argument_are_alternatives():
    either = [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"} for value in (1, 10)]
    assert ask(profile(rule("socket", args=either)), "socket", 10) == ALLOW
    assert ask(profile(rule("socket", args=either)), "socket", 2) == REFUSED


def test_a_rule_without_arguments_decides_always():
    some = profile(
        rule("socket", args=[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]),
        rule("socket", action="SCMP_ACT_KILL"),
    )
    assert ask(some, "socket", 1) == ask(some, "socket", 2) == 0


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ({"includes": {"caps": ["CAP_CHOWN"]}}, True),
        ({"includes": {"caps": ["CAP_SYS_ADMIN"]}}, False),
        ({"includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}}, False),
        ({"excludes": {"caps": ["CAP_CHOWN"]}}, False),
        ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, True),
        ({"includes": {"arches": ["amd64", "x32"]}}, True),
        ({"includes": {"arches": ["s390x"]}}, False),
        ({"excludes": {"arches": ["amd64"]}}, False),
        ({"includes": {"minKernel": "4.8"}}, True),
        ({"includes": {"minKernel": "6.10"}}, False),
        ({"excludes": {"minKernel": "6.1"}}, False),
        ({"includes": {}, "excludes": {}}, True),
    ],
)
def test_includes_and_excludes(condition, counts):
    some = profile(rule("ptrace", **condition))
    assert ask(some, "ptrace") == (ALLOW if counts else REFUSED)


def test_processors_differ():
    some = profile(rule("mkdir", includes={"arches": ["arm64"]}), rule("mkdirat"))
    assert ask(some, "mkdirat", machine="aarch64") == ALLOW
    assert ask(some, "mkdir") == REFUSED


def test_32_bit_calls_do_not_exist():
    program = compile_profile(read_profile(json.dumps({"defaultAction": "SCMP_ACT_ALLOW"})), ())
    assert run_bpf(program, 1, (), 0x40000003) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "a profile is an object"),
        ("{}", "defaultAction: unknown action None"),
        ('{"defaultAction": "ALLOW"}', "unknown action 'ALLOW'"),
        ('{"defaultAction": "SCMP_ACT_NOTIFY"}', "a supervisor is needed"),
        ('{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1}', "no error number"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["PDP11"]}', "architecture 'PDP11'"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{}]}',
         "both 'architectures' and 'archMap'"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}', "listenerPath"),
        ('{"defaultAction": ["SCMP_ACT_ALLOW"]}', "defaultAction is not text"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "architectures": 5}', "architectures is not a list"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": 5}', "syscalls is not a list"),
        ("[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_nonsense_is_named(text, why):
    with pytest.raises(ProfileError, match=why):
        read_profile(text)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"names": [], "action": "SCMP_ACT_ALLOW"}, r"syscalls\[0\] names no system call"),
        ({"name": "a", "names": ["b"], "action": "SCMP_ACT_ALLOW"}, "both 'name' and 'names'"),
        ({"names": ["a"]}, "unknown action None"),
        (rule("a", args=[{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]), "not 6"),
        (rule("a", args=[{"index": 0, "value": 0, "op": "EQ"}]), "unknown comparison 'EQ'"),
        (rule("a", args=[{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]), "no 64-bit number"),
        (rule("a", includes={"minKernel": "new"}), "invalid kernel version"),
        ("x", "is not an object"),
        (rule("a", names=[["b"]]), r"syscalls\[0\]\.names\[0\] is not text"),
        (rule("a", names="abc"), r"syscalls\[0\]\.names is not a list"),
        (rule("a", args=[5]), r"args\[0\] is not an object"),
        (rule("a", args=[{"index": 0, "op": ["=="]}]), r"args\[0\]\.op is not text"),
        (rule("a", includes=[1]), r"syscalls\[0\]\.includes is not an object"),
        (rule("a", includes={"caps": "CAP_CHOWN"}), r"includes\.caps is not a list"),
        (rule("a", excludes={"minKernel": 4.8}), r"excludes\.minKernel is not text"),
    ],
)
def test_wrong_rules_are_named(wrong, why):
    with pytest.raises(ProfileError, match=why):
        read_profile(json.dumps(profile(wrong)))
