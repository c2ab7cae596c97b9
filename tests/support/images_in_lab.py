"""Run a function of this file as root of a fresh user and mount namespace, as the engine does.

Usage: python -m tests.support.images_in_lab FUNCTION ARGUMENTS...  (in a process of its own:
a namespace cannot be left).  Results go to standard output as JSON.
"""

import json
import os
import stat
import sys
from pathlib import Path

from pyminidocker.errors import MiniDockerError
from pyminidocker.images.archive import pack_changes
from pyminidocker.images.base.bootstrap import bootstrap
from pyminidocker.images.diff import changes, compare, upper_layer
from pyminidocker.images.snapshots import make_upper
from pyminidocker.images.store import ImageStore
from pyminidocker.images.trees import remove_tree
from pyminidocker.kernel.constants import CLONE_NEWNS, CLONE_NEWUSER
from pyminidocker.kernel.mount import make_private, mount, umount2
from pyminidocker.kernel.namespaces import unshare
from pyminidocker.oci.digest import sha256


def enter() -> None:
    """Become root of a new user namespace with one id, or keep all of them when root already."""
    uid, gid = os.getuid(), os.getgid()
    if uid:
        unshare(CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    else:
        unshare(CLONE_NEWNS)
    make_private()


def mount_container(lower_dirs, container):
    """Mount an overlay as the runtime does; return its root, upper and work directories."""
    Path(container).mkdir(exist_ok=True)
    upper, work = make_upper(container)
    root = f"{container}/root"
    Path(root).mkdir()
    options = f"userxattr,lowerdir={':'.join(lower_dirs)},upperdir={upper},workdir={work}"
    mount("overlay", root, "overlay", 0, options)
    return root, upper


def change(root):
    """Do with a container's files what people do."""
    etc = Path(root, "etc")
    (etc / "motd").write_text("hello")
    (etc / "group").write_bytes((etc / "group").read_bytes() + b"me:x:1000:\n")
    with open(etc / "nsswitch.conf", "ab") as file:
        file.write(b"# a comment\n")
    os.chmod(f"{root}/bin/busybox", 0o700)
    (etc / "shadow").unlink()
    remove_tree(f"{root}/var/spool")
    os.mkdir(f"{root}/var/spool")
    Path(root, "var/spool/new").write_text("n")
    # Moving a directory of a lower layer is EXDEV without redirect_dir: mv copies and deletes.
    os.mkdir(f"{root}/casa")
    os.rmdir(f"{root}/home")
    os.symlink("motd", f"{root}/etc/link")


def as_rows(comparison):
    return [[x.kind, x.path, x.copied_up, x.whiteout, x.opaque] for x in comparison.entries]


def tree(root):
    """Describe what a mount shows."""
    rows = {}
    digests = {}  # by inode: busybox has 270 names
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            path = f"{directory}/{name}"
            info = os.lstat(path)
            kind = stat.S_IFMT(info.st_mode)
            content = os.readlink(path) if kind == stat.S_IFLNK else ""
            if kind == stat.S_IFREG:
                if info.st_ino not in digests:
                    digests[info.st_ino] = sha256(Path(path).read_bytes())
                content = digests[info.st_ino]
            # Directories that overlayfs copied up for their own sake have new times.
            when = 0 if kind == stat.S_IFDIR else info.st_mtime_ns
            rows[path[len(root) :]] = [info.st_mode, info.st_uid, info.st_gid, when, content]
    return rows


def overlay(state):
    """Change a mounted container and look at it through diff, compare and commit."""
    store = ImageStore(state)
    image = bootstrap(store, ["busybox"])["busybox"]
    root, upper = mount_container(image.lower_dirs, f"{state}/one")
    change(root)
    seen = tree(root)
    result = {
        "diff": [["CAD"[x.kind], x.path] for x in changes(upper, image.layers)],
        "compare": as_rows(
            compare(image.layers, [*image.layers, upper_layer("x", upper, image.layers)])
        ),
        "deterministic": b"".join(pack_changes(upper, image.layers))
        == b"".join(pack_changes(upper, image.layers)),
    }
    umount2(root)
    config = image.config
    child = store.commit(image, upper, config, name="changed")
    again, upper = mount_container(child.lower_dirs, f"{state}/two")
    after = tree(again)
    result["different"] = [
        path for path in sorted(seen.keys() | after.keys()) if seen.get(path) != after.get(path)
    ]
    result["compare_committed"] = as_rows(compare(image.layers, child.layers))
    umount2(again)
    remove_tree(f"{state}/one")
    remove_tree(f"{state}/two")
    return result


def full_disk(state):
    """Bootstrap into a file system that is too small."""
    mount("tmpfs", state, "tmpfs", 0, "size=6m")
    store = ImageStore(state)
    bootstrap(store, ["hello-world"])
    before = sorted(str(path) for path in Path(state).rglob("*"))
    try:
        bootstrap(store, ["busybox", "python"])
        error = ""
    except MiniDockerError as failure:
        error = f"{type(failure).__name__}: {failure} ({failure.hint})"
    listed = [row.repo_tags[0] for row in store.listings()]
    store.delete("busybox")
    after = sorted(str(path) for path in Path(state).rglob("*"))
    umount2(state)
    return {"error": error, "images": listed, "clean": before == after}


def mount_inside(state):
    """Remove a tree that holds a mount: what is mounted must survive."""
    for name in ("tree/point", "outside"):
        Path(state, name).mkdir(parents=True)
    Path(state, "outside/precious").write_text("x")
    Path(state, "tree/other").write_text("x")
    mount(f"{state}/outside", f"{state}/tree/point", "", 4096)  # MS_BIND, same file system
    try:
        remove_tree(f"{state}/tree")
        error = 0
    except OSError as failure:
        error = failure.errno
    left = sorted(str(path.relative_to(state)) for path in Path(state).rglob("*"))
    umount2(f"{state}/tree/point")
    remove_tree(f"{state}/tree")
    return {"errno": error, "left": left, "gone": not Path(state, "tree").exists()}


if __name__ == "__main__":
    enter()
    sys.stdout.write(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
