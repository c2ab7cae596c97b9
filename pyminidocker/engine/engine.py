"""The engine: one object that owns all state and all services, living on one event loop.

Everything in it runs on that loop.  A method that is not ``async`` returns without waiting for
anything but the disk; slow work (unpacking, tar streams, sizes) goes to threads.
"""

from typing import TYPE_CHECKING

from pyminidocker.engine.containers import Containers
from pyminidocker.engine.events import Events
from pyminidocker.engine.execs import Execs
from pyminidocker.engine.images import Images
from pyminidocker.engine.networks import Networks
from pyminidocker.engine.system import System
from pyminidocker.engine.volumes import Volumes

if TYPE_CHECKING:
    from pyminidocker.runtime.host import Lab


class Engine:
    """All containers, images, networks and volumes of one state directory.

    Args:
        state_dir: where everything is kept (``paths.state_root``); must exist, mode 0700.
        run_dir: where the socket, lock and pid file are (``paths.run_root``).
        lab: the namespaces and the zygote, made before the event loop existed.
        name: the engine's name (``minidockerd --name``).

    Attributes:
        containers: see ``Containers``; likewise ``execs``, ``images``, ``networks``, ``volumes``,
            ``events``, ``system``.
        id: the engine's own random id, kept in ``engine.json``.
    """

    def __init__(self, state_dir: str, run_dir: str, lab: "Lab", name: str = "default") -> None:
        self.state_dir = state_dir
        self.run_dir = run_dir
        self.lab = lab
        self.name = name
        self.id = ""
        self.events = Events(self)
        self.volumes = Volumes(self)
        self.networks = Networks(self)
        self.images = Images(self)
        self.containers = Containers(self)
        self.execs = Execs(self)
        self.system = System(self)

    async def start(self) -> None:
        """Load all records, sweep leftovers, set up the network, start what must be running.

        Raises:
            SystemFailure: the lab's network cannot be made.
            IntegrityError: the state directory belongs to a newer engine.
        """
        raise NotImplementedError

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Stop all containers (stop signal, ``timeout_s``, SIGKILL) and let go of everything.

        Containers with restart policy ``always`` or ``unless-stopped`` start again with the next
        engine.
        """
        raise NotImplementedError
