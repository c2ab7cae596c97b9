"""Where things are in the directory: the layout that docker-registry's file system driver has.

So a directory that one of the two has filled can be served by the other.

    <root>/docker/registry/v2/
      blobs/sha256/<first two>/<hex>/data            content: layers, configs, manifests
      repositories/<name>/
        _layers/sha256/<hex>/link                    this repository has that blob
        _manifests/revisions/sha256/<hex>/link       ... that manifest
        _manifests/tags/<tag>/current/link           the digest that the tag stands for
        _manifests/tags/<tag>/index/sha256/<hex>/link    what it ever stood for
        _uploads/<id>/data, startedat                what is being uploaded
    <root>/.minidocker/                              ours: lock, and new/ for files to be

A ``link`` is a file with a digest in it.  Ours alone is ``revisions/.../media-type``, for the rare
manifest whose content does not say what it is.

See: github.com/distribution/distribution, registry/storage/paths.go.
"""

from pyminidocker.registry.names import Digest


class Layout:
    """Paths beneath one root."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.own = f"{root}/.minidocker"
        self.temporary = f"{self.own}/new"
        self.blobs = f"{root}/docker/registry/v2/blobs"
        self.repositories = f"{root}/docker/registry/v2/repositories"

    def blob(self, digest: Digest) -> str:
        """Return the directory of some content."""
        return f"{self.blobs}/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}"

    def data(self, digest: Digest) -> str:
        """Return the file that is the content."""
        return f"{self.blob(digest)}/data"

    def repository(self, name: str) -> str:
        """Return a repository's directory."""
        return f"{self.repositories}/{name}"

    def blob_link(self, name: str, digest: Digest) -> str:
        """Return the file that says that a repository has a blob."""
        return f"{self.repositories}/{name}/_layers/{digest.algorithm}/{digest.hex}/link"

    def revisions(self, name: str, algorithm: str) -> str:
        """Return the directory of a repository's manifests, of one algorithm."""
        return f"{self.repositories}/{name}/_manifests/revisions/{algorithm}"

    def revision(self, name: str, digest: Digest) -> str:
        """Return the file that says that a repository has a manifest."""
        return f"{self.revisions(name, digest.algorithm)}/{digest.hex}/link"

    def media_type(self, name: str, digest: Digest) -> str:
        """Return the file with the media type of a manifest that does not name it itself."""
        return f"{self.revisions(name, digest.algorithm)}/{digest.hex}/media-type"

    def tags(self, name: str) -> str:
        """Return the directory of a repository's tags."""
        return f"{self.repositories}/{name}/_manifests/tags"

    def tag(self, name: str, tag: str) -> str:
        """Return a tag's directory."""
        return f"{self.tags(name)}/{tag}"

    def current(self, name: str, tag: str) -> str:
        """Return the file with the digest that a tag stands for."""
        return f"{self.tag(name, tag)}/current/link"

    def once(self, name: str, tag: str, digest: Digest) -> str:
        """Return the file that says that a tag stood for a manifest at some time."""
        return f"{self.tag(name, tag)}/index/{digest.algorithm}/{digest.hex}/link"

    def uploads(self, name: str) -> str:
        """Return the directory of what is being uploaded to a repository."""
        return f"{self.repositories}/{name}/_uploads"

    def upload(self, name: str, upload_id: str) -> str:
        """Return the directory of one upload."""
        return f"{self.uploads(name)}/{upload_id}"
