"""What a boot is made of: kernels, busybox, phases, and the recording."""

import os
import struct

import pytest

from pyminidocker import vm
from pyminidocker.errors import (
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    Unavailable,
)
from pyminidocker.vm import guest, kernel_image, kinds, qemu
from pyminidocker.vm.initramfs import Initramfs, read_archive
from pyminidocker.vm.phases import Phase, phases_between
from pyminidocker.vm.recording import RecordedMachine


def kernel_file(path, version=b"9.8.7-test (me@here) #1"):
    data = bytearray(0x1000)
    data[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", data, 0x20E, 0x300)
    data[0x500 : 0x500 + len(version)] = version
    path.write_bytes(data)
    return path


def test_phases_lose_no_time():
    """A border that nobody saw makes one phase of two."""
    ends = [("hypervisor", None), ("firmware", 10.5), ("kernel", 12.0), ("init", 12.25)]
    phases = phases_between(10.0, ends)
    assert phases == (Phase("firmware", 0.5), Phase("kernel", 1.5), Phase("init", 0.25))
    assert phases.seconds == 2.25
    assert str(phases) == "firmware 500 ms, kernel 1500 ms, init 250 ms"


def test_kernel_says_its_release(tmp_path):
    assert kernel_image.kernel_release(str(kernel_file(tmp_path / "vmlinuz"))) == "9.8.7-test"


def test_other_files_are_no_kernels(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(0x400))
    with pytest.raises(InvalidArgument, match="no Linux kernel for x86"):
        kernel_image.kernel_release(str(path))


def test_kernel_can_be_chosen(tmp_path, monkeypatch):
    path = str(kernel_file(tmp_path / "vmlinuz"))
    monkeypatch.setenv(kernel_image.CHOICE, path)
    kernel = kernel_image.find_kernel()
    assert (kernel.path, kernel.release) == (path, "9.8.7-test")
    monkeypatch.setenv(kernel_image.CHOICE, f"{path}.not")
    with pytest.raises(NotFound, match="No such file"):
        kernel_image.find_kernel()


def test_kernel_that_only_root_can_read_is_named(tmp_path, monkeypatch):
    """Ubuntu's /boot is like that: the remedy is another kernel, not sudo."""

    def closed(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(kernel_image, "_candidates", lambda: [("/boot/vmlinuz-1", "")])
    monkeypatch.setattr(kernel_image, "kernel_release", closed)
    with pytest.raises(NotFound, match="readable for root alone") as caught:
        kernel_image.find_kernel()
    assert "quicksand" not in caught.value.hint
    assert "pyminidocker[alpine]" in caught.value.hint


def test_busybox_comes_out_of_the_kernels_own_initramfs(tmp_path, monkeypatch):
    """Alpine's busybox needs its C library, which is its loader too."""
    given = Initramfs()
    given.file("usr/bin/busybox", b"dynamic busybox", 0o755)
    given.file("usr/lib/ld-musl-x86_64.so.1", b"musl", 0o755)
    path = tmp_path / "initrd"
    path.write_bytes(given.to_bytes())
    monkeypatch.setattr(guest, "_CANDIDATES", ())
    monkeypatch.setattr(guest.shutil, "which", lambda _: None)
    entries = {entry.name: entry for entry in read_archive(guest.build_initramfs(str(path)))}
    assert entries["bin/busybox"].data == b"dynamic busybox"
    assert entries["lib/ld-musl-x86_64.so.1"].data == b"musl"
    assert entries["init"].mode & 0o777 == 0o755
    monkeypatch.setattr(guest, "alpine_initramfs", lambda: "")
    with pytest.raises(NotFound, match="no busybox") as caught:
        guest.build_initramfs()
    assert "apt install busybox-static" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"memory": "1m"}, "too little"),
        ({"memory": "much"}, "invalid size: 'much'"),
        ({"cpus": 0}, "1 to 64"),
        ({"kind": "xen"}, "auto, kvm, tcg, recording"),
    ],
)
def test_nonsense_is_refused(options, words):
    with pytest.raises(InvalidArgument, match=words):
        vm.boot(**options)


def test_without_qemu_there_is_a_recording_that_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(qemu, "_NAMES", ("qemu-system-x86_64",))
    with vm.boot() as machine:
        assert machine.kind == "recording"
        assert "no qemu on this host" in machine.why
        assert "apt install" in machine.why
        assert "recorded on" in machine.why
        assert "recording" in repr(machine)
        assert machine.run("uname -r") == f"{machine.kernel}\n"
        assert machine.pss_bytes > 50 << 20
        assert [phase.name for phase in machine.phases][-3:] == ["kernel", "init", "shell"]
        with pytest.raises(Unavailable, match="cannot run 'rm -rf /'") as caught:
            machine.run("rm -rf /")
        assert "'uname -r'" in caught.value.hint
        with pytest.raises(NotImplementedHere, match="cannot be saved"):
            machine.save("/nowhere/x")
    with pytest.raises(NotImplementedHere, match="no qemu on this host") as caught:
        vm.boot(kind="tcg")
    assert "apt install" in caught.value.hint


def test_a_recording_can_be_asked_for():
    machine = vm.boot(kind="recording")
    assert isinstance(machine, RecordedMachine)
    assert machine.why.startswith("a recording was asked for")


def test_what_failed_is_remembered_until_something_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIDOCKER_RUN", str(tmp_path / "run"))
    program = tmp_path / "qemu"
    program.write_text("")
    kernel = kernel_image.KernelImage("/k", "1", "here")
    spec = qemu.MachineSpec(str(program), "tcg", "/k", b"", "", 1 << 28)
    assert kinds.recall(spec, kernel) == ""
    kinds.remember(spec, kernel, "it hangs")
    assert kinds.recall(spec, kernel) == "it hangs"
    assert (tmp_path / "run/.vm").stat().st_mode & 0o777 == 0o700
    os.utime(program, (1, 1))  # another qemu
    assert kinds.recall(spec, kernel) == ""


def test_kvm_says_why_it_cannot_be_used(monkeypatch, tmp_path):
    monkeypatch.setattr(kinds, "_DEVICE", str(tmp_path / "kvm"))
    if os.uname().machine == "x86_64":
        assert "there is no" in kinds.kvm_obstacle()
        (tmp_path / "kvm").touch(mode=0o600)
        assert kinds.kvm_obstacle() == ""
