"""The content of a registry: what its repositories have, and what their tags stand for.

Content is stored once, whoever has it; a repository has what there is a link for.  A change is one
rename or one unlink, in an order that leaves at worst content which nobody has: first the content,
then the manifest's link, then the tag.

See: OCI distribution-spec; ``layout``.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.registry import disk
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.layout import Layout
from pyminidocker.registry.names import Digest, is_digest, is_tag
from pyminidocker.registry.names import digest as read_digest

ALGORITHMS = ("sha256", "sha512")


class Store:
    """One directory.

    Args:
        root: of the layout; made when it is missing.
        read_only: nothing is changed, and nothing is made.
    """

    def __init__(self, root: str, *, read_only: bool = False) -> None:
        self.layout = Layout(root)
        self.read_only = read_only
        # Links of one digest are made and counted by one thread at a time.
        self._changes = threading.RLock()
        if not read_only:
            os.makedirs(self.layout.temporary, exist_ok=True)
            for name in disk.names_in(self.layout.temporary):  # a killed process left it
                disk.remove_file(f"{self.layout.temporary}/{name}")

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep all other threads from changing anything: what was looked at stays as it is."""
        with self._changes:
            yield

    # ------------------------------------------------------------------------------------- lists

    def repositories(self) -> list[str]:
        """Return the names of the repositories that have a manifest, in ASCII order."""
        top = self.layout.repositories
        found = []
        for where, names, _ in os.walk(top):
            if "_manifests" in names and any(
                disk.names_in(f"{where}/_manifests/revisions/{kind}") for kind in ALGORITHMS
            ):
                found.append(where[len(top) + 1 :])
            # No component of a name begins with "_": those directories are a repository's own.
            names[:] = [name for name in names if not name.startswith(("_", "."))]
        return sorted(found)

    def every_directory(self) -> list[str]:
        """Return the name of everything that may be a repository, with or without a manifest."""
        top, found = self.layout.repositories, []
        for where, names, _ in os.walk(top):
            if any(name.startswith("_") for name in names):
                found.append(where[len(top) + 1 :])
            names[:] = [name for name in names if not name.startswith(("_", "."))]
        return found

    def tags(self, name: str) -> list[str]:
        """Return a repository's tags, in ASCII order.

        Raises:
            Refused: NAME_UNKNOWN.
        """
        if not os.path.isdir(f"{self.layout.repository(name)}/_manifests"):
            raise Refused("NAME_UNKNOWN", detail={"name": name})
        return sorted(tag for tag in disk.names_in(self.layout.tags(name)) if is_tag(tag))

    def manifests(self, name: str) -> list[Digest]:
        """Return the digests of a repository's manifests."""
        return [
            Digest(algorithm, hex_part)
            for algorithm in ALGORITHMS
            for hex_part in disk.names_in(self.layout.revisions(name, algorithm))
            if is_digest(f"{algorithm}:{hex_part}")
            and os.path.exists(self.layout.revision(name, Digest(algorithm, hex_part)))
        ]

    # ------------------------------------------------------------------------------------- blobs

    def size(self, digest: Digest) -> int:
        """Return the bytes of some content, or -1 when it is not there."""
        try:
            return os.stat(self.layout.data(digest)).st_size
        except FileNotFoundError:
            return -1

    def has_blob(self, name: str, digest: Digest) -> bool:
        """Tell whether a repository has a blob."""
        return os.path.exists(self.layout.blob_link(name, digest))

    def open_blob(self, name: str, digest: Digest) -> tuple[int, int]:
        """Open a repository's blob; returns (descriptor, bytes).

        Raises:
            Refused: BLOB_UNKNOWN.
        """
        if self.has_blob(name, digest):
            try:
                fd = os.open(self.layout.data(digest), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                pass
            else:
                return fd, os.fstat(fd).st_size
        raise Refused("BLOB_UNKNOWN", detail={"digest": str(digest)})

    def add_blob(self, name: str, digest: Digest, path: str) -> None:
        """Take a file as the content of ``digest``, which it has been found to be."""
        with self._changes:
            if self.size(digest) < 0:
                disk.rename(path, self.layout.data(digest))
            else:
                disk.remove_file(path)
            self._link(self.layout.blob_link(name, digest), digest)

    def mount(self, name: str, digest: Digest, source: str) -> bool:
        """Let a repository have a blob that another one has; tell whether it did.

        Args:
            name: of the repository that gets it.
            digest: of the blob.
            source: the repository that has it; an empty string means any.
        """
        with self._changes:
            names = [source] if source else self.repositories()
            if self.size(digest) < 0 or not any(self.has_blob(one, digest) for one in names):
                return False
            self._link(self.layout.blob_link(name, digest), digest)
            return True

    def remove_blob(self, name: str, digest: Digest) -> None:
        """Take a blob out of a repository, and off the disk when nobody else has it.

        Raises:
            Refused: BLOB_UNKNOWN.
        """
        with self._changes:
            link = self.layout.blob_link(name, digest)
            if not disk.remove_file(link):
                raise Refused("BLOB_UNKNOWN", detail={"digest": str(digest)})
            disk.prune_empty(os.path.dirname(link), self.layout.repositories)
            self._forget(digest)

    # --------------------------------------------------------------------------------- manifests

    def resolve(self, name: str, reference: Digest | str) -> Digest:
        """Return the digest of the manifest that a repository has under a tag or digest.

        Raises:
            Refused: MANIFEST_UNKNOWN.
        """
        if isinstance(reference, Digest):
            found: Digest | None = reference
        else:
            text = disk.read_text(self.layout.current(name, reference))
            found = read_digest(text) if is_digest(text) else None
        if found is None or not os.path.exists(self.layout.revision(name, found)):
            what = "tag" if isinstance(reference, str) else "revision"
            raise Refused(
                "MANIFEST_UNKNOWN",
                f"manifest unknown: {name} has no {reference}",
                detail={"name": name, what: str(reference)},
            )
        return found

    def read(self, digest: Digest) -> bytes:
        """Return the bytes of a manifest.

        Raises:
            Refused: MANIFEST_UNKNOWN.
        """
        try:
            with open(self.layout.data(digest), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Refused("MANIFEST_UNKNOWN", detail={"revision": str(digest)}) from None

    def add_manifest(
        self, name: str, digest: Digest, body: bytes, *, tag: str = "", media_type: str = ""
    ) -> None:
        """Store a manifest, which has been found to be right, and let a tag stand for it.

        Args:
            name: of the repository.
            digest: of ``body``.
            body: the manifest's bytes.
            tag: empty for none.
            media_type: when the manifest does not say it itself.
        """
        layout = self.layout
        with self._changes:
            if self.size(digest) < 0:
                disk.write_file(layout.data(digest), body, layout.temporary)
            if media_type:
                path = layout.media_type(name, digest)
                disk.write_file(path, media_type.encode(), layout.temporary)
            self._link(layout.revision(name, digest), digest)
            if tag:
                self._link(layout.once(name, tag, digest), digest)
                current = layout.current(name, tag)
                disk.write_file(current, str(digest).encode(), layout.temporary)

    def remove_manifest(self, name: str, digest: Digest) -> None:
        """Take a manifest out of a repository, with the tags that stand for it.

        Raises:
            Refused: MANIFEST_UNKNOWN.
        """
        self.resolve(name, digest)
        with self._changes:
            for tag in disk.names_in(self.layout.tags(name)):
                if disk.read_text(self.layout.current(name, tag)) == str(digest):
                    self._remove_tag(name, tag)
            directory = os.path.dirname(self.layout.revision(name, digest))
            disk.remove_tree(directory)
            disk.prune_empty(os.path.dirname(directory), self.layout.repositories)
            self._forget(digest)

    def remove_tag(self, name: str, tag: str) -> None:
        """Remove a tag; the manifest it stands for stays.

        Raises:
            Refused: MANIFEST_UNKNOWN.
        """
        self.resolve(name, tag)
        with self._changes:
            self._remove_tag(name, tag)

    def media_type(self, name: str, digest: Digest) -> str:
        """Return the media type that was noted for a manifest; empty when it says so itself."""
        return disk.read_text(self.layout.media_type(name, digest))

    # ---------------------------------------------------------------------------------- the disk

    def clear(self) -> None:
        """Remove everything."""
        with self._changes:
            disk.remove_tree(self.layout.repositories)
            disk.remove_tree(self.layout.blobs)

    def make_directory(self, path: str) -> None:
        """Make a directory of a repository, and those above it."""
        with self._changes:
            os.makedirs(path)

    def remove_directory(self, path: str) -> None:
        """Remove a directory of a repository with all in it, and empty ones above it."""
        with self._changes:
            disk.remove_tree(path)
            disk.prune_empty(os.path.dirname(path), self.layout.repositories)

    def _link(self, path: str, digest: Digest) -> None:
        if not os.path.exists(path):
            disk.write_file(path, str(digest).encode(), self.layout.temporary)

    def _remove_tag(self, name: str, tag: str) -> None:
        # The digest first: without it the tag is no more, whatever happens now.
        disk.remove_file(self.layout.current(name, tag))
        disk.remove_tree(self.layout.tag(name, tag))
        disk.prune_empty(self.layout.tags(name), self.layout.repositories)

    def _forget(self, digest: Digest) -> None:
        """Remove content that no repository has any more."""
        for name in self.every_directory():
            if self.has_blob(name, digest) or os.path.exists(self.layout.revision(name, digest)):
                return
        disk.remove_file(self.layout.data(digest))
        disk.prune_empty(self.layout.blob(digest), self.layout.blobs)
