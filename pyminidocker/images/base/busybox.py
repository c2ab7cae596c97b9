"""busybox: one program that is three hundred commands, by the names it is called with.

The program comes from this machine; a static one needs nothing else, another its C library.  The
names of its commands (*applets*) are read out of it: busybox holds them as one sorted table.

See: busybox's docs, "USAGE: BusyBox is a multi-call binary".
"""

import os
import re

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base.elf import Elf, read_elf
from pyminidocker.images.base.filetree import FileTree, add_system_files
from pyminidocker.images.base.libraries import LibraryFinder, add_loader_and_libraries
from pyminidocker.images.base.recipe import DEFAULT_PATH, MACHINES, Recipe, Step
from pyminidocker.oci.image_spec import RunConfig

_CANDIDATES = (
    "/bin/busybox",
    "/usr/bin/busybox",
    "/sbin/busybox",
    "/usr/sbin/busybox",
    "/usr/local/bin/busybox",
    "/bin/busybox.static",
    "/usr/bin/busybox.static",
    "/usr/lib/busybox/busybox-static",
)
# Names of commands, each ended by a zero byte, at least twenty in a row.
_NAME_RUN = re.compile(rb"(?:[a-z0-9\[][a-z0-9_.\[-]{0,30}\0){20,}")
_CORE = {"cat", "ls", "sh"}
# Applets that official images do not link: they would take the place of real programs or shells.
_NOT_LINKED = {"busybox", "bash"}

MISSING_HINT = (
    "install a busybox: 'apt install busybox-static' (Debian, Ubuntu), 'dnf install "
    "busybox' (Fedora), 'apk add busybox-static' (Alpine), 'conda install -c conda-forge busybox', "
    "or 'pip install \"pyminidocker[alpine]\"', whose busybox is used then"
)


def find_busybox(machine: str, *, static: bool) -> Elf | None:
    """Return the first busybox of this machine that is linked as asked for, or None.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        static: one that needs no libraries; else one that does.
    """
    on_path = [f"{x}/busybox" for x in os.environ.get("PATH", "").split(":") if x.startswith("/")]
    for path in (*_CANDIDATES, *on_path):
        try:
            elf = read_elf(path)
        except (OSError, InvalidArgument):
            continue
        if elf.is_static == static and elf.machine == machine:
            return elf
    return None


def applet_names(program: bytes) -> list[str]:
    """Return the names of the commands inside a busybox program, sorted.

    The table is the longest sorted run of zero-ended names that has ``cat``, ``ls`` and ``sh``.

    Raises:
        InvalidArgument: no such table in it.
    """
    best: list[str] = []
    for match in _NAME_RUN.finditer(program):
        run: list[str] = []
        for name in [*match[0].decode().split("\0"), ""]:
            if run and name <= run[-1]:
                if len(run) > len(best) and set(run) >= _CORE:
                    best = run
                run = []
            run.append(name)
    if not best:
        raise InvalidArgument("this is no busybox: it holds no table of command names")
    return best


def busybox_tree_from(program: bytes) -> FileTree:
    """Return the root file system of the busybox image.

    Args:
        program: the content of a busybox program file.

    Raises:
        InvalidArgument: it is no busybox.

    See: hier(7).
    """
    tree = FileTree()
    add_system_files(tree)
    tree.file("bin/busybox", program, 0o755)
    for name in applet_names(program):
        if name not in _NOT_LINKED:
            tree.hard_link(f"bin/{name}", "bin/busybox")
    # Scripts begin with #!/usr/bin/env.
    tree.symlink("usr/bin/env", "../../bin/env")
    tree.directory("usr/sbin")
    tree.directory("sbin")
    return tree


def busybox_step(machine: str) -> Step | None:
    """Return the layer that busybox and images on top of it share; None without a busybox.

    A static one is best.  Debian's own, which the initial RAM disk uses, is not static: it takes
    the C library along.
    """
    elf = find_busybox(machine, static=True) or find_busybox(machine, static=False)
    if elf is None:
        return None
    with open(elf.path, "rb") as file:
        tree = busybox_tree_from(file.read())
    if elf.is_static:
        return Step("ADD busybox.tar / # static busybox", tree)
    libraries = LibraryFinder(machine).closure([elf.path], elf)
    add_loader_and_libraries(tree, elf, libraries)
    return Step("ADD busybox.tar / # busybox and its C library", tree)


def busybox_recipe(machine: str, step: Step) -> Recipe:
    """Return the recipe of the busybox image.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        step: the layer, from this machine's busybox or Alpine's.

    See: OCI image-spec config.md.
    """
    return Recipe(
        name="busybox",
        architecture=MACHINES[machine],
        config=RunConfig(cmd=["sh"], env=[DEFAULT_PATH]),
        steps=[step, Step('CMD ["sh"]')],
    )


def missing() -> NotFound:
    """Return the error for a machine without a static busybox."""
    return NotFound("no static busybox on this machine", hint=MISSING_HINT)
