import os

import pytest

from pyminidocker.vm import cpuid, where
from pyminidocker.vm.where import Evidence, Whereabouts, where_are_we


@pytest.fixture
def files(monkeypatch):
    texts = {}
    monkeypatch.setattr(where, "_read", lambda path: texts.get(str(path), ""))
    monkeypatch.setattr(where, "signature", lambda: texts.get("cpuid", ""))
    monkeypatch.setattr(where, "_virtio", lambda: None)
    return texts


def test_a_guest_of_kvm_is_recognised(files):
    files["/proc/cpuinfo"] = "flags\t: fpu hypervisor sse"
    files["cpuid"] = "KVMKVMKVM"
    files["/sys/class/dmi/id/sys_vendor"] = "QEMU"
    seen = where_are_we()
    assert seen.in_vm is True
    assert [one.place for one in seen] == ["/proc/cpuinfo", "cpuid", "/sys/class/dmi/id"]
    assert "the signature of KVM" in str(seen)
    assert str(seen).endswith("This is a virtual machine.")


def test_a_real_machine_is_recognised(files):
    files["/proc/cpuinfo"] = "flags\t: fpu sse"
    files["/sys/class/dmi/id/sys_vendor"] = "LENOVO"
    files["/proc/stat"] = "cpu  1 2 3 4 5 6 7 0 0 0"
    seen = where_are_we()
    assert seen.in_vm is False
    assert "Nothing here speaks for a virtual machine" in str(seen)


def test_no_clue_is_said(files):
    files["/proc/stat"] = "cpu  1 2 3 4 5 6 7 0 0 0"
    assert where_are_we().in_vm is None


def test_stolen_time_speaks_for_a_hypervisor(files):
    ticks = 3 * os.sysconf("SC_CLK_TCK")
    files["/proc/stat"] = f"cpu  1 2 3 4 5 6 7 {ticks} 0 0"
    (one,) = where_are_we()
    assert (one.found, one.speaks_for) == ("steal 3.0 s", True)


def test_one_true_clue_outweighs_the_silent_ones():
    clues = [
        Evidence("a", "b", None, ""),
        Evidence("c", "d", False, ""),
        Evidence("e", "f", True, ""),
    ]
    assert Whereabouts(clues).in_vm is True


def test_this_machine_says_the_same_twice():
    assert where_are_we().in_vm == where_are_we().in_vm
    assert str(where_are_we()).splitlines()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="cpuid is an instruction of x86_64")
def test_the_processor_itself_answers():
    """Leaf 0 holds the maker's name, in another order of registers."""
    before = os.listdir("/proc/self/fd")
    assert {"Genu", "ineI", "ntel", "Auth", "enti", "cAMD"} & {
        cpuid.signature(0)[n : n + 4] for n in (0, 4, 8)
    }
    assert os.listdir("/proc/self/fd") == before


def test_other_processors_are_not_asked(monkeypatch):
    monkeypatch.setattr(cpuid, "MACHINE", "aarch64")
    assert cpuid.signature() == ""
