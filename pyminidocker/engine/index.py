"""Find containers by id, name or the beginning of an id, as dockerd does (daemon/container.go).

A full id wins over a name, a name over the beginning of an id.
"""

from bisect import bisect_left, insort

from pyminidocker.engine.container import Container
from pyminidocker.errors import Conflict, InvalidArgument, NotFound
from pyminidocker.ids import is_valid_name


class Index:
    """All containers, by id and by name."""

    def __init__(self) -> None:
        self.by_id: dict[str, Container] = {}
        self.by_name: dict[str, str] = {}  # name -> id
        self._sorted: list[str] = []

    def add(self, container: Container) -> None:
        """Take in a container; its name must be free."""
        self.by_id[container.id] = container
        self.by_name[container.name] = container.id
        insort(self._sorted, container.id)

    def discard(self, container: Container) -> None:
        """Forget a container."""
        if self.by_id.pop(container.id, None) is not None:
            self.by_name.pop(container.name, None)
            del self._sorted[bisect_left(self._sorted, container.id)]

    def rename(self, container: Container, new_name: str) -> None:
        """Move a container to another name that is free."""
        del self.by_name[container.name]
        container.record.name = new_name
        self.by_name[new_name] = container.id

    def find(self, ref: str) -> Container:
        """Return the container ``ref`` means.

        Raises:
            NotFound: "No such container: x".
            InvalidArgument: the prefix is not unique.
        """
        container = self.by_id.get(ref)
        if container is not None:
            return container
        container_id = self.by_name.get(ref.removeprefix("/"))
        if container_id is not None:
            return self.by_id[container_id]
        if ref:
            at = bisect_left(self._sorted, ref)
            found = self._sorted[at : at + 2]
            if found and found[0].startswith(ref):
                if len(found) == 2 and found[1].startswith(ref):
                    raise InvalidArgument(f"Multiple IDs found with provided prefix: {ref}")
                return self.by_id[found[0]]
        raise NotFound(f"No such container: {ref}")

    def check_name(self, name: str) -> None:
        """Refuse a name that is malformed or in use.

        Args:
            name: with or without the leading slash.

        Raises:
            InvalidArgument: malformed.
            Conflict: in use.
        """
        given, name = name, name.removeprefix("/")
        if not is_valid_name(name):
            raise InvalidArgument(
                f"Invalid container name ({given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
            )
        holder = self.by_name.get(name)
        if holder is not None:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container'
                f' "{holder}". You have to remove (or rename) that container to be able to reuse'
                " that name."
            )
