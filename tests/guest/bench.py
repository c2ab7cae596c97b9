"""A guest as a test bench: pure cgroup v2, and every controller at our disposal.

Its root file system is made here and given to the kernel as an initramfs: the engine's own python
image (this interpreter, its libraries, busybox), the packages the tests import, this checkout, and
the kernel's modules.  Nothing is installed on this machine, and nothing is left.
"""

import importlib.metadata
import importlib.util
import io
import os
import re
import shlex
import sys
import tarfile
import tomllib
from importlib._bootstrap_external import _code_to_hash_pyc  # what py_compile writes, in memory
from pathlib import Path
from shlex import quote
from typing import Self

from pyminidocker.errors import NotFound
from pyminidocker.images.base.busybox import MISSING_HINT, busybox_step
from pyminidocker.images.base.elf import read_elf
from pyminidocker.images.base.libraries import LibraryFinder
from pyminidocker.images.base.python import python_recipe
from pyminidocker.vm.guest import SERVE
from pyminidocker.vm.initramfs import Initramfs
from pyminidocker.vm.kernel_image import find_kernel
from pyminidocker.vm.lines import Answer
from pyminidocker.vm.phases import INIT_LAST
from pyminidocker.vm.qemu import CONSOLE, MachineSpec, Qemu, find_qemu
from tests.guest.modules import find_disk, read_modules

CHECKOUT = Path(__file__).resolve().parent.parent.parent
IN_GUEST = "checkout"
USER = "learner"
_BOOT_LIMIT_S = 60.0
# Assertions as they are: rewriting them takes the guest longer than they do.
_PYTEST = (
    "env", f"PYTHONPATH=/{IN_GUEST}", "PYTHONDONTWRITEBYTECODE=1", "MINIDOCKER_GUEST=1",
    "python3", "-m", "pytest", "-q", "--assert=plain",
)  # fmt: skip
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_PACKAGES = f"usr/local/lib/python{_VERSION}/site-packages"
# Distributions that the tests in the guest import, beside those that pyminidocker itself needs.
_DISTRIBUTIONS = ("pytest", "pytest-timeout", "hypothesis", "docker")
_TREES = ("pyminidocker", "tests", "assets/apps", "tools")
_LEFT_OUT = {"__pycache__", "static", "notebooks", "browser"}
_UNIT = "kernel"  # of the unit tests only the kernel's care where they are
_INIT = """\
#!/bin/sh
echo 'minidocker: init'
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root TERM=dumb LANG=C.UTF-8
# The kernel's first root file system cannot be exchanged (pivot_root(2)); seen through a mount, it
# can.
/bin/mount --bind / /mnt
cd /mnt
/bin/mount --move . /
exec chroot . /bin/sh /init2
"""
_INIT2 = """\
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
hostname guest
ip link set lo up
for module in $(cat /modules/order); do
    insmod /modules/$module.ko $(cat /modules/$module.options 2>/dev/null) || echo "no $module"
done
echo 1 >/proc/sys/net/ipv4/ip_forward
# Engines' files lie on a disk: what is written to a tmpfs would count as their memory.
echo 1G >/sys/block/zram0/disksize
mke2fs /dev/zram0 >/dev/null && mount -t ext4 /dev/zram0 /tmp || mount -t tmpfs tmpfs /tmp
chmod 1777 /tmp
chmod 666 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx
# As systemd does: what runs lives in leaves, so that the controllers can be handed down.
mkdir /sys/fs/cgroup/init
echo $$ >/sys/fs/cgroup/init/cgroup.procs
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo +$controller >/sys/fs/cgroup/cgroup.subtree_control
done
# A group of his own for the ordinary user, as an administrator would delegate it by hand.
group=/sys/fs/cgroup/learner
mkdir -p $group/session /home/learner
for directory in $group $group/session; do
    chown learner: $directory $directory/cgroup.procs $directory/cgroup.threads \\
        $directory/cgroup.subtree_control
done
chown learner: /home/learner
cd /checkout
"""


class Bench:
    """A booted guest.

    Attributes:
        ready_s: how long it took to boot.

    Args:
        spec: what it is built of, see ``prepare``.
    """

    def __init__(self, spec: MachineSpec) -> None:
        self._qemu = Qemu(spec)
        date = self._qemu.listener.wait_for(CONSOLE, INIT_LAST, _BOOT_LIMIT_S)
        if date is None:
            said = f"{self.console}{self._qemu.messages}"
            self.close()
            raise AssertionError(f"the guest does not boot:\n{said}")
        self.ready_s = date - self._qemu.began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def console(self) -> str:
        """What the kernel and init printed."""
        return self._qemu.listener.text(CONSOLE)

    def run(self, command: str, timeout_s: float = 60.0) -> Answer:
        """Run a shell command in the guest, as root; stdout and stderr apart."""
        return self._qemu.commands.run(command, timeout_s)

    def close(self) -> None:
        """End the guest."""
        self._qemu.close()


def as_user(command: str) -> str:
    """Return the command that runs ``command`` as the ordinary user in his delegated group."""
    script = (
        f"echo $$ >/sys/fs/cgroup/{USER}/session/cgroup.procs\nexec su {USER} -c {quote(command)}"
    )
    return f"sh -c {quote(script)}"


def pytest_command(*arguments: str) -> str:
    """Return the command that runs tests in the guest."""
    words = [*_PYTEST, *arguments]
    return f"cd /{IN_GUEST} && {shlex.join(words)} 2>&1"


