"""An engine for measuring, in a directory of its own; nothing of the user's is touched."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine

CHECKOUT = Path(__file__).resolve().parent.parent


@contextmanager
def private_home() -> Iterator[Path]:
    """Make a directory and point engines started from here at it; remove it at the end."""
    home = Path(tempfile.mkdtemp(prefix="bench-md-"))
    os.environ |= {"MINIDOCKER_ROOT": f"{home}/state", "MINIDOCKER_RUN": f"{home}/run"}
    os.environ |= {"PYTHONPATH": str(CHECKOUT), "MINIDOCKER_PYTHON": sys.executable}
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def private_engine(*images: str) -> "Iterator[Engine]":
    """Start an engine with these base images; to be used in a ``private_home``."""
    import pyminidocker

    engine = pyminidocker.connect()
    try:
        engine.bootstrap(*images)
        yield engine
    finally:
        engine.shutdown()


def root_archive(engine: "Engine", path: Path) -> Path:
    """Write busybox's files as an archive, for engines to compare with, and return its path."""
    with engine.create("busybox", "true") as box:
        path.write_bytes(b"".join(engine.api.container_export(box.id).chunks()))
    return path


def describe_machine() -> str:
    """Return which machine this is, who measures, and when, in one line."""
    uname = os.uname()
    return (
        f"{uname.sysname} {uname.release}, {os.cpu_count()} cores, uid {os.getuid()}, "
        f"{time.strftime('%Y-%m-%d')}"
    )
