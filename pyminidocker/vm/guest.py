"""What runs inside the virtual machine: busybox, and one shell script as its init.

A distribution's init starts dozens of services, and takes many seconds.  This one mounts what a
shell needs and then serves commands that arrive on the second serial line, so that what is measured
is the least that a virtual machine costs.
"""

import shutil
import stat
import struct
from pathlib import Path

from pyminidocker.errors import NotFound
from pyminidocker.vm.initramfs import Initramfs, read_archive
from pyminidocker.vm.kernel_image import alpine_initramfs

_BEGIN = """\
#!/bin/sh
echo 'minidocker: init'
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root TERM=dumb
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
hostname vm
ip link set lo up
cd /root
"""
# The answer to a command: its token, its exit code, and how many bytes of stdout and stderr follow.
# Both go through files, so that what runs on in the background cannot write between them.
SERVE = """\
stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1
echo 'minidocker: ready'
while read -r token seconds command <&3; do
    echo "$command" | base64 -d >/run/command
    timeout -s KILL "$seconds" sh /run/command </dev/null >/run/out 2>/run/err 3>&-
    code=$?
    out=$(wc -c </run/out) err=$(wc -c </run/err)
    echo "$token $code $out $err" >&3
    [ "$out" = 0 ] || cat /run/out >&3
    [ "$err" = 0 ] || cat /run/err >&3
done
poweroff -f
"""
_CANDIDATES = ("/bin/busybox", "/bin/busybox.static", "/usr/lib/busybox/busybox-static")
_BUSYBOX = ("usr/bin/busybox", "bin/busybox")
_ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_X86_64 = 62
_PT_INTERP = 3
_HINT = (
    "'apt install busybox-static' (Debian, Ubuntu), 'dnf install busybox' (Fedora), or "
    "pip install 'pyminidocker[alpine]', which carries one"
)


def build_initramfs(given: str = "") -> bytes:
    """Return the guest's whole root file system.

    Args:
        given: the initramfs that was delivered with the kernel: its busybox is taken when this
            machine has none that needs no libraries.

    Raises:
        NotFound: no busybox anywhere.
    """
    archive = Initramfs()
    for directory in ("dev", "proc", "sys", "tmp", "run", "root", "etc"):
        archive.directory(directory)
    archive.character_device("dev/console", 5, 1)
    for path, data in _busybox(given).items():
        archive.file(path, data, 0o755)
    archive.symlink("bin/sh", "busybox")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    archive.file("init", (_BEGIN + SERVE).encode(), 0o755)
    return archive.to_bytes()


def _busybox(given: str) -> dict[str, bytes]:
    """Return the files that busybox needs, by their paths."""
    for path in (*_CANDIDATES, shutil.which("busybox") or ""):
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        if _is_static(data):
            return {"bin/busybox": data}
    for path in (given, alpine_initramfs()):
        if path and Path(path).exists() and (files := _busybox_inside(path)):
            return files
    raise NotFound("no busybox for a virtual machine on this host", hint=_HINT)


def _busybox_inside(path: str) -> dict[str, bytes]:
    """Return busybox and its loader, which is Alpine's whole C library, out of an initramfs."""
    files = {}
    for entry in read_archive(Path(path).read_bytes()):
        if not stat.S_ISREG(entry.mode):
            continue
        if entry.name in _BUSYBOX:
            files["bin/busybox"] = entry.data
        elif "/ld-musl-" in f"/{entry.name}":
            files[f"lib/{Path(entry.name).name}"] = entry.data
    return files if "bin/busybox" in files else {}


def _is_static(program: bytes) -> bool:
    """Tell whether an ELF program for x86_64 runs without a loader."""
    if program[:6] != b"\x7fELF\x02\x01":
        return False
    fields = _ELF_HEADER.unpack_from(program)
    start, size, count = fields[5], fields[9], fields[10]
    kinds = [struct.unpack_from("<I", program, start + i * size)[0] for i in range(count)]
    return bool(fields[2] == _X86_64 and _PT_INTERP not in kinds)
