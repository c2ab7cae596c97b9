"""Reading virtual disks: qcow2 clusters and an ext4 file system, small ones made by hand."""

import io
import stat
import struct
import zlib

import pytest

from pyminidocker.errors import IntegrityError
from pyminidocker.images.base.ext4 import Ext4, find_partition
from pyminidocker.images.base.qcow2 import Qcow2

CLUSTER = 65536


def make_qcow2(clusters, *, version=3, backing=0, features=0, size=None):
    """Return a disk; a cluster is None (never written), "zero", bytes or ("deflate", bytes)."""
    l1_at, l2_at = CLUSTER, 2 * CLUSTER
    data = b""
    table = []
    for cluster in clusters:
        at = 3 * CLUSTER + len(data)
        if cluster is None:
            table.append(0)
        elif cluster == "zero":
            table.append(1)
        elif isinstance(cluster, tuple):
            packer = zlib.compressobj(9, zlib.DEFLATED, -12)
            packed = packer.compress(cluster[1]) + packer.flush()
            table.append(1 << 62 | ((at % 512 + len(packed) - 1) // 512) << 54 | at)
            data += packed.ljust(-(-len(packed) // 512) * 512, b"\0")
        else:
            data = data.ljust(-(-len(data) // CLUSTER) * CLUSTER, b"\0")
            table.append(3 * CLUSTER + len(data) | 1 << 63)
            data += cluster
    header = struct.pack(
        ">4sIQIIQIIQ",
        b"QFI\xfb",
        version,
        backing,
        0,
        16,
        size or len(clusters) * CLUSTER,
        0,
        1,
        l1_at,
    )
    header = header.ljust(72, b"\0") + struct.pack(">Q", features)
    l1 = struct.pack(">Q", l2_at | 1 << 63)
    l2 = struct.pack(f">{len(table)}Q", *table)
    return header.ljust(CLUSTER, b"\0") + l1.ljust(CLUSTER, b"\0") + l2.ljust(CLUSTER, b"\0") + data


def test_clusters_of_every_kind():
    text = bytes(range(256)) * 256
    disk = Qcow2(io.BytesIO(make_qcow2([text, None, "zero", ("deflate", b"z" * CLUSTER), text])))
    assert disk.size == 5 * CLUSTER
    assert disk.read(0, 5 * CLUSTER) == text + bytes(2 * CLUSTER) + b"z" * CLUSTER + text
    assert disk.read(CLUSTER - 2, 4) == text[-2:] + b"\0\0"
    with pytest.raises(IntegrityError, match="beyond"):
        disk.read(9000 * CLUSTER, 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a qcow2"),
        (b"MBR" * 100, "not a qcow2"),
        (make_qcow2([None], backing=512), "not supported"),
        (make_qcow2([None], features=4), "not supported"),
    ],
)
def test_what_cannot_be_read_is_said(data, words):
    with pytest.raises(IntegrityError, match=words):
        Qcow2(io.BytesIO(data))


def test_a_damaged_cluster_is_named():
    data = bytearray(make_qcow2([("deflate", b"z" * CLUSTER)]))
    data[3 * CLUSTER : 3 * CLUSTER + 8] = b"\xff" * 8
    with pytest.raises(IntegrityError, match="damaged cluster"):
        Qcow2(io.BytesIO(bytes(data))).read(0, 10)


BLOCK = 1024


def make_ext4():
    """Return a file system of 1 KiB blocks with /hello (2 extents, a hole), /d/x, two links."""
    disk = bytearray(64 * BLOCK)
    inode_table = 5

    def extents(*runs):
        body = b"".join(struct.pack("<IHHI", first, count, 0, at) for first, count, at in runs)
        return struct.pack("<HHHHI", 0xF30A, len(runs), 4, 0, 0) + body

    def inode(number, mode, size, block, *, flags=0x80000, uid=0, gid=0):
        raw = struct.pack("<HHI", mode, uid & 0xFFFF, size).ljust(24, b"\0")
        raw += struct.pack("<HHII", gid & 0xFFFF, 1, 2, flags).ljust(16, b"\0")
        raw = raw.ljust(40, b"\0") + block.ljust(60, b"\0")
        raw = raw.ljust(120, b"\0") + struct.pack("<HH", uid >> 16, gid >> 16)
        at = inode_table * BLOCK + (number - 1) * 256
        disk[at : at + len(raw)] = raw

    def directory(at, *entries):
        body = b""
        for position, (number, name) in enumerate(entries):
            is_last = position == len(entries) - 1
            length = BLOCK - len(body) if is_last else 8 + (len(name) + 3) // 4 * 4
            body += struct.pack("<IHBB", number, length, len(name), 0) + name
            body = body.ljust(BLOCK if is_last else -(-len(body) // 4) * 4, b"\0")
        disk[at * BLOCK : (at + 1) * BLOCK] = body

    superblock = bytearray(1024)
    struct.pack_into("<I", superblock, 20, 1)  # first data block
    struct.pack_into("<I", superblock, 24, 0)  # 1 KiB blocks
    struct.pack_into("<I", superblock, 40, 32)  # inodes per group
    struct.pack_into("<H", superblock, 56, 0xEF53)
    struct.pack_into("<H", superblock, 88, 256)  # inode size
    disk[1024:2048] = superblock
    struct.pack_into("<I", disk, 2 * BLOCK + 8, inode_table)
    inode(2, stat.S_IFDIR | 0o755, BLOCK, extents((0, 1, 20)))
    inode(12, stat.S_IFREG | 0o640, 4 * BLOCK - 10, extents((0, 1, 21), (2, 2, 22)), gid=70000)
    inode(13, stat.S_IFDIR | 0o700, BLOCK, extents((0, 1, 25)))
    inode(14, stat.S_IFLNK | 0o777, 5, b"hello", flags=0)
    inode(15, stat.S_IFLNK | 0o777, 80, extents((0, 1, 26)))
    inode(16, stat.S_IFREG | 0o644, 5, extents((0, 32768 + 1, 27)))  # reserved, never written
    inode(17, stat.S_IFCHR | 0o600, 0, struct.pack("<II", 5 << 8 | 1, 0), flags=0)
    inode(18, stat.S_IFREG | 0o644, 5, b"", flags=0)  # the old way of listing blocks
    entries = [
        (12, b"hello"),
        (13, b"d"),
        (0, b"gone"),
        (14, b"short"),
        (15, b"long"),
        (17, b"tty"),
    ]
    directory(20, (2, b"."), (2, b".."), *entries, (18, b"old"))
    directory(25, (13, b"."), (2, b".."), (16, b"x"))
    for block, letter in ((21, b"A"), (22, b"B"), (23, b"C"), (26, b"L"), (27, b"secret")):
        disk[block * BLOCK : block * BLOCK + BLOCK] = letter * (BLOCK // len(letter)) + b"\0" * (
            BLOCK % len(letter)
        )
    return bytes(disk)


def reader(data):
    return lambda offset, size: data[offset : offset + size].ljust(size, b"\0")


def test_files_directories_and_links():
    disk = Ext4(reader(make_ext4()))
    assert [name for name, _ in disk.list(disk.root())] == [
        "hello",
        "d",
        "short",
        "long",
        "tty",
        "old",
    ]
    hello = disk.find("/hello")
    assert stat.S_IMODE(hello.mode) == 0o640
    assert hello.gid == 70000
    content = b"".join(disk.chunks(hello))
    assert content == b"A" * BLOCK + bytes(BLOCK) + b"B" * BLOCK + b"C" * (BLOCK - 10)
    assert disk.read_link(disk.find("short")) == "hello"
    assert disk.read_link(disk.find("long")) == "L" * 80
    assert b"".join(disk.chunks(disk.find("d/x"))) == bytes(5)
    assert disk.device_number(disk.find("tty")) == (5, 1)
    assert disk.find("d/none") is None
    assert disk.find("hello/none") is None
    with pytest.raises(IntegrityError, match="no extents"):
        b"".join(disk.chunks(disk.find("old")))


def test_partitions_are_found():
    inside = make_ext4()
    assert find_partition(reader(inside)) == 0
    mbr = bytearray(2048 * 512)
    mbr[510:512] = b"\x55\xaa"
    struct.pack_into("<I", mbr, 446 + 16 + 8, 2048)
    assert find_partition(reader(bytes(mbr) + inside)) == 2048 * 512
    gpt = bytearray(2048 * 512)
    gpt[512:520] = b"EFI PART"
    struct.pack_into("<QII", gpt, 512 + 72, 2, 4, 128)
    struct.pack_into("<Q", gpt, 1024 + 128 + 32, 2048)
    assert find_partition(reader(bytes(gpt) + inside)) == 2048 * 512
    with pytest.raises(IntegrityError, match="no ext4"):
        find_partition(reader(bytes(4096)))
    with pytest.raises(IntegrityError, match="no ext4"):
        Ext4(reader(bytes(4096)))


def test_a_damaged_extent_tree_is_named():
    data = bytearray(make_ext4())
    at = 5 * BLOCK + 11 * 256 + 40
    data[at : at + 2] = b"\0\0"
    disk = Ext4(reader(bytes(data)))
    with pytest.raises(IntegrityError, match="damaged extent"):
        b"".join(disk.chunks(disk.find("hello")))
