"""Every call of the engine's API, as Docker names it, with plain dictionaries in and out.

This is the layer under the CLI and under the friendly objects of ``pyminidocker.connect()``.

See: Docker Engine API reference, version 1.41.
"""

from __future__ import annotations

from pyminidocker.client.calls_archives import ArchiveCalls
from pyminidocker.client.calls_build import BuildCalls
from pyminidocker.client.calls_containers import ContainerCalls
from pyminidocker.client.calls_handles import HandleCalls
from pyminidocker.client.calls_images import ImageCalls
from pyminidocker.client.calls_networks import NetworkCalls
from pyminidocker.client.calls_packets import PacketCalls
from pyminidocker.client.calls_registry import RegistryCalls
from pyminidocker.client.calls_rules import RuleCalls
from pyminidocker.client.calls_stats import StatsCalls
from pyminidocker.client.calls_system import SystemCalls
from pyminidocker.client.calls_wires import WireCalls


class EngineClient(
    ArchiveCalls,
    BuildCalls,
    ContainerCalls,
    HandleCalls,
    ImageCalls,
    NetworkCalls,
    PacketCalls,
    RegistryCalls,
    RuleCalls,
    StatsCalls,
    SystemCalls,
    WireCalls,
):
    """A client of one engine; may be shared between threads.

    Args:
        host: an engine's name, ``unix:///path``, an absolute path, or None for the value of
            ``MINIDOCKER_HOST`` or, failing that, the default engine.
        autostart: start the engine when none listens (never done for an explicit socket).
    """
