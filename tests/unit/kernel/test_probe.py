"""Probing never changes the prober and never leaves anything behind."""

import errno
import os

from pyminidocker.kernel import probe
from pyminidocker.kernel.libc import SyscallError


def test_a_try_reports_success_and_text():
    assert probe.try_in_child(lambda: "found it") == probe.Probe(True, "found it")


def test_a_try_reports_errors_with_their_hint():
    def action():
        raise SyscallError("mount", errno.EPERM, "/proc", "because")

    result = probe.try_in_child(action)
    assert not result
    assert (result.errno, result.hint) == (errno.EPERM, "because")
    assert result.detail.startswith("mount /proc")


def test_a_try_survives_its_own_mistakes_and_death():
    assert "ZeroDivisionError" in probe.try_in_child(lambda: 1 / 0).detail
    assert probe.try_in_child(lambda: os.kill(os.getpid(), 9)).detail == "the try died"


def test_namespaces_of_the_prober_stay(tmp_path):
    before = os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/mnt")
    probe.can_userns()
    probe.can_unshare("network")
    probe.can_mount_proc()
    probe.can_overlay(str(tmp_path))
    probe.can_overlay(str(tmp_path), by_steps=True)
    assert before == (os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/mnt"))
    assert list(tmp_path.iterdir()) == []


def test_facts_have_their_types():
    assert probe.kernel_version() >= (5, 0)
    assert set(probe.has_calls()) == {"clone3", "openat2", "close_range", "mount_setattr"}
    assert probe.sysctl("kernel.ostype") == "Linux"
    assert probe.sysctl("no.such.setting") is None
    assert isinstance(probe.subordinate_ids().usable, bool)
