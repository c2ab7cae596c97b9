"""Are we in a virtual machine ourselves?  A guest can find out, if its hypervisor does not hide.

See: Linux Documentation/virt/kvm/x86/cpuid.rst; systemd-detect-virt(1), which looks at the same.
"""

import os
from pathlib import Path
from typing import NamedTuple

from pyminidocker.vm.cpuid import HYPERVISORS, signature

_DMI = Path("/sys/class/dmi/id")
_CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
_VIRTUAL_VENDORS = (
    "qemu", "kvm", "vmware", "virtualbox", "innotek", "xen", "bochs", "parallels", "bhyve",
    "amazon ec2", "google", "microsoft corporation virtual", "virtual machine", "openstack",
    "hetzner", "digitalocean", "firecracker",
)  # fmt: skip
_VIRTUAL_CLOCKS = {"kvm-clock": "KVM's", "xen": "Xen's", "hyperv_clocksource_tsc_page": "Hyper-V's"}


class Evidence(NamedTuple):
    """One place where one can look.

    Attributes:
        place: a file, or an instruction.
        found: what is there.
        speaks_for: True a virtual machine, False a real one, None neither.
        means: in words.
    """

    place: str
    found: str
    speaks_for: bool | None
    means: str


class Whereabouts(tuple[Evidence, ...]):
    """All the evidence."""

    __slots__ = ()

    @property
    def in_vm(self) -> bool | None:
        """Whether this is a virtual machine: True; False, nothing speaks for it; None, no clue."""
        votes = [one.speaks_for for one in self]
        if True in votes:
            return True
        return False if False in votes else None

    def __str__(self) -> str:
        width = max(len(one.place) for one in self)
        marks = {True: "virtual", False: "real", None: "-"}
        lines = [
            f"{one.place:<{width}}  {marks[one.speaks_for]:<7}  {one.found}: {one.means}"
            for one in self
        ]
        verdict = {
            True: "This is a virtual machine.",
            False: "Nothing here speaks for a virtual machine; a hypervisor that hides would not.",
            None: "There is nothing to tell by.",
        }
        return "\n".join([*lines, verdict[self.in_vm]])

    __repr__ = __str__


def where_are_we() -> Whereabouts:
    """Look at all the places."""
    looks = (_flag(), _sign(), _dmi(), _clock(), _xen(), _device_tree(), _virtio(), _stolen())
    return Whereabouts(one for one in looks if one is not None)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _flag() -> Evidence | None:
    lines = [one for one in _read("/proc/cpuinfo").splitlines() if one.startswith("flags")]
    if not lines:
        return None  # other processors than x86 have no such flag
    is_set = "hypervisor" in lines[0].split()
    means = "the processor says that it is a guest's" if is_set else "the processor's own flags"
    return Evidence("/proc/cpuinfo", f"hypervisor {'set' if is_set else 'not set'}", is_set, means)


def _sign() -> Evidence | None:
    text = signature()
    if not text:
        return None
    name = HYPERVISORS.get(text) or HYPERVISORS.get(text.strip())
    if name:
        return Evidence("cpuid", repr(text), True, f"the signature of {name}")
    return Evidence("cpuid", repr(text), None, "not a signature that we know")


def _dmi() -> Evidence | None:
    words = [_read(_DMI / name) for name in ("sys_vendor", "product_name")]
    said = " ".join(word for word in words if word)
    if not said:
        return None
    is_virtual = any(vendor in said.lower() for vendor in _VIRTUAL_VENDORS)
    means = "a maker of virtual machines" if is_virtual else "what the firmware says of the maker"
    return Evidence(f"{_DMI}", said, is_virtual, means)


def _clock() -> Evidence | None:
    name = _read(_CLOCK)
    if not name:
        return None
    if name in _VIRTUAL_CLOCKS:
        whose = _VIRTUAL_CLOCKS[name]
        return Evidence("clocksource", name, True, f"{whose} clock, which guests are given")
    return Evidence("clocksource", name, None, "a clock that real and virtual machines have")


def _xen() -> Evidence | None:
    name = _read("/sys/hypervisor/type")
    return Evidence("/sys/hypervisor", name, True, "a hypervisor's own directory") if name else None


def _device_tree() -> Evidence | None:
    said = _read("/proc/device-tree/hypervisor/compatible").split("\0")[0]
    if not said:
        return None
    return Evidence("/proc/device-tree", said, True, "the firmware names a hypervisor")


def _virtio() -> Evidence | None:
    try:
        count = len(list(Path("/sys/bus/virtio/devices").iterdir()))
    except OSError:
        return None
    if not count:
        return None
    means = "devices that exist only in virtual machines"
    return Evidence("/sys/bus/virtio", f"{count} devices", True, means)


def _stolen() -> Evidence | None:
    fields = _read("/proc/stat").splitlines()[:1]
    numbers = fields[0].split()[1:] if fields else []
    if len(numbers) < 8:
        return None
    seconds = int(numbers[7]) / os.sysconf("SC_CLK_TCK")
    if not seconds:
        return Evidence("/proc/stat", "steal 0", None, "no time was taken from our processors")
    means = "time in which our processors had to wait for a real one"
    return Evidence("/proc/stat", f"steal {seconds:.1f} s", True, means)
