"""A minimal, rootless container engine that teaches how containers work.

    import pyminidocker
    engine = pyminidocker.connect()
    print(engine.run("busybox", "echo hello from a container"))

``connect`` starts the engine when none runs; ``wire`` joins two of them, ``overlay`` makes one
network across, ``serve_registry`` starts a registry.  Everything else is one import away and
imported only then: this module stays empty so that ``import pyminidocker`` costs nothing.
"""

TYPE_CHECKING = False  # importing ``typing`` would take longer than all of ``minidocker ps``
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.client import connect as connect
    from pyminidocker.client.overlays import overlay as overlay
    from pyminidocker.client.registry_server import serve_registry as serve_registry
    from pyminidocker.client.wires import wire as wire
    from pyminidocker.client.wires import wires as wires

__version__ = "0.1.0"
__all__ = ["__version__", "connect", "overlay", "serve_registry", "wire", "wires"]
_WHERE = {
    "connect": "pyminidocker.client",
    "overlay": "pyminidocker.client.overlays",
    "serve_registry": "pyminidocker.client.registry_server",
    "wire": "pyminidocker.client.wires",
    "wires": "pyminidocker.client.wires",
}


def __getattr__(name: str) -> "Any":
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'pyminidocker' has no attribute {name!r}")