def obstacle() -> str:
    """Return why there can be no guest here, with the remedy; empty when there can be one."""
    if os.uname().machine != "x86_64":
        return f"the guest is for x86_64, and this machine is {os.uname().machine}"
    if not find_disk():
        return "the guest's kernel is missing: pip install 'pyminidocker[alpine]'"
    if busybox_step("x86_64") is None:
        return f"no busybox on this machine: {MISSING_HINT}"
    try:
        find_qemu()
    except NotFound as error:
        return f"{error}: {error.hint}"
    return ""


def prepare(memory_bytes: int = 1536 << 20, cpus: int = 1) -> MachineSpec:
    """Gather what the guest is built of: takes a few seconds."""
    kernel, initramfs = build()
    return MachineSpec(
        qemu=find_qemu(),
        accelerator="tcg",
        kernel=kernel,
        initramfs=initramfs,
        kernel_arguments="console=ttyS0 loglevel=4 panic=-1 mitigations=off",
        memory_bytes=memory_bytes,
        cpus=cpus,
    )


def build() -> tuple[str, bytes]:
    """Return (path of the kernel, initramfs)."""
    kernel = find_kernel()
    archive = Initramfs()
    for directory in ("dev", "proc", "sys", "tmp", "run", "mnt", "sys/fs/cgroup"):
        archive.directory(directory)
    archive.character_device("dev/console", 5, 1)
    _add_python(archive)
    _add_distributions(archive)
    _add_checkout(archive)
    names = []
    for name, data in read_modules(find_disk(), kernel.release):
        archive.file(f"modules/{name}.ko", data)
        names.append(name)
    archive.file("modules/order", " ".join(names).encode())
    archive.file("modules/zram.options", b"num_devices=2")
    archive.file("init", _INIT.encode(), 0o755)
    archive.file("init2", (_INIT2 + SERVE).encode(), 0o755)
    return kernel.path, archive.to_bytes()


def _add_python(archive: Initramfs) -> None:
    """Add the engine's python image."""
    recipe = python_recipe(busybox_step(os.uname().machine))
    for step in recipe.steps:
        if step.tree is None or "pip" in step.created_by:
            continue
        with tarfile.open(fileobj=io.BytesIO(b"".join(step.tree.tar()))) as layer:
            for member in layer:
                _add_member(archive, layer, member)


def _add_member(archive: Initramfs, layer: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isdir():
        archive.directory(member.name, member.mode)
    elif member.issym():
        archive.symlink(member.name, member.linkname)
    elif member.islnk():
        # Links of busybox to itself; hard links in cpio need the same inode number.
        archive.symlink(member.name, f"/{member.linkname}")
    else:
        file = layer.extractfile(member)
        assert file is not None
        data = file.read()
        if member.name == "etc/passwd":
            data += f"{USER}:x:1000:1000::/home/{USER}:/bin/sh\n".encode()
        if member.name == "etc/group":
            data += f"{USER}:x:1000:\n".encode()
        _add_file(archive, member.name, data, member.mode)


def _add_file(archive: Initramfs, path: str, data: bytes, mode: int) -> None:
    """Add a file; beside a Python module also what the interpreter would compile it to."""
    archive.file(path, data, mode)
    if path.endswith(".py"):
        directory, _, name = path.rpartition("/")
        try:
            code = compile(data, f"/{path}", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return  # a template
        compiled = _code_to_hash_pyc(code, bytes(8), False)  # never compared with the source
        tag = sys.implementation.cache_tag
        archive.file(f"{directory}/__pycache__/{name[:-3]}.{tag}.pyc", compiled)


def _add_distributions(archive: Initramfs) -> None:
    """Add the packages that the tests import, and what those need."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    waiting = [*_DISTRIBUTIONS, *map(_name_of, project["dependencies"])]
    done = set()
    native = []
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for other Pythons or systems
        waiting += _requirements(name)
        for file in distribution.files or ():
            path = str(file)
            if path.startswith("..") or "__pycache__" in path or "/tests/" in path:
                continue
            place = str(file.locate())
            if ".so" in file.name:
                native.append(place)
            _add_file(archive, f"{_PACKAGES}/{path}", Path(place).read_bytes(), 0o644)
    _add_libraries(archive, native)


def _add_libraries(archive: Initramfs, native: list[str]) -> None:
    """Add the shared libraries that the packages' own modules need."""
    program = read_elf(os.path.realpath(sys.executable))
    finder = LibraryFinder(program.machine)
    directory = os.path.dirname(finder.find("libc.so.6", program))
    for name, path in finder.closure(native, program).items():
        archive.file(f"{directory}/{name}".lstrip("/"), Path(path).read_bytes(), 0o755)


def _requirements(name: str) -> list[str]:
    """Return the names of what a distribution needs, without extras."""
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [_name_of(line) for line in lines if "extra ==" not in line]


def _name_of(requirement: str) -> str:
    """Return the name in ``name[extra] >=1; condition``."""
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None, requirement
    return match[0]


def _add_checkout(archive: Initramfs) -> None:
    for name in ("pyproject.toml",):
        archive.file(f"{IN_GUEST}/{name}", (CHECKOUT / name).read_bytes())
    for tree in _TREES:
        for directory, names, files in os.walk(CHECKOUT / tree):
            names[:] = sorted(set(names) - _LEFT_OUT)
            if directory.endswith("tests/unit"):
                names[:] = [_UNIT]
            for name in sorted(files):
                path = Path(directory, name)
                mode = 0o755 if os.access(path, os.X_OK) else 0o644
                inside = f"{IN_GUEST}/{path.relative_to(CHECKOUT)}"
                _add_file(archive, inside, path.read_bytes(), mode)
