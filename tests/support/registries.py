"""What tests of the registry client share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyminidocker.errors import NotFound


@contextmanager
def daemon_json(config: Path, content: dict[str, object]) -> Iterator[None]:
    """Give the engines of a configuration directory another daemon.json; no restart is needed."""
    path = config / "daemon.json"
    before = path.read_text()
    path.write_text(json.dumps(content))
    try:
        yield
    finally:
        path.write_text(before)


@contextmanager
def clean(engine: Any) -> Iterator[None]:
    """Remove, at the end, the names and images that the block brought into the store."""
    before = _names(engine)
    yield
    for name in _names(engine) - before:
        try:
            engine.api.image_remove(name, force=True)
        except NotFound:
            pass  # it went with another


def _names(engine: Any) -> set[str]:
    found = set()
    for image in engine.api.image_list():
        names = [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]
        found.update(names or [image["Id"]])
    return found
