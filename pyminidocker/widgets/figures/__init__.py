"""The drawings of the course: figures that explain, drawn by code.

``python -m pyminidocker.widgets.figures assets`` (``make figures``) writes each as SVG, which
follows the reader's colour scheme, and as PNG, with one file of alternative texts.
"""

from collections.abc import Callable

from pyminidocker.widgets.figures.building import build_cache, source_to_page
from pyminidocker.widgets.figures.hypervisors import hypervisor_types, vm_exits
from pyminidocker.widgets.figures.life import how_long_data_stays, who_hears_stop
from pyminidocker.widgets.figures.machines import docker_comparison, docker_layers, vm_layers
from pyminidocker.widgets.figures.network import docker_networking
from pyminidocker.widgets.figures.overlay import vxlan_packet
from pyminidocker.widgets.figures.parts import docker_architecture, docker_components
from pyminidocker.widgets.figures.publishing import publishing_halves
from pyminidocker.widgets.figures.registry import registry_names
from pyminidocker.widgets.figures.snapshots import snapshots
from pyminidocker.widgets.figures.wires import bridge_wires
from pyminidocker.widgets.scene import Scene

FIGURES: dict[str, Callable[[], Scene]] = {
    "vm-layers": vm_layers,
    "hypervisor-types": hypervisor_types,
    "vm-exits": vm_exits,
    "docker-layers": docker_layers,
    "docker-comparison": docker_comparison,
    "docker-components": docker_components,
    "docker-networking": docker_networking,
    "docker-architecture": docker_architecture,
    "who-hears-stop": who_hears_stop,
    "how-long-data-stays": how_long_data_stays,
    "bridge-wires": bridge_wires,
    "publishing-halves": publishing_halves,
    "vxlan-packet": vxlan_packet,
    "build-cache": build_cache,
    "source-to-page": source_to_page,
    "registry-names": registry_names,
    "snapshots": snapshots,
}
