"""From method and path to a handler.

Docker's paths are ``/area``, ``/area/verb``, ``/area/{name}`` or ``/area/{name}/verb``, where a
name may contain slashes itself (images do: ``/images/host:5000/a/b/json``).  Two dictionary
look-ups find the handler; no regular expressions.
"""

from collections.abc import Iterable

from pyminidocker.api.message import Handler, Request
from pyminidocker.api.versions import split_version
from pyminidocker.errors import NotFound

Route = tuple[str, str, Handler]


class Router:
    """A table of routes; patterns are like ``/containers/{name}/start``."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._exact: dict[tuple[str, str], Handler] = {}
        self._named: dict[tuple[str, str, str], Handler] = {}
        for method, pattern, handler in routes:
            self.add(method, pattern, handler)

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Add one route.

        Raises:
            ValueError: it is there already.
        """
        if "{name}" not in pattern:
            if (method, pattern) in self._exact:
                raise ValueError(f"two handlers for {method} {pattern}")
            self._exact[method, pattern] = handler
            return
        area, _, verb = pattern.partition("/{name}")
        key = (method, area[1:], verb.lstrip("/"))
        if key in self._named:
            raise ValueError(f"two handlers for {method} {pattern}")
        self._named[key] = handler

    def find(self, request: Request) -> Handler:
        """Return the handler for ``request`` and fill in its ``version``, ``path`` and ``name``.

        Raises:
            InvalidArgument: the client's API version is too new or too old.
            NotFound: there is no such path.
        """
        asked = request.path
        request.version, request.path = split_version(asked)
        request.versioned = request.path is not asked
        handler = self._exact.get((request.method, request.path))
        if handler is not None:
            return handler
        area, _, rest = request.path[1:].partition("/")
        name, slash, verb = rest.rpartition("/")
        if slash and name:
            handler = self._named.get((request.method, area, verb))
            if handler is not None:
                request.name = name
                return handler
        handler = self._named.get((request.method, area, ""))
        if handler is None or not rest:
            raise NotFound("page not found")
        request.name = rest
        return handler
