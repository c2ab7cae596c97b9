"""A file tree described as data, ready to become a layer archive.

Nothing is written anywhere: names, modes and where the content is.  Times are fixed and owners are
root unless said otherwise, so the same description always gives the same archive.

See: OCI image-spec layer.md, Creating.
"""

import os
import stat
import tarfile
from collections.abc import Iterator

from pyminidocker.images.tar_writer import Member, content, end_of_archive, file_chunks, header

# 2026-01-01T00:00:00Z; SOURCE_DATE_EPOCH moves it (reproducible-builds.org).
DEFAULT_EPOCH = 1_767_225_600


def source_date_epoch() -> int:
    """Return the time that base images carry, in seconds since the epoch."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(text) if text.isdecimal() else DEFAULT_EPOCH


class FileTree:
    """Files, directories and links of a layer to be."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._sources: dict[str, bytes | str] = {}
        self._time = source_date_epoch() * 10**9

    def __contains__(self, path: str) -> bool:
        return path.strip("/") in self._members

    def add(self, member: Member, source: "bytes | str | None" = None) -> None:
        """Add an entry; its time becomes the tree's.

        Args:
            member: what it is; the size is filled in from content given as bytes.
            source: content of a regular file, as bytes or as the path of a host file.
        """
        member.path = member.path.strip("/")
        member.mtime_ns = self._time
        if isinstance(source, bytes):
            member.size = len(source)
        parent = member.path.rpartition("/")[0]
        if parent and parent not in self._members:
            self.directory(parent)
        self._members[member.path] = member
        if source is not None:
            self._sources[member.path] = source

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Add a directory, and the ones above it."""
        self.add(Member(path, tarfile.DIRTYPE, mode))

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file with the given content."""
        self.add(Member(path, mode=mode), data)

    def replace(self, path: str, data: bytes) -> None:
        """Give a file that is there other content; owner and mode stay."""
        self.add(self._members[path.strip("/")], data)

    def copy(self, path: str, source: str, mode: int | None = None) -> None:
        """Add a file with the content of the host's file ``source``.

        Args:
            path: where it goes.
            source: followed if it is a link.
            mode: permission bits; None takes 0755 or 0644, whether it is executable or not.
        """
        info = os.stat(source)
        if mode is None:
            mode = 0o755 if info.st_mode & stat.S_IXUSR else 0o644
        self.add(Member(path, mode=mode, size=info.st_size), source)

    def symlink(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.add(Member(path, tarfile.SYMTYPE, 0o777, target=target))

    def hard_link(self, path: str, target: str) -> None:
        """Add a further name for the file ``target``."""
        self.add(Member(path, tarfile.LNKTYPE, 0o755, target=target.strip("/")))

    def tar(self) -> Iterator[bytes]:
        """Yield the layer archive: sorted, hard links last."""
        # A hard link can only be made when its file is there.
        links = [path for path, x in self._members.items() if x.type == tarfile.LNKTYPE]
        others = sorted(self._members.keys() - set(links))
        for path in [*others, *sorted(links)]:
            member = self._members[path]
            yield header(member)
            source = self._sources.get(path)
            if isinstance(source, bytes):
                yield from content([source], member.size)
            elif source is not None:
                fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
                yield from content(file_chunks(fd), member.size)
        yield end_of_archive()


def add_system_files(tree: FileTree) -> None:
    """Add what programs expect of any system: users, groups, a home, places for scratch files.

    See: passwd(5), group(5), nsswitch.conf(5), hier(7).
    """
    tree.file(
        "etc/passwd",
        b"root:x:0:0:root:/root:/bin/sh\n"
        b"daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        b"www-data:x:33:33:www-data:/var/www:/bin/false\n"
        b"nobody:x:65534:65534:nobody:/home:/bin/false\n",
    )
    tree.file(
        "etc/group",
        b"root:x:0:\ndaemon:x:1:\ntty:x:5:\nmail:x:8:\nwww-data:x:33:\nusers:x:100:\n"
        b"nogroup:x:65534:\n",
    )
    tree.file("etc/shadow", b"root:*:::::::\ndaemon:*:::::::\nnobody:*:::::::\n", 0o640)
    tree.file("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n")
    tree.file("etc/localtime", _UTC)
    tree.directory("root", 0o700)
    tree.directory("home")
    tree.directory("tmp", 0o1777)
    tree.directory("var/tmp", 0o1777)
    tree.directory("var/spool/mail")
    tree.directory("var/www")


# A time zone file that says UTC, see tzfile(5): header, no transitions, one type, its name.
_UTC = b"TZif2" + bytes(15) + (b"\0\0\0\0" * 4 + b"\0\0\0\1\0\0\0\4") + bytes(6) + b"UTC\0"
_UTC += _UTC + b"\nUTC0\n"
