"""Ask the processor itself: the instruction ``cpuid``, which answers in every process.

In a guest it is an exit: the hypervisor answers, and by custom says who it is.

See: Intel SDM volume 2, CPUID; Linux Documentation/virt/kvm/x86/cpuid.rst.
"""

import os
import sys

from pyminidocker.kernel.libc import MACHINE

HYPERVISOR_LEAF = 0x40000000
HYPERVISORS = {
    "KVMKVMKVM": "KVM",
    "TCGTCGTCGTCG": "qemu without KVM",
    "Microsoft Hv": "Hyper-V",
    "VMwareVMware": "VMware",
    "XenVMMXenVMM": "Xen",
    "VBoxVBoxVBox": "VirtualBox",
    "bhyve bhyve ": "bhyve",
    " prl hyperv ": "Parallels",
    "ACRNACRNACRN": "ACRN",
}

# A C function: (leaf, place) -> places ebx, ecx and edx there.
_CODE = bytes.fromhex(
    "53"  # push rbx, which belongs to the caller
    "89f8"  # mov eax, edi
    "4989f0"  # mov r8, rsi
    "31c9"  # xor ecx, ecx
    "0fa2"  # cpuid
    "418918"  # mov [r8], ebx
    "41894804"  # mov [r8+4], ecx
    "41895008"  # mov [r8+8], edx
    "5bc3"  # pop rbx; ret
)
# In a process of its own: some hosts forbid memory that is both written to and executed.
_ASK = """
import ctypes, mmap, os, sys
code = bytes.fromhex(sys.argv[1])
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory[:len(code)] = code
out = (ctypes.c_uint32 * 3)()
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_void_p)(start)(int(sys.argv[2]), out)
os.write(1, bytes(out))
"""


def signature(leaf: int = HYPERVISOR_LEAF) -> str:
    """Return the twelve characters that a leaf of ``cpuid`` answers; "" where it cannot be asked.

    Args:
        leaf: which; by default the one that hypervisors sign.
    """
    if MACHINE != "x86_64":
        return ""
    read_fd, write_fd = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", _ASK, _CODE.hex(), str(leaf)]
    try:
        actions = [(os.POSIX_SPAWN_DUP2, write_fd, 1), (os.POSIX_SPAWN_CLOSE, read_fd)]
        pid = os.posix_spawn(command[0], command, {}, file_actions=actions)
        os.close(write_fd)
        write_fd = -1
        answer = os.read(read_fd, 12)
        os.waitpid(pid, 0)
    except OSError:
        return ""
    finally:
        for fd in (read_fd, write_fd):
            if fd >= 0:
                os.close(fd)
    text = answer.rstrip(b"\0").decode("latin-1")
    return text if len(answer) == 12 and text.isprintable() else ""
