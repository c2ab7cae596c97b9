"""Lesson 14: registry."""

from __future__ import annotations

import urllib.request
from typing import Any


def digest(address: str, repository: str, tag: str) -> str:
    """Return the digest that a tag stands for."""
    url = f"http://{address}/v2/{repository}/manifests/{tag}"
    with urllib.request.urlopen(url) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def to_pull(manifest: dict[str, Any], have: set[str]) -> int:
    """Return how many bytes of blobs are fetched by a host that has some of them."""
    blobs = [manifest["config"], *manifest["layers"]]
    return sum(blob["size"] for blob in blobs if blob["digest"] not in have)


def pin(moon: Any, registry: Any) -> None:
    """Version 2 by its digest: nobody can push anything else under that name."""
    [tested] = [
        one["Digest"]
        for one in registry.repositories()
        if (one["Repository"], one["Tag"]) == ("atlas", "2")
    ]
    name = f"{registry.address}/atlas@{tested}"
    moon.pull(name)
    moon.run(name, name="stall", remove=False, fresh=True)


def mend(registry: Any, engine: Any, layer: str) -> None:
    """Take the damaged file away; then the push finds the layer missing, and sends it."""
    registry.path_of(layer).unlink()
    engine.push(f"{registry.address}/atlas:3")
