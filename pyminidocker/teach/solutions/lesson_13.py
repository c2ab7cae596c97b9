"""Lesson 13: snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def make_ready(till: Any) -> None:
    """The files of the container, and another command."""
    till.commit("till:ready", changes=['CMD ["cat", "/etc/prices"]'])


def write_recipe(engine: Any, recipe: Path) -> None:
    """The same by a recipe."""
    (recipe / "prices").write_text("soup 4\nbread 2\n")
    lines = (
        "FROM busybox",
        "ENV CURRENCY=euro",
        "COPY prices /etc/prices",
        'CMD ["cat", "/etc/prices"]',
    )
    (recipe / "Dockerfile").write_text("\n".join(lines) + "\n")
    engine.build(recipe, tag="till:recipe", progress="quiet")


def bring_back(engine: Any, safe: Path) -> None:
    """The image has files and settings, the backup has the receipts."""
    engine.load(safe / "image.tar")
    engine.volume("receipts").restore(safe / "receipts.tar")
    engine.run("till:kept", name="till", detach=True, fresh=True, volumes=["receipts:/data"])


def choose(needed: set[str]) -> str | None:
    """Return a kind of snapshot that keeps all of ``needed``, or None."""
    keeps = {
        "commit": {"files", "settings", "history", "travels"},
        "volume": {"volume", "travels"},
        "pause": {"files", "volume", "tmpfs", "memory", "settings", "network", "history"},
    }
    for kind, kept in keeps.items():
        if needed <= kept:
            return kind
    return None


def copy_again(engine: Any, safe: Path) -> None:
    """The ledger stands still while its volume is read."""
    path = engine.volume("ledger").backup(safe / "ledger.tar", pause=True)
    engine.volume("copy").restore(path)
