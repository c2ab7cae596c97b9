"""Reading tar archives: every format in the wild, and nothing that makes no sense."""

import io
import os
import random
import stat
import struct
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.errors import IntegrityError
from pyminidocker.images.tar_reader import TarReader
from tests.unit.images.conftest import archive, entry, hard_link, link


def read(data, piece=1 << 20):
    """Return (entry, content) of everything in an archive that arrives in pieces."""
    reader = TarReader(data[at : at + piece] for at in range(0, len(data), piece))
    return [(found, b"".join(bytes(part) for part in reader.parts())) for found in reader]


def pack(*entries, form=tarfile.GNU_FORMAT, pax_headers=None):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=pax_headers) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


LONG = "/".join(["d" * 60] * 5) + "/näme"


@pytest.mark.parametrize("piece", [1, 511, 512, 700, 1 << 20])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_links_in_pieces_of_any_size(form, piece):
    data = pack(
        entry(LONG, b"x" * 1000),
        link("way", LONG),
        hard_link("again", LONG),
        entry("d"),
        entry("empty", b""),
        form=form,
    )
    found = read(data, piece)
    assert [one.name for one, _ in found] == [LONG, "way", "again", "d", "empty"]
    assert [one.kind for one, _ in found] == [
        *(stat.S_IFREG, stat.S_IFLNK, 0, stat.S_IFDIR, stat.S_IFREG)
    ]
    assert found[0][1] == b"x" * 1000
    assert found[1][0].target == found[2][0].target == LONG


def test_base_256_numbers():
    data = pack(entry("f", b"", uid=1 << 31, gid=(1 << 32) - 2, mtime=-5))
    [(found, _)] = read(data)
    assert (found.uid, found.gid, found.mtime_ns) == (1 << 31, (1 << 32) - 2, -5 * 10**9)


def test_a_file_larger_than_octal_digits_can_say_is_announced_as_such():
    info = tarfile.TarInfo("huge")
    info.size = 9 << 30
    reader = TarReader([info.tobuf(tarfile.GNU_FORMAT)])
    assert next(iter(reader)).size == 9 << 30
    with pytest.raises(IntegrityError, match="cut off"):
        next(reader.parts())


def test_global_and_own_extended_headers():
    info, data = entry("f", b"x")
    info.pax_headers = {"SCHILY.xattr.user.a": "1", "mtime": "12.5"}
    other, _ = entry("g", b"")
    blob = pack((info, data), (other, b""), form=tarfile.PAX_FORMAT, pax_headers={"gid": "77"})
    (one, _), (two, _) = read(blob)
    assert (one.gid, two.gid) == (77, 77)
    assert one.xattrs == {"user.a": b"1"}
    assert one.mtime_ns == 12_500_000_000
    assert two.xattrs == {}


def test_binary_attributes_are_kept_byte_by_byte():
    value = bytes(range(256))
    record = b" SCHILY.xattr.user.x=" + value + b"\n"
    record = str(len(record) + 3).encode() + record
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, len(record)
    data = head.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + archive(entry("f", b"1"))
    [(found, content)] = read(data)
    assert found.xattrs == {"user.x": value}
    assert content == b"1"


def test_old_directories_end_in_a_slash():
    info, _ = entry("old", b"")
    info.name = "old/"
    info.type = tarfile.AREGTYPE
    [(found, _)] = read(pack((info, b"")))
    assert (found.kind, found.name) == (stat.S_IFDIR, "old")


def test_links_have_no_content_whatever_they_say():
    info = tarfile.TarInfo("l")
    info.type, info.linkname, info.size = tarfile.SYMTYPE, "t", 5000
    data = info.tobuf(tarfile.GNU_FORMAT) + archive(entry("f", b"x"))
    assert [one.name for one, _ in read(data)] == ["l", "f"]


SPARSE = [
    ["--format=gnu"],
    ["--format=posix", "--sparse-version=0.0"],
    ["--format=posix", "--sparse-version=0.1"],
    ["--format=posix", "--sparse-version=1.0"],
]


@pytest.mark.parametrize("options", SPARSE)
def test_sparse_files_of_gnu_tar(tmp_path, options):
    source = tmp_path / ("s" * 120)
    pieces = [(index * 65536, bytes([index + 1]) * 5000) for index in range(40)]
    with source.open("wb") as file:
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)
        file.truncate(4 << 20)
    packed = subprocess.run(
        ["tar", "-cf", "-", "--sparse", *options, "-C", str(tmp_path), source.name],
        check=True,
        capture_output=True,
    ).stdout
    assert len(packed) < 2 << 20
    reader = TarReader([packed])
    found = next(iter(reader))
    assert (found.name, found.size) == (source.name, 4 << 20)
    target = tmp_path / "out"
    fd = os.open(target, os.O_WRONLY | os.O_CREAT)
    reader.write_sparse_to(fd, found)
    os.close(fd)
    assert list(reader) == []
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks * 512 < 1 << 20


