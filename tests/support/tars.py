"""Looking into tar archives that come in pieces."""

import io
import tarfile


def members(pieces):
    """Return the entries of an archive, as tarfile reads them."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        return tar.getmembers()


def names_in(pieces):
    """Return the names in an archive."""
    return [member.name for member in members(pieces)]


def contents(pieces):
    """Return name -> content of the regular files in an archive."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isreg()}
