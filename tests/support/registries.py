"""What tests of the registry client share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
