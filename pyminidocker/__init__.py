"""A minimal, rootless container engine that teaches how containers work.

    import pyminidocker
    engine = pyminidocker.connect()
    print(engine.run("busybox", "echo hello from a container"))

``connect`` starts the engine when none runs.  Everything else is one import away and imported
only then: this module stays empty so that ``import pyminidocker`` costs nothing.
"""

TYPE_CHECKING = False  # importing ``typing`` would take longer than all of ``minidocker ps``
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.client import connect as connect

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def __getattr__(name: str) -> "Any":
    if name == "connect":
        from pyminidocker.client import connect

        return connect
    raise AttributeError(f"module 'pyminidocker' has no attribute {name!r}")
