"""Docker's rules of COPY and ADD about the destination.

* A destination that ends with a slash, or is ``.``, is a directory; so is one that leads to a
  directory of the image.  Files keep their names in it.
* Several sources need a destination that says it is a directory.
* What is missing is made, mode 0755; links of the image are followed inside its root.

See: Dockerfile reference, COPY, "Destination"; moby builder/dockerfile/copy.go.
"""

from pyminidocker.build.copy_options import CopyOptions
from pyminidocker.build.failures import CopyError
from pyminidocker.build.target import Target
from pyminidocker.build.tree import clean


class Destination:
    """Where things go.

    Args:
        target: the root file system.
        written: as it stands in the Dockerfile, variables expanded.
        working_dir: where a relative one starts.
        options: the flags.
    """

    def __init__(
        self, target: Target, written: str, working_dir: str, options: CopyOptions
    ) -> None:
        self._target = target
        self._written = written
        self._keyword = options.keyword
        self._path = clean(written if written.startswith("/") else f"{working_dir}/{written}")
        self._says_directory = (
            options.parents or written in ("", ".", "..") or written.endswith(("/", "/.", "/.."))
        )

    def check(self, count: int) -> None:
        """Refuse several sources for what cannot be a directory.

        See: moby builder/dockerfile/copy.go.
        """
        if count > 1 and not self._says_directory:
            raise CopyError(
                f"When using {self._keyword} with more than one source file, the destination must"
                " be a directory and end with a /",
                source=self._written,
                hint=f"write {self._written}/",
            )

    def is_directory(self) -> bool:
        """Tell whether a file goes into a directory and keeps its name."""
        return self._says_directory or self._target.is_directory(self._path)

    def of_directory(self) -> str:
        """Return the real path of the destination as a directory, which is made."""
        return self._target.directory(self._path)

    def of_file(self, name: str) -> str:
        """Return the real path for a file called ``name``; links of the image are followed."""
        if self.is_directory():
            top = self._target.directory(self._path)
            return f"{top}/{name}" if top else name
        path = self._target.follow(self._path)[0]
        self._target.directory(path.rpartition("/")[0])
        return path
