"""Live pictures for notebooks: look at the kernel and at images while a lesson runs.

Every widget is made in three steps.  A *model* is pure data, read from ``/proc`` or from the
engine.  A *scene* draws the model as rectangles, lines and texts; the same scene becomes SVG on
the page and PNG in the saved notebook.  A *view* is an anywidget that shows the SVG and adds
selection, keyboard and live data.  A plain text table says the same to a screen reader, to a
diff and to nbval.

    from pyminidocker.widgets import namespace_lens, layer_microscope, open_terminal, topology
    namespace_lens("notebook", "web")            # two processes, eight namespaces
    layer_microscope("busybox", "web")           # an image against a container
    open_terminal(engine, "busybox", "sh")       # a terminal inside the page
    topology(engine)                             # bridges and cables, packets on their way
    packet_walk("web", "db:80")                  # one request, hop by hop
    vantage_grid(["machine", "web"], ["db:80"])  # who reaches whom, by really trying
    build_tree(engine.build("app", tag="app"))   # what came from the cache, and why the rest not
    distributions(quick, slow)                   # what was measured, each value a dot
    argv_calculator("echo hello", '["you"]')     # what ENTRYPOINT and CMD make of each other
    boot_phases(vm, container_start(engine))     # what takes its time until something answers
    snapshot_table(engine, vm)                   # what each kind of snapshot keeps, by trying
    gauge("web")                                 # memory, cpu, processes against their limits
    attack_matrix(engine)                        # what gets through at five levels of hardening
    lifecycle("web")                             # the states of a container, as they change

Names are imported on first use: the models need no notebook.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyminidocker.widgets.argv.view import argv_calculator as argv_calculator
    from pyminidocker.widgets.attackmatrix.view import attack_matrix as attack_matrix
    from pyminidocker.widgets.bootphases.view import boot_phases as boot_phases
    from pyminidocker.widgets.bootphases.view import container_start as container_start
    from pyminidocker.widgets.bootphases.view import process_start as process_start
    from pyminidocker.widgets.buildtree.view import build_tree as build_tree
    from pyminidocker.widgets.layers.view import layer_microscope as layer_microscope
    from pyminidocker.widgets.life.view import lifecycle as lifecycle
    from pyminidocker.widgets.meters.view import gauge as gauge
    from pyminidocker.widgets.namespaces.view import namespace_lens as namespace_lens
    from pyminidocker.widgets.packetwalk.view import packet_walk as packet_walk
    from pyminidocker.widgets.samples.view import distributions as distributions
    from pyminidocker.widgets.snapshots.view import snapshot_table as snapshot_table
    from pyminidocker.widgets.terminal.view import open_terminal as open_terminal
    from pyminidocker.widgets.vantage.view import vantage_grid as vantage_grid
    from pyminidocker.widgets.wiring.view import topology as topology

__all__ = [
    "argv_calculator",
    "attack_matrix",
    "boot_phases",
    "build_tree",
    "container_start",
    "distributions",
    "gauge",
    "layer_microscope",
    "lifecycle",
    "namespace_lens",
    "open_terminal",
    "packet_walk",
    "process_start",
    "snapshot_table",
    "topology",
    "vantage_grid",
]

_HOMES = {
    "argv_calculator": "argv",
    "attack_matrix": "attackmatrix",
    "boot_phases": "bootphases",
    "build_tree": "buildtree",
    "container_start": "bootphases",
    "distributions": "samples",
    "gauge": "meters",
    "layer_microscope": "layers",
    "lifecycle": "life",
    "namespace_lens": "namespaces",
    "open_terminal": "terminal",
    "packet_walk": "packetwalk",
    "process_start": "bootphases",
    "snapshot_table": "snapshots",
    "topology": "wiring",
    "vantage_grid": "vantage",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"pyminidocker.widgets.{_HOMES[name]}.view"), name)
    raise AttributeError(f"module 'pyminidocker.widgets' has no attribute {name!r}")
