"""Headers put together here are the standard library's, byte by byte."""

import tarfile

from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.images.tar_writer import Member, header


def by_the_standard_library(member):
    info = tarfile.TarInfo(member.path)
    info.type, info.mode, info.size = member.type, member.mode, member.size
    info.uid, info.gid, info.linkname = member.uid, member.gid, member.target
    info.mtime, nanoseconds = divmod(member.mtime_ns, 10**9)
    if nanoseconds and info.mtime >= 0:
        info.pax_headers["mtime"] = f"{info.mtime}.{nanoseconds:09d}".rstrip("0")
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


names = st.one_of(
    st.text(st.sampled_from("ab/é"), min_size=1, max_size=20),
    st.integers(90, 110).map(lambda size: "n" * size),
)
numbers = st.sampled_from([0, 1, 65534, 8**7 - 1, 8**7])
members = st.builds(
    Member,
    path=names,
    type=st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
    mode=st.integers(0, 0o177777),
    uid=numbers,
    gid=numbers,
    size=st.sampled_from([0, 1, 8**11 - 1, 8**11]),
    mtime_ns=st.one_of(
        st.integers(-5, 8**11 + 5).map(lambda seconds: seconds * 10**9),
        st.integers(-(10**10), 10**19),
    ),
    target=st.one_of(st.just(""), names),
)


@given(members)
def test_every_header_is_the_same(member):
    assert header(member) == by_the_standard_library(member)
