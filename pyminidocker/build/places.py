"""Where builds keep things on disk beside the image store.

<state>/build/scratch/<random>/    while one step needs it; swept when an engine starts
<state>/build/mounts/<hash>/       cache mounts: data/ and mount.json
"""

import os


def temporary_root(state_dir: str) -> str:
    """Return the directory whose contents mean nothing to the next engine."""
    return f"{state_dir}/build/scratch"


def new_temporary(state_dir: str) -> str:
    """Make a directory there; the caller removes it."""
    path = f"{temporary_root(state_dir)}/{os.urandom(8).hex()}"
    os.makedirs(path, mode=0o700)
    return path


def mounts_root(state_dir: str) -> str:
    """Return the directory of cache mounts."""
    return f"{state_dir}/build/mounts"