def sparse_1_0(text, *, size=1 << 20, stored=b"x" * 512):
    data = text.ljust(-(-len(text) // 512) * 512, b"\0") + stored
    info = tarfile.TarInfo("GNUSparseFile.0/f")
    info.size = len(data)
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "f",
        "GNU.sparse.realsize": str(size),
    }
    return pack((info, data), form=tarfile.PAX_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        sparse_1_0(b"2\n0\n512\n100\n512\n"),  # overlapping
        sparse_1_0(b"1\n0\n1024\n"),  # more than is stored
        sparse_1_0(b"1\n1048576\n512\n"),  # behind the end
        sparse_1_0(b"1\n-1\n512\n"),
        sparse_1_0(b"99999999999\n"),
        sparse_1_0(b"1\n" + b"9" * 60 + b"\n0\n"),
        sparse_1_0(b"1\n0\n", stored=b""),  # cut off
        sparse_1_0(b"x\n"),
    ],
)
def test_maps_that_make_no_sense(data):
    with pytest.raises(IntegrityError, match="damaged archive"):
        read(data)


def damaged(offset, value):
    data = bytearray(archive(entry("f", b"x" * 600)))
    data[offset : offset + len(value)] = value
    if not 148 <= offset < 156:
        block = bytes(data[:148]) + b" " * 8 + bytes(data[156:512])
        data[148:156] = b"%06o\0 " % sum(block)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 512,
        b"x" * 100,
        damaged(148, b"0000000\0"),
        damaged(124, b"99999999999\0"),
        damaged(124, b"\xff" * 12),  # minus one byte
        damaged(156, b"Z"),
        damaged(156, b"L")[:600],
        archive(entry("f", b"x" * 600))[:700],
        archive(entry("a" * 200, b""))[:512],
        pack(entry("a" * 200, b""))[:1024],
    ],
)
def test_damage(data):
    with pytest.raises(IntegrityError, match="damaged archive"):
        read(data)


@pytest.mark.parametrize(
    "record",
    [
        b"9 path=x",
        b"99 path=x\n",
        b"x path=x\n",
        b"8 path=\n\n\n\n",
        b"6 pa\n\n",
        b"11 uid=1.5\n\n",
    ],
)
def test_extended_headers_that_make_no_sense(record):
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, len(record)
    data = head.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + archive(entry("f", b"1"))
    with pytest.raises(IntegrityError, match="damaged archive"):
        read(data)


def test_an_extended_header_has_a_limit():
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    with pytest.raises(IntegrityError, match="extended header of"):
        read(head.tobuf(tarfile.GNU_FORMAT) + bytes(2048))


def test_global_headers_do_not_pile_up():
    def piece(number):
        record = b" comment%06d=" % number + b"x" * 60_000 + b"\n"
        record = b"%d" % (len(record) + 5) + record
        head = tarfile.TarInfo("g")
        head.type, head.size = tarfile.XGLTYPE, len(record)
        return head.tobuf(tarfile.USTAR_FORMAT) + record + bytes(-len(record) % 512)

    with pytest.raises(IntegrityError, match="global headers"):
        for _ in TarReader(piece(number) for number in range(100)):
            pass


def test_too_many_entries():
    block = entry("f", b"")[0].tobuf(tarfile.USTAR_FORMAT)
    reader = TarReader((block for _ in range(101)), entries_max=100)
    with pytest.raises(IntegrityError, match="more than 100 entries"):
        for _ in reader:
            pass


members = st.lists(
    st.tuples(
        st.text(st.characters(blacklist_characters="\0/", codec="utf-8"), min_size=1, max_size=120),
        st.binary(max_size=1500),
        st.integers(0, 1 << 33),
        st.sampled_from([0, 1.5, 1e9, -3]),
    ),
    max_size=5,
)


@settings(max_examples=100)
@given(
    members,
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 3000),
)
def test_it_reads_what_the_standard_library_writes(given_members, form, piece):
    wanted = [
        (name, data, uid, int(mtime) if form == tarfile.GNU_FORMAT else mtime)
        for name, data, uid, mtime in given_members
    ]
    blob = pack(
        *[entry(name, data, uid=uid, mtime=mtime) for name, data, uid, mtime in wanted], form=form
    )
    assert [
        (one.name, content, one.uid, one.mtime_ns / 1e9) for one, content in read(blob, piece)
    ] == wanted


@settings(max_examples=150)
@given(st.integers(0, 1 << 32), st.integers(1, 40))
def test_flipped_bytes_are_read_or_refused(seed, flips):
    """Whatever happens to an archive, only one kind of error comes out, and it ends."""
    dice = random.Random(seed)
    data = bytearray(
        archive(
            entry("a/b", b"x" * 700, uid=1 << 22, mtime=1.25), link("l", LONG), entry(LONG, b"y")
        )
    )
    for _ in range(flips):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        read(bytes(data[: dice.choice([len(data), dice.randrange(len(data))])]), 600)
    except IntegrityError:
        pass


def test_numbers_are_not_mixed_up_between_fields():
    blob = archive(entry("f", b"x" * 7, mode=0o4711, uid=5, gid=6, mtime=8))
    fields = struct.unpack_from("100s8s8s8s12s12s", blob)
    assert [int(field.rstrip(b"\0"), 8) for field in fields[1:]] == [0o4711, 5, 6, 7, 8]
    [(found, _)] = read(blob)
    assert (found.mode, found.uid, found.gid, found.size) == (0o4711, 5, 6, 7)
