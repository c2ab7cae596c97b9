"""Docker's profile, asked call by call."""

import pytest

from pyminidocker.kernel.seccomp import ALLOW, fail_with
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES, syscall_numbers
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES
from pyminidocker.runtime.seccomp_profile import _ALWAYS, default_filter
from tests.unit.kernel.test_seccomp import run_bpf

REFUSED, UNKNOWN, PRETENDED = fail_with(1), fail_with(38), fail_with(0)


@pytest.fixture(params=["x86_64", "aarch64"])
def ask(request):
    machine = request.param
    programs = {}

    def fate(name, *arguments, caps=DEFAULT_CAPABILITIES, single_id=False):
        key = (tuple(caps), single_id)
        if key not in programs:
            programs[key] = default_filter(caps, single_id=single_id, machine=machine)
        number = name if isinstance(name, int) else syscall_numbers(machine)[name]
        return run_bpf(programs[key], number, arguments, AUDIT_ARCHITECTURES[machine])

    fate.machine = machine
    return fate


@pytest.mark.parametrize(
    "name", ["read", "openat", "execve", "futex", "ptrace", "chroot", "fchownat"]
)
def test_allowed(ask, name):
    assert ask(name) == ALLOW


@pytest.mark.parametrize(
    "name", ["mount", "unshare", "setns", "bpf", "keyctl", "io_uring_setup", "reboot", "swapon"]
)
def test_refused(ask, name):
    assert ask(name) == REFUSED


def test_new_calls_do_not_exist(ask):
    assert ask(5000) == UNKNOWN
    assert ask("clone3") == UNKNOWN


def test_clone_without_namespaces_only(ask):
    assert ask("clone", 0x11) == ALLOW
    assert ask("clone", 0x10000011) == REFUSED


def test_personality(ask):
    assert ask("personality", 0xFFFFFFFF) == ALLOW
    assert ask("personality", 0) == ALLOW
    assert ask("personality", 0x0040000) == REFUSED  # ADDR_NO_RANDOMIZE


def test_sockets_but_not_vsock(ask):
    assert ask("socket", 2) == ALLOW
    assert ask("socket", 40) == REFUSED


def test_capabilities_open_their_calls(ask):
    admin = (*DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN")
    for name in ("mount", "unshare", "setns", "clone3"):
        assert ask(name, caps=admin) == ALLOW
    assert ask("clone", 0x10000011, caps=admin) == ALLOW
    assert ask("chroot", caps=()) == REFUSED


def test_chown_is_pretended_where_there_is_one_id(ask):
    for name in ("fchown", "fchownat"):
        assert ask(name, single_id=True) == PRETENDED
    assert ask("fchmod", single_id=True) == ALLOW


def test_every_name_is_a_call_of_some_processor():
    known = syscall_numbers("x86_64").keys() | syscall_numbers("aarch64").keys()
    assert set(_ALWAYS.split()) - known == set()


def test_the_search_is_short(ask):
    """About seven comparisons a call, not the three hundred of a list."""
    size = len(default_filter(DEFAULT_CAPABILITIES, machine=ask.machine)) // 8
    assert size < 256
